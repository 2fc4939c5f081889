# SPDX-License-Identifier: Apache-2.0
"""Columns of an HDF5 file in float64, and histograms that lose nothing.

Shared by the independent calculations beside it. Every value is turned into float64 before it is
compared with or added to anything; sums of weights are exact fractions, rounded once, when shown.
"""
from fractions import Fraction

import h5py
import numpy as np


class Events:
    """The columns of one file, under our names; `names` gives those that the file calls otherwise
    ({"Muon_px": "muons/px"})."""

    def __init__(self, path, names=None):
        self.file = h5py.File(path, "r")
        self.names = names or {}
        self.count = None

    def place(self, name):
        for place in (self.names.get(name, name), "Events/" + name):
            if place in self.file and isinstance(self.file[place], h5py.Dataset):
                return place
        return None

    def has(self, name):
        return self.place(name) is not None

    def column(self, name):
        place = self.place(name)
        if place is None:
            raise KeyError(f"no column {name}")
        return np.asarray(self.file[place][...], dtype=np.float64)

    def counter(self, name):
        """How many objects each event has, and where each event's begin."""
        n = self.column(name).astype(np.int64)
        return n, np.concatenate(([0], np.cumsum(n)))

    def number(self):
        """Events in the file: the length of any counter."""
        for name in ("nMuon", "nElectron", "event"):
            if self.has(name):
                return len(self.file[self.place(name)])
        raise KeyError("no counter")


class ExactSum:
    """A sum of floating-point numbers without rounding."""

    SHIFT = 2200  # squares of the smallest float64 are multiples of 2^-2148

    def __init__(self):
        self.total = 0

    def add(self, value):
        numerator, denominator = value.as_integer_ratio()
        self.total += numerator << (self.SHIFT - denominator.bit_length() + 1)

    def add_square(self, value):
        numerator, denominator = value.as_integer_ratio()
        self.total += numerator * numerator << (self.SHIFT - 2 * (denominator.bit_length() - 1))

    def fraction(self):
        return Fraction(self.total, 1 << self.SHIFT)

    def rounded(self):
        return float(self.fraction())


def exact_sum(values):
    total = ExactSum()
    for value in values:
        total.add(float(value))
    return total


def regular_edges(n, low, high):
    width = (high - low) / n
    return [low + i * width for i in range(n)] + [high]


class Histogram:
    """Half-open bins between rising edges; [0] is underflow, [-1] overflow, NaN apart."""

    def __init__(self, edges):
        self.edges = np.asarray(edges, dtype=np.float64)
        bins = len(self.edges) + 1
        self.counts = [0] * bins
        self.nan = 0
        self.sumw = [ExactSum() for _ in range(bins)]
        self.sumw2 = [ExactSum() for _ in range(bins)]

    def fill(self, values, weights=None):
        values = np.asarray(values, dtype=np.float64)
        number = ~np.isnan(values)
        self.nan += int(np.count_nonzero(~number))
        bins = np.searchsorted(self.edges, values[number], side="right")
        for index, count in zip(*np.unique(bins, return_counts=True)):
            self.counts[index] += int(count)
        if weights is not None:
            for index, weight in zip(bins, np.asarray(weights, dtype=np.float64)[number]):
                self.sumw[index].add(float(weight))
                self.sumw2[index].add_square(float(weight))

    def to_json(self, weighted):
        out = {"edges": self.edges.tolist(), "counts": self.counts, "nan": self.nan}
        if weighted:
            out["values"] = [s.rounded() for s in self.sumw]
            out["variances"] = [s.rounded() for s in self.sumw2]
        return out
