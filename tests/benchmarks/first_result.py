#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""first_result.py [ROUNDS] - from a command to the histogram of 100,000 real events.

`picobarn launch`, with its ledger, its workers and everything durable, against a script of numpy and h5py that
fills one histogram of the same events and keeps nothing; round by round in turn, medians. PICOBARN_OPEN_DATA is
the folder of the open data, PICOBARN_BIN that of the programs.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
import harness  # noqa: E402

NUMPY = """
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as file:
    f = file["Events"]
    n = f["nMuon"][:]
    pt, eta, phi, mass, charge = (f["Muon_" + c][:].astype(float) for c in ("pt", "eta", "phi", "mass", "charge"))
first = (np.cumsum(n) - n)[n == 2].astype(int)
p = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)])
e = np.sqrt((p ** 2).sum(0) + mass ** 2)
a, b = first, first + 1
m = np.sqrt(np.maximum((e[a] + e[b]) ** 2 - ((p[:, a] + p[:, b]) ** 2).sum(0), 0))
counts, _ = np.histogram(m[charge[a] * charge[b] < 0], 1000, (0, 300))
print(counts.sum())
"""


def write_run(folder, file):
    run = harness.one_sample_run("dimuon", harness.data([file]), target_events=1_000_000, units={"energy": "GeV"},
                                 parameters={"muon_energy": "mass", "muons_exactly": 2})
    return harness.write_run(folder / "run.yaml", run)


def launch(folder, run):
    """Seconds until result.json is there, and until the pictures are drawn and all has ended."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    start = time.time()
    subprocess.run([harness.program("picobarn"), "launch", run, "--run-dir", folder / "run"], check=True,
                   capture_output=True)
    return (folder / "run" / "result.json").stat().st_mtime - start, time.time() - start


def numpy(file):
    start = time.time()
    subprocess.run([sys.executable, "-c", NUMPY, file], check=True, capture_output=True)
    return time.time() - start


def main(rounds=9):
    file = Path(os.environ["PICOBARN_OPEN_DATA"], "hdf5", "cms2012_doublemu_100k.h5")
    with tempfile.TemporaryDirectory() as name:
        run = write_run(Path(name), file)
        turns = [(*launch(Path(name), run), numpy(file)) for _ in range(rounds)]
    result, end, rival = (statistics.median(times) for times in zip(*turns))
    print(f"picobarn launch   {result * 1000:.0f} ms to result.json, {end * 1000:.0f} ms with the pictures")
    print(f"numpy and h5py    {rival * 1000:.0f} ms to one histogram in memory")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
