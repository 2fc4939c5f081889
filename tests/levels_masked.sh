#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# levels_masked.sh BIN - the programs in this folder give the same partial, byte for byte, on this
# processor and on ones that lack its vectors: nobody tells the program which level to take, it finds
# out. Those processors are qemu's; exit status 77 (skipped) where that is missing.
set -eu
bin=$1
if [ "$(uname -m)" != x86_64 ] || ! command -v qemu-x86_64 >/dev/null; then
    echo 'needs x86-64 and qemu-x86_64 (qemu-user in Debian)'
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

shard() { # [PROGRAM ARGUMENT...] - the shard, run by that program
    "$@" "$bin/picobarn-worker" shard "$file" --rows "0-$rows" --analysis "$analysis" \
        --threads 2 --show digest
}

compare() { # ANALYSIS FILE
    analysis=$1
    file=$2
    rows=$("$bin/picobarn-worker" inspect "$file" --analysis "$analysis" |
        sed 's/.*"rows":\([0-9][0-9]*\).*/\1/')
    here=$(shard)
    echo "$here $analysis, this processor"
    for processor in "${processors[@]}"; do
        sum=$(shard qemu-x86_64 -cpu "$processor")
        echo "$sum $analysis, $processor"
        [ "$sum" = "$here" ] || { echo 'other bytes' && exit 1; }
    done
}

# That they lack what they should: the program says which levels it finds.
expect() { # PROCESSOR LEVELS
    found=$(PICOBARN_SIMD='?' shard qemu-x86_64 -cpu "$1" 2>&1 |
        sed -n 's/.*here it may be \(.*\), scalar, or unset.*/\1/p')
    [ "$found" = "$2" ] || { echo "$1 has '$found', not '$2'" && exit 1; }
}

"$bin/picobarn-samples" "$work" --events 100000 --only doublemu2012b >/dev/null
"$bin/picobarn-samples" "$work/nanoaod" --nanoaod --events 40000 >/dev/null
samples=("$work"/*.h5)
nanoaod=("$work"/nanoaod/*.h5)
processors=('max' 'max,-avx2' 'Westmere')
compare dimuon "${samples[0]}"
expect max 'plain, avx2'
expect 'max,-avx2' plain
expect Westmere plain
for query in 5 6 7 8; do
    compare "adl-q$query" "${nanoaod[0]}"
done
