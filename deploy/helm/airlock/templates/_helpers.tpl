{{- define "airlock.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "airlock.labels" -}}
app.kubernetes.io/name: airlock
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* Labels that no upgrade changes: selectors, and what cells are found by. */ -}}
{{- define "airlock.selector" -}}
app.kubernetes.io/name: airlock
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "airlock.gateSelector" -}}
{{ include "airlock.selector" . }}
app.kubernetes.io/component: gate
{{- end -}}

{{- define "airlock.cellLabels" -}}
{{ include "airlock.selector" . }}
app.kubernetes.io/component: cell
{{- end -}}

{{- define "airlock.template" -}}
{{ include "airlock.name" . }}-cell
{{- end -}}

{{- define "airlock.tlsSecret" -}}
{{- if eq .Values.tls.mode "existingSecret" -}}{{ .Values.tls.existingSecret }}{{- else -}}{{ include "airlock.name" . }}-gate-tls{{- end -}}
{{- end -}}

{{- define "airlock.host" -}}
{{ include "airlock.name" . }}-gate.{{ .Release.Namespace }}.svc
{{- end -}}

{{- /* to: a list of { cidr, ports } */ -}}
{{- define "airlock.egress" -}}
{{- range . }}
- to:
    - ipBlock: { cidr: {{ .cidr | quote }} }
  ports:
    {{- range .ports }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end }}
{{- end -}}

{{- define "airlock.dns" -}}
- to:
    - namespaceSelector:
        matchLabels: { kubernetes.io/metadata.name: kube-system }
  ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end -}}

{{- define "airlock.check" -}}
{{- if not (.Files.Get "files/cell.js") }}{{ fail "this chart has no managed script: use the released chart, or make it with npm run chart" }}{{ end -}}
{{- $policies := list .Values.policy.text .Values.policy.existingConfigMap .Values.policy.existingSecret | compact -}}
{{- if ne (len $policies) 1 }}{{ fail "policy: set exactly one of text, existingConfigMap and existingSecret" }}{{ end -}}
{{- if and (eq .Values.tls.mode "existingSecret") (not .Values.tls.existingSecret) }}{{ fail "tls.existingSecret: name the Secret" }}{{ end -}}
{{- if and (eq .Values.tls.mode "certManager") (not .Values.tls.issuerRef) }}{{ fail "tls.issuerRef: name the issuer" }}{{ end -}}
{{- if and (ne .Values.tls.mode "generated") (not .Values.tls.ca) }}{{ fail "tls.ca: say which authority runners trust" }}{{ end -}}
{{- $namespaces := list .Release.Namespace .Values.cells.namespace .Values.runners.namespace -}}
{{- if ne (len (uniq $namespaces)) 3 }}{{ fail "gate, cells and runners need a namespace each" }}{{ end -}}
{{- if and .Values.networkPolicies.enabled (not .Values.networkPolicies.drone) }}{{ fail "networkPolicies.drone: say where Drone is, or cells reach nothing" }}{{ end -}}
{{- if and .Values.networkPolicies.enabled (not .Values.networkPolicies.apiServer) }}{{ fail "networkPolicies.apiServer: say where the API server is, or the gate does not reach it" }}{{ end -}}
{{- end -}}
