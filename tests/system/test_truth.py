# SPDX-License-Identifier: Apache-2.0
"""Cutflow, histograms and sums of weights equal an independent calculation, exactly."""
import math
import random
import shutil

import h5py
import numpy as np
import pytest

import dimuon
import harness
import higgs4l


def truth_of_sample(sample, cuts=None):
    weight = sample.get("weight", "none")
    return higgs4l.compute(harness.files_of(sample), None if weight == "none" else weight,
                           cuts=cuts)


def check_histogram(ours, truth, where):
    assert harness.edges_of(ours) == truth.edges.tolist(), where
    assert ours["metadata"].get("nan", 0) == truth.nan, where
    assert ours["metadata"]["entries"] == sum(truth.counts) + truth.nan, where
    storage = ours["storage"]
    if storage["type"] == "int":
        assert storage["values"] == truth.counts, where
    else:
        # exact fractions, rounded once: not one unit in the last place may differ
        assert storage["values"] == [s.rounded() for s in truth.sumw], where
        assert storage["variances"] == [s.rounded() for s in truth.sumw2], where


def check_higgs(ours, truth, channels):
    assert ours["coverage"]["events"] == truth.events
    if truth.weighted:
        assert ours["sum_of_weights"] == truth.sumw.rounded()
    for channel in channels:
        flow = [s for s in ours["cutflow"] if s["channel"] == channel]
        expected = truth.cutflow[channel]
        assert [(s["name"], s["events"]) for s in flow] == [
            (name, n) for name, (n, _) in expected.items()], channel
        if truth.weighted:
            assert [s["sum_of_weights"] for s in flow] == [
                sumw.rounded() for _, sumw in expected.values()], channel
        for name, histogram in truth.histograms[channel].items():
            check_histogram(harness.histogram_of(ours, channel, name), histogram,
                            f"{channel} {name}")


@pytest.fixture(scope="module")
def higgs_result(shared, samples):
    """The whole generated sample, run once."""
    def make(folder):
        run = harness.write_run(folder / "higgs4l.yaml", harness.from_samples(samples))
        runner = harness.Runner(folder)
        done = runner.launch(run, "--run-dir", "run", timeout=300)
        runner.clean_up()
        assert done.status == harness.COMPLETE, done
    folder = shared("truth", make)
    return harness.read_run(folder / "higgs4l.yaml"), harness.read_result(folder / "run")


def test_cutflow_and_histograms_of_every_sample_equal_the_truth(higgs_result):
    run, result = higgs_result
    for sample in run["samples"]:
        channels = sample.get("channels", higgs4l.CHANNELS)
        check_higgs(harness.sample_of(result, sample["name"]), truth_of_sample(sample), channels)


def test_every_cut_removes_something(higgs_result):
    """Else the test above would not see a cut that is not made."""
    _, result = higgs_result
    removed = set()
    for sample in result["samples"]:
        for channel in higgs4l.CHANNELS:
            flow = harness.cutflow_of(sample, channel)
            removed |= {name for (_, before), (name, after) in zip(flow, flow[1:])
                        if after < before}
    assert removed == set(higgs4l.STEPS[1:])


def test_a_channel_that_a_stream_does_not_fill_stays_empty(higgs_result):
    run, result = higgs_result
    for sample in run["samples"]:
        ours = harness.sample_of(result, sample["name"])
        for h in ours["histograms"]:
            if h["channel"] not in sample.get("channels", higgs4l.CHANNELS):
                assert not any(h["histogram"]["storage"]["values"])


def test_weighted_sums_have_no_rounding_at_all(runner, weighted):
    sample = harness.simulation(sorted(weighted.glob("zjets2012_*.h5")), weight="genWeight")
    run = harness.write_run(runner.folder / "run.yaml", harness.one_sample_run(
        "higgs4l", sample, target_events=3000))
    done = runner.launch(run, "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    result = harness.read_result(runner.folder / "run")
    check_higgs(result["samples"][0], truth_of_sample(sample), higgs4l.CHANNELS)


# parameters of the run, and the same for the truth
CHANGED_CUTS = [
    ({"z1_min_gev": 60}, {"z1_low": 60.0}),
    ({"sip3d_max": "off"}, {"sip3d": None}),
    ({"sip3d_max": 2.5, "dxy_max_cm": 0.01, "dz_max_cm": 0.01, "isolation_max": 0.1},
     {"sip3d": 2.5, "dxy": 0.01, "dz": 0.01, "isolation": 0.1}),
    ({"dxy_max_cm": "off", "dz_max_cm": "off", "isolation_max": "off"},
     {"dxy": None, "dz": None, "isolation": None}),
    ({"electron_lost_hits_max": 0}, {"lost_hits": 0}),
    ({"muon_pt_min_gev": 10, "muon_eta_max": 1.5,
      "electron_pt_min_gev": 12, "electron_eta_max": 1.25},
     {"Muon_pt": 10.0, "Muon_eta": 1.5, "Electron_pt": 12.0, "Electron_eta": 1.25}),
    ({"z1_hard_pt_min_gev": 40, "z1_soft_pt_min_gev": 25, "z1_max_gev": 92.5, "z2_min_gev": 30,
      "z2_max_gev": 91, "m4l_min_gev": 150},
     {"z1_hard_pt": 40.0, "z1_soft_pt": 25.0, "z1_high": 92.5, "z2_low": 30.0,
      "z2_high": 91.0, "m4l_low": 150.0}),
]


@pytest.mark.parametrize("parameters, cuts", CHANGED_CUTS)
def test_a_changed_cut_changes_the_result_as_it_should(runner, samples, parameters, cuts):
    run = harness.from_samples(samples, only=["ZZ to 4mu", "H(125) to ZZ to 4l (2011)"])
    run["parameters"] = parameters
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    result = harness.read_result(runner.folder / "run")
    for name, value in parameters.items():
        assert result["analysis"]["parameters"][name] == value
    changed = False
    for sample in run["samples"]:
        truth = truth_of_sample(sample, cuts)
        check_higgs(harness.sample_of(result, sample["name"]), truth, higgs4l.CHANNELS)
        changed |= truth.to_json() != truth_of_sample(sample).to_json()
    assert changed


@pytest.mark.parametrize("muon_energy", ["nominal", "mass"])
@pytest.mark.parametrize("exactly", ["off", 2])
def test_dimuon_histograms_equal_the_truth(runner, samples, muon_energy, exactly):
    run = harness.from_samples(samples, "dimuon.yaml", only=["DoubleMu 2012B"])
    run["parameters"] = {"muon_energy": muon_energy, "muons_exactly": exactly}
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    ours = harness.read_result(runner.folder / "run")["samples"][0]
    names = {h["name"] for h in ours["histograms"]}
    assert names >= {"mass", "mass_linear", "jpsi", "upsilon", "z"}
    edges = {n: harness.edges_of(harness.histogram_of(ours, "os", n)) for n in names}
    truth = dimuon.compute(harness.files_of(run["samples"][0]), edges,
                           muon_energy=muon_energy, exactly_two=exactly == 2)
    assert truth.pairs["os"] > 1000 and truth.pairs["ss"] > 100
    for channel in dimuon.CHANNELS:
        for name in names:
            check_histogram(harness.histogram_of(ours, channel, name),
                            truth.histograms[channel][name], f"{channel} {name}")


SPECIAL = [math.nan, math.inf, -math.inf, 1e38, -1e38, 1e-45, -0.0, 0.0, -5.0]


def test_every_pair_is_counted_once_whatever_its_numbers(runner, samples):
    """In a bin, below, above, or as no number; no value gets lost and none spoils a sum."""
    path = runner.folder / "special.h5"
    shutil.copyfile(samples / "doublemu2012b_00.h5", path)
    chance = random.Random(4)
    with h5py.File(path, "r+") as f:
        for name in ("Muon_pt", "Muon_eta", "Muon_phi"):
            values = f[name][...]
            for _ in range(200):
                values[chance.randrange(len(values))] = chance.choice(SPECIAL)
            f[name][...] = values
    run = harness.one_sample_run("dimuon", harness.data([path]), target_events=300)
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    ours = harness.read_result(runner.folder / "run")["samples"][0]
    with np.errstate(all="ignore"):
        truth = dimuon.compute([path], {})
    for h in ours["histograms"]:
        values, metadata = h["histogram"]["storage"]["values"], h["histogram"]["metadata"]
        assert sum(values) + metadata["nan"] == metadata["entries"] == truth.pairs[h["channel"]]
