package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

const (
	// serviceAccountMount is where the admission plugin mounts the token.
	serviceAccountMount = "/var/run/secrets/kubernetes.io/serviceaccount"
	// tokenSeconds is used where the volume does not say; the kubelet's default.
	tokenSeconds = 3600
	// tokenRefresh is the part of a token's life after which it is renewed.
	tokenRefresh = 0.8
)

// volumeDirs says where the volumes of a pod are on this machine.
type volumeDirs struct {
	byName         map[string]string
	serviceAccount string
}

// prepareVolumes writes the pod's volumes below its directory, once.
func (a *agent) prepareVolumes(ctx context.Context, live *pod, object *core.Pod) (volumeDirs, error) {
	live.mutex.Lock()
	known := live.volumes
	live.mutex.Unlock()
	if known.byName != nil {
		return known, nil
	}
	made := volumeDirs{byName: map[string]string{}}
	for _, volume := range object.Spec.Volumes {
		directory := filepath.Join(a.podDir(live.uid), "volumes", volume.Name)
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return made, err
		}
		if err := a.fillVolume(ctx, live, object, volume, directory); err != nil {
			return made, fmt.Errorf("volume %s: %w", volume.Name, err)
		}
		made.byName[volume.Name] = directory
		if mountsServiceAccount(object, volume.Name) {
			made.serviceAccount = directory
		}
	}
	live.mutex.Lock()
	defer live.mutex.Unlock()
	live.volumes = made
	return made, nil
}

func mountsServiceAccount(object *core.Pod, volume string) bool {
	for _, spec := range object.Spec.Containers {
		for _, mount := range spec.VolumeMounts {
			if mount.Name == volume && mount.MountPath == serviceAccountMount {
				return true
			}
		}
	}
	return false
}

func (a *agent) fillVolume(ctx context.Context, live *pod, object *core.Pod, volume core.Volume, directory string) error {
	switch {
	case volume.Secret != nil:
		return a.fillSecret(ctx, object.Namespace, volume.Secret.SecretName, volume.Secret.Items, volume.Secret.Optional, directory)
	case volume.ConfigMap != nil:
		return a.fillConfigMap(ctx, object.Namespace, volume.ConfigMap.Name, volume.ConfigMap.Items, volume.ConfigMap.Optional, directory)
	case volume.DownwardAPI != nil:
		return fillFields(live, object, volume.DownwardAPI.Items, directory)
	case volume.Projected != nil:
		for _, source := range volume.Projected.Sources {
			if err := a.fillProjected(ctx, live, object, source, directory); err != nil {
				return err
			}
		}
	}
	// All others are empty directories here.
	return nil
}

func (a *agent) fillProjected(ctx context.Context, live *pod, object *core.Pod, source core.VolumeProjection, directory string) error {
	switch {
	case source.Secret != nil:
		return a.fillSecret(ctx, object.Namespace, source.Secret.Name, source.Secret.Items, source.Secret.Optional, directory)
	case source.ConfigMap != nil:
		return a.fillConfigMap(ctx, object.Namespace, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional, directory)
	case source.DownwardAPI != nil:
		return fillFields(live, object, source.DownwardAPI.Items, directory)
	case source.ServiceAccountToken != nil:
		return a.fillToken(ctx, live, object, source.ServiceAccountToken, directory)
	}
	return nil
}

func (a *agent) fillSecret(ctx context.Context, namespace, name string, items []core.KeyToPath, allowed *bool, directory string) error {
	found, err := a.client.CoreV1().Secrets(namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return optional(err, allowed)
	}
	return writeItems(found.Data, items, directory)
}

func (a *agent) fillConfigMap(ctx context.Context, namespace, name string, items []core.KeyToPath, allowed *bool, directory string) error {
	found, err := a.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return optional(err, allowed)
	}
	data := map[string][]byte{}
	for key, value := range found.BinaryData {
		data[key] = value
	}
	for key, value := range found.Data {
		data[key] = []byte(value)
	}
	return writeItems(data, items, directory)
}

func writeItems(data map[string][]byte, items []core.KeyToPath, directory string) error {
	if len(items) == 0 {
		for key := range data {
			items = append(items, core.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		if err := writeFile(filepath.Join(directory, item.Path), data[item.Key]); err != nil {
			return err
		}
	}
	return nil
}

func fillFields(live *pod, object *core.Pod, items []core.DownwardAPIVolumeFile, directory string) error {
	for _, item := range items {
		value := "0"
		if item.FieldRef != nil {
			found, err := fieldValue(live, object, item.FieldRef.FieldPath)
			if err != nil {
				return err
			}
			value = found
		}
		if err := writeFile(filepath.Join(directory, item.Path), []byte(value)); err != nil {
			return err
		}
	}
	return nil
}

// fillToken writes a token of the pod's account that is bound to the pod, and
// renews it while the pod lives.
func (a *agent) fillToken(ctx context.Context, live *pod, object *core.Pod,
	source *core.ServiceAccountTokenProjection, directory string) error {
	path := filepath.Join(directory, source.Path)
	lifetime, err := a.writeToken(ctx, object, source, path)
	if err != nil {
		return err
	}
	go func() {
		for {
			time.Sleep(time.Duration(float64(lifetime) * tokenRefresh))
			if a.find(live.key) != live {
				return
			}
			// The old token holds for a while yet; the next round tries again.
			if renewed, err := a.writeToken(ctx, object, source, path); err == nil {
				lifetime = renewed
			}
		}
	}()
	return nil
}

func (a *agent) writeToken(ctx context.Context, object *core.Pod,
	source *core.ServiceAccountTokenProjection, path string) (time.Duration, error) {
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: ptr.To(ptr.Deref(source.ExpirationSeconds, tokenSeconds)),
		BoundObjectRef: &authentication.BoundObjectReference{
			Kind: "Pod", APIVersion: "v1", Name: object.Name, UID: types.UID(object.UID)},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	answer, err := a.client.CoreV1().ServiceAccounts(object.Namespace).
		CreateToken(ctx, object.Spec.ServiceAccountName, request, meta.CreateOptions{})
	if err != nil {
		return 0, err
	}
	if err := writeFile(path, []byte(answer.Status.Token)); err != nil {
		return 0, err
	}
	return time.Until(answer.Status.ExpirationTimestamp.Time), nil
}

// writeFile replaces a file at once, so that a reader sees the old or the new.
func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// rewriteMounts replaces a volume's mount path in a word of argv or a value of
// the environment by the place where the volume really is: a process of this
// machine has no mounts of its own.
func rewriteMounts(text string, spec *core.Container, volumes volumeDirs) string {
	for _, mount := range spec.VolumeMounts {
		directory := volumes.byName[mount.Name]
		if directory == "" || !strings.Contains(text, mount.MountPath) {
			continue
		}
		if mount.SubPath != "" {
			directory = filepath.Join(directory, mount.SubPath)
		}
		text = strings.ReplaceAll(text, strings.TrimSuffix(mount.MountPath, "/"), directory)
	}
	return text
}
