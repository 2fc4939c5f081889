# SPDX-License-Identifier: Apache-2.0
"""What is exported opens in the programs that physicists have, with the same numbers in it."""
import csv
import json
import math

import h5py
import numpy as np
import pytest

import harness


@pytest.fixture(scope="module")
def finished(shared, samples):
    """Two runs: higgs4l with weights, and dimuon with logarithmic axes."""
    def make(folder):
        runner = harness.Runner(folder)
        for name in ("higgs4l", "dimuon"):
            run = harness.from_samples(samples, f"{name}.yaml")
            done = runner.launch(harness.write_run(folder / f"{name}.yaml", run),
                                 "--run-dir", name)
            assert done.status == harness.COMPLETE, done
        runner.clean_up()
    return shared("exports", make)


def export(runner, run_dir, form):
    path = runner.folder / f"export.{form}"
    done = runner.run("picobarn", "export", run_dir, "--format", form, "-O", path)
    assert done.status == harness.COMPLETE, done
    return path


def of_result(run_dir):
    """(sample, channel, name, variation) -> histogram, as in the result."""
    result = harness.read_result(run_dir)
    return {(s["name"], h["channel"], h["name"], h["variation"]): h["histogram"]
            for s in result["samples"] for h in s["histograms"]}


@pytest.mark.parametrize("analysis", ["higgs4l", "dimuon"])
def test_hist_opens_the_uhi_export(runner, finished, analysis):
    hist = pytest.importorskip("hist")
    uhi = pytest.importorskip("uhi.io.json")
    with open(export(runner, finished / analysis, "uhi"), encoding="utf-8") as f:
        found = json.load(f, object_hook=uhi.object_hook)
    wanted = of_result(finished / analysis)
    assert len(found) == len(wanted)
    weighted = 0
    for key, ours in wanted.items():
        h = hist.Hist(find(found, key))
        values = ours["storage"]["values"]
        assert h.values(flow=True).tolist() == values, key
        assert h.axes[0].edges.tolist() == pytest.approx(harness.edges_of(ours), rel=1e-15)
        if ours["storage"]["type"] == "weighted":
            weighted += 1
            assert h.variances(flow=True).tolist() == ours["storage"]["variances"], key
    assert weighted > 0 or analysis == "dimuon"


def find(found, key):
    """The histogram of that sample, channel and name; one of a collection by its path."""
    names = [n for n in found if is_named(n, key)]
    assert len(names) == 1, (key, list(found)[:5])
    return found[names[0]]


def is_named(path, key):
    """A slash in a sample's name cannot stay one."""
    return [part.replace("/", "_") for part in key[:3]] == path.split("/")[:3]


@pytest.mark.parametrize("analysis", ["higgs4l", "dimuon"])
def test_the_uhi_export_obeys_the_schema(runner, finished, analysis):
    pytest.importorskip("fastjsonschema")
    schema = pytest.importorskip("uhi.schema")
    with open(export(runner, finished / analysis, "uhi"), encoding="utf-8") as f:
        schema.validate(json.load(f))


@pytest.mark.parametrize("analysis", ["higgs4l", "dimuon"])
def test_h5py_opens_the_hdf5_export(runner, finished, analysis):
    wanted = of_result(finished / analysis)
    with h5py.File(export(runner, finished / analysis, "hdf5"), "r") as f:
        arrays = {}
        f.visititems(lambda name, d: arrays.update({name: d[...]})
                     if isinstance(d, h5py.Dataset) else None)
    for key, ours in wanted.items():
        values = np.asarray(ours["storage"]["values"], dtype=np.float64)
        mine = [a for name, a in arrays.items() if is_named(name, key)]
        assert any(a.shape == values.shape and a.dtype.kind in "iuf"
                   and np.array_equal(a.astype(np.float64), values) for a in mine), key


@pytest.mark.parametrize("analysis", ["higgs4l", "dimuon"])
def test_csv_export_holds_every_bin(runner, finished, analysis):
    with open(export(runner, finished / analysis, "csv"), encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    wanted = of_result(finished / analysis)
    assert sum(len(h["storage"]["values"]) for h in wanted.values()) == len(rows)
    by_histogram = {}
    for row in rows:
        key = (row["sample"], row["channel"], row["histogram"], row["variation"])
        by_histogram.setdefault(key, []).append(row)
    for key, ours in wanted.items():
        lines, edges = by_histogram[key], harness.edges_of(ours)
        storage = ours["storage"]
        assert [float(r["sumw"]) for r in lines] == storage["values"], key
        assert [float(r["sumw2"]) for r in lines] == storage.get("variances",
                                                                 storage["values"]), key
        assert sum(int(r["count"]) for r in lines) == (
            ours["metadata"]["entries"] - ours["metadata"]["nan"])
        assert [float(r["low"]) for r in lines] == [-math.inf, *edges]
        assert [float(r["high"]) for r in lines] == [*edges, math.inf]


def test_an_export_of_a_stopped_run_says_so(runner, samples):
    run = harness.write_run(runner.folder / "run.yaml", harness.from_samples(samples))
    assert runner.launch(run, "--run-dir", "run", "--stop-after", "3").status == \
        harness.INCOMPLETE
    for form in ("uhi", "hdf5", "csv"):
        done = runner.run("picobarn", "export", "run", "--format", form, "-O", f"x.{form}")
        assert done.status == harness.INCOMPLETE, done
        assert (runner.folder / f"x.{form}").exists()
