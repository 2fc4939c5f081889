# SPDX-License-Identifier: Apache-2.0
"""make_adl.py FOLDER FILE.h5... - the events of picobarn-samples --nanoaod as TTree (zlib) and RNTuple (zstd), in
FOLDER/adl_tree.root and FOLDER/adl_ntuple.root."""
import sys
from pathlib import Path

import awkward as ak
import h5py
import hdf5plugin  # noqa: F401  h5py reads zstd with it
import uproot

from ntuple import write_ntuple

OBJECTS = {"Jet": ["pt", "eta", "phi", "mass", "btag"], "Muon": ["pt", "eta", "phi", "mass", "charge"],
           "Electron": ["pt", "eta", "phi", "mass", "charge"]}
EVENT = ["MET_pt", "MET_phi"]
COLUMNS = EVENT + [f"{o}_{c}" for o, columns in OBJECTS.items() for c in columns]


def events_of(path):
    with h5py.File(path) as f:
        whole = {name: f[name][:] for name in EVENT}
        for name, columns in OBJECTS.items():
            whole[name] = ak.unflatten(ak.zip({c: f[f"{name}_{c}"][:] for c in columns}), f[f"n{name}"][:])
    return whole


def write_tree(files, path):
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as out:
        tree = None
        for file in files:
            events = events_of(file)
            if tree is None:
                types = {name: v.dtype if name in EVENT else ak.type(v).content for name, v in events.items()}
                tree = out.mktree("Events", types, counter_name=lambda n: "n" + n,
                                  field_name=lambda outer, inner: f"{outer}_{inner}" if outer else inner)
            tree.extend(events)


folder = Path(sys.argv[1])
write_tree(sys.argv[2:], folder / "adl_tree.root")
write_ntuple(folder / "adl_tree.root", folder / "adl_ntuple.root", COLUMNS)
