# SPDX-License-Identifier: Apache-2.0
"""make_adl.py FOLDER FILE.h5... - the events of picobarn-samples --nanoaod as TTree (zlib) and RNTuple (zstd), in
FOLDER/adl_tree.root and FOLDER/adl_ntuple.root."""
import sys
from pathlib import Path

import uproot

from events import read_hdf5, write_tree
from ntuple import write_ntuple

OBJECTS = {"Jet": ["pt", "eta", "phi", "mass", "btag"], "Muon": ["pt", "eta", "phi", "mass", "charge"],
           "Electron": ["pt", "eta", "phi", "mass", "charge"]}
EVENT = ["MET_pt", "MET_phi"]
COLUMNS = EVENT + [f"{o}_{c}" for o, columns in OBJECTS.items() for c in columns]

folder = Path(sys.argv[1])
write_tree((read_hdf5([path], OBJECTS, EVENT) for path in sys.argv[2:]), folder / "adl_tree.root", uproot.ZLIB(1))
write_ntuple(folder / "adl_tree.root", folder / "adl_ntuple.root", COLUMNS)
