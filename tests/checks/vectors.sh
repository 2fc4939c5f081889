#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vectors.sh OBJDUMP NAME OBJECT REGISTER - did the compiler make vectors of the loops in the object of
# analysis/NAME.c? Their arithmetic is packed and in REGISTER (xmm, ymm, zmm), and they call nothing.
# Prints how much of it; exit status 1 if anything is not so.
set -eu
objdump=$1 name=$2 object=$3 register=$4

code=$("$objdump" -d --no-show-raw-insn "$object")
status=0
# look FUNCTION LEAST [also]: of at least so many packed additions, multiplications and so on, and of none
# that are not, unless it is said to do also other work
look()
{
    awk -v function_="$1" -v least="$2" -v also="${3:-}" -v register="$register" '
        /^[0-9a-f]+ <.*>:$/ { inside = $2 ~ "^<" function_ "(\\.|>)" }
        !inside { next }
        $2 ~ /^v?((add|sub|mul|div|sqrt)|fn?m(add|sub)[123]+)[ps][sd]$/ {
            if ($2 ~ /s[sd]$/) scalar++
            else if ($0 ~ "%" register) packed++
            else narrow++
        }
        $2 ~ /^call/ { calls++ }
        END {
            printf "%s: %d packed in %s, %d in others, %d scalar, %d calls\n", function_, packed,
                register, narrow, scalar, calls
            exit packed < least || ((narrow || scalar) && !also) || calls
        }' <<<"$code" || status=1
}
case $name in
pairs_simd)
    look open_twos 40 also
    look open_any 40
    look open_wide 3 also
    look mass2 15
    look mass2_of_masses 30
    look mass2_of_energies 8
    ;;
simd_loops)
    look momenta 100 also
    look sum_pt 70
    look trijets 50
    ;;
esac
[ "$status" = 0 ] || echo "not vectors: $object"
exit $status
