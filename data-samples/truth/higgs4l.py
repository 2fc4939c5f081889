#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Higgs boson to four leptons, computed a second time: plainly, event by event, in float64.

    higgs4l.py [--weight genWeight] FILE...      prints cutflow and histograms as JSON

This is the truth that the program's results are compared with, so it shares nothing with it: the
masses come from the sum of Cartesian four-vectors, the bins from a binary search of the edges, the
sums of weights from Python's integers.
"""
import argparse
import json
import math

import numpy as np

from columns import Events, ExactSum, Histogram, regular_edges

CHANNELS = ("4mu", "4e", "2mu2e")
STEPS = ("all", "leptons", "charge", "z1_leptons", "z1_mass", "z2_mass", "m4l")
AXES = {
    "m4l": (37, 70.0, 181.0),
    "m4l_wide": (300, 0.0, 900.0),
    "z1_mass": (60, 0.0, 120.0),
    "z2_mass": (60, 0.0, 120.0),
}
Z_MASS = 91.1876
LEPTON_MASS = {"Muon": 0.105658, "Electron": 0.0005109989}
ISOLATION = {"Muon": "Muon_pfRelIso04_all", "Electron": "Electron_pfRelIso03_all"}
CUTS = {
    "Muon_pt": 5.0, "Muon_eta": 2.4, "Electron_pt": 7.0, "Electron_eta": 2.5,
    "sip3d": 4.0, "dxy": 0.5, "dz": 1.0, "isolation": 0.4, "lost_hits": 1.0,
    "z1_hard_pt": 20.0, "z1_soft_pt": 10.0,
    "z1_low": 40.0, "z1_high": 120.0, "z2_low": 12.0, "z2_high": 120.0, "m4l_low": 70.0,
}


class Lepton:
    def __init__(self, pt, eta, phi, charge, mass):
        self.pt, self.charge = pt, charge
        self.x, self.y, self.z = pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)
        self.e = math.sqrt(self.x**2 + self.y**2 + self.z**2 + mass**2)


def mass(leptons):
    e = sum(l.e for l in leptons)
    x = sum(l.x for l in leptons)
    y = sum(l.y for l in leptons)
    z = sum(l.z for l in leptons)
    return math.sqrt(max(0.0, e * e - x * x - y * y - z * z))


def good_mask(events, kind, cuts):
    """Which leptons of the file pass the quality cuts; a cut of None is not made."""
    # what is no number compares as false, and so fails
    with np.errstate(invalid="ignore", divide="ignore"):
        good = events.column(kind + "_pt") > cuts[kind + "_pt"]
        good &= abs(events.column(kind + "_eta")) < cuts[kind + "_eta"]
        if cuts["sip3d"] is not None:
            if events.has(kind + "_sip3d"):
                sip = events.column(kind + "_sip3d")
            else:
                dxy, dz = events.column(kind + "_dxy"), events.column(kind + "_dz")
                exy, ez = events.column(kind + "_dxyErr"), events.column(kind + "_dzErr")
                sip = np.sqrt(dxy**2 + dz**2) / np.sqrt(exy**2 + ez**2)
            good &= sip < cuts["sip3d"]
        for cut in ("dxy", "dz"):
            if cuts[cut] is not None:
                good &= abs(events.column(f"{kind}_{cut}")) < cuts[cut]
        if cuts["isolation"] is not None:
            good &= abs(events.column(ISOLATION[kind])) < cuts["isolation"]
        hits = kind + "_lostHits"
        if kind == "Electron" and cuts["lost_hits"] is not None and events.has(hits):
            good &= events.column(hits) <= cuts["lost_hits"]
    return good


class Leptons:
    """The good muons or electrons of all events."""

    def __init__(self, events, kind, cuts):
        self.kind = kind
        self.good = good_mask(events, kind, cuts)
        n, self.start = events.counter("n" + kind)
        before = np.concatenate(([0], np.cumsum(self.good)))
        self.n_good = before[self.start[1:]] - before[self.start[:-1]]
        self.pt, self.eta = events.column(kind + "_pt"), events.column(kind + "_eta")
        self.phi, self.charge = events.column(kind + "_phi"), events.column(kind + "_charge")

    def of(self, event):
        """The good ones of one event in falling pT; equal ones in the file's order."""
        rows = [i for i in range(self.start[event], self.start[event + 1]) if self.good[i]]
        rows.sort(key=lambda i: -self.pt[i])
        return [Lepton(float(self.pt[i]), float(self.eta[i]), float(self.phi[i]),
                       float(self.charge[i]), LEPTON_MASS[self.kind]) for i in rows]


def neutral(pair):
    return pair[0].charge + pair[1].charge == 0


def nearer_first(first, second):
    """The two pairs, with the one nearer to the Z boson's mass in front."""
    if abs(mass(second) - Z_MASS) < abs(mass(first) - Z_MASS):
        return second, first
    return first, second


def pair_same(leptons):
    """Za and Zb of four leptons of one kind, or None."""
    a, b, c, d = leptons[:4]
    if a.charge + b.charge + c.charge + d.charge != 0:
        return None
    best, distance = None, math.inf
    for first, second in (((a, b), (c, d)), ((a, c), (b, d)), ((a, d), (b, c))):
        if not (neutral(first) and neutral(second)):
            continue
        smaller = min(abs(mass(first) - Z_MASS), abs(mass(second) - Z_MASS))
        if smaller < distance:
            best, distance = nearer_first(first, second), smaller
    return best


def pair_mixed(muons, electrons):
    first, second = tuple(muons[:2]), tuple(electrons[:2])
    if not (neutral(first) and neutral(second)):
        return None
    return nearer_first(first, second)


def judge(za, zb, cuts):
    """How many of the steps after "charge" an event passes, and its masses."""
    harder, softer = max(l.pt for l in za), min(l.pt for l in za)
    values = {"z1_mass": mass(za), "z2_mass": mass(zb), "m4l": mass(za + zb)}
    values["m4l_wide"] = values["m4l"]
    passed = (
        harder > cuts["z1_hard_pt"] and softer > cuts["z1_soft_pt"],
        cuts["z1_low"] < values["z1_mass"] < cuts["z1_high"],
        cuts["z2_low"] < values["z2_mass"] < cuts["z2_high"],
        values["m4l"] > cuts["m4l_low"],
    )
    n = 0
    while n < len(passed) and passed[n]:
        n += 1
    return n, values


class Result:
    """What a set of files gives: per channel the cutflow and the histograms."""

    def __init__(self, weighted=False):
        self.weighted = weighted
        self.events = 0
        self.sumw = ExactSum()
        self.cutflow = {c: {s: [0, ExactSum()] for s in STEPS} for c in CHANNELS}
        self.histograms = {
            c: {h: Histogram(regular_edges(*axis)) for h, axis in AXES.items()}
            for c in CHANNELS
        }

    def passes(self, channel, steps, weight):
        for step in steps:
            entry = self.cutflow[channel][step]
            entry[0] += 1
            if weight is not None:
                entry[1].add(weight)

    def to_json(self):
        channels = {}
        for channel in CHANNELS:
            cutflow = []
            for step, (n, sumw) in self.cutflow[channel].items():
                line = {"name": step, "events": n}
                if self.weighted:
                    line["sum_of_weights"] = sumw.rounded()
                cutflow.append(line)
            hists = self.histograms[channel].items()
            channels[channel] = {"cutflow": cutflow, "histograms": {
                name: h.to_json(self.weighted) for name, h in hists}}
        out = {"analysis": "higgs4l", "events": self.events, "channels": channels}
        if self.weighted:
            out["sum_of_weights"] = self.sumw.rounded()
        return out


def add_file(result, path, weight=None, names=None, cuts=CUTS):
    """Adds the events of one file."""
    events = Events(path, names)
    n = events.number()
    weights = None if weight is None else [float(w) for w in events.column(weight)]
    muons, electrons = Leptons(events, "Muon", cuts), Leptons(events, "Electron", cuts)
    enough = {
        "4mu": muons.n_good >= 4,
        "4e": electrons.n_good >= 4,
        "2mu2e": (muons.n_good >= 2) & (electrons.n_good >= 2),
    }
    result.events += n
    if weights is not None:
        for w in weights:
            result.sumw.add(w)
    for channel in CHANNELS:
        entry = result.cutflow[channel]["all"]
        entry[0] += n
        if weights is not None:
            for w in weights:
                entry[1].add(w)
        for event in np.flatnonzero(enough[channel]):
            w = None if weights is None else weights[event]
            result.passes(channel, ["leptons"], w)
            if channel == "4mu":
                pairs = pair_same(muons.of(event))
            elif channel == "4e":
                pairs = pair_same(electrons.of(event))
            else:
                pairs = pair_mixed(muons.of(event), electrons.of(event))
            if pairs is None:
                continue
            passed, values = judge(*pairs, cuts)
            result.passes(channel, STEPS[2:3 + passed], w)
            if passed == 4:
                for name, histogram in result.histograms[channel].items():
                    histogram.fill([values[name]], None if w is None else [w])
    return result


def compute(paths, weight=None, names=None, cuts=None):
    """The result of all files together; `cuts` changes some of the CUTS, None switches one off."""
    result = Result(weighted=weight is not None)
    for path in paths:
        add_file(result, path, weight, names, {**CUTS, **(cuts or {})})
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weight", help="column of generator weights")
    parser.add_argument("file", nargs="+")
    args = parser.parse_args()
    print(json.dumps(compute(args.file, args.weight).to_json(), indent=1))


if __name__ == "__main__":
    main()
