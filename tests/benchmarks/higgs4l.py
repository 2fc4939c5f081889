#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""higgs4l.py FOLDER [EVENTS [ROUNDS]] - the four-lepton selection over the generated samples of 2012: picobarn from
HDF5 (shuffled, zstd), the decompressor alone on the same chunks, and the same selection with awkward, vector and
hist in float64, reading a TTree (zlib, zstd) with uproot and the HDF5 with h5py. uproot iterates in its own default
steps of 100 MB, and in coffea's of 100,000 events; coffea itself in these, and in chunks as the baskets of the TTree
lie (zlib). One thread each; round by round in turn; medians of processor time.

Prepares FOLDER as columns.py does. Prints a table and how many bins differ; writes higgs4l.json there.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

from columns import Contender, HERE, read_in

COLUMNS = ["pt", "eta", "phi", "charge", "dxy", "dz", "dxyErr", "dzErr"]
NEEDS = ["nMuon", "nElectron", *(f"{o}_{c}" for o in ("Muon", "Electron") for c in COLUMNS), "Muon_pfRelIso04_all",
         "Electron_pfRelIso03_all"]

HDF5_FILES = 32  # at a time, by default as many events as make 100 MB


def get_ready(folder, events):
    """The folder of the data, and how many events the samples have."""
    subprocess.run([HERE / "rivals" / "make.sh", folder], check=True)
    data = folder / f"higgs4l{events}"
    if not (data / "complete").exists():
        subprocess.run([Path(os.environ["PICOBARN_BIN"]) / "picobarn-samples", data, "--layout", "zstd",
                        "--events", str(events)], check=True, stdout=subprocess.DEVNULL)
        made = subprocess.run([folder / "python" / "bin" / "python", HERE / "rivals" / "make_higgs4l.py", data,
                               *sorted(data.glob("*.h5"))], check=True, stdout=subprocess.PIPE, text=True)
        (data / "complete").write_text(made.stdout)
    read_in(data)
    return data, int((data / "complete").read_text())


def contenders(folder, data):
    programs = Path(os.environ["PICOBARN_BIN"])
    files = sorted(data.glob("*.h5"))
    python = [folder / "python" / "bin" / "python", "-W", "ignore"]
    uproot, coffea = ([*python, HERE / "rivals" / f"higgs4l_{name}.py"] for name in ("uproot", "coffea"))
    order = folder / "higgs4l-order.json"
    order.write_text(json.dumps({"analysis": "higgs4l", "version": 1}))
    yield Contender("picobarn", programs / "benchmark_compute", order, 1, *files)
    yield Contender("decoder", programs / "benchmark_roofs", "decode", *files, "--", *NEEDS)
    for kind in ("zlib", "zstd"):
        for step in ("100 MB", "100000"):
            yield Contender(f"uproot {kind} {step}", *uproot, step, data / f"higgs4l_{kind}.root")
    for chunks in ("100000", "baskets"):
        yield Contender(f"coffea zlib {chunks}", *coffea, chunks, data / "higgs4l_zlib.root")
    yield Contender("h5py", *uproot, HDF5_FILES, *files)


def bins_of(contender):
    """Those of all channels one after the other, under- and overflow with them; the decoder has none."""
    gave = contender.rounds[-1]["gave"]
    if isinstance(gave, dict):
        gave = [n for channel in ("4mu", "4e", "2mu2e") for n in gave[channel]]
    return gave if isinstance(gave, list) else None


def row(c, ours, events):
    bins, truth = bins_of(c), bins_of(ours)
    wall, cpu = c.median("wall_s"), c.median("cpu_s")
    return {"name": c.name, "wall_s": wall, "cpu_s": cpu, "rate": events / cpu / 1e6,
            "gain": cpu / ours.median("cpu_s"),
            "differ": None if bins is None else sum(a != b for a, b in zip(truth, bins, strict=True)),
            "entries": None if bins is None else sum(bins)}


def show(r):
    differ, entries = ("" if r[key] is None else r[key] for key in ("differ", "entries"))
    print(f"{r['name']:20}{r['wall_s']:9.3f}{r['cpu_s']:9.3f}{r['rate']:15.2f}{r['gain']:18.1f}{entries:10}{differ:18}")


def main(folder, events=2_000_000, rounds=3):
    folder = Path(folder).resolve()
    folder.mkdir(exist_ok=True)
    data, n_events = get_ready(folder, int(events))
    all_of_them = list(contenders(folder, data))
    for _ in range(int(rounds)):
        for c in all_of_them:
            c.play()
    for c in all_of_them:
        c.end()
    rows = [row(c, all_of_them[0], n_events) for c in all_of_them]
    print(f"{n_events:,} events\n{'':20}{'wall s':>9}{'cpu s':>9}{'Mevents/cpu s':>15}{'picobarn is times':>18}"
          f"{'entries':>10}{'bins that differ':>18}")
    for r in rows:
        show(r)
    (folder / "higgs4l.json").write_text(json.dumps({"events": n_events, "contenders": rows}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
