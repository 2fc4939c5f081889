# SPDX-License-Identifier: Apache-2.0
"""make_higgs4l.py FOLDER FILE.h5... - the events of picobarn-samples, of all files, as one TTree (zstd, baskets of
some 500,000 events): FOLDER/higgs4l_tree.root. Prints how many there are."""
import sys
from pathlib import Path

import uproot

from events import read_hdf5, write_tree
from higgs4l_uproot import FILES, OBJECTS

paths, n_events = sys.argv[2:], 0


def batches():
    global n_events
    for first in range(0, len(paths), FILES):
        events = read_hdf5(paths[first:first + FILES], OBJECTS)
        n_events += len(events["Muon"])
        yield events


write_tree(batches(), Path(sys.argv[1]) / "higgs4l_tree.root", uproot.ZSTD(5))
print(n_events)
