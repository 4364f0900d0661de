package cluster

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/component-base/version"

	"podcron.dev/plane/internal/pki"
)

func kubernetesVersion() string { return version.Get().GitVersion }

// newKubeconfig describes one cluster and one user. Certificates are embedded,
// so that the file may be copied anywhere.
func newKubeconfig(server string, ca []byte, user *clientcmdapi.AuthInfo) *clientcmdapi.Config {
	config := clientcmdapi.NewConfig()
	config.Clusters["plane"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos["user"] = user
	config.Contexts["plane"] = &clientcmdapi.Context{Cluster: "plane", AuthInfo: "user"}
	config.CurrentContext = "plane"
	return config
}

func writeClientKubeconfig(path, server string, authority *pki.Authority, name string) error {
	ca, err := os.ReadFile(authority.CertificatePath("ca"))
	if err != nil {
		return err
	}
	certificate, err := os.ReadFile(authority.CertificatePath(name))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(authority.KeyPath(name))
	if err != nil {
		return err
	}
	return clientcmd.WriteToFile(*newKubeconfig(server, ca, &clientcmdapi.AuthInfo{
		ClientCertificateData: certificate, ClientKeyData: key,
	}), path)
}

// ServiceAccountKubeconfig asks for a token of the account NAMESPACE/NAME and
// returns a kubeconfig that holds it.
func ServiceAccountKubeconfig(layout Layout, account string, duration time.Duration) ([]byte, error) {
	namespace, name, ok := strings.Cut(account, "/")
	if !ok || namespace == "" || name == "" {
		return nil, fmt.Errorf("--serviceaccount: want NAMESPACE/NAME, got %q", account)
	}
	config, err := clientcmd.BuildConfigFromFlags("", layout.AdminKubeconfig())
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	seconds := int64(duration.Seconds())
	answer, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(context.Background(), name,
		&authentication.TokenRequest{
			Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds},
		}, meta.CreateOptions{})
	if err != nil {
		return nil, err
	}
	made := newKubeconfig(config.Host, config.CAData, &clientcmdapi.AuthInfo{Token: answer.Status.Token})
	made.Contexts["plane"].Namespace = namespace
	return clientcmd.Write(*made)
}
