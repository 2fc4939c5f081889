# SPDX-License-Identifier: Apache-2.0
"""Every broken file is a failure that names file, column, rows and reason; the rest of the run is
done; and once the file is mended only its shards run, and the result is that of a good run."""
import json
import os
import shutil

import numpy as np
import pytest

import broken
import harness


@pytest.fixture(scope="module")
def damage(shared, weighted):
    """A folder with all broken files, their mended versions, and broken.json."""
    good = weighted / "zjets2012_00.h5"
    return shared("broken", lambda folder: broken.break_all(good, folder))


def listing(damage, *verdicts):
    with open(damage / "broken.json", encoding="ascii") as f:
        return [e for e in json.load(f) if e["verdict"] in verdicts]


def run_over(folder, files):
    sample = harness.simulation(files, weight="genWeight")
    return harness.write_run(folder / "run.yaml", harness.one_sample_run(
        "higgs4l", sample, target_events=2000))


def about(failures, file):
    return [f for f in failures if file in json.dumps(f)]


def names(text, word):
    """The text contains the word, or one of the words in "a|b"."""
    return any(w.lower() in text.lower() for w in word.split("|"))


@pytest.fixture(scope="module")
def wrecked(shared, damage, weighted):
    """One run over two good files and all broken ones; what it said, and its failures."""
    def make(folder):
        runner = harness.Runner(folder)
        inputs = folder / "inputs"
        inputs.mkdir()
        for entry in listing(damage, "refused"):
            shutil.copyfile(damage / entry["file"], inputs / entry["file"])
        for i in (1, 2):
            shutil.copyfile(weighted / f"zjets2012_0{i}.h5", inputs / f"good{i}.h5")
        run = run_over(folder, [inputs / "*.h5"])
        done = runner.launch(run, "--run-dir", "run", "--workers", "2", timeout=300)
        failures = runner.failures("run")
        runner.clean_up()
        with open(folder / "said.json", "w", encoding="utf-8") as f:
            json.dump({"status": done.status, "out": done.out, "err": done.err,
                       "failures": failures}, f)
    return shared("wrecked", make)


@pytest.fixture
def said(wrecked):
    with open(wrecked / "said.json", encoding="utf-8") as f:
        return json.load(f)


def test_the_rest_of_the_run_completes_and_the_output_says_that_it_is_partial(
        wrecked, said, damage, weighted, runner):
    assert said["status"] == harness.INCOMPLETE, said["err"]
    good = runner.launch(run_over(runner.folder, sorted(weighted.glob("zjets2012_0[12].h5"))),
                         "--run-dir", "run")
    assert good.status == harness.COMPLETE, good
    result = harness.read_result(wrecked / "run")
    least = harness.read_result(runner.folder / "run")["coverage"]["events"]
    assert least <= result["coverage"]["events"]
    svg = (wrecked / "run" / "plot.svg").read_text(encoding="utf-8")
    assert names(svg, "incomplete|partial")


@pytest.mark.parametrize("kind", broken.kinds("refused"))
def test_the_failure_names_file_column_rows_and_reason(said, damage, kind):
    entry = next(e for e in listing(damage, "refused") if e["kind"] == kind)
    found = about(said["failures"], entry["file"])
    assert found, f"no failure of {entry['file']}"
    text = json.dumps(found, ensure_ascii=False)
    missing = [name for name in entry["names"] if not names(text, name)]
    assert not missing, text
    assert "rerun" in text, "the command that runs it again is not named"


@pytest.mark.parametrize("kind", broken.kinds("refused", stages=["read"]))
def test_damage_to_some_rows_costs_only_their_shards(said, damage, kind):
    entry = next(e for e in listing(damage, "refused") if e["kind"] == kind)
    found = about(said["failures"], entry["file"])
    assert {f["what"] for f in found} == {"shard"}
    assert len(found) <= 3, "of seven shards"
    if kind.startswith("weight"):
        assert [f["first"] <= broken.BAD_ROW < f["stop"] for f in found] == [True]


def test_no_failure_of_a_good_file(said):
    assert not about(said["failures"], "good1.h5") and not about(said["failures"], "good2.h5")


def test_mended_files_are_rerun_alone_and_the_result_is_that_of_a_good_run(
        runner, wrecked, damage):
    """A copy of the wrecked run, so that the tests above keep theirs."""
    shutil.copytree(wrecked, runner.folder, dirs_exist_ok=True)
    inputs, run = runner.folder / "inputs", runner.folder / "run.yaml"
    run_over(runner.folder, ["inputs/*.h5"])
    broken_run = runner.launch(run, "--run-dir", "again")
    assert broken_run.status == harness.INCOMPLETE, broken_run
    accepted = broken_run.shards[0]
    before = told(runner.folder / "again")["accepted"]
    for entry in listing(damage, "refused"):
        shutil.copyfile(damage / entry["mended"], inputs / entry["file"])
    rerun = runner.run("picobarn", "rerun", "again", timeout=300)
    assert rerun.status == harness.COMPLETE, rerun
    fresh = runner.launch(run, "--run-dir", "fresh")
    assert fresh.status == harness.COMPLETE, fresh
    assert rerun.sha256 == fresh.sha256
    assert (harness.sha256(runner.folder / "again" / "result.json")
            == harness.sha256(runner.folder / "fresh" / "result.json"))
    assert accepted < rerun.shards[0] == fresh.shards[0]
    assert runner.failures("again") == []
    story = told(runner.folder / "again")
    untouched = runner.launch(run_over(runner.folder, ["inputs/good?.h5"]), "--run-dir", "good")
    again = story["accepted"] - before  # all shards of a file that is another one now
    assert fresh.shards[0] - accepted <= again <= fresh.shards[0] - untouched.shards[0]
    second = runner.run("picobarn", "rerun", "again")
    assert second.status == harness.COMPLETE, second
    assert second.sha256 == fresh.sha256
    assert told(runner.folder / "again") == story, "the second rerun ran something"


def test_a_file_replaced_by_one_of_the_same_layout_is_never_mixed_with_what_it_was(
        runner, weighted):
    """Checksums without compression: any file with as many rows has the same chunk table."""
    columns, attributes = broken.read(weighted / "zjets2012_00.h5")
    path = runner.folder / "input.h5"
    broken.write(path, columns, attributes, broken.CHECKED)
    broken.flip_in_chunk(path, "genWeight", 1, 8)
    run = run_over(runner.folder, [path])
    done = runner.launch(run, "--run-dir", "run")
    assert done.status == harness.INCOMPLETE and done.shards[0] > 0, done
    columns["Muon_pt"].values *= np.float32(1.25)  # calibrated anew
    columns["genWeight"].values *= np.float32(3)
    broken.write(path, columns, attributes, broken.CHECKED)
    rerun = runner.run("picobarn", "rerun", "run")
    fresh = runner.launch(run, "--run-dir", "fresh")
    assert fresh.status == harness.COMPLETE, fresh
    assert rerun.sha256 == fresh.sha256
    assert harness.read_result(runner.folder / "run") == \
        harness.read_result(runner.folder / "fresh")


def told(run_dir):
    """How often what happened to shards, as run.json tells it."""
    with open(run_dir / "run.json", encoding="utf-8") as f:
        return json.load(f)["shards"]["events"]


@pytest.mark.parametrize("kind", broken.kinds("refused"))
def test_one_broken_file_among_good_ones(runner, damage, weighted, kind):
    """Each kind alone: nothing that another kind does to the run hides it."""
    entry = next(e for e in listing(damage, "refused") if e["kind"] == kind)
    inputs = runner.folder / "inputs"
    inputs.mkdir()
    target = inputs / entry["file"]
    shutil.copyfile(damage / entry["file"], target)
    os.symlink(weighted / "zjets2012_01.h5", inputs / "good.h5")
    run = run_over(runner.folder, ["inputs/*.h5"])
    done = runner.launch(run, "--run-dir", "run")
    assert done.status == harness.INCOMPLETE, done
    whole_file = entry["stage"] == "inspect"
    shutil.copyfile(damage / entry["mended"], target)
    rerun = runner.run("picobarn", "rerun", "run")
    assert rerun.status == harness.COMPLETE, rerun
    fresh = runner.launch(run, "--run-dir", "fresh")
    assert rerun.sha256 == fresh.sha256
    if whole_file:
        assert done.shards[0] < fresh.shards[0]
    else:
        assert 0 < done.shards[0] < fresh.shards[0]


def test_all_inputs_broken_is_no_run(runner, damage):
    run = run_over(runner.folder, [damage / "not_hdf5.h5"])
    done = runner.launch(run, "--run-dir", "run")
    assert done.status == harness.INCOMPLETE, done
    assert about(runner.failures("run"), "not_hdf5.h5")
    assert harness.read_result(runner.folder / "run")["coverage"]["events"] == 0


@pytest.mark.parametrize("kind", broken.kinds("same"))
def test_other_layouts_and_types_give_the_same_physics(runner, damage, kind):
    entry = next(e for e in listing(damage, "same") if e["kind"] == kind)
    found = []
    for file in (entry["file"], entry["mended"]):
        run = run_over(runner.folder, [damage / file])
        name = f"run{len(found)}"
        done = runner.launch(run, "--run-dir", name)
        assert done.status == harness.COMPLETE, done
        sample = harness.read_result(runner.folder / name)["samples"][0]
        found.append([sample["cutflow"], sample["histograms"], sample["sum_of_weights"]])
    assert found[0] == found[1]


def test_a_file_without_rows_is_covered(runner, damage):
    run = run_over(runner.folder, [damage / "zero_rows.h5", damage / "big_endian.h5"])
    done = runner.launch(run, "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    accepted, planned = done.shards
    assert accepted == planned
    assert len(harness.read_result(runner.folder / "run")["samples"][0]["inputs"]) == 2


def test_a_file_without_units_runs_when_the_run_file_says_them(runner, damage):
    entry = next(e for e in listing(damage, "refused") if e["kind"] == "unit_missing")
    histograms = []
    for file, more in ((entry["file"], {"units": {"energy": "GeV", "length": "cm"}}),
                       (entry["mended"], {})):
        run = harness.one_sample_run("higgs4l", harness.simulation(
            [damage / file], weight="genWeight"), **more)
        name = f"run{len(histograms)}"
        done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", name)
        assert done.status == harness.COMPLETE, done
        histograms.append(harness.read_result(runner.folder / name)["samples"][0]["histograms"])
    assert histograms[0] == histograms[1]


def test_units_that_contradict_the_file_are_refused(runner, damage):
    entry = listing(damage, "same")[0]
    run = harness.one_sample_run("higgs4l", harness.simulation(
        [damage / entry["mended"]], weight="genWeight"), units={"energy": "MeV"})
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.INCOMPLETE, done
    assert about(runner.failures("run"), "MeV")
    assert "--accept-changes" in runner.run("picobarn", "failures", "run").out
