#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# base.sh OBJECTS.yaml - in a cluster of its own: an administrator can apply k8s/base and the
# example, each account and each person may do what their role says and no more, and the namespace
# takes a run's objects (OBJECTS.yaml, what `picobarn launch --dry-run` shows) without a warning of
# Pod Security. kubectl is in PATH, and KUBECONFIG an administrator's.
set -eu
objects=$(realpath "$1")
cd "$(dirname "$0")/../../k8s"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "base.sh: $*" >&2
    exit 1
}

kubectl create namespace picobarn >/dev/null
kubectl apply --dry-run=server --kustomize base
kubectl apply --filename overlays/example/namespace.yaml >/dev/null
kubectl apply --dry-run=server --kustomize overlays/example >/dev/null
kubectl apply --kustomize overlays/example
kubectl apply --kustomize overlays/example | grep -v ' unchanged$' &&
    fail 'applied twice, the example is not the same'

# may WHO ANSWER VERB RESOURCE[/NAME] [SUBRESOURCE]: the API server's own word
may()
{
    local who=$1 wanted=$2 verb=$3 resource=$4 part=${5:-} answer as
    case $who in
        scheduler | worker) as="--as=system:serviceaccount:physics:picobarn-$who" ;;
        *) as="--as=somebody --as-group=physics-$who" ;;
    esac
    answer=$(kubectl auth can-i --namespace physics $as "$verb" "$resource" \
        --subresource "$part" 2>/dev/null || true)
    [ "$answer" = "$wanted" ] ||
        fail "may $who $verb $resource $part? '$answer', not '$wanted'"
}

while read -r who wanted verb resource part; do
    may "$who" "$wanted" "$verb" "$resource" "$part"
done <<'TABLE'
scheduler yes create jobs.batch
scheduler yes get pods log
scheduler no  get secrets
scheduler no  create pods
scheduler no  create statefulsets.apps
worker    no  get pods
worker    no  get secrets
worker    no  list jobs.batch
analysts  yes create statefulsets.apps
analysts  yes create services proxy
analysts  no  list secrets
analysts  no  create jobs.batch
analysts  no  create pods exec
analysts  no  create rolebindings.rbac.authorization.k8s.io
guests    yes get services proxy
guests    no  create pods exec
guests    yes get secrets/picobarn-view
guests    no  get secrets/higgs-scheduler
guests    no  list secrets
guests    no  create configmaps
guests    no  delete statefulsets.apps
TABLE

# Pod Security refuses pods, not the objects that will make them: of these it warns. So the warning
# has to be looked for, and a violator shows that it comes.
warned()
{
    kubectl apply --dry-run=server --namespace physics --filename "$1" >"$work/said" 2>&1 || true
    grep -q '^Warning: would violate PodSecurity' "$work/said"
}

warned "$objects" && fail "$objects: $(cat "$work/said")"
[ "$(grep -c '(server dry run)$' "$work/said")" -eq "$(grep -c '^kind: ' "$objects")" ] ||
    fail "$objects: $(cat "$work/said")"
warned policy/violators/2019.yaml || fail "a pod that runs as root: $(cat "$work/said")"
echo 'base.sh: applied, rights as said, no warning'
