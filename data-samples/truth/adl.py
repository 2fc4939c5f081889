#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The eight ADL benchmark queries, computed a second time, in float64.

    adl.py adl-q6 FILE...

prints the cutflow and the histograms as JSON. Written from the queries' definitions; where those
leave a choice: cuts are strict; of equally close triples of jets, and pairs of leptons (muons before
electrons), the first counts; what is no number passes no cut and is never the closest.
"""
import argparse
import itertools
import json
import math

import numpy as np

from columns import Events, ExactSum, Histogram, regular_edges

CUTS = {
    "jet_eta_max": 1.0,           # query 3
    "two_jets_pt_min": 40.0,      # query 4
    "mass_min": 60.0,             # query 5
    "mass_max": 120.0,
    "top_mass": 172.5,            # query 6
    "clean_jet_pt_min": 30.0,     # query 7
    "clean_lepton_pt_min": 10.0,
    "delta_r": 0.4,
    "z_mass": 91.2,               # query 8
}
MET = {"met": (100, 0.0, 2000.0)}
JET_PT = {"jet_pt": (100, 15.0, 60.0)}
COMBINATIONS = 2_000_000  # of jets in memory at a time


class Objects:
    """The jets, muons or electrons of a file: a column each, and where each event's are."""

    def __init__(self, events, kind):
        self.n, self.start = events.counter("n" + kind)
        self.events, self.kind = events, kind
        self.cache = {}

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.cache:
            self.cache[name] = self.events.column(f"{self.kind}_{name}")
        return self.cache[name]

    def event_of(self):
        return np.repeat(np.arange(len(self.n)), self.n)

    def per_event(self, mask):
        """How many of each event's objects the mask has."""
        before = np.concatenate(([0], np.cumsum(mask)))
        return before[self.start[1:]] - before[self.start[:-1]]

    def momenta(self):
        """E, px, py, pz as rows."""
        px, py = self.pt * np.cos(self.phi), self.pt * np.sin(self.phi)
        pz = self.pt * np.sinh(self.eta)
        return np.array([np.sqrt(px**2 + py**2 + pz**2 + self.mass**2), px, py, pz])


def mass(p):
    """Of four-momenta (first axis: E, px, py, pz); rounding below 0 counts as 0."""
    square = p[0]**2 - (p[1]**2 + p[2]**2 + p[3]**2)
    return np.sqrt(np.where(square < 0, 0.0, square))


def opposite(a, b):
    return np.sign(a) * np.sign(b) < 0


# Each query: (values of its histograms with their events, events of its steps)

def query_1(events, cuts):
    met = events.column("MET_pt")
    return {"met": (met, np.arange(len(met)))}, {}


def query_2(events, cuts):
    jets = Objects(events, "Jet")
    return {"jet_pt": (jets.pt, jets.event_of())}, {}


def query_3(events, cuts):
    jets = Objects(events, "Jet")
    central = abs(jets.eta) < cuts["jet_eta_max"]
    return {"jet_pt": (jets.pt[central], jets.event_of()[central])}, {}


def query_4(events, cuts):
    jets = Objects(events, "Jet")
    chosen = np.flatnonzero(jets.per_event(jets.pt > cuts["two_jets_pt_min"]) >= 2)
    return {"met": (events.column("MET_pt")[chosen], chosen)}, {"jets": chosen}


def query_5(events, cuts):
    muons = Objects(events, "Muon")
    p, found = muons.momenta(), np.zeros(len(muons.n), dtype=bool)
    for i, j in itertools.combinations(range(muons.n.max(initial=0)), 2):
        chosen = np.flatnonzero(muons.n > j)
        a, b = muons.start[chosen] + i, muons.start[chosen] + j
        m = mass(p[:, a] + p[:, b])
        found[chosen] |= (opposite(muons.charge[a], muons.charge[b])
                          & (cuts["mass_min"] < m) & (m < cuts["mass_max"]))
    chosen = np.flatnonzero(found)
    return {"met": (events.column("MET_pt")[chosen], chosen)}, {"pair": chosen}


def best_triples(jets, p, chosen, n, top_mass):
    """pT and largest btag of the best three jets of these events, which have n jets each."""
    triples = np.array(list(itertools.combinations(range(n), 3))).T  # in the order of the indexes
    i, j, k = (jets.start[chosen][:, None] + t for t in triples)
    distance = abs(mass(p[:, i] + p[:, j] + p[:, k]) - top_mass)
    distance[~np.isfinite(distance)] = np.inf
    best = np.argmin(distance, axis=1)  # the first of equal ones
    rows = np.arange(len(chosen))
    three = [t[rows, best] for t in (i, j, k)]
    total = p[:, three[0]] + p[:, three[1]] + p[:, three[2]]
    pt = np.sqrt(total[1]**2 + total[2]**2)
    btag = np.fmax.reduce([jets.btag[t] for t in three])  # fmax: NaN only if all are
    nothing = np.isinf(distance[rows, best])
    return np.where(nothing, np.nan, pt), np.where(nothing, np.nan, btag)


def query_6(events, cuts):
    jets = Objects(events, "Jet")
    p = jets.momenta()
    pt, btag = np.full(len(jets.n), np.nan), np.full(len(jets.n), np.nan)
    for n in np.unique(jets.n[jets.n >= 3]):
        same = np.flatnonzero(jets.n == n)
        step = max(1, COMBINATIONS // math.comb(n, 3))
        for first in range(0, len(same), step):
            chosen = same[first:first + step]
            pt[chosen], btag[chosen] = best_triples(jets, p, chosen, n, cuts["top_mass"])
    chosen = np.flatnonzero(jets.n >= 3)
    return ({"trijet_pt": (pt[chosen], chosen), "btag_max": (btag[chosen], chosen)},
            {"trijet": chosen})


def near_lepton(jets, leptons, cuts):
    """Which jets have a hard lepton of this kind near to them."""
    event, near = jets.event_of(), np.zeros(len(jets.pt), dtype=bool)
    for i in range(leptons.n.max(initial=0)):
        there = np.flatnonzero(leptons.n[event] > i)
        lepton = leptons.start[event[there]] + i
        dphi = jets.phi[there] - leptons.phi[lepton]
        dphi = (dphi + np.pi) % (2 * np.pi) - np.pi
        square = (jets.eta[there] - leptons.eta[lepton])**2 + dphi**2
        near[there] |= ((leptons.pt[lepton] > cuts["clean_lepton_pt_min"])
                        & (square < cuts["delta_r"]**2))
    return near


def query_7(events, cuts):
    jets = Objects(events, "Jet")
    good = jets.pt > cuts["clean_jet_pt_min"]
    for kind in ("Muon", "Electron"):
        good &= ~near_lepton(jets, Objects(events, kind), cuts)
    event = jets.event_of()
    total = np.zeros(len(jets.n))
    np.add.at(total, event[good], jets.pt[good])  # one by one, in their order
    return ({"sum_pt": (total, np.arange(len(total)))},
            {"jets": np.flatnonzero(jets.per_event(good) > 0)})


def transverse_mass(leptons, met_pt, met_phi, z_mass):
    """Of one event, or None without a pair. A lepton: (kind, p, charge, pt, phi)."""
    best, distance, any_pair = None, math.inf, False
    for i, j in itertools.combinations(range(len(leptons)), 2):
        a, b = leptons[i], leptons[j]
        if a[0] != b[0] or not opposite(a[2], b[2]):
            continue
        any_pair = True
        d = abs(mass(a[1] + b[1]) - z_mass)
        if d < distance:
            best, distance = (i, j), d
    if not any_pair:
        return None
    left = [l for i, l in enumerate(leptons)
            if best is not None and i not in best and not math.isnan(l[3])]
    if not left:
        return math.nan
    hardest = max(left, key=lambda l: l[3])  # the first of equal ones
    return np.sqrt(2 * hardest[3] * met_pt * (1 - np.cos(hardest[4] - met_phi)))


def query_8(events, cuts):
    kinds = [Objects(events, "Muon"), Objects(events, "Electron")]
    p = [k.momenta() for k in kinds]
    met_pt, met_phi = events.column("MET_pt"), events.column("MET_phi")
    three = np.flatnonzero(kinds[0].n + kinds[1].n >= 3)
    values, chosen = [], []
    for event in three:
        leptons = [(number, p[number][:, i], kind.charge[i], kind.pt[i], kind.phi[i])
                   for number, kind in enumerate(kinds)
                   for i in range(kind.start[event], kind.start[event + 1])]
        value = transverse_mass(leptons, met_pt[event], met_phi[event], cuts["z_mass"])
        if value is not None:
            values.append(value)
            chosen.append(event)
    return ({"mt": (np.array(values), np.array(chosen, dtype=np.int64))},
            {"leptons": three, "pair": np.array(chosen, dtype=np.int64)})


QUERIES = {
    "adl-q1": (query_1, MET, ()),
    "adl-q2": (query_2, JET_PT, ()),
    "adl-q3": (query_3, JET_PT, ()),
    "adl-q4": (query_4, MET, ("jets",)),
    "adl-q5": (query_5, MET, ("pair",)),
    "adl-q6": (query_6, {"trijet_pt": (100, 15.0, 40.0), "btag_max": (100, 0.0, 1.0)}, ("trijet",)),
    "adl-q7": (query_7, {"sum_pt": (100, 15.0, 200.0)}, ("jets",)),
    "adl-q8": (query_8, {"mt": (100, 15.0, 250.0)}, ("leptons", "pair")),
}


class Result:
    """Of one query over a set of files."""

    def __init__(self, query, weighted=False):
        self.query, axes, steps = QUERIES[query]
        self.name, self.weighted, self.events = query, weighted, 0
        self.sumw = ExactSum()
        self.cutflow = {step: [0, ExactSum()] for step in ("all", *steps)}
        self.histograms = {h: Histogram(regular_edges(*axis)) for h, axis in axes.items()}

    def passes(self, step, chosen, weights):
        self.cutflow[step][0] += len(chosen)
        if weights is not None:
            for w in weights[chosen]:
                self.cutflow[step][1].add(float(w))

    def add_file(self, path, weight, cuts):
        events = Events(path)
        weights = None if weight is None else events.column(weight)
        with np.errstate(all="ignore"):
            filled, steps = self.query(events, cuts)
        n = len(events.column("MET_pt"))
        self.events += n
        self.passes("all", np.arange(n), weights)
        for step, chosen in steps.items():
            self.passes(step, chosen, weights)
        for name, (values, event) in filled.items():
            self.histograms[name].fill(values, None if weights is None else weights[event])
        if weights is not None:
            for w in weights:
                self.sumw.add(float(w))

    def to_json(self):
        return {"analysis": self.name, "events": self.events,
                "cutflow": {step: n for step, (n, _) in self.cutflow.items()},
                "histograms": {name: h.to_json(self.weighted)
                               for name, h in self.histograms.items()}}


def compute(query, paths, weight=None, cuts=None):
    """The result of all files together; `cuts` changes some of the CUTS."""
    result = Result(query, weighted=weight is not None)
    for path in paths:
        result.add_file(path, weight, {**CUTS, **(cuts or {})})
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weight", help="column of generator weights")
    parser.add_argument("query", choices=QUERIES)
    parser.add_argument("file", nargs="+")
    args = parser.parse_args()
    print(json.dumps(compute(args.query, args.file, args.weight).to_json(), indent=1))


if __name__ == "__main__":
    main()
