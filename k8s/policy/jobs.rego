# SPDX-License-Identifier: Apache-2.0
# Jobs are few, indexed, and know which failures are worth another try.
package main

import rego.v1

most_indexes := 5000

job := input.spec if input.kind == "Job"

job := input.spec.jobTemplate.spec if input.kind == "CronJob"

deny contains message("job-indexed", "completionMode is not Indexed") if {
	job
	object.get(job, "completionMode", "NonIndexed") != "Indexed"
}

fits(completions) if {
	completions >= 1
	completions <= most_indexes
}

deny contains message("job-size", text) if {
	completions := object.get(job, "completions", 0)
	not fits(completions)
	text := sprintf("%v completions, not 1 to %d", [completions, most_indexes])
}

deny contains message("job-size", text) if {
	job.parallelism > object.get(job, "completions", 0)
	text := sprintf("parallelism %d is more than the completions", [job.parallelism])
}

# An index that always fails may not end the others.
deny contains message("job-retries", "no backoffLimitPerIndex") if {
	job
	not is_number(object.get(job, "backoffLimitPerIndex", null))
}

# Without it an eviction counts as a failure, and input that is bad is tried again.
deny contains message("job-failure-policy", "no podFailurePolicy") if {
	job
	count(object.get(job, ["podFailurePolicy", "rules"], [])) == 0
}

deny contains message("job-failure-policy", "restartPolicy is not Never") if {
	job
	object.get(job, ["template", "spec", "restartPolicy"], "") != "Never"
}
