#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PYTHON TEST_FILE - pytest on one file, beside a cluster of its own with ten fake nodes; exit
# status 77 where there can be no cluster, or all was skipped.
set -eu
here=$(dirname "$(readlink -f "$0")")
exec "$here/with-cluster" --fake 10 "$here/../system/run.sh" "$@"
