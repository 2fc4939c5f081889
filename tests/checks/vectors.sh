#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vectors.sh OBJDUMP OBJECT REGISTER - did the compiler make vectors of the loops in the object of
# analysis/pairs_simd.c? Their arithmetic is packed and in REGISTER (xmm, ymm, zmm), none of it is
# scalar, and they call nothing. Prints what is not so; exit status 1 if anything is not.
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
        $2 ~ /^v?(add|sub|mul|div|sqrt)[ps][sd]$/ {
            if ($2 ~ /s[sd]$/) scalar++
            else if ($0 ~ "%" register) packed++
            else narrow++
        }
        $2 ~ /^call/ { calls++ }
        END {
            printf "%s: %d packed in %s, %d in others, %d scalar, %d calls\n", function_, packed,
                register, narrow, scalar, calls
            exit packed < least || narrow || scalar || calls
        }' <<<"$code" || status=1
}
look mass2 60
look differ 6
look mass2_of_masses 30
look mass2_of_energies 8
[ "$status" = 0 ] || echo "not vectors: $object"
exit $status
