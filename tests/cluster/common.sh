# SPDX-License-Identifier: Apache-2.0
# common.sh - sourced by the scripts here: where the cluster's programs are, and what to do where
# something that they need is not there.
# shellcheck shell=bash

# Where build.sh puts the programs: one folder for each state of the pinned modules.
cluster_programs()
{
    local hash
    hash=$(cd "$(dirname "${BASH_SOURCE[0]}")" && cat go/*/go.mod go/*/go.sum | sha256sum)
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/picobarn-cluster/${hash:0:16}"
}

# cluster_lacks WHAT: ends the script. 77 says "skipped"; where the cluster's tests have to run
# (PICOBARN_CLUSTER=1, see tests/run.sh), what is missing is a failure.
cluster_lacks()
{
    if [ "${PICOBARN_CLUSTER:-}" = 1 ]; then
        echo "$(basename "$0"): the cluster's tests have to run (PICOBARN_CLUSTER=1), but $1" >&2
        exit 1
    fi
    echo "$(basename "$0"): skipped, no cluster here: $1" >&2
    exit 77
}

# Ends the script where nobody wants a cluster.
cluster_wanted()
{
    [ "${PICOBARN_CLUSTER:-}" != 0 ] || cluster_lacks 'PICOBARN_CLUSTER is 0'
}
