#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# start.sh FAKE_NODES CGROUP - starts a cluster's services in the folder /run/cluster, in the namespaces that
# with-cluster made, and waits until all are well. A service NAME leaves NAME.pid, NAME.log, and
# NAME.argv to be started by again. Nothing here stops one: they end with the namespace.
set -eu
here=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=keys.sh
. "$here/keys.sh"
cd /run/cluster
fake_nodes=$1
cgroup=$2
export KUBECONFIG=$PWD/admin.kubeconfig

# service NAME COMMAND [ARGUMENT]...
service()
{
    local name=$1
    shift
    printf '%s\0' "$@" >"$name.argv"
    setsid "$@" >"$name.log" 2>&1 </dev/null &
    echo $! >"$name.pid"
}

# await NAME COMMAND [ARGUMENT]...: until the command succeeds. The service NAME has to live.
await()
{
    local name=$1 deadline=$((SECONDS + 120))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ] || ! kill -0 "$(cat "$name.pid")"; then
            echo "$name does not run; its last words:"
            tail -n 20 "$name.log"
            return 1
        fi
        sleep 0.1
    done
}

# A kubelet refuses a loopback address for its node, so there is another; nothing leads out of here.
start_network()
{
    ip link set lo up
    ip link add node0 type veth peer name node1
    ip addr add 10.99.0.1/24 dev node0
    ip link set node0 up
    ip link set node1 up
    ip route add default via 10.99.0.254
    echo 1 >/proc/sys/net/ipv4/ip_forward
}

start_etcd()
{
    service etcd etcd --data-dir etcd --unsafe-no-fsync --log-level warn
}

start_apiserver()
{
    service apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
        --advertise-address=10.99.0.1 --service-cluster-ip-range=10.96.0.0/16 \
        --tls-cert-file=keys/apiserver.crt --tls-private-key-file=keys/apiserver.key \
        --client-ca-file=keys/ca.crt --token-auth-file=keys/tokens.csv --anonymous-auth=false \
        --authorization-mode=Node,RBAC --allow-privileged=true \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file=keys/accounts.pub \
        --service-account-signing-key-file=keys/accounts.key \
        --kubelet-certificate-authority=keys/ca.crt \
        --kubelet-client-certificate=keys/kubelet-client.crt \
        --kubelet-client-key=keys/kubelet-client.key \
        --kubelet-preferred-address-types=Hostname --event-ttl=15m --profiling=false \
        --audit-policy-file="$here/conf/audit.yaml" --audit-log-path=audit.log \
        --audit-log-maxsize=100000
}

start_controllers()
{
    service controllers kube-controller-manager --kubeconfig=controllers.kubeconfig \
        --authentication-kubeconfig=controllers.kubeconfig \
        --authorization-kubeconfig=controllers.kubeconfig --bind-address=127.0.0.1 \
        --leader-elect=false --root-ca-file=keys/ca.crt \
        --service-account-private-key-file=keys/accounts.key \
        --use-service-account-credentials=true --kube-api-qps=200 --kube-api-burst=400
    service scheduler kube-scheduler --config="$here/conf/scheduler.yaml" \
        --authentication-kubeconfig=scheduler.kubeconfig \
        --authorization-kubeconfig=scheduler.kubeconfig --bind-address=127.0.0.1
}

start_containerd()
{
    mkdir cni
    cp "$here/conf/bridge.conflist" cni/10-bridge.conflist
    cp "$here/conf/containerd.toml" .
    if [ "$(stat --file-system --format=%T .)" = overlayfs ]; then
        sed -i 's/"overlayfs"/"native"/' containerd.toml
    fi
    service containerd containerd --config containerd.toml
}

start_node()
{
    "$here/busybox_image.py" picobarn.test/busybox:1 busybox.tar
    await containerd ctr version
    ctr -n k8s.io images import busybox.tar
    service kubelet kubelet --config="$here/conf/kubelet.yaml" --kubeconfig=kubelet.kubeconfig \
        --hostname-override=localhost --node-ip=10.99.0.1 --root-dir="$PWD/kubelet" \
        --cert-dir="$PWD/kubelet-keys" --cgroup-root="$cgroup" \
        --node-labels=picobarn.test/node=real
    service proxy kube-proxy --config="$here/conf/proxy.yaml"
    service dns coredns -conf "$here/conf/Corefile"
}

fake_node()
{
    cat <<END
---
apiVersion: v1
kind: Node
metadata:
  name: fake-$1
  annotations: {kwok.x-k8s.io/node: fake}
  labels: {picobarn.test/node: fake, kubernetes.io/hostname: fake-$1, kubernetes.io/os: linux}
spec:
  taints: [{key: picobarn.test/fake, value: "true", effect: NoSchedule}]
END
}

start_fake_nodes()
{
    local i
    [ "$fake_nodes" -gt 0 ] || return 0
    service kwok kwok --kubeconfig kwok.kubeconfig --config "$here/conf/kwok.yaml" \
        --node-ip 127.0.0.1
    for ((i = 0; i < fake_nodes; i++)); do
        fake_node $i
    done | kubectl apply -f -
}

start_network
make_keys
start_etcd
start_apiserver
start_containerd
await apiserver kubectl get --raw /readyz
start_controllers
start_node
start_fake_nodes
await controllers kubectl get serviceaccount default
await scheduler curl --silent --fail --insecure https://127.0.0.1:10259/healthz
await kubelet kubectl get node localhost
await proxy curl --silent --fail http://127.0.0.1:10256/healthz
await dns busybox nslookup kubernetes.default.svc.cluster.local 10.99.0.1
kubectl wait --for=condition=Ready node --all --timeout=120s
echo "started in $SECONDS s"
