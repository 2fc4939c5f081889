#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh - runs every fuzzer, or those named: run.sh SECONDS FOLDER [FUZZER]...
#
# FOLDER holds the fuzzers (fuzz_*) and `seeds`, as the build makes them. Two run at a time, each
# for SECONDS, with a limit of memory and of time for one input. What a fuzzer learns stays in
# FOLDER/corpus, what it finds in FOLDER/found. Exit status 1 if any of them found something.
set -eu

if [ $# -lt 2 ]; then
    echo "usage: run.sh SECONDS FOLDER [FUZZER]..." >&2
    exit 2
fi
seconds=$1
source_folder=$(cd "$(dirname "$0")" && pwd)
cd "$2"
shift 2
[ $# -gt 0 ] || set -- fuzz_*
mkdir -p corpus found log
./seeds seed

run_one() {
    name=$1
    mkdir -p "corpus/$name" "seed/$name" "found/$name"
    rm -f "found/$name.failed"
    dictionary=$source_folder/$name.dict
    options="-max_total_time=$seconds -timeout=10 -rss_limit_mb=2048 -max_len=8192"
    options="$options -malloc_limit_mb=300 -print_final_stats=1 -artifact_prefix=found/$name/"
    if [ -f "$dictionary" ]; then
        options="$options -dict=$dictionary"
    fi
    # shellcheck disable=SC2086  # options are words
    if ./"$name" $options "corpus/$name" "seed/$name" >"log/$name" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "log/$name")
        echo "$name: nothing found in $runs runs"
    else
        echo "$name: FOUND something, see $(pwd)/log/$name"
        tail -n 40 "log/$name"
        touch "found/$name.failed"
    fi
}

n=0
for fuzzer in "$@"; do
    [ -x "$fuzzer" ] || continue
    run_one "$fuzzer" &
    n=$((n + 1))
    if [ $((n % 2)) -eq 0 ]; then
        wait
    fi
done
wait
if [ "$n" -eq 0 ]; then
    echo "no fuzzers in $(pwd)" >&2
    exit 2
fi
for fuzzer in "$@"; do
    [ ! -e "found/$fuzzer.failed" ] || exit 1
done
