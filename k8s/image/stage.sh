#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stage.sh BUILD STAGE - builds both programs in the folder BUILD and lays out in STAGE, which is
# made anew, the whole root file system of the image: the programs, the libraries that they load,
# and three small files of /etc. Both recipes use it, so that both give the same content.
#
# The tree has Debian's shape: every library keeps the path by which the loader found it here.
# Name resolution needs no library of its own: since 2.34 the C library holds "files" and "dns"
# itself. /etc/resolv.conf and /etc/hosts come from the kubelet, the cluster's certificates from
# the service account's volume.
set -eu -o pipefail

if [ $# -ne 2 ]; then
    echo 'usage: stage.sh BUILD STAGE' >&2
    exit 2
fi
source=$(realpath "$(dirname "$0")/../..")
build=$(realpath -m "$1")
stage=$(realpath -m "$2")
programs='picobarn picobarn-worker'

compile()
{
    local baseline=
    [ "$(uname -m)" != x86_64 ] || baseline=x86-64-v2
    # The prefix map keeps this machine's paths out of the programs.
    cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_C_FLAGS="-ffile-prefix-map=$source=." \
        -DPICOBARN_WITH_RENDER=OFF -DPICOBARN_BASELINE="$baseline" -DBUILD_TESTING=OFF
    cmake --build "$build"
    rm -rf "$build/install"
    DESTDIR="$build/install" cmake --install "$build" --strip
} >&2

# All that the loader maps for both programs, itself included; one path a line.
closure()
{
    local program
    for program in $programs; do
        ldd "$stage/usr/bin/$program"
    done | awk '
        /not found/ { print "stage.sh: " $0 > "/dev/stderr"; exit 1 }
        $2 == "=>" && $3 ~ /^\// { print $3 }
        $1 ~ /^\// { print $1 }' | sort -u
}

# A library from elsewhere would not be found in the image, which has no loader's cache; one that
# was chosen for this machine's processor would not run on an older one.
copy_library()
{
    case $1 in
        */glibc-hwcaps/*) refuse "$1" ;;
        /lib/* | /lib64/* | /usr/lib/*) ;;
        *) refuse "$1" ;;
    esac
    install -D -m 755 "$1" "$stage$1"
    strip --strip-unneeded "$stage$1" # keeps the dynamic symbols, which the loader needs
}

refuse()
{
    echo "stage.sh: $1 is not the distribution's own library for every processor; remove it," \
        'or build by k8s/image/Containerfile.multistage' >&2
    exit 1
}

lay_out()
{
    local program library libraries
    rm -rf "$stage"
    mkdir -p "$stage/etc" "$stage/usr/bin" "$stage/usr/lib" "$stage/usr/lib64"
    ln -s usr/lib "$stage/lib"
    ln -s usr/lib64 "$stage/lib64"
    for program in $programs; do
        install -m 755 "$build/install/usr/bin/$program" "$stage/usr/bin/$program"
    done
    libraries=$(closure)
    for library in $libraries; do
        copy_library "$library"
    done
    echo 'picobarn:x:65532:65532::/:/nonexistent' >"$stage/etc/passwd"
    echo 'picobarn:x:65532:' >"$stage/etc/group"
    echo 'hosts: files dns' >"$stage/etc/nsswitch.conf"
}

umask 022
export LC_ALL=C
compile
lay_out
