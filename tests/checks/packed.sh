#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# packed.sh OBJDUMP OBJECT REGISTER - did the compiler make vectors of the loops in the object of
# analysis/simd_loops.c? Prints how much of their arithmetic is packed and in REGISTER (xmm, ymm, zmm);
# exit status 1 if that is less than what their lines say once, or if they call anything.
set -eu
objdump=$1 object=$2 register=$3

code=$("$objdump" -d --no-show-raw-insn "$object")
status=0
# look FUNCTION LEAST: of at least so many packed additions, multiplications and so on
look()
{
    awk -v function_="$1" -v least="$2" -v register="$register" '
        /^[0-9a-f]+ <.*>:$/ { inside = $2 ~ "^<" function_ "(\\.|>)" }
        !inside { next }
        $2 ~ /^v?(add|sub|mul|div|sqrt)p[sd]$/ && $0 ~ "%" register { packed++ }
        $2 ~ /^call/ { calls++ }
        END {
            printf "%s: %d packed in %s, %d calls\n", function_, packed, register, calls
            exit packed < least || calls
        }' <<<"$code" || status=1
}
look momenta 100
look triples 19
[ "$status" = 0 ] || echo "not vectors: $object"
exit $status
