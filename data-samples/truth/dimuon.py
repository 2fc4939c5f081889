#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dimuon spectrum, computed a second time: every pair of muons of an event, in float64.

    dimuon.py --axis jpsi=100,2.6,3.6 [--muon-energy nominal|mass|energy] [--exactly-two] FILE...

prints, for opposite-sign ("os") and same-sign ("ss") pairs, one histogram for each axis as JSON.
"""
import argparse
import json

import numpy as np

from columns import Events, Histogram, regular_edges

CHANNELS = ("os", "ss")
MUON_MASS = 0.105658


def four_vectors(events, muon_energy):
    """E, px, py, pz of all muons of the file."""
    if events.has("Muon_px"):
        px, py, pz = (events.column("Muon_p" + axis) for axis in "xyz")
    else:
        pt, eta, phi = (events.column("Muon_" + name) for name in ("pt", "eta", "phi"))
        px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    if muon_energy == "energy":
        return events.column("Muon_energy"), px, py, pz
    mass = events.column("Muon_mass") if muon_energy == "mass" else MUON_MASS
    return np.sqrt(px**2 + py**2 + pz**2 + mass**2), px, py, pz


def pairs_of(counts, starts):
    """Two arrays of rows, one entry for each pair of each event, and the pair's event."""
    first, second, event = [], [], []
    for k in np.unique(counts[counts >= 2]):
        chosen = np.flatnonzero(counts == k)
        for i in range(k):
            for j in range(i + 1, k):
                first.append(starts[chosen] + i)
                second.append(starts[chosen] + j)
                event.append(chosen)
    if not first:
        return (np.zeros(0, dtype=np.int64),) * 3
    return np.concatenate(first), np.concatenate(second), np.concatenate(event)


class Result:
    def __init__(self, edges, weighted=False):
        self.weighted = weighted
        self.events = 0
        self.pairs = dict.fromkeys(CHANNELS, 0)
        self.histograms = {c: {h: Histogram(e) for h, e in edges.items()} for c in CHANNELS}

    def to_json(self):
        return {"analysis": "dimuon", "events": self.events, "channels": {
            c: {"pairs": self.pairs[c], "histograms": {
                h: hist.to_json(self.weighted) for h, hist in self.histograms[c].items()}}
            for c in CHANNELS}}


def add_file(result, path, muon_energy="nominal", exactly_two=False, weight=None, names=None):
    events = Events(path, names)
    result.events += events.number()
    counts, starts = events.counter("nMuon")
    if exactly_two:
        counts = np.where(counts == 2, counts, 0)
    a, b, event = pairs_of(counts, starts)
    if len(a) == 0:
        return result
    e, px, py, pz = four_vectors(events, muon_energy)
    charge = events.column("Muon_charge")
    square = ((e[a] + e[b])**2 - (px[a] + px[b])**2
              - (py[a] + py[b])**2 - (pz[a] + pz[b])**2)
    mass = np.sqrt(np.maximum(square, 0.0))
    weights = None if weight is None else events.column(weight)[event]
    product = charge[a] * charge[b]
    for channel, chosen in (("os", product < 0), ("ss", product > 0)):
        result.pairs[channel] += int(np.count_nonzero(chosen))
        for histogram in result.histograms[channel].values():
            histogram.fill(mass[chosen], None if weights is None else weights[chosen])
    return result


def compute(paths, edges, **options):
    """`edges`: {"jpsi": [...]}; options as those of add_file."""
    result = Result(edges, weighted=options.get("weight") is not None)
    for path in paths:
        add_file(result, path, **options)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--axis", action="append", default=[], metavar="NAME=N,LOW,HIGH")
    parser.add_argument("--muon-energy", choices=("nominal", "mass", "energy"), default="nominal")
    parser.add_argument("--exactly-two", action="store_true")
    parser.add_argument("--weight", help="column of generator weights")
    parser.add_argument("--column", action="append", default=[], metavar="OURS=THEIRS")
    parser.add_argument("file", nargs="+")
    args = parser.parse_args()
    edges = {}
    for axis in args.axis:
        name, numbers = axis.split("=")
        n, low, high = numbers.split(",")
        edges[name] = regular_edges(int(n), float(low), float(high))
    result = compute(args.file, edges, muon_energy=args.muon_energy,
                     exactly_two=args.exactly_two, weight=args.weight,
                     names=dict(c.split("=") for c in args.column))
    print(json.dumps(result.to_json(), indent=1))


if __name__ == "__main__":
    main()
