{{/* Name of every object: short enough for the suffixes that objects add to it. */}}
{{- define "podcron.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 46 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 46 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that choose the controller's pods; they must never change, a Deployment's are immutable. */}}
{{- define "podcron.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "podcron.labels" -}}
{{ include "podcron.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "podcron.serviceAccountName" -}}
{{- default (include "podcron.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The controller as the API server's admission sees it. */}}
{{- define "podcron.username" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "podcron.serviceAccountName" . }}
{{- end -}}

{{- define "podcron.image" -}}
{{- $image := printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- with .Values.image.digest -}}{{- $image = printf "%s@%s" $image . -}}{{- end -}}
{{- $image -}}
{{- end -}}

{{/* The subject of every binding. */}}
{{- define "podcron.subjects" -}}
- kind: ServiceAccount
  name: {{ include "podcron.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* What the webhooks of templates/sessions.yaml have in common. */}}
{{- define "podcron.sessionWebhook" -}}
admissionReviewVersions: [v1]
# A dry run connects nobody, and nothing is stored for one.
sideEffects: NoneOnDryRun
failurePolicy: Ignore
timeoutSeconds: 2
matchPolicy: Equivalent
rules:
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CONNECT]
  resources: [pods/exec, pods/attach]
clientConfig:
  {{- with .Values.sessions.url }}
  url: {{ . | quote }}
  {{- else }}
  service:
    name: {{ include "podcron.fullname" . }}-sessions
    namespace: {{ .Release.Namespace }}
    path: /sessions
    port: 443
  {{- end }}
  {{- with .Values.sessions.tls.caBundle }}
  caBundle: {{ . }}
  {{- end }}
{{- end -}}

{{/* By which name the API server calls the webhook: that of the Service, or the URL's host. */}}
{{- define "podcron.sessionHost" -}}
{{- if .Values.sessions.url -}}
{{- (urlParse .Values.sessions.url).hostname -}}
{{- else -}}
{{- printf "%s-sessions.%s.svc" (include "podcron.fullname" .) .Release.Namespace -}}
{{- end -}}
{{- end -}}

{{/* A map of labels as a selector: a=b,c=d. */}}
{{- define "podcron.labelSelector" -}}
{{- $parts := list -}}
{{- range $key, $value := . -}}{{- $parts = append $parts (printf "%s=%s" $key $value) -}}{{- end -}}
{{- join "," $parts -}}
{{- end -}}
