#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# build.sh [REFERENCE [OUT.tar]] - builds the image and writes it as an OCI archive, without a
# registry and without a daemon: the programs from this source tree, the libraries from this
# machine (Debian 12). Then `ctr images import`, `skopeo copy` or `podman load` take it.
#
# REFERENCE is the image's name and tag (localhost/picobarn:VERSION), OUT.tar the archive
# (build/image/picobarn.tar). The same source and the same libraries give the same digest:
# times are those of the last commit, or SOURCE_DATE_EPOCH.
#
# Prints reference, digest and sizes; fails where the image has more than 16 MB compressed.
set -eu

most_bytes=16000000
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^project(picobarn VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
reference=${1:-localhost/picobarn:$version}
archive=$(realpath -m "${2:-build/image/picobarn.tar}")
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH

if ! command -v buildah >/dev/null; then
    echo 'build.sh: needs buildah: apt-get install --no-install-recommends buildah' >&2
    exit 1
fi

# Storage of its own, that goes away: nothing is left in the user's containers. The driver vfs
# works everywhere, and one layer of this size costs it nothing.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
storage=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)

k8s/image/stage.sh build/image build/image/stage
buildah "${storage[@]}" build --quiet --isolation chroot --format oci --timestamp "$SOURCE_DATE_EPOCH" \
    --build-arg VERSION="$version" --build-arg REVISION="$revision" \
    --file k8s/image/Containerfile --tag "$reference" build/image/stage >/dev/null
mkdir -p "$(dirname "$archive")"
rm -f "$archive"
buildah "${storage[@]}" push --quiet --digestfile "$work/digest" "$reference" \
    "oci-archive:$archive:$reference"

unpacked=$(du --summarize --apparent-size --block-size=1 build/image/stage | cut -f 1)
compressed=$(stat --format=%s "$archive")
echo "$reference"
echo "digest      $(cat "$work/digest")"
echo "archive     $archive"
awk -v u="$unpacked" -v c="$compressed" -v n="$(find build/image/stage -name '*.so*' | wc -l)" \
    'BEGIN { printf "unpacked    %.1f MB, %d libraries\ncompressed  %.1f MB\n", u / 1e6, n, c / 1e6 }'
if [ "$compressed" -gt $most_bytes ]; then
    echo "build.sh: $compressed bytes are more than the $most_bytes that the image may have" >&2
    exit 1
fi
