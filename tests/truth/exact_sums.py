#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums of weights and of their squares, in rational numbers, rounded once: the table `truth` of
tests/test_exact.c.

    tests/truth/exact_sums.py           # prints it

The weights are those of weight() in that test: made from the bits of splitmix64 (S. Vigna), by
operations that are exact, so that both have the same ones.
"""
import struct
from fractions import Fraction

MASK = (1 << 64) - 1
UNIT = 2200  # squares of the smallest double are multiples of 2^-2148

# name in the test, number of weights
FAMILIES = (
    ("ANY", 1000000),
    ("GENERATOR", 1000000),
    ("CANCELLING", 1000000),
    ("WIDE", 1000000),
    ("SUBNORMAL", 100000),
    ("HUGE_ONES", 1001),
    ("TINY_SQUARES", 1000),
)


def splitmix64(seed):
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def double(sign, exponent, fraction):
    return struct.unpack("<d", struct.pack("<Q", sign << 63 | exponent << 52 | fraction))[0]


def weights(family, n):
    last = 0.0
    for i, bits in zip(range(n), splitmix64(7)):
        sign, fraction = bits >> 63, bits & ((1 << 52) - 1)
        if family == "ANY":  # every exponent, but the highest
            value = double(sign, (bits >> 52 & 2047) % 2030, fraction)
        elif family == "GENERATOR":  # both signs, multiples of 2^-30
            value = ((bits & 0x3FFFFFFF) - 0x20000000) * 2.0**-30
        elif family == "CANCELLING":  # every second takes the one before away, most of the time
            if i % 2 == 1 and bits % 1000 != 0:
                value = -last
            else:
                value = double(sign, 523 + (bits >> 52 & 2047) % 1000, fraction)
        elif family == "WIDE":
            value = (1e150, -1e150, 1e-150, -1e-150, 1.0, 0.1)[bits % 6]
        elif family == "SUBNORMAL":
            value = double(sign, 0, fraction)
        elif family == "HUGE_ONES":  # of alternating sign, so that the sum is a double
            value = double(i & 1, 2046, fraction)
        else:  # TINY_SQUARES: the sum of squares is subnormal
            value = double(sign, 486, fraction)
        yield value
        last = value


def rounded(units):
    try:
        return float(Fraction(units, 1 << UNIT)).hex()
    except OverflowError:
        return "INFINITY" if units > 0 else "-INFINITY"


def main():
    for family, n in FAMILIES:
        total = squares = 0
        for value in weights(family, n):
            numerator, denominator = value.as_integer_ratio()
            shift = UNIT - (denominator.bit_length() - 1)
            total += numerator << shift
            squares += numerator * numerator << 2 * shift - UNIT
        print(f"        {{{family}, {n}, {rounded(total)}, {rounded(squares)}}},")


if __name__ == "__main__":
    main()
