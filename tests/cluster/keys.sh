# SPDX-License-Identifier: Apache-2.0
# keys.sh - sourced by start.sh: certificates and tokens of the cluster, in the folder keys, and a
# kubeconfig NAME.kubeconfig of each user.
# shellcheck shell=bash

# key_pair NAME SUBJECT ALTERNATIVE_NAMES: keys/NAME.key and keys/NAME.crt, signed by the cluster.
key_pair()
{
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" \
        -keyout "keys/$1.key" -out "keys/$1.csr"
    openssl x509 -req -in "keys/$1.csr" -CA keys/ca.crt -CAkey keys/ca.key -CAcreateserial \
        -days 30 -extfile <(echo "subjectAltName=$3") -out "keys/$1.crt"
}

# user NAME USER GROUPS: a token, and NAME.kubeconfig with it.
user()
{
    local token
    token=$(openssl rand -hex 16)
    echo "$token,$2,$2,\"$3\"" >>keys/tokens.csv
    cat >"$1.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters:
  - name: cluster
    cluster: {server: "https://127.0.0.1:6443", certificate-authority: $PWD/keys/ca.crt}
users:
  - name: $1
    user: {token: $token}
contexts:
  - name: cluster
    context: {cluster: cluster, user: $1}
current-context: cluster
END
}

make_keys()
{
    umask 077
    mkdir keys
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj /CN=picobarn-test -keyout keys/ca.key -out keys/ca.crt
    key_pair apiserver /CN=kube-apiserver \
        DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.99.0.1,IP:10.96.0.1
    key_pair kubelet /O=system:nodes/CN=system:node:localhost DNS:localhost,IP:127.0.0.1
    key_pair kubelet-client /CN=kube-apiserver-kubelet-client DNS:localhost
    openssl genrsa -out keys/accounts.key 2048
    openssl rsa -in keys/accounts.key -pubout -out keys/accounts.pub

    user admin admin system:masters
    user launcher launcher '' # these two may do what a test's RoleBinding says
    user looker looker ''
    user controllers system:kube-controller-manager ''
    user scheduler system:kube-scheduler ''
    user kubelet system:node:localhost system:nodes
    user proxy system:kube-proxy ''
    user dns dns system:masters
    user kwok kwok system:masters
    umask 022
}
