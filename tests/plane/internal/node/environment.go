package node

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// serviceAccountVariable names the directory with the pod's token, because no
// mount can put it where an image expects it.
const serviceAccountVariable = "PODCRON_SERVICEACCOUNT_DIR"

// environment is what every process of a container gets.
func (a *agent) environment(ctx context.Context, live *pod, object *core.Pod, spec *core.Container,
	run *incarnation, volumes volumeDirs) ([]string, error) {
	list := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/", "HOSTNAME=" + object.Name,
		"POD_NAME=" + object.Name, "POD_NAMESPACE=" + object.Namespace, "POD_UID=" + string(object.UID),
		"POD_IP=" + live.ip, "NODE_NAME=" + object.Spec.NodeName,
		"KUBERNETES_SERVICE_HOST=" + a.config.ServerHost,
		"KUBERNETES_SERVICE_PORT=" + strconv.Itoa(a.config.ServerPort),
	}
	if volumes.serviceAccount != "" {
		list = append(list, serviceAccountVariable+"="+volumes.serviceAccount)
	}
	for _, source := range spec.EnvFrom {
		entries, err := a.envFrom(ctx, object.Namespace, source)
		if err != nil {
			return nil, err
		}
		list = append(list, entries...)
	}
	for _, variable := range spec.Env {
		value := expand(variable.Value, list)
		if variable.ValueFrom != nil {
			found, present, err := a.valueFrom(ctx, live, object, variable.ValueFrom)
			if err != nil {
				return nil, err
			}
			if !present {
				continue
			}
			value = found
		}
		list = append(list, variable.Name+"="+rewriteMounts(value, spec, volumes))
	}
	// The marks come last: a pod must not be able to hide from the cleaning up.
	return append(list, a.config.Mark, run.mark()), nil
}

// execEnvironment resolves the environment of a container that has no command
// of its own only when somebody runs a process in it.
func (a *agent) execEnvironment(ctx context.Context, live *pod, name string, run *incarnation) ([]string, error) {
	run.environmentOnce.Do(func() {
		live.mutex.Lock()
		object, volumes := live.object, live.volumes
		live.mutex.Unlock()
		run.environment, run.environmentErr =
			a.environment(ctx, live, object, specOf(object, name), run, volumes)
	})
	return run.environment, run.environmentErr
}

func (a *agent) envFrom(ctx context.Context, namespace string, source core.EnvFromSource) ([]string, error) {
	values := map[string]string{}
	switch {
	case source.ConfigMapRef != nil:
		found, err := a.client.CoreV1().ConfigMaps(namespace).Get(ctx, source.ConfigMapRef.Name, meta.GetOptions{})
		if err != nil {
			return nil, optional(err, source.ConfigMapRef.Optional)
		}
		values = found.Data
	case source.SecretRef != nil:
		found, err := a.client.CoreV1().Secrets(namespace).Get(ctx, source.SecretRef.Name, meta.GetOptions{})
		if err != nil {
			return nil, optional(err, source.SecretRef.Optional)
		}
		for name, value := range found.Data {
			values[name] = string(value)
		}
	}
	var list []string
	for name, value := range values {
		list = append(list, source.Prefix+name+"="+value)
	}
	slices.Sort(list)
	return list, nil
}

func optional(err error, allowed *bool) error {
	if allowed != nil && *allowed {
		return nil
	}
	return err
}

// valueFrom resolves one variable; present is false if it is optional and its
// source is not there.
func (a *agent) valueFrom(ctx context.Context, live *pod, object *core.Pod,
	source *core.EnvVarSource) (value string, present bool, err error) {
	switch {
	case source.FieldRef != nil:
		value, err = fieldValue(live, object, source.FieldRef.FieldPath)
		return value, err == nil, err
	case source.ConfigMapKeyRef != nil:
		reference := source.ConfigMapKeyRef
		found, err := a.client.CoreV1().ConfigMaps(object.Namespace).Get(ctx, reference.Name, meta.GetOptions{})
		if err == nil {
			if value, ok := found.Data[reference.Key]; ok {
				return value, true, nil
			}
			err = fmt.Errorf("couldn't find key %s in ConfigMap %s/%s", reference.Key, object.Namespace, reference.Name)
		}
		return "", false, optional(err, reference.Optional)
	case source.SecretKeyRef != nil:
		reference := source.SecretKeyRef
		found, err := a.client.CoreV1().Secrets(object.Namespace).Get(ctx, reference.Name, meta.GetOptions{})
		if err == nil {
			if value, ok := found.Data[reference.Key]; ok {
				return string(value), true, nil
			}
			err = fmt.Errorf("couldn't find key %s in Secret %s/%s", reference.Key, object.Namespace, reference.Name)
		}
		return "", false, optional(err, reference.Optional)
	default:
		// Resource fields: containers here have no limits.
		return "0", true, nil
	}
}

// fieldValue resolves a downward API path.
func fieldValue(live *pod, object *core.Pod, path string) (string, error) {
	switch path {
	case "metadata.name":
		return object.Name, nil
	case "metadata.namespace":
		return object.Namespace, nil
	case "metadata.uid":
		return string(object.UID), nil
	case "spec.nodeName":
		return object.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return object.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs":
		return live.ip, nil
	case "status.hostIP", "status.hostIPs":
		return "127.0.0.1", nil
	}
	for start, values := range map[string]map[string]string{
		"metadata.labels['": object.Labels, "metadata.annotations['": object.Annotations,
	} {
		if rest, ok := strings.CutPrefix(path, start); ok {
			return values[strings.TrimSuffix(rest, "']")], nil
		}
	}
	return "", fmt.Errorf("fieldPath %q is not known here", path)
}

// expand replaces $(NAME) by the value in the list, as Kubernetes does: unknown
// names stay, $$ is a literal dollar.
func expand(text string, environment []string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var made strings.Builder
	for index := 0; index < len(text); index++ {
		rest := text[index:]
		switch {
		case strings.HasPrefix(rest, "$$"):
			made.WriteByte('$')
			index++
		case strings.HasPrefix(rest, "$("):
			end := strings.IndexByte(rest, ')')
			if end < 0 {
				made.WriteString(rest)
				return made.String()
			}
			name := rest[2:end]
			if known(environment, name) {
				made.WriteString(valueOf(environment, name))
			} else {
				made.WriteString(rest[:end+1])
			}
			index += end
		default:
			made.WriteByte(text[index])
		}
	}
	return made.String()
}

func known(environment []string, name string) bool {
	return slices.ContainsFunc(environment, func(entry string) bool {
		return strings.HasPrefix(entry, name+"=")
	})
}
