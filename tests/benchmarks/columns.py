#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""columns.py FOLDER [EVENTS [ROUNDS]] - how fast columns become a dimuon spectrum, beside what this machine can do
at most and what others do, on the same events.

The first time the rivals are installed into FOLDER and the data are written there (rivals/make.sh,
rivals/make_data.py). All contenders get ready, which is not counted, and then take turns, round by round, each as
it runs when it is at it (see play); of each the median counts. Prints a table, and writes columns.json beside it.
PICOBARN_BIN is the folder of the programs.
"""
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLOATS = ["Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass"]
KINDS = ("none", "lz4", "zstd", "deflate")
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}  # as a worker's session starts its compute program
HUGE_PAGES = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1"  # a large buffer in 2 MB pages: few faults
ORDER = {"analysis": "dimuon", "version": 1, "units": {"energy": "GeV"},
         "parameters": {"muon_energy": "mass", "mass_axis": {"regular": [1000, 0, 200]}}}


class Contender:
    """A process that does a round for each line that it gets."""

    def __init__(self, name, *command):
        self.name, self.rounds = name, []
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **ENVIRONMENT})
        assert json.loads(self.process.stdout.readline())["ready"], name

    def play_once(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def play(self):
        """Two rounds, of which the first does not count: it has slept through the others' turns, and a thread that wakes
        up shares a processor for some milliseconds before it is moved to a free one."""
        self.play_once()
        self.rounds.append(self.play_once())

    def end(self):
        self.process.stdin.close()
        assert self.process.wait() == 0, self.name

    def median(self, key):
        return statistics.median(r[key] for r in self.rounds)

    @property
    def gave(self):
        gave = self.rounds[-1]["gave"]
        if isinstance(gave, dict):  # ours, by channel: the first
            gave = next(iter(gave.values()))
        return gave[1:-1] if isinstance(gave, list) and len(gave) in (102, 1002) else gave


def contenders(folder):
    programs = Path(os.environ["PICOBARN_BIN"])
    python = [folder / "python" / "bin" / "python", "-W", "ignore"]
    data = {kind: folder / f"dimuon_{kind}.h5" for kind in KINDS}
    (folder / "order.json").write_text(json.dumps(ORDER))
    roofs = programs / "benchmark_roofs"
    yield Contender("memory", roofs, "memory", data["none"], "--", *FLOATS)
    yield Contender("mapping", roofs, "mapping", data["none"], "--", *FLOATS)
    for kind in KINDS:
        for threads in (1, 2):
            yield Contender(f"picobarn {kind} {threads}", programs / "benchmark_compute",
                            folder / "order.json", threads, data[kind])
        if kind != "none":
            for roof in ("decode", "filters"):
                yield Contender(f"{roof} {kind}", roofs, roof, data[kind], "--", "nMuon", *FLOATS, "Muon_charge")
    yield Contender("numpy + h5py", *python, HERE / "rivals" / "numpy_h5py.py", data["none"])
    yield Contender("uproot + awkward", *python, HERE / "rivals" / "uproot_awkward.py", folder / "dimuon_tree.root")
    for kind in ("tree", "ntuple"):
        yield Contender(f"RDataFrame {kind}", folder / "rdataframe", folder / f"dimuon_{kind}.root", "Events")
    for kind, name in (("zstd", "ntuple"), ("none", "ntuple_none")):
        bulk = [folder / "bulk", folder / f"dimuon_{name}.root", "Events"]
        yield Contender(f"ROOT bulk {kind}", *bulk)
        yield Contender(f"ROOT bulk {kind}, huge", "env", HUGE_PAGES, *bulk)


def get_ready(folder, events):
    subprocess.run([HERE / "rivals" / "make.sh", folder], check=True)
    if not (folder / f"{events}.made").exists():
        subprocess.run([folder / "python" / "bin" / "python", HERE / "rivals" / "make_data.py", str(events), folder],
                       check=True)
        (folder / f"{events}.made").touch()


def read_in(data):
    """The files of a folder into the kernel's cache as if they came from a disk: in large pieces. What was just written
    lies there in whatever pieces it was written in, and single pages are several times slower to map, and to read."""
    for path in [*data.glob("*.h5"), *data.glob("*.root")]:
        with open(path, "rb") as f:
            os.fsync(f.fileno())
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while f.read(1 << 20):
                pass


def differing_bins(all_of_them):
    truth = next(c for c in all_of_them if c.name == "numpy + h5py").gave
    return {c.name: sum(a != b for a, b in zip(truth, c.gave)) for c in all_of_them if isinstance(c.gave, list)}


def show(all_of_them, events):
    ours = [next(c for c in all_of_them if c.name == f"picobarn {kind} 1").median("cpu_s") for kind in ("none", "zstd")]
    print(f"{events:,} events{'':32}picobarn, none or zstd, one thread,\n"
          f"{'':24}{'wall s':>9}{'cpu s':>9}{'Mevents/s':>11}   is times as fast (cpu)")
    for c in all_of_them:
        wall, cpu = c.median("wall_s"), c.median("cpu_s")
        gains = "".join(f"{cpu / one:9.1f}" for one in ours)
        print(f"{c.name:24}{wall:9.3f}{cpu:9.3f}{events / wall / 1e6:11.1f}{gains}")
    for name, n in differing_bins(all_of_them).items():
        print(f"bins that differ from numpy's, {name}: {n}")


def main(folder, events=10_000_000, rounds=5):
    folder, events = Path(folder).resolve(), int(events)
    folder.mkdir(exist_ok=True)
    get_ready(folder, events)
    read_in(folder)
    all_of_them = list(contenders(folder))
    for _ in range(int(rounds)):
        for c in all_of_them:
            c.play()
    for c in all_of_them:
        c.end()
    show(all_of_them, events)
    (folder / "columns.json").write_text(json.dumps(
        {"events": events, "contenders": {c.name: [{k: r[k] for k in ("wall_s", "cpu_s")} for r in c.rounds]
                                          for c in all_of_them}}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
