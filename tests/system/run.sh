#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PYTHON TEST_FILE - pytest on one file; exit status 77 if all in it was skipped, or nothing
# was there to run: that is no pass.
set -u
said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$1" -B -m pytest -q -rs --tb=short -p no:cacheprovider -o tmp_path_retention_policy=failed \
    --color=no "$2" 2>&1 | tee "$said"
status=${PIPESTATUS[0]}
[ "$status" -ne 5 ] || exit 77
if [ "$status" -eq 0 ] && ! tail -n 1 "$said" | grep -q '[0-9] passed'; then
    exit 77
fi
exit "$status"
