#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# packages.sh LIST... - installs the Debian packages of the lists that are missing; none, if none
# is. Lists: build (both programs and the generator), test (tests/run.sh), check (all its checks),
# cluster (the tests on a Kubernetes cluster, which need Go 1.24 or later too).
set -eu

build='gcc libc6-dev cmake ninja-build pkg-config libcmocka-dev libcairo2-dev
    libcurl4-openssl-dev libdeflate-dev libhdf5-dev libjansson-dev liblz4-dev libmicrohttpd-dev
    librsvg2-dev libseccomp-dev libsodium-dev libsqlite3-dev libxxhash-dev libyaml-dev libzmq3-dev
    libzstd-dev fonts-dejavu-core'
test='python3 python3-venv procps prometheus chromium'
check='git clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev libomp-14-dev llvm-14
    fish mandoc qemu-user shellcheck zsh'
cluster='buildah busybox-static containerd containernetworking-plugins curl iproute2 iptables openssl
    runc util-linux'

wanted=
for list in "$@"; do
    case $list in
        build | test | check | cluster) wanted="$wanted ${!list}" ;;
        *)
            echo "packages.sh: no list '$list': build, test, check, cluster" >&2
            exit 2
            ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo 'packages.sh: not a Debian system. Needed, by their names in Debian 12:' $wanted >&2
    exit 0
fi

missing=
for package in $wanted; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo 'packages.sh: neither root nor sudo here. As root, run:' >&2
        echo "    apt-get update && apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "Installing$missing"
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 \
        -o DPkg::Lock::Timeout=300 "$@"
}

# prometheus brings a service, which the tests do not use: it is neither started now nor at boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    trap '$as_root rm -f "$policy"' EXIT
    $as_root chmod 755 "$policy"
fi
apt update
apt install --yes --no-install-recommends $missing >/dev/null
case $missing in
    *\ prometheus*) ! command -v systemctl >/dev/null || $as_root systemctl --quiet disable prometheus ;;
esac
