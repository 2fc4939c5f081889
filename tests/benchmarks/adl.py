#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""adl.py FOLDER [EVENTS [ROUNDS]] - the eight ADL benchmark queries over generated events: picobarn from HDF5
(shuffled, zstd), a compiled RDataFrame from a TTree (zlib) and from an RNTuple (zstd), and the decompressor alone
on the chunks that a query needs. One thread each; round by round in turn; medians of processor time.

Prepares FOLDER as columns.py does. Prints a table and how many bins differ; writes adl.json there.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

from columns import Contender, HERE, read_in

JETS, MUONS, ELECTRONS = ([f"{o}_{c}" for c in ("pt", "eta", "phi", "mass")] for o in ("Jet", "Muon", "Electron"))
NEEDS = {1: ["MET_pt"], 2: ["nJet", "Jet_pt"], 3: ["nJet", "Jet_pt", "Jet_eta"], 4: ["nJet", "Jet_pt", "MET_pt"],
         5: ["nMuon", *MUONS, "Muon_charge", "MET_pt"], 6: ["nJet", *JETS, "Jet_btag"],
         7: ["nJet", "nMuon", "nElectron", *JETS[:3], *MUONS[:3], *ELECTRONS[:3]],
         8: ["nMuon", "nElectron", *MUONS, *ELECTRONS, "Muon_charge", "Electron_charge", "MET_pt", "MET_phi"]}


def get_ready(folder, events):
    subprocess.run([HERE / "rivals" / "make.sh", folder], check=True)
    data = folder / f"adl{events}"
    if not (data / "complete").exists():
        subprocess.run([Path(os.environ["PICOBARN_BIN"]) / "picobarn-samples", data, "--nanoaod", "--layout", "zstd",
                        "--events", str(events)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([folder / "python" / "bin" / "python", HERE / "rivals" / "make_adl.py", data,
                        *sorted(data.glob("*.h5"))], check=True)
        (data / "complete").touch()
    read_in(data)
    return data


def contenders(folder, data, query):
    programs = Path(os.environ["PICOBARN_BIN"])
    files = sorted(data.glob("*.h5"))
    order = folder / f"adl-q{query}.json"
    order.write_text(json.dumps({"analysis": f"adl-q{query}", "version": 1}))
    yield Contender("picobarn", programs / "benchmark_compute", order, 1, *files)
    yield Contender("decoder", programs / "benchmark_roofs", "decode", *files, "--", *NEEDS[query])
    for kind in ("tree", "ntuple"):
        yield Contender(kind, folder / "rdataframe_adl", query, "Events", data / f"adl_{kind}.root")


def measure(folder, data, query, rounds):
    all_of_them = list(contenders(folder, data, query))
    for _ in range(rounds):
        for c in all_of_them:
            c.play()
    for c in all_of_them:
        c.end()
    return {c.name: c for c in all_of_them}


def row(query, events, c):
    rate = {name: events / one.median("cpu_s") / 1e6 for name, one in c.items()}
    differ = [sum(a != b for a, b in zip(c["picobarn"].gave, c[kind].gave)) for kind in ("tree", "ntuple")]
    return {"query": query, "rate": rate, "differ": differ, "gains": [rate["picobarn"] / rate["tree"],
                                                                      rate["picobarn"] / rate["ntuple"]]}


def show(r):
    rates = "".join(f"{r['rate'][name]:11.1f}" for name in ("picobarn", "decoder", "tree", "ntuple"))
    print(f"Q{r['query']}{rates}{r['gains'][0]:10.1f}{r['gains'][1]:10.1f}{r['differ'][0]:8}{r['differ'][1]:5}",
          flush=True)


def main(folder, events=4_000_000, rounds=3):
    folder, events = Path(folder).resolve(), int(events)
    folder.mkdir(exist_ok=True)
    data = get_ready(folder, events)
    print(f"{events:,} events; M events a processor second            times as fast   bins that differ\n"
          f"     picobarn decompress      TTree    RNTuple     TTree   RNTuple   TTree RNTuple")
    rows = []
    for query in NEEDS:
        rows.append(row(query, events, measure(folder, data, query, int(rounds))))
        show(rows[-1])
    (folder / "adl.json").write_text(json.dumps({"events": events, "queries": rows}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
