# SPDX-License-Identifier: Apache-2.0
# Rights are listed one by one, end with the namespace, and reach no further rights.
package main

import rego.v1

role if input.kind in {"Role", "ClusterRole"}

role_rules := object.get(input, "rules", []) if role

deny contains message("role-wildcard", text) if {
	some rule in role_rules
	some field in ["apiGroups", "resources", "verbs"]
	some word in object.get(rule, field, [])
	contains(word, "*")
	text := sprintf("%q among its %s", [word, field])
}

# Who may list or watch Secrets reads all of them in one request; "get" needs a name.
deny contains message("role-secrets", text) if {
	some rule in role_rules
	some resource in {"secrets", "*"} & {r | some r in rule.resources}
	some verb in {"list", "watch", "deletecollection", "*"} & {v | some v in rule.verbs}
	text := sprintf("may %s %s", [verb, resource])
}

deny contains message("role-no-shell", text) if {
	some rule in role_rules
	some resource in {"pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"} & {r | some r in rule.resources}
	text := sprintf("may use %s", [resource])
}

deny contains message("role-no-further-rights", text) if {
	some rule in role_rules
	some verb in {"escalate", "bind", "impersonate"} & {v | some v in rule.verbs}
	text := sprintf("may %s", [verb])
}

deny contains message("role-no-further-rights", text) if {
	some rule in role_rules
	some resource in {"serviceaccounts/token"} & {r | some r in rule.resources}
	text := sprintf("may use %s", [resource])
}

deny contains message("role-of-namespace", "rights in the whole cluster") if {
	input.kind in {"ClusterRole", "ClusterRoleBinding"}
}
