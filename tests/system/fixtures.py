# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests and of those on a cluster: the programs, and data to work on."""
import fcntl
import os
import subprocess
from pathlib import Path

import pytest

import harness


@pytest.fixture
def runner(tmp_path):
    """Starts the programs in this test's own folder and leaves nothing behind."""
    r = harness.Runner(tmp_path)
    yield r
    r.clean_up()


def generate(folder, *options):
    subprocess.run([harness.program("picobarn-samples"), str(folder), *options], check=True,
                   stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """shared(name, make): a folder that make(folder) fills once, whatever the number of test
    processes; read-only for the tests."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def once(name, make):
        folder, done = base / name, base / f"{name}.done"
        with open(base / f"{name}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir(exist_ok=True)
                make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def samples(shared):
    """About 64,000 events in 82 files: all samples of both eras, with higgs4l.yaml and
    dimuon.yaml. Those of 2011 have sip3d and lostHits, those of 2012 not."""
    return shared("samples", lambda f: generate(
        f, "--events", "60000", "--seed", "7", "--era", "both"))


@pytest.fixture(scope="session")
def weighted(shared):
    """Six files of about 14,000 simulated events each, with generator weights of either sign."""
    return shared("weighted", lambda f: generate(
        f, "--events", "400000", "--seed", "3", "--only", "zjets2012"))


@pytest.fixture(scope="session")
def open_data():
    if "PICOBARN_OPEN_DATA" not in os.environ:
        pytest.skip("PICOBARN_OPEN_DATA is not set")
    folder = Path(os.environ["PICOBARN_OPEN_DATA"])
    if not (folder / "hdf5").is_dir():
        pytest.skip(f"{folder}: no open data there")
    return folder
