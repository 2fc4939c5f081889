#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# compilers.sh BIN... - the programs of each of these folders generate the same events and give the
# same result.json, byte for byte, whatever built them.
set -eu
export LSAN_OPTIONS="suppressions=$(realpath "$(dirname "$0")/../lsan.supp"):print_suppressions=0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
first=
for bin in "$@"; do
    folder=$work/$(basename "$(dirname "$bin")")
    "$bin/picobarn-samples" "$folder" --events 20000 --seed 5 >/dev/null
    "$bin/picobarn" launch "$folder/higgs4l.yaml" --run-dir "$folder/run" >"$folder/said" 2>&1 ||
        { cat "$folder/said" && exit 1; }
    sum=$(sha256sum "$folder/run/result.json" | cut -c 1-64)
    echo "$sum $bin"
    first=${first:-$sum}
    [ "$sum" = "$first" ] || status=1
done
exit $status
