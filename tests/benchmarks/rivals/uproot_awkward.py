# SPDX-License-Identifier: Apache-2.0
"""uproot_awkward.py FILE.root - the dimuon spectrum with uproot, awkward, vector and hist."""
import sys

import awkward as ak
import hist
import uproot
import vector

from contender import play

vector.register_awkward()
COLUMNS = ["Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass", "Muon_charge"]


def spectrum():
    h = hist.Hist.new.Reg(1000, 0, 200).Int64()
    for events in uproot.iterate(f"{sys.argv[1]}:Events", COLUMNS, step_size=1_000_000):
        two = events[ak.num(events.Muon_charge) == 2]
        two = two[two.Muon_charge[:, 0] * two.Muon_charge[:, 1] < 0]
        muon = ak.zip({c: two["Muon_" + c] for c in ("pt", "eta", "phi", "mass")}, with_name="Momentum4D")
        h.fill((muon[:, 0] + muon[:, 1]).mass)
    return h.values()


play(spectrum)
