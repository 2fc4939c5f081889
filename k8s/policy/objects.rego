# SPDX-License-Identifier: Apache-2.0
# Labels by which every object is found again, and the form of a refusal.
package main

import rego.v1

# "RULE: Kind NAME: what", the one form of every message.
message(rule, text) := sprintf("%s: %s %s: %s", [
	rule,
	object.get(input, "kind", "(no kind)"),
	object.get(input, ["metadata", "name"], "(no name)"),
	text,
])

label_sets contains {"of": "the object", "labels": object.get(input, ["metadata", "labels"], {})}

label_sets contains {"of": "its pods", "labels": pod_labels} if input.kind != "Pod"

base_labels := {"app.kubernetes.io/name", "app.kubernetes.io/managed-by"}

run_labels := {
	"app.kubernetes.io/instance",
	"app.kubernetes.io/component",
	"app.kubernetes.io/version",
	"picobarn/run-id",
}

# What picobarn makes for a run; the one Secret that all runs of a namespace share is of no run.
of_a_run if {
	input.metadata.name != "picobarn-view"
	object.get(input, ["metadata", "labels", "app.kubernetes.io/managed-by"], "") == "picobarn"
}

of_a_run if pod

required_labels := base_labels | {label | some label in run_labels; of_a_run}

deny contains message("labels-present", text) if {
	some set in label_sets
	some label in required_labels
	object.get(set.labels, label, "") == ""
	text := sprintf("%s: no label %s", [set.of, label])
}

deny contains message("labels-present", text) if {
	some set in label_sets
	name := object.get(set.labels, "app.kubernetes.io/name", "")
	not name in {"", "picobarn"}
	text := sprintf("%s: app.kubernetes.io/name is %q", [set.of, name])
}
