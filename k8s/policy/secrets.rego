# SPDX-License-Identifier: Apache-2.0
# Where nothing secret may be - environment and workers' credentials.
package main

import rego.v1

deny contains message("no-secret-in-environment", text) if {
	some c in containers
	some variable in object.get(c, "env", [])
	variable.valueFrom.secretKeyRef
	text := sprintf("container %s: variable %s is from a Secret; mount it as a file", [c.name, variable.name])
}

deny contains message("no-secret-in-environment", text) if {
	some c in containers
	some source in object.get(c, "envFrom", [])
	source.secretRef
	text := sprintf("container %s: envFrom a Secret; mount it as a file", [c.name])
}

deny contains message("no-secret-in-environment", text) if {
	some c in containers
	some variable in object.get(c, "env", [])
	object.get(variable, "value", "") != ""
	regex.match(`(?i)(^|_)(token|secret|password|passwd|credentials?|keys?)(_|$)`, variable.name)
	text := sprintf("container %s: variable %s looks like a secret", [c.name, variable.name])
}

# A worker opens other people's files: it has nothing that the API server takes.
worker if pod_labels["app.kubernetes.io/component"] == "worker"

worker if input.kind == "Job"

deny contains message("no-worker-token", "automountServiceAccountToken is not false") if {
	worker
	object.get(pod.spec, "automountServiceAccountToken", true) != false
}

deny contains message("no-worker-token", text) if {
	worker
	some volume in object.get(pod.spec, "volumes", [])
	some source in object.get(volume, ["projected", "sources"], [])
	source.serviceAccountToken
	text := sprintf("volume %s holds a service account's token", [volume.name])
}

deny contains message("no-automatic-token", "automountServiceAccountToken is not false") if {
	input.kind == "ServiceAccount"
	object.get(input, "automountServiceAccountToken", true) != false
}
