#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [CTEST OPTION]... - installs what is missing (Debian packages, as root or with sudo;
# Python packages, into build/python), builds, and passes the tests. Another time it does only
# what changed. `tests/run.sh -R unit_` runs a choice of the tests.
#
#   PICOBARN_CHECKS=1        also the format, clang-tidy, the rules, a build by clang,
#                            ThreadSanitizer, the fuzzers, and system tests with sanitizers
#   PICOBARN_CLUSTER=1       the tests on a Kubernetes cluster of their own must run; 0: not at all.
#                            Otherwise they do where Go 1.24 and root are, as with PICOBARN_CHECKS=1;
#                            the first time its programs are built, for some minutes
#   PICOBARN_SCALE=1         with 25,000 fake pods there, not only a fifth of them, and half an hour of
#                            tokens that are replaced
#   PICOBARN_OPEN_DATA=DIR   also the tests on real open data
#   PICOBARN_FUZZ_SECONDS=N  the time of each fuzzer (60)
set -eu

if [ -n "${PICOBARN_OPEN_DATA:-}" ]; then
    PICOBARN_OPEN_DATA=$(realpath -m "$PICOBARN_OPEN_DATA")
    export PICOBARN_OPEN_DATA
fi
cd "$(dirname "$0")/.."
checks=${PICOBARN_CHECKS:-0}
cluster=${PICOBARN_CLUSTER:-auto}
[ "$checks$cluster" != 1auto ] || cluster=1
if [ "$cluster" = auto ]; then
    cluster=0
    [ "$(id -u)" -ne 0 ] || ! tests/cluster/build.sh --can || cluster=1
fi
export PICOBARN_CLUSTER=$cluster

step()
{
    printf '\n== %s\n' "$*"
}

step 'Debian packages'
lists='build test'
[ "$checks" != 1 ] || lists="$lists check"
[ "$cluster" != 1 ] || lists="$lists cluster"
tests/packages.sh $lists

step 'Python packages, in build/python'
python=$PWD/build/python/bin/python
stamp=build/python/requirements.txt
if ! cmp -s tests/requirements.txt "$stamp"; then
    python3 -m venv --clear build/python
    "$python" -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
    cp tests/requirements.txt "$stamp"
fi

step 'Building: release, debug (AddressSanitizer, UndefinedBehaviorSanitizer)'
builds='release debug'
werror=OFF
if [ "$checks" = 1 ]; then
    builds='release debug clang tsan fuzz'
    werror=ON
fi
for build in $builds; do
    options=
    [ $build != release ] || options="-DPICOBARN_WERROR=$werror"
    cmake --no-warn-unused-cli --preset $build -DPICOBARN_PYTHON="$python" -DPICOBARN_CHECKS="$checks" \
        -DPICOBARN_FUZZ_SECONDS="${PICOBARN_FUZZ_SECONDS:-60}" $options >build/$build.log ||
        { cat build/$build.log && exit 1; }
done
quiet=--quiet
[ ! -t 1 ] || quiet=
ninja -C build/release $quiet
ninja -C build/debug $quiet

# The other builds are made as tests: build_clang and so on.
step 'Testing'
cmake -S tests/checks -B build/checks -G Ninja -DPICOBARN_BUILDS="${builds// /;}" \
    -DPICOBARN_CHECKS="$checks" >build/checks.log || { cat build/checks.log && exit 1; }
exec ctest --test-dir build/checks --output-on-failure --no-tests=error -j "$(nproc)" "$@"
