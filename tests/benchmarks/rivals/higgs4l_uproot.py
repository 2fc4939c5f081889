# SPDX-License-Identifier: Apache-2.0
"""higgs4l_uproot.py STEP FILE... - the selection of higgs4l (analysis/higgs4l.c, every cut at its default) with
awkward, vector and hist, in float64: of a TTree (FILE.root) with uproot, of HDF5 with h5py. STEP is how much is in
memory at a time: events or a size ("100 MB") of a TTree, files of HDF5.

All is done on columns. Events with too few leptons to fill any channel go first, before anything is calculated, and
leptons become vectors only where there are enough good ones."""
import sys

import awkward as ak
import hist
import numpy as np
import uproot
import vector

from contender import play
from events import read_hdf5

vector.register_awkward()
QUALITY = ["pt", "eta", "phi", "charge", "dxy", "dz", "dxyErr", "dzErr"]
OBJECTS = {"Muon": [*QUALITY, "pfRelIso04_all"], "Electron": [*QUALITY, "pfRelIso03_all"]}
CUTS = {"Muon": {"pt": 5, "eta": 2.4, "mass": 0.105658}, "Electron": {"pt": 7, "eta": 2.5, "mass": 0.0005109989}}
Z_MASS = 91.1876


def from_tree(step, path):
    columns = [f"{name}_{c}" for name, of in OBJECTS.items() for c in of]
    for events in uproot.iterate(f"{path}:Events", columns, step_size=step):
        yield {name: ak.zip({c: events[f"{name}_{c}"] for c in of}) for name, of in OBJECTS.items()}


def from_hdf5(step, *paths):
    for first in range(0, len(paths), step):
        yield read_hdf5(paths[first:first + step], OBJECTS)


def enough(muons, electrons):
    mu, e = ak.num(muons), ak.num(electrons)
    return (mu >= 4) | (e >= 4) | ((mu >= 2) & (e >= 2))


def select(kind, leptons):
    """The good ones."""
    cut, isolation = CUTS[kind], OBJECTS[kind][-1]
    real = {c: ak.values_astype(leptons[c], np.float64) for c in OBJECTS[kind] if c != "charge"}
    sip3d = np.sqrt(real["dxy"]**2 + real["dz"]**2) / np.sqrt(real["dxyErr"]**2 + real["dzErr"]**2)
    passes = ((real["pt"] > cut["pt"]) & (abs(real["eta"]) < cut["eta"]) & (sip3d < 4) & (abs(real["dxy"]) < 0.5) &
              (abs(real["dz"]) < 1) & (abs(real[isolation]) < 0.4))
    return ak.zip({**{c: real[c] for c in ("pt", "eta", "phi")}, "charge": leptons.charge})[passes]


def hardest(kind, leptons, n):
    """[n] arrays over the events of vectors; of equally hard ones the earlier is in front."""
    leptons = leptons[ak.argsort(leptons.pt, ascending=False, stable=True)][:, :n]
    return [ak.zip({"pt": of.pt, "eta": of.eta, "phi": of.phi, "mass": np.full(len(of), CUTS[kind]["mass"]),
                    "charge": of.charge}, with_name="Momentum4D") for of in (leptons[:, i] for i in range(n))]


def pair(a, b):
    mass = ak.to_numpy((a + b).mass)
    return {"mass": mass, "off": abs(mass - Z_MASS), "neutral": ak.to_numpy(a.charge + b.charge == 0),
            "hard": ak.to_numpy(np.maximum(a.pt, b.pt)), "soft": ak.to_numpy(np.minimum(a.pt, b.pt))}


def pairing(a, b, c, d):
    """Of two pairs z1 is the one nearer to the Z boson's mass."""
    one, other = pair(a, b), pair(c, d)
    first = one["off"] <= other["off"]
    z1 = {key: np.where(first, one[key], other[key]) for key in one}
    return {**z1, "z2": np.where(first, other["mass"], one["mass"]), "neutral": one["neutral"] & other["neutral"]}


def best_of(pairings):
    """The neutral one whose z1 is nearest."""
    off = np.stack([np.where(p["neutral"], p["off"], np.inf) for p in pairings])
    best = np.argmin(off, axis=0)
    return {key: np.choose(best, [p[key] for p in pairings]) for key in pairings[0]}


def masses(four, z):
    m4l = ak.to_numpy((four[0] + four[1] + four[2] + four[3]).mass)
    passes = (z["neutral"] & (z["hard"] > 20) & (z["soft"] > 10) & (z["mass"] > 40) & (z["mass"] < 120) &
              (z["z2"] > 12) & (z["z2"] < 120) & (m4l > 70))
    return m4l[passes]


def like(kind, leptons):
    a, b, c, d = four = hardest(kind, leptons[ak.num(leptons) >= 4], 4)
    return masses(four, best_of([pairing(a, b, c, d), pairing(a, c, b, d), pairing(a, d, b, c)]))


def mixed(muons, electrons):
    both = (ak.num(muons) >= 2) & (ak.num(electrons) >= 2)
    four = hardest("Muon", muons[both], 2) + hardest("Electron", electrons[both], 2)
    return masses(four, pairing(*four))


def spectra(batches):
    h = {channel: hist.Hist.new.Reg(37, 70, 181).Int64() for channel in ("4mu", "4e", "2mu2e")}
    for events in batches:
        some = enough(events["Muon"], events["Electron"])
        muons, electrons = (select(kind, events[kind][some]) for kind in ("Muon", "Electron"))
        h["4mu"].fill(like("Muon", muons))
        h["4e"].fill(like("Electron", electrons))
        h["2mu2e"].fill(mixed(muons, electrons))
    return np.concatenate([one.values(flow=True) for one in h.values()])


if __name__ == "__main__":
    size, *files = sys.argv[1:]
    size = int(size) if size.isdigit() else size
    read = from_tree if files[0].endswith(".root") else from_hdf5
    play(lambda: spectra(read(size, *files)))
