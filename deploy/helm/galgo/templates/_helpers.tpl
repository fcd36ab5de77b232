{{- define "galgo.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "galgo.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{ include "galgo.selector" . }}
{{- end -}}

{{- define "galgo.selector" -}}
app.kubernetes.io/name: {{ include "galgo.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "galgo.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "galgo.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "galgo.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{/* Name of the ConfigMap with the models; empty when they are files of the node. */}}
{{- define "galgo.models" -}}
{{- if .Values.models.existingConfigMap -}}
{{- .Values.models.existingConfigMap -}}
{{- else if .Values.models.files -}}
{{- printf "%s-models" (include "galgo.name" .) -}}
{{- end -}}
{{- end -}}

{{- define "galgo.config" -}}
[daemon]
{{- if include "galgo.models" . }}
models = "/etc/galgo-models"
{{- end }}

[policy]
on-daemon-loss = {{ .Values.onDaemonLoss | quote }}
{{- if .Values.metrics.enabled }}

[metrics]
listen = {{ printf "%s:%v" .Values.metrics.address .Values.metrics.port | quote }}
{{- end }}
{{- if .Values.images }}

[images]
{{- range $digest, $model := .Values.images }}
{{ $digest | quote }} = {{ $model | quote }}
{{- end }}
{{- end }}
{{- if .Values.extraConfig }}

{{ .Values.extraConfig }}
{{- end }}
{{- end -}}
