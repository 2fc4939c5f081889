# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: the programs, run files, results, and processes by their mark.

Every process that a test starts carries a mark in its environment that its children inherit, so
that they are found, and in the end removed, by process id, whoever is their parent by then.
"""
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "data-samples"
sys.path.insert(0, str(SAMPLES))
sys.path.insert(0, str(SAMPLES / "truth"))

SUPPRESSIONS = Path(__file__).with_name("leaks.supp")  # for builds with AddressSanitizer
MARK = "PICOBARN_SYSTEM_TEST"
COMPLETE, USAGE, INCOMPLETE, TROUBLE = 0, 2, 3, 4  # exit statuses
PATIENCE = 120.0  # seconds that anything may take before it counts as stuck


def find_programs():
    """The folder with the programs: PICOBARN_BIN, or the newest build in the tree."""
    if "PICOBARN_BIN" in os.environ:
        return Path(os.environ["PICOBARN_BIN"])
    built = sorted((p for p in ROOT.glob("build*/**/picobarn")
                    if p.with_name("picobarn-samples").exists()), key=lambda p: p.stat().st_mtime)
    return built[-1].parent if built else None


PROGRAMS = find_programs()


def program(name):
    return str(PROGRAMS / name)


class Finished:
    """A program that ended: its exit status and what it wrote."""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def __str__(self):
        return (f"{' '.join(self.command)}\nexit status {self.status}\n"
                f"--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}")

    __repr__ = __str__

    def _said(self, pattern):
        found = re.search(pattern, self.out, re.MULTILINE)
        assert found, f"no line like {pattern!r} in the output of\n{self}"
        return found

    @property
    def sha256(self):
        return self._said(r"^sha256\s+([0-9a-f]{64})$").group(1)

    @property
    def shards(self):
        """(accepted, planned)"""
        found = self._said(r"^coverage\s+([\d,]+) of ([\d,]+) shards")
        return tuple(int(n.replace(",", "")) for n in found.groups())

    def json(self):
        return json.loads(self.out)


class Started:
    """A program that runs; its output goes to files, so that nothing ever blocks on a pipe."""

    def __init__(self, command, mark, cwd, env):
        self.command = [str(c) for c in command]
        self.paths = [Path(cwd) / f".{uuid.uuid4().hex}.{s}" for s in ("out", "err")]
        environment = {k: v for k, v in os.environ.items() if k != MARK}
        environment.setdefault("LSAN_OPTIONS", f"suppressions={SUPPRESSIONS}:print_suppressions=0")
        environment.update({MARK: mark, **(env or {})})
        with open(self.paths[0], "wb") as out, open(self.paths[1], "wb") as err:
            self.process = subprocess.Popen(
                self.command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, start_new_session=True)
        self.pid = self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    def output(self, index=0):
        return self.paths[index].read_text(encoding="utf-8", errors="replace")

    def kill(self, number=signal.SIGKILL):
        if self.running:
            self.process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """The end, or a failure of the test."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
            raise AssertionError(f"not ended after {timeout} s: {' '.join(self.command)}\n"
                                 f"{self.output(1)[-4000:]}") from None
        return Finished(self.command, status, self.output(0), self.output(1))

    def ended_within(self, seconds):
        """True if it ended in this time; it may go on otherwise."""
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False


class Runner:
    """Starts programs in one test's folder and removes what is left of them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.mark = uuid.uuid4().hex

    def start(self, *command, cwd=None, env=None):
        command = [program(command[0]) if command[0].startswith("picobarn") else command[0],
                   *command[1:]]
        return Started(command, self.mark, cwd or self.folder, env)

    def run(self, *command, cwd=None, env=None, timeout=PATIENCE):
        return self.start(*command, cwd=cwd, env=env).wait(timeout)

    def launch(self, run_file, *options, **more):
        return self.run("picobarn", "launch", run_file, *options, **more)

    def start_launch(self, run_file, *options, **more):
        return self.start("picobarn", "launch", run_file, *options, **more)

    def failures(self, run_dir):
        """The failed files and shards that `picobarn failures` lists, causes and all."""
        groups = self.run("picobarn", "failures", run_dir, "-o", "json").json()["failures"]
        return [{"cause": group["cause"], "kind": group["kind"], **job}
                for group in groups for job in group["jobs"]]

    def processes(self, *words):
        """Ids of the living processes of this test whose command line has all the words."""
        out = []
        mark = f"{MARK}={self.mark}".encode()
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                environment = Path("/proc", entry, "environ").read_bytes()
                command = Path("/proc", entry, "cmdline").read_bytes().decode(errors="replace")
                state = Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if mark in environment and state != "Z" and all(
                    w in command.replace("\0", " ") for w in words):
                out.append(int(entry))
        return out

    def workers(self):
        """The sessions that hold a lease each, without the programs that they compute with."""
        return [p for p in self.processes("picobarn-worker") if p not in self.computers()]

    def computers(self):
        return self.processes("picobarn-worker", " compute")

    def clean_up(self):
        """Ends what this test started; returns the ids of what had not ended by itself."""
        left = self.processes()
        for pid in left:
            send(pid, signal.SIGKILL)
        return left


def send(pid, number):
    """A signal to a process that may be gone already; True if it was there."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def wait_until(condition, what, timeout=PATIENCE, step=0.02):
    """Looks until the condition holds, and gives what it gave."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s in vain: {what}"
        time.sleep(step)


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


# Run files

def write_run(path, run):
    with open(path, "w", encoding="utf-8") as f:
        yaml.safe_dump(run, f, sort_keys=False)
    return path


def read_run(path):
    with open(path, encoding="utf-8") as f:
        return yaml.safe_load(f)


def from_samples(samples, name="higgs4l.yaml", target_events=2000, only=None):
    """A generated run file as a dictionary, its files by absolute paths; `only`: the names of the
    samples to keep."""
    run = read_run(Path(samples) / name)
    run["shards"] = {"target_events": target_events}
    if only is not None:
        run["samples"] = [s for s in run["samples"] if s["name"] in only]
        assert len(run["samples"]) == len(only)
    for sample in run["samples"]:
        sample["files"] = [str(Path(samples) / f) for f in sample["files"]]
    return run


def simulation(files, **more):
    """A sample of simulation for run files that tests make."""
    return {"name": "simulation", "kind": "simulation", "era": 2012, "process": "signal",
            "cross_section_pb": 1.0, "scale": 1.0, "files": [str(f) for f in files], **more}


def data(files, **more):
    return {"name": "data", "kind": "data", "era": 2012, "luminosity_pb": 100.0,
            "files": [str(f) for f in files], **more}


def one_sample_run(analysis, sample, target_events=2000, **more):
    return {"analysis": analysis, "shards": {"target_events": target_events},
            "samples": [sample], "eras": {2012: {"energy_tev": 8}}, **more}


# Results

def read_result(folder):
    with open(Path(folder) / "result.json", encoding="utf-8") as f:
        return json.load(f)


def sample_of(result, name):
    found = [s for s in result["samples"] if s["name"] == name]
    assert len(found) == 1, [s["name"] for s in result["samples"]]
    return found[0]


def histogram_of(sample, channel, name, variation="nominal"):
    found = [h["histogram"] for h in sample["histograms"]
             if (h["channel"], h["name"], h["variation"]) == (channel, name, variation)]
    assert len(found) == 1, [(h["channel"], h["name"]) for h in sample["histograms"]]
    return found[0]


def edges_of(histogram):
    axis = histogram["axes"][0]
    if axis["type"] == "variable":
        return axis["edges"]
    n, low, high = axis["bins"], axis["lower"], axis["upper"]
    width = (high - low) / n
    return [low + i * width for i in range(n)] + [high]


def cutflow_of(sample, channel):
    return [(step["name"], step["events"]) for step in sample["cutflow"]
            if step["channel"] == channel]


def files_of(sample):
    """The files of a sample of a run file with absolute paths."""
    return [Path(f) for pattern in sample["files"] for f in sorted(glob.glob(pattern))]
