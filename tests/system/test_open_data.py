# SPDX-License-Identifier: Apache-2.0
"""Real collision data give what was computed independently from them, bin by bin."""
import csv
import json
import subprocess
import sys

import pytest

import columns
import dimuon
import harness

PX_PY_PZ_E = {
    "nMuon": "muons/nmuons", "Muon_px": "muons/px", "Muon_py": "muons/py", "Muon_pz": "muons/pz",
    "Muon_energy": "muons/e", "Muon_charge": "muons/q",
}
AXES = ("jpsi", "upsilon", "z")
CASES = {
    # expected files start with, data file, top level of the run file, parameters
    "dimuons_100k": ("dimuons_100k.hdf5", {"columns": PX_PY_PZ_E, "units": {"energy": "GeV"}},
                     {"muon_energy": "energy"}),
    "doublemu2012": ("cms2012_doublemu_100k.h5", {"units": {"energy": "GeV"}},
                     {"muon_energy": "mass", "muons_exactly": 2}),
    "doublemu2012_allpairs": ("cms2012_doublemu_100k.h5", {"units": {"energy": "GeV"}},
                              {"muon_energy": "mass"}),
}


def read_expected(path):
    """Edges, counts with under- and overflow."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    header = next(line for line in lines if line.startswith("# entries")).split()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    edges = [float(r["low"]) for r in rows] + [float(rows[-1]["high"])]
    counts = [int(header[header.index("underflow") + 1]),
              *(int(r["count"]) for r in rows),
              int(header[header.index("overflow") + 1])]
    return edges, counts


@pytest.mark.parametrize("case", CASES)
def test_dimuon_histograms_equal_the_expected_ones(runner, open_data, case):
    file, top, parameters = CASES[case]
    expected = {p.stem[len(case) + 1:]: read_expected(p) for p in
                sorted((open_data.parent / "expected").glob(case + "_[os]s_*.csv"))}
    assert expected
    axes = {}
    for name, (edges, _) in expected.items():
        axis = "mass_linear_axis" if name.endswith("spectrum") else name[3:] + "_axis"
        axes[axis] = {"regular": [len(edges) - 1, edges[0], edges[-1]]}
    run = harness.one_sample_run(
        "dimuon", harness.data([open_data / "hdf5" / file]), target_events=7000,
        parameters={**parameters, **axes}, **top)
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    sample = harness.read_result(runner.folder / "run")["samples"][0]
    for name, (edges, counts) in expected.items():
        channel, axis = name.split("_")
        ours = harness.histogram_of(sample, channel,
                                    "mass_linear" if axis == "spectrum" else axis)
        assert harness.edges_of(ours) == pytest.approx(edges, rel=1e-12)
        assert ours["storage"]["values"] == counts, name


def test_each_way_to_the_energy_gives_its_own_histogram(runner, open_data):
    """Else the cases above would not show that the parameter does anything."""
    seen = set()
    for way in ("nominal", "energy"):
        run = harness.one_sample_run(
            "dimuon", harness.data([open_data / "hdf5" / "dimuons_100k.hdf5"]),
            parameters={"muon_energy": way}, columns=PX_PY_PZ_E, units={"energy": "GeV"})
        path = harness.write_run(runner.folder / f"{way}.yaml", run)
        assert runner.launch(path).status == harness.COMPLETE
        sample = harness.read_result(runner.folder / f"{way}.run")["samples"][0]
        seen.add(str(harness.histogram_of(sample, "os", "jpsi")["storage"]["values"]))
    assert len(seen) == 2


NANOAOD = {"cms2012_doublemu_100k.h5"}


@pytest.mark.parametrize("file", [
    "dimuons_100k.hdf5", "dimuons_1000_collisions.hdf5", "cms2012_doublemu_100k.h5",
    "small_cms_test_file.hdf5", "small_BaBar_test_file.hdf5", "small_CLEO_test_file.hdf5"])
def test_every_file_runs_without_a_special_case(runner, open_data, file):
    path = open_data / "hdf5" / file
    names = {} if file in NANOAOD else PX_PY_PZ_E
    run = harness.one_sample_run("dimuon", harness.data([path]), columns=names,
                                 units={"energy": "GeV"})
    if not names:
        del run["columns"]
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    sample = harness.read_result(runner.folder / "run")["samples"][0]
    edges = {n: harness.edges_of(harness.histogram_of(sample, "os", n))
             for n in ("mass", "mass_linear")}
    truth = dimuon.compute([path], edges, names=names)
    assert sample["coverage"]["events"] == truth.events
    for channel in ("os", "ss"):
        for name in edges:
            assert (harness.histogram_of(sample, channel, name)["storage"]["values"]
                    == truth.histograms[channel][name].counts), (channel, name)


CANDIDATES = {
    # CSV file, channel, published number in 70-181 GeV
    "4mu_2011": ("4mu", 10),
    "4e_2011": ("4e", 4),
    "2e2mu_2011": ("2mu2e", 6),
}
QUALITY_OFF = dict.fromkeys(("sip3d_max", "dxy_max_cm", "dz_max_cm", "isolation_max",
                             "electron_lost_hits_max"), "off")


@pytest.fixture(scope="module")
def candidates(shared, open_data):
    """The published candidates of 2011, converted from CSV."""
    def make(folder):
        files = [str(open_data / "csv" / f"{name}.csv") for name in CANDIDATES]
        subprocess.run([sys.executable, str(harness.SAMPLES / "convert_csv.py"), *files, "-o",
                        str(folder)], check=True, stdout=subprocess.DEVNULL)
    return shared("candidates", make)


def test_published_four_lepton_candidates_of_2011(runner, open_data, candidates):
    samples = [harness.data([candidates / f"{name}.h5"], name=name, era=2011, channels=[channel])
               for name, (channel, _) in CANDIDATES.items()]
    run = {"analysis": "higgs4l", "parameters": QUALITY_OFF, "samples": samples}
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    result = harness.read_result(runner.folder / "run")
    for name, (channel, published) in CANDIDATES.items():
        ours = harness.histogram_of(harness.sample_of(result, name), channel, "m4l")
        values = ours["storage"]["values"]
        assert sum(values[1:-1]) == published, name
        # bin by bin the masses that the file itself gives
        with open(open_data / "csv" / f"{name}.csv", encoding="utf-8") as f:
            masses = [float(row["M"]) for row in csv.DictReader(f)]
        truth = columns.Histogram(harness.edges_of(ours))
        truth.fill(masses)
        assert values == truth.counts, name


def test_a_quality_cut_whose_column_is_missing_is_refused_unless_switched_off(runner, candidates):
    """Never silently."""
    sample = harness.data([candidates / "4mu_2011.h5"], channels=["4mu"])
    for left_on in QUALITY_OFF:
        parameters = {k: v for k, v in QUALITY_OFF.items() if k != left_on}
        run = {"analysis": "higgs4l", "parameters": parameters, "samples": [sample]}
        path = harness.write_run(runner.folder / "run.yaml", run)
        done = runner.launch(path, "--run-dir", left_on)
        if left_on == "electron_lost_hits_max":  # "where the file has them"
            assert done.status == harness.COMPLETE, done
        else:
            assert done.status == harness.INCOMPLETE, done
            assert "4mu_2011.h5" in json.dumps(runner.failures(left_on))
