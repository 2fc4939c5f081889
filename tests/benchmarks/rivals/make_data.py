# SPDX-License-Identifier: Apache-2.0
"""make_data.py EVENTS FOLDER - events of two muons each, the same in dimuon_KIND.h5 (none: contiguous; lz4, zstd,
deflate: chunks of 262,144 values, shuffled and compressed), and with zstd as TTree and RNTuple in dimuon_tree.root
and dimuon_ntuple.root, and as RNTuple without compression in dimuon_ntuple_none.root."""
import sys
from pathlib import Path

import awkward as ak
import h5py
import hdf5plugin
import numpy as np
import uproot

from ntuple import write_ntuple

CHUNK = {"chunks": (262144,), "shuffle": True}
KINDS = {"none": {}, "lz4": {**CHUNK, **hdf5plugin.LZ4()}, "zstd": {**CHUNK, **hdf5plugin.Zstd(clevel=3)},
         "deflate": {**CHUNK, "compression": "gzip", "compression_opts": 4}}
FLOATS = ["Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass"]


def generate(n):
    random = np.random.default_rng(3)
    columns = {"nMuon": np.full(n, 2, np.uint32),
               "Muon_pt": 3 + random.exponential(15, 2 * n), "Muon_eta": random.uniform(-2.4, 2.4, 2 * n),
               "Muon_phi": random.uniform(-np.pi, np.pi, 2 * n), "Muon_mass": np.full(2 * n, 0.105658),
               "Muon_charge": random.choice(np.array([1, -1], np.int32), 2 * n)}
    return {name: c.astype(np.float32) if c.dtype == np.float64 else c for name, c in columns.items()}


def write_hdf5(columns, path, options):
    with h5py.File(path, "w", libver="earliest") as f:
        for name, values in columns.items():
            chunks = {"chunks": (min(CHUNK["chunks"][0], len(values)),)} if options else {}
            f.create_dataset(name, data=values, **{**options, **chunks})


def write_tree(columns, path):
    muons = ak.unflatten(ak.zip({name[5:]: v for name, v in columns.items() if name != "nMuon"}), columns["nMuon"])
    with uproot.recreate(path, compression=uproot.ZSTD(5)) as f:
        tree = f.mktree("Events", {"Muon": ak.type(muons).content}, counter_name=lambda n: "n" + n,
                        field_name=lambda outer, inner: f"{outer}_{inner}" if outer else inner)
        for first in range(0, len(muons), 500_000):
            tree.extend({"Muon": muons[first:first + 500_000]})


def main(n, folder):
    columns = generate(n)
    for kind, options in KINDS.items():
        write_hdf5(columns, folder / f"dimuon_{kind}.h5", options)
    write_tree(columns, folder / "dimuon_tree.root")
    for level, name in ((5, "ntuple"), (0, "ntuple_none")):
        write_ntuple(folder / "dimuon_tree.root", folder / f"dimuon_{name}.root", [*FLOATS, "Muon_charge"], level)


main(int(sys.argv[1]), Path(sys.argv[2]))
