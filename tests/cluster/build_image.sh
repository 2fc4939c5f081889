#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# build_image.sh ARCHIVE - builds picobarn's image for the tests on a cluster; exit status 77 where it
# cannot be built.
set -eu
here=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

cluster_wanted
[ "$(id -u)" -eq 0 ] || cluster_lacks 'this is not root'
command -v buildah >/dev/null || cluster_lacks 'buildah is missing: tests/packages.sh cluster installs it'
exec "$here/../../k8s/image/build.sh" picobarn.test/picobarn:test "$1"
