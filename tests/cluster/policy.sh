#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# policy.sh OBJECTS.yaml - k8s/policy accepts OBJECTS.yaml, which is what `picobarn launch
# --dry-run` shows of a run, and what an administrator applies (k8s/base and the example), and
# refuses each violator by the rules that the violator names and by no other. Every rule has a
# violator, so that none is dead. Needs conftest and kubectl, which build.sh builds, and no cluster;
# exit status 77 where they cannot be built.
set -eu
objects=$(realpath "$1")
cd "$(dirname "$0")/../../k8s"
programs=$(../tests/cluster/build.sh)
PATH=$programs:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "policy.sh: $*" >&2
    exit 1
}

accept()
{
    conftest test --no-color --policy policy "$1" || fail "$2 is refused"
}

# A file that lacks a kind would pass the rules of that kind unseen.
for kind in ConfigMap Secret Service StatefulSet Job; do
    grep -qx "kind: $kind" "$objects" || fail "$objects: no $kind in it"
done
accept "$objects" "$objects"
for folder in base overlays/example; do
    kubectl kustomize "$folder" >"$work/built.yaml"
    accept "$work/built.yaml" "k8s/$folder"
done

# The names after a word at the head of a violator, or of conftest's output, one a line.
named()
{
    sed -n "s/^# $2: //p" "$1" | tr ' ' '\n' | sort
}

spoken()
{
    sed -n "s/^$2 - .* - main - \([a-z-]*\): .*/\1/p" "$1" | sort -u
}

agree()
{
    diff --label "$1 says '$2'" --label 'conftest' <(named "$1" "$2") <(spoken "$work/said" "$3") ||
        fail "k8s/$1 is not refused as it says"
}

for violator in policy/violators/*.yaml; do
    if conftest test --no-color --policy policy "$violator" >"$work/said"; then
        fail "k8s/$violator is accepted"
    fi
    agree "$violator" 'Refused by' FAIL
    agree "$violator" 'Warned of' WARN
    echo "k8s/$violator: refused by $(named "$violator" 'Refused by' | wc -l) rules, as it says"
done

grep -oh 'message("[a-z-]*"' policy/*.rego | cut -d '"' -f 2 | sort -u >"$work/rules"
for violator in policy/violators/*.yaml; do
    named "$violator" 'Refused by'
    named "$violator" 'Warned of'
done | sort -u >"$work/broken"
diff --label 'rules' --label 'broken by a violator' "$work/rules" "$work/broken" ||
    fail 'a rule has no violator, or a violator names no rule'
echo "$(wc -l <"$work/rules") rules, each broken by a violator"
