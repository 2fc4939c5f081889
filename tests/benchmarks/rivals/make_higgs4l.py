# SPDX-License-Identifier: Apache-2.0
"""make_higgs4l.py FOLDER FILE.h5... - the events of picobarn-samples, of all files, as a TTree in
FOLDER/higgs4l_zlib.root (ROOT's default) and one in FOLDER/higgs4l_zstd.root. Prints how many events there are."""
import sys
from pathlib import Path

import h5py
import uproot

from events import read_hdf5, write_tree
from higgs4l_uproot import OBJECTS

FILES = 16  # in a basket: large ones, about 500,000 events by default, are quick to read
KINDS = {"zlib": uproot.ZLIB(1), "zstd": uproot.ZSTD(5)}


def events_in(path):
    with h5py.File(path) as f:
        return len(f["nMuon"])


folder, paths = Path(sys.argv[1]), sys.argv[2:]
for kind, compression in KINDS.items():
    batches = (read_hdf5(paths[i:i + FILES], OBJECTS) for i in range(0, len(paths), FILES))
    write_tree(batches, folder / f"higgs4l_{kind}.root", compression)
print(sum(events_in(path) for path in paths))
