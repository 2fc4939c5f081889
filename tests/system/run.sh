#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PYTHON TEST_FILE - pytest on one file; exit status 77 if all in it was skipped, or nothing
# was there to run: that is no pass.
#
# PICOBARN_TRIES=2: what failed is tried once more, since programs are killed in the middle of their
# work, and a cluster or a browser with hundreds of processes may share the machine. The first failure
# stays in the output, for whoever looks for races.
set -u
python=$1
file=$2
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT

run()
{
    "$python" -B -m pytest -q -rs --tb=short -o cache_dir="$kept/cache" --color=no \
        -o tmp_path_retention_policy=failed "$@" "$file" 2>&1 | tee "$kept/said"
    return "${PIPESTATUS[0]}"
}

run
status=$?
if [ "$status" -eq 1 ] && [ "${PICOBARN_TRIES:-1}" -gt 1 ]; then
    printf '\n== Once more, only what failed\n'
    run --last-failed
    status=$?
fi
[ "$status" -ne 5 ] || exit 77
if [ "$status" -eq 0 ] && ! tail -n 1 "$kept/said" | grep -q '[0-9] passed'; then
    exit 77
fi
exit "$status"
