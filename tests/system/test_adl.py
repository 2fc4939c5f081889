# SPDX-License-Identifier: Apache-2.0
"""Each ADL query, by the real programs over generated files, equals an independent calculation in
every bin."""
import subprocess

import h5py
import numpy as np
import pytest

import adl
import harness

EVENTS = 40000


@pytest.fixture(scope="module")
def collisions(shared):
    """Events with jets, in one file, with adl-q1.yaml to adl-q8.yaml."""
    return shared("nanoaod", lambda f: subprocess.run(
        [harness.program("picobarn-samples"), str(f), "--nanoaod", "--events", str(EVENTS),
         "--seed", "11"], check=True, stdout=subprocess.DEVNULL))


def launch(runner, run):
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run",
                         timeout=300)
    assert done.status == harness.COMPLETE, done
    return harness.read_result(runner.folder / "run")["samples"][0]


def check(ours, truth):
    assert ours["coverage"]["events"] == truth.events
    assert harness.cutflow_of(ours, "all") == [
        (step, n) for step, (n, _) in truth.cutflow.items()]
    assert len(ours["histograms"]) == len(truth.histograms)
    for name, histogram in truth.histograms.items():
        h = harness.histogram_of(ours, "all", name)
        assert harness.edges_of(h) == histogram.edges.tolist(), name
        assert h["metadata"].get("nan", 0) == histogram.nan, name
        assert h["metadata"]["entries"] == sum(histogram.counts) + histogram.nan, name
        if truth.weighted:
            assert h["storage"]["values"] == [s.rounded() for s in histogram.sumw], name
            assert h["storage"]["variances"] == [s.rounded() for s in histogram.sumw2], name
        else:
            assert h["storage"]["values"] == histogram.counts, name


def run_of(folder, query):
    run = harness.from_samples(folder, f"{query}.yaml", target_events=9000)
    assert run["analysis"] == query
    return run


@pytest.mark.parametrize("query", adl.QUERIES)
def test_every_bin_equals_the_truth(runner, collisions, query):
    run = run_of(collisions, query)
    ours = launch(runner, run)
    truth = adl.compute(query, harness.files_of(run["samples"][0]))
    check(ours, truth)
    for name, histogram in truth.histograms.items():
        assert sum(histogram.counts[1:-1]) > EVENTS / 50, f"{name}: too few to compare"


def test_the_events_have_as_many_objects_as_real_ones(collisions):
    """Of CMS's SingleMu data of 2012; of so few events with the fluctuations that they have."""
    with h5py.File(collisions / "nanoaod_00.h5", "r") as f:
        jets, muons, electrons = (f[n][...].astype(np.int64)
                                  for n in ("nJet", "nMuon", "nElectron"))
        assert f["Jet_pt"].shape == (jets.sum(),) and f["Jet_pt"].dtype == np.float32
        assert f["Muon_charge"].dtype == np.int32 and f["nJet"].dtype == np.uint32
    assert len(jets) == EVENTS
    assert abs(jets.mean() - 3.20) < 0.08 and jets.max() <= 57
    assert abs((jets * (jets - 1) * (jets - 2) / 6).mean() - 41.8) < 6
    assert abs(muons.mean() - 1.39) < 0.02
    assert abs(electrons.mean() - 0.215) < 0.012


# parameters of the run, and the same for the truth
CHANGED_CUTS = [
    ("adl-q3", {"jet_eta_max": 2.5}, {"jet_eta_max": 2.5}),
    ("adl-q4", {"jet_pt_min_gev": 25}, {"two_jets_pt_min": 25.0}),
    ("adl-q5", {"mass_min_gev": 80, "mass_max_gev": 95}, {"mass_min": 80.0, "mass_max": 95.0}),
    ("adl-q6", {"top_mass_gev": 80.4}, {"top_mass": 80.4}),
    ("adl-q7", {"jet_pt_min_gev": 20, "lepton_pt_min_gev": 25, "delta_r_min": 1.5},
     {"clean_jet_pt_min": 20.0, "clean_lepton_pt_min": 25.0, "delta_r": 1.5}),
    ("adl-q8", {"z_mass_gev": 30}, {"z_mass": 30.0}),
]


@pytest.mark.parametrize("query, parameters, cuts", CHANGED_CUTS)
def test_a_changed_cut_changes_the_result_as_it_should(runner, collisions, query, parameters,
                                                       cuts):
    run = {**run_of(collisions, query), "parameters": parameters}
    files = harness.files_of(run["samples"][0])
    changed = adl.compute(query, files, cuts=cuts)
    usual = adl.compute(query, files)
    assert any(changed.histograms[name].counts != usual.histograms[name].counts
               for name in usual.histograms), "nothing to see"
    check(launch(runner, run), changed)


def write_hostile(path):
    """Weighted events of float64, with NaN, infinities and zeros in any column."""
    rng = np.random.default_rng(5)
    n = 3000
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])

    def spoil(values):
        where = rng.random(len(values)) < 0.03
        values[where] = rng.choice(odd, np.count_nonzero(where))
        return values

    with h5py.File(path, "w") as f:
        def put(name, values, units=None):
            f[name] = values
            if units:
                f[name].attrs["units"] = units

        put("MET_pt", spoil(rng.exponential(30, n)), "GeV")
        put("MET_phi", spoil(rng.uniform(-np.pi, np.pi, n)), "rad")
        put("genWeight", rng.normal(1, 2, n))
        for kind, most in (("Jet", 70), ("Muon", 5), ("Electron", 4)):
            counts = np.where(rng.random(n) < 0.02, most, rng.integers(0, 5, n))
            total = int(counts.sum())
            put("n" + kind, counts.astype(np.uint8))
            put(kind + "_pt", spoil(15 + rng.exponential(30, total)), "GeV")
            put(kind + "_eta", spoil(rng.normal(0, 1.5, total)))
            put(kind + "_phi", spoil(rng.uniform(-np.pi, np.pi, total)), "rad")
            put(kind + "_mass", spoil(rng.exponential(5, total)), "GeV")
            if kind == "Jet":
                put("Jet_btag", spoil(rng.random(total)))
            else:
                put(kind + "_charge", rng.choice([-1, 0, 1], total).astype(np.int8))


@pytest.mark.parametrize("query", adl.QUERIES)
def test_odd_numbers_and_weights_are_counted_as_the_truth_has_them(runner, query):
    path = runner.folder / "odd.h5"
    write_hostile(path)
    run = harness.one_sample_run(query, harness.simulation([path], weight="genWeight"),
                                 target_events=700)
    check(launch(runner, run), adl.compute(query, [path], weight="genWeight"))
