#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# demo.sh - from nothing to the Higgs boson's plot: installs what is missing (Debian packages, as
# root or with sudo), builds into build/release, generates about 2 million collisions into
# build/demo/samples, and runs the four-lepton analysis on them in about 1,000 shards.
# Run again, it does only what is missing. Remove build/demo to see it run once more.
set -eu
cd "$(dirname "$0")/.."
demo=$PWD/build/demo
bin=$PWD/build/release/bin

step()
{
    printf '\n== %s\n' "$*"
}

step 'Debian packages: installing what is missing'
tests/packages.sh build

step 'Building into build/release'
mkdir -p build
cmake --preset release >build/release.log || { cat build/release.log && exit 1; }
quiet=--quiet
[ ! -t 1 ] || quiet=
ninja -C build/release $quiet picobarn picobarn-worker picobarn-samples

step 'Generating about 2 million collisions into build/demo/samples'
if [ ! -e "$demo/samples/done" ]; then
    rm -rf "$demo"
    mkdir -p "$demo"
    "$bin/picobarn-samples" "$demo/samples"
    touch "$demo/samples/done"
fi

step 'Running: build/release/bin/picobarn launch build/demo/samples/higgs4l.yaml'
begin=$(date +%s%N)
"$bin/picobarn" launch "$demo/samples/higgs4l.yaml" --run-dir "$demo/higgs4l.run" |
    tee "$demo/launch.txt"
tenths=$((($(date +%s%N) - begin) / 100000000))

step "Done; the run took $((tenths / 10)).$((tenths % 10)) s"
echo "The plot, of generated collisions:  $demo/higgs4l.run/plot.png"
echo "The same as a drawing:              $demo/higgs4l.run/plot.svg"
echo "The result, in numbers:             $demo/higgs4l.run/result.json"
echo "Its SHA-256, the same on every machine and however often it was interrupted:"
echo "    $(sed -n 's/^sha256 *//p' "$demo/launch.txt")"
