# SPDX-License-Identifier: Apache-2.0
# What every pod and pod template must hold, whatever object it stands in.
package main

import rego.v1

# The pod of an object: {"metadata", "spec"}; undefined for an object that makes none.
pod := {"metadata": object.get(input, "metadata", {}), "spec": input.spec} if input.kind == "Pod"

pod := input.spec.template if input.kind in {"Job", "StatefulSet", "Deployment", "DaemonSet", "ReplicaSet"}

pod := input.spec.jobTemplate.spec.template if input.kind == "CronJob"

containers contains container if {
	some list in ["containers", "initContainers", "ephemeralContainers"]
	some container in pod.spec[list]
}

pod_labels := object.get(pod, ["metadata", "labels"], {})

pod_annotations := object.get(pod, ["metadata", "annotations"], {})

security(container) := object.get(container, "securityContext", {})

# What the container says; else what its pod says; else undefined.
effective(container, path) := object.get(security(container), path, null) if {
	object.get(security(container), path, null) != null
} else := object.get(pod.spec, array.concat(["securityContext"], path), null)

# An image's name without its registry, which may hold a port's colon.
last_part(image) := parts[count(parts) - 1] if parts := split(image, "/")

digest_pinned(image) if regex.match(`@sha256:[0-9a-f]{64}$`, image)

tag_pinned(image) if {
	regex.match(`^[^:]+:[A-Za-z0-9_][A-Za-z0-9_.-]*$`, last_part(image))
	not endswith(image, ":latest")
}

deny contains message("image-pinned", text) if {
	some c in containers
	image := object.get(c, "image", "")
	not digest_pinned(image)
	not tag_pinned(image)
	text := sprintf("container %s: image %q has neither a digest nor a tag other than latest", [c.name, image])
}

warn contains message("image-digest", text) if {
	some c in containers
	tag_pinned(c.image)
	not digest_pinned(c.image)
	text := sprintf("container %s: image %q has a tag, which may move; a digest may not", [c.name, c.image])
}

# A worker's threads are counted by its limit of processors. The scheduler may have none: one that is
# throttled keeps all workers waiting.
needed contains ["requests", "cpu"]

needed contains ["requests", "memory"]

needed contains ["limits", "memory"]

needed contains ["limits", "cpu"] if worker

deny contains message("resources-set", text) if {
	some c in containers
	some path in needed
	object.get(c, array.concat(["resources"], path), null) == null
	text := sprintf("container %s: no %s of %s", [c.name, path[0], path[1]])
}

deny contains message("not-privileged", text) if {
	some c in containers
	object.get(security(c), "privileged", false) != false
	text := sprintf("container %s is privileged", [c.name])
}

deny contains message("no-escalation", text) if {
	some c in containers
	object.get(security(c), "allowPrivilegeEscalation", true) != false
	text := sprintf("container %s: allowPrivilegeEscalation is not false", [c.name])
}

deny contains message("no-capabilities", text) if {
	some c in containers
	not "ALL" in object.get(security(c), ["capabilities", "drop"], [])
	text := sprintf("container %s does not drop ALL capabilities", [c.name])
}

deny contains message("no-capabilities", text) if {
	some c in containers
	some capability in object.get(security(c), ["capabilities", "add"], [])
	text := sprintf("container %s adds capability %s", [c.name, capability])
}

deny contains message("not-root", text) if {
	some c in containers
	effective(c, ["runAsNonRoot"]) != true
	text := sprintf("container %s: runAsNonRoot is not true", [c.name])
}

deny contains message("not-root", text) if {
	some c in containers
	effective(c, ["runAsUser"]) == 0
	text := sprintf("container %s runs as user 0", [c.name])
}

deny contains message("read-only-root", text) if {
	some c in containers
	object.get(security(c), "readOnlyRootFilesystem", false) != true
	text := sprintf("container %s may write to its root file system", [c.name])
}

deny contains message("seccomp", text) if {
	some c in containers
	effective(c, ["seccompProfile", "type"]) != "RuntimeDefault"
	text := sprintf("container %s: seccompProfile is not RuntimeDefault", [c.name])
}

deny contains message("no-host-namespaces", text) if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	object.get(pod.spec, field, false) != false
	text := sprintf("%s is set", [field])
}

deny contains message("no-host-namespaces", text) if {
	some c in containers
	some port in object.get(c, "ports", [])
	object.get(port, "hostPort", 0) != 0
	text := sprintf("container %s takes port %v of the node", [c.name, port.hostPort])
}

deny contains message("no-host-path", text) if {
	some volume in object.get(pod.spec, "volumes", [])
	volume.hostPath
	text := sprintf("volume %s is a path of the node; use a claim", [volume.name])
}

# A proxy beside the worker would keep the pod alive when the worker has ended.
deny contains message("no-mesh", "label sidecar.istio.io/inject is not \"false\"") if {
	pod
	object.get(pod_labels, "sidecar.istio.io/inject", "") != "false"
}

deny contains message("no-mesh", "annotation linkerd.io/inject is not \"disabled\"") if {
	pod
	object.get(pod_annotations, "linkerd.io/inject", "") != "disabled"
}
