#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rules.sh [ROOT] - the rules of CONTRIBUTING.md that can be looked for in the text, on all files
# that git knows. Prints "RULE FILE:LINE: what" for each place where one is broken; exit status 1 if
# there is any. rules_refuse.sh shows that each rule can fail.
set -eu
cd "${1:-$(dirname "$0")/../..}"
files=$(git -c safe.directory='*' ls-files)
found=$(mktemp)
code=$(mktemp -d) # the C files without comments and texts, with the same lines
trap 'rm -rf "$found" "$code"' EXIT

# only PATTERN: those of the files on standard input that match
only()
{
    grep -E "$1" || true
}

# but PATTERN: those that do not
but()
{
    grep -vE "$1" || true
}

# refuse RULE PATTERN [GREP OPTION]...: every line of the files on standard input that matches
refuse()
{
    local rule=$1 pattern=$2
    shift 2
    xargs -r grep -HnE "$@" -e "$pattern" | sed "s|^|$rule |" >>"$found" || true
}

# Comments and texts become blanks; the name in an #include stays.
strip='
{
    line = $0
    out = ""
    while (line != "") {
        if (in_comment) {
            end = index(line, "*/")
            line = end ? substr(line, end + 2) : ""
            in_comment = !end
        } else if (out == "" && line ~ /^#include "/) {
            out = line
            line = ""
        } else if (match(line, /^("([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047)/)) {
            out = out "\"\""
            line = substr(line, RLENGTH + 1)
        } else if (substr(line, 1, 2) == "//") {
            line = ""
        } else if (substr(line, 1, 2) == "/*") {
            in_comment = 1
            line = substr(line, 3)
        } else {
            out = out substr(line, 1, 1)
            line = substr(line, 2)
        }
    }
    print out
}'
c_files=$(only '\.[ch]$' <<<"$files")
for file in $c_files; do
    mkdir -p "$code/$(dirname "$file")"
    awk "$strip" "$file" >"$code/$file"
done
root=$PWD
cd "$code"
ours=$(but '^tests/' <<<"$c_files")

# Who may include whom: the folders as DESIGN.md has them.
includes()
{
    local folder=$1 allowed=$2
    only "^$folder/" <<<"$c_files" | xargs -r grep -HnE '^#include "' /dev/null |
        but ":#include \"($allowed)" | sed 's|^|include-direction |' >>"$found"
}
includes base 'base/'
includes analysis 'analysis/|base/'
includes worker 'worker/|analysis/|base/'
includes k8s 'k8s/|base/'
includes scheduler 'scheduler/|analysis/|base/|worker/(wire|message|order|threads)\.h|k8s/(k8s|manifest|placement)\.h'
includes data-samples 'data-samples/|base/'
includes tests '(base|analysis|worker|k8s|scheduler|tests)/'

# One library, one file; what is in no row and not of the C library or the kernel has no place yet.
library()
{
    local header=$1 where=$2
    but "^($where)" <<<"$ours" | refuse one-library-one-file "^#include <($header)"
    known="$known|$header"
}
known='(sys|linux|netinet|arpa|net)/|(assert|ctype|dirent|endian|errno|fcntl|float|ftw|getopt|glob|inttypes'
known="$known|limits|malloc|math|netdb|poll|pthread|sched|setjmp|signal|spawn|stdarg|stdatomic|stdbool|stddef|stdint"
known="$known|stdio|stdlib|string|strings|time|unistd)\.h>"
library 'zmq' 'worker/(wire|zap)\.c'
library 'sqlite3' 'scheduler/ledger[a-z_]*\.[ch]'
library 'hdf5' 'worker/format_hdf5[a-z_]*\.[ch]|scheduler/export_hdf5\.c|data-samples/writer\.c'
library '(yaml|jansson|sodium|xxhash)\.' 'base/'
library 'omp\.' 'worker/shard\.c'
library '(libdeflate|lz4|zstd)\.' 'worker/filters\.c|data-samples/pack\.c'
library 'curl/' 'k8s/http\.c'
library 'seccomp' 'worker/sandbox\.c'
library 'microhttpd' 'scheduler/server(_[a-z]+)?\.[ch]'
library 'cairo|librsvg/' 'scheduler/plot_render\.c'
only '^tests/' <<<"$c_files" | but '^tests/support/check\.h' |
    refuse one-library-one-file '^#include <cmocka'
but '^tests/' <<<"$c_files" | xargs -r grep -HnE '^#include <' /dev/null |
    but ":#include <($known)" | sed 's|^|unknown-library |' >>"$found"
but '^(worker/shard|tests/checks/race)\.c' <<<"$c_files" | refuse openmp-in-one-file '^ *# *pragma omp|_Pragma'

call='(^|[^[:alnum:]_.>])'
refuse banned-call "$call(v?sprintf|strcpy|strcat|strtok|ato[ifl]|gets|alloca|system) *\(" <<<"$c_files"
# No libm function stands between a column and a bin, but those that IEEE 754 rounds correctly.
libm='a?(sin|cos|tan)h?|atan2|exp(2|m1)?|log(2|10|1p|b)?|pow|hypot|cbrt|erfc?|[lt]gamma|sincos'
only '^analysis/' <<<"$c_files" | refuse libm-in-analysis "$call($libm)[fl]? *\("

# Below the programs and their commands nothing prints or ends the process.
programs='scheduler/(main|print|progress|commands/(export|plot|watch))|worker/(main|byhand)|base/log|data-samples/main'
but "^($programs)\.c" <<<"$ours" |
    refuse prints "$call((v?printf|puts|putchar|perror) *\(|std(out|err)([^[:alnum:]_]|$))"
# A child of fork() ends itself; without randomness, or memory for JSON, nothing can go on.
but "^($programs|data-samples/pool|base/(digest|json))\.c" <<<"$ours" |
    refuse exits "$call(_?exit|_Exit|quick_exit|abort) *\("
refuse typedef-struct '^ *typedef +(struct|union|enum)' <<<"$c_files"

cd "$root"
texts=$(but '^tests/checks/|\.(png|pdf|h5|hdf5|root)$' <<<"$files")
refuse fast-math '^[^#]*(fast-math|-Ofast|unsafe-math|associative-math|march=native|mcpu=native)' \
    <<<"$(only '(CMakeLists\.txt|\.cmake|\.json|\.sh)$' <<<"$texts" | but '^tests/benchmarks/rivals/')"
refuse fast-math '^ *#? *(pragma|__attribute__).*(fast-math|FP_CONTRACT ON|float_control)' <<<"$c_files"
refuse left-over '(^|[^[:alnum:]_])(TODO|FIXME|XXX)([^[:alnum:]_]|$)' -I <<<"$texts"
refuse machine-path '(^|[^[:alnum:]_.~-])/(work|home|root|Users|builds|workspace)(/|[^[:alnum:]_/]|$)' \
    -I <<<"$texts"

for file in $(only '(\.([ch]|sh|py|cmake)|CMakeLists\.txt|^\.ci/run)$' <<<"$files"); do
    case $(head -n 1 "$file") in
        '/* SPDX-License-Identifier: Apache-2.0 */' | '# SPDX-License-Identifier: Apache-2.0') ;;
        '#!'*)
            [ "$(sed -n 2p "$file")" = '# SPDX-License-Identifier: Apache-2.0' ] ||
                echo "licence $file:2: no SPDX line" >>"$found"
            ;;
        *) echo "licence $file:1: no SPDX line" >>"$found" ;;
    esac
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || echo "length $file:$lines: more than 600 lines" >>"$found"
done

cat "$found"
[ ! -s "$found" ]
