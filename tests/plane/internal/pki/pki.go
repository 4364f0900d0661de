// Package pki makes the certificates of one plane: one CA signs everything.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime is long enough for a plane that a developer keeps around.
const lifetime = 365 * 24 * time.Hour

// clockSlack lets certificates hold for a reader whose clock is a bit behind.
const clockSlack = time.Hour

// Authority signs certificates into a directory.
type Authority struct {
	directory   string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Open loads the authority of a directory or makes it.
func Open(directory string) (*Authority, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	authority := &Authority{directory: directory}
	if err := authority.load(); err == nil {
		return authority, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "plane"},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	authority.key = key
	if err := authority.sign("ca", template, template, key); err != nil {
		return nil, err
	}
	return authority, authority.load()
}

func (a *Authority) load() error {
	certificateText, err := os.ReadFile(a.CertificatePath("ca"))
	if err != nil {
		return err
	}
	keyText, err := os.ReadFile(a.KeyPath("ca"))
	if err != nil {
		return err
	}
	certificateBlock, _ := pem.Decode(certificateText)
	keyBlock, _ := pem.Decode(keyText)
	if certificateBlock == nil || keyBlock == nil {
		return fmt.Errorf("%s: no PEM block in the CA's files", a.directory)
	}
	if a.certificate, err = x509.ParseCertificate(certificateBlock.Bytes); err != nil {
		return err
	}
	a.key, err = x509.ParseECPrivateKey(keyBlock.Bytes)
	return err
}

// CertificatePath is where the certificate of that name is.
func (a *Authority) CertificatePath(name string) string {
	return filepath.Join(a.directory, name+".crt")
}

// KeyPath is where the private key of that name is.
func (a *Authority) KeyPath(name string) string {
	return filepath.Join(a.directory, name+".key")
}

// Client makes a client certificate, unless it is there already.
func (a *Authority) Client(name, user string, groups ...string) error {
	return a.issue(name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// Server makes a server certificate for addresses and names, unless it is there.
func (a *Authority) Server(name string, addresses, names []string) error {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    names,
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
	}
	return a.issue(name, template)
}

// SigningKey makes a key pair for service account tokens, unless it is there.
func (a *Authority) SigningKey(name string) error {
	if _, err := os.Stat(a.KeyPath(name)); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writePEM(a.CertificatePath(name), "PUBLIC KEY", public); err != nil {
		return err
	}
	return a.writeKey(name, key)
}

func (a *Authority) issue(name string, template *x509.Certificate) error {
	if _, err := os.Stat(a.KeyPath(name)); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return a.sign(name, template, a.certificate, key)
}

func (a *Authority) sign(name string, template, parent *x509.Certificate, key *ecdsa.PrivateKey) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-clockSlack)
	template.NotAfter = time.Now().Add(lifetime)
	encoded, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		return err
	}
	if err := writePEM(a.CertificatePath(name), "CERTIFICATE", encoded); err != nil {
		return err
	}
	return a.writeKey(name, key)
}

func (a *Authority) writeKey(name string, key *ecdsa.PrivateKey) error {
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(a.KeyPath(name), "EC PRIVATE KEY", encoded)
}

func writePEM(path, kind string, encoded []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: encoded}), 0o600)
}
