# SPDX-License-Identifier: Apache-2.0
"""higgs4l_coffea.py CHUNKS FILE.root - the selection of higgs4l_uproot.py as a processor of coffea, in one process.
CHUNKS are coffea's default of 100,000 events ("100000"), each of which decompresses the baskets that it lies in, or as
the baskets lie ("baskets"), so that each is decompressed once."""
import contextlib
import io
import sys

import hist
import numpy as np
from coffea.nanoevents import NanoAODSchema
from coffea.processor import IterativeExecutor, ProcessorABC, Runner

from contender import play
from higgs4l_uproot import enough, like, mixed, select


class Schema(NanoAODSchema):
    """Without what the samples have not: an event's number, jets that leptons point at, masses that make vectors."""
    error_missing_event_ids = False
    warn_missing_crossrefs = False
    mixins = {}


class FourLeptons(ProcessorABC):
    def process(self, events):
        some = enough(events.Muon, events.Electron)
        muons, electrons = (select(kind, events[kind][some]) for kind in ("Muon", "Electron"))
        masses = {"4mu": like("Muon", muons), "4e": like("Electron", electrons), "2mu2e": mixed(muons, electrons)}
        return {channel: hist.Hist.new.Reg(37, 70, 181).Int64().fill(m) for channel, m in masses.items()}

    def postprocess(self, accumulator):
        return accumulator


def spectra(chunks, path):
    run = Runner(executor=IterativeExecutor(status=False), schema=Schema, chunksize=100_000,
                 align_clusters=chunks == "baskets")
    with contextlib.redirect_stdout(io.StringIO()):  # its progress bars, which status does not keep from showing
        h = run({"samples": [path]}, FourLeptons(), treename="Events")
    return np.concatenate([h[channel].values(flow=True) for channel in ("4mu", "4e", "2mu2e")])


play(lambda: spectra(*sys.argv[1:]))
