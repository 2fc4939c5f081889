#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# build.sh - builds what a Kubernetes cluster is made of, and the policy tool conftest, from the Go
# modules pinned in go/, into a folder of the cache, and prints that folder. Does nothing if it is
# there. Needs Go 1.24 or later; about seven minutes on two processors with empty caches.
# build.sh --can - only looks whether it could.
set -eu
here=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

kubernetes=v1.34.4 # as go/kubernetes/go.mod has it

# PROGRAM MODULE PACKAGE
programs="
etcd                    kubernetes go.etcd.io/etcd/server/v3
kube-apiserver          kubernetes k8s.io/kubernetes/cmd/kube-apiserver
kube-controller-manager kubernetes k8s.io/kubernetes/cmd/kube-controller-manager
kube-scheduler          kubernetes k8s.io/kubernetes/cmd/kube-scheduler
kubelet                 kubernetes k8s.io/kubernetes/cmd/kubelet
kube-proxy              kubernetes k8s.io/kubernetes/cmd/kube-proxy
kubectl                 kubernetes k8s.io/kubernetes/cmd/kubectl
coredns                 coredns    github.com/coredns/coredns
kwok                    kwok       sigs.k8s.io/kwok/cmd/kwok
conftest                conftest   github.com/open-policy-agent/conftest
"

need_go()
{
    local version
    command -v go >/dev/null || cluster_lacks 'Go 1.24 or later is not in PATH'
    version=$(GOTOOLCHAIN=local go env GOVERSION)
    printf '%s\n' go1.24 "$version" | sort --version-sort --check=quiet ||
        cluster_lacks "Go 1.24 or later is needed, this is $version"
}

# build PROGRAM MODULE PACKAGE
build()
{
    local began=$SECONDS
    go build -C "$here/go/$2" -ldflags "$flags" -o "$new/$1" "$3"
    echo "built $1 in $((SECONDS - began)) s, $(($(stat -c %s "$new/$1") >> 20)) MiB" >&2
}

cluster_wanted
folder=$(cluster_programs)
if [ "${1:-}" = --can ]; then
    [ -d "$folder" ] || need_go
    exit
fi
if [ ! -d "$folder" ]; then
    need_go
    mkdir -p "$(dirname "$folder")"
    exec 9>"$folder.lock"
    flock 9
fi
if [ ! -d "$folder" ]; then # nor has another one built it meanwhile
    # Kubernetes says and compares its version; a build from modules has to be told it.
    flags='-s -w'
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        flags="$flags -X $package.gitVersion=$kubernetes -X $package.gitMajor=1"
        flags="$flags -X $package.gitMinor=34 -X $package.gitTreeState=clean"
    done
    export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-buildvcs=false -mod=readonly'
    new=$folder.new
    mkdir -p "$new"
    while read -r program module package; do
        [ -z "$program" ] || build "$program" "$module" "$package"
    done <<<"$programs"
    mv "$new" "$folder"
    echo "built all in $SECONDS s" >&2
fi
echo "$folder"
