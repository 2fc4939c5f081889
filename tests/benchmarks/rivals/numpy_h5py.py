# SPDX-License-Identifier: Apache-2.0
"""numpy_h5py.py FILE.h5 - the dimuon spectrum of events with two muons each, in float64, a million events at a time."""
import sys

import h5py
import numpy as np

from contender import play

BLOCK = 1_000_000


def spectrum():
    counts = np.zeros(1000, np.int64)
    with h5py.File(sys.argv[1]) as f:
        for first in range(0, len(f["nMuon"]), BLOCK):
            counts += block(f, slice(2 * first, 2 * (first + BLOCK)))
    return counts


def block(f, rows):
    pt, eta, phi, mass = (f["Muon_" + c][rows].astype(np.float64) for c in ("pt", "eta", "phi", "mass"))
    charge = f["Muon_charge"][rows]
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    e = np.sqrt(px * px + py * py + pz * pz + mass * mass)
    e, px, py, pz = (x[0::2] + x[1::2] for x in (e, px, py, pz))
    m = np.sqrt(np.maximum(e * e - px * px - py * py - pz * pz, 0))
    return np.histogram(m[charge[0::2] * charge[1::2] < 0], 1000, (0, 200))[0]


play(spectrum)
