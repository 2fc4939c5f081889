#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# levels.sh BIN - the programs in this folder give the same partial, byte for byte, at each level of
# the processor that there is, by the scalar code, and with any number of threads: the one below,
# which all compilers and machines give (raise it with what changes the events or the partial).
set -eu
bin=$1
expected=50e22fe42f2c965dc2626f8de8bda0f4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$bin/picobarn-samples" "$work" --events 400000 --only doublemu2012b >/dev/null
files=("$work"/*.h5)
file=${files[0]}
rows=$("$bin/picobarn-worker" inspect "$file" | sed 's/.*"rows":\([0-9][0-9]*\).*/\1/')
# What it does not have it says, with what it has.
levels=$(PICOBARN_SIMD='?' "$bin/picobarn-worker" shard "$file" --rows "0-$rows" --analysis dimuon 2>&1 |
    sed -n 's/.*here it may be \(.*\), or unset.*/\1/p' | tr -d ,)
case $levels in
    *plain*scalar) ;;
    *) echo "no levels: '$levels'" && exit 1 ;;
esac
for level in $levels; do
    for threads in 1 3; do
        sum=$(PICOBARN_SIMD=$level "$bin/picobarn-worker" shard "$file" --rows "0-$rows" \
            --analysis dimuon --threads $threads --show digest)
        echo "$sum $level, $threads threads"
        [ "$sum" = "$expected" ] || { echo "not $expected" && exit 1; }
    done
done
