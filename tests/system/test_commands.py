# SPDX-License-Identifier: Apache-2.0
"""Every command: what it prints for people and for programs, and its exit status."""
import json
import re

import pytest

import harness

COMMANDS = ("launch", "inspect", "analyses", "status", "watch", "failures", "rerun", "result",
            "plot", "export", "verify")


@pytest.fixture(scope="module")
def finished(shared, samples):
    """A complete run in FOLDER/run and one that was stopped in FOLDER/stopped."""
    def make(folder):
        runner = harness.Runner(folder)
        run = harness.write_run(folder / "run.yaml", harness.from_samples(samples))
        done = runner.launch(run, "--run-dir", "run")
        stopped = runner.launch(run, "--run-dir", "stopped", "--stop-after", "5")
        runner.clean_up()
        assert done.status == harness.COMPLETE, done
        assert stopped.status == harness.INCOMPLETE, stopped
    return shared("commands", make)


def test_help_lists_every_command(runner):
    done = runner.run("picobarn", "--help")
    assert done.status == 0 and not done.err
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\b", done.out, re.MULTILINE), command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(runner, command):
    for words in ((command, "--help"), ("help", command)):
        done = runner.run("picobarn", *words)
        assert done.status == 0 and not done.err, done
        assert command in done.out


def test_version(runner):
    done = runner.run("picobarn", "--version")
    assert done.status == 0
    assert re.search(r"\d+\.\d+\.\d+", done.out)


@pytest.mark.parametrize("words", [
    ("lauch",), ("launch",), ("launch", "--workers"), ("launch", "a.yaml", "--wrokers", "3"),
    ("launch", "a.yaml", "--workers", "0"), ("launch", "a.yaml", "--workers", "many"),
    ("launch", "a.yaml", "--threads", "-1"), ("launch", "a.yaml", "--on", "the moon"),
    ("launch", "a.yaml", "b.yaml"), ("status",), ("plot", "x", "--format", "gif"),
    ("export", "x", "--format", "root"), ("verify", "x", "--share", "2"),
    ("analyses", "-o", "xml"), ("launch", "no_such_file.yaml"), ("status", "no_such_folder"),
    ("inspect", "no_such_file.h5"), ("result", "no_such_folder"),
])
def test_bad_usage_is_exit_status_2_and_runs_nothing(runner, words):
    done = runner.run("picobarn", *words)
    assert done.status == harness.USAGE, done
    assert done.err.strip(), "it does not say why"
    assert not list(runner.folder.glob("*.run"))


def test_a_typing_error_is_answered_with_the_nearest_word(runner):
    assert "launch" in runner.run("picobarn", "lanch").err
    assert "--workers" in runner.run("picobarn", "launch", "x.yaml", "--wokers", "1").err


# JSON

def test_analyses_as_json(runner):
    found = runner.run("picobarn", "analyses", "-o", "json").json()
    found = found if isinstance(found, list) else found["analyses"]
    assert {a["name"] for a in found} >= {"higgs4l", "dimuon"}
    for analysis in found:
        assert analysis["parameters"] and analysis["channels"] and analysis["version"]
    assert '"log": [600, 0.25, 250]' in json.dumps(found), "an axis as it is written"


def test_inspect_as_json(runner, samples):
    files = sorted(samples.glob("zz*_00.h5"))
    done = runner.run("picobarn", "inspect", *files, "-o", "json")
    assert done.status == 0, done
    text = json.dumps(done.json())
    for file in files:
        assert str(file) in text
    assert '"Muon_pt"' in text and "float32" in text and "GeV" in text


def test_inspect_for_people(runner, samples):
    done = runner.run("picobarn", "inspect", samples / "zz4mu2012_00.h5")
    assert done.status == 0, done
    assert "Muon_pt" in done.out and "GeV" in done.out
    assert re.search(r"^ +column +type +unit +stored bytes", done.out, re.MULTILINE)


def test_inspect_of_a_broken_file(runner, samples):
    (runner.folder / "broken.h5").write_bytes((samples / "zz4mu2012_00.h5").read_bytes()[:9999])
    done = runner.run("picobarn", "inspect", "broken.h5", samples / "zz4mu2012_00.h5")
    assert done.status in (harness.USAGE, harness.INCOMPLETE), done
    assert "broken.h5" in done.out + done.err


@pytest.mark.parametrize("command", ["status", "failures", "result", "watch", "verify"])
@pytest.mark.parametrize("run_dir", ["run", "stopped"])
def test_listings_are_valid_json(runner, finished, command, run_dir):
    done = runner.run("picobarn", command, finished / run_dir, "-o", "json")
    assert done.status in (harness.COMPLETE, harness.INCOMPLETE), done
    done.json()


def test_status_tells_the_coverage(runner, finished):
    for run_dir, status in (("run", harness.COMPLETE), ("stopped", harness.INCOMPLETE)):
        done = runner.run("picobarn", "status", finished / run_dir)
        assert re.search(r"[\d,]+ of [\d,]+ shards", done.out), done


def test_result_shows_the_same_sha256_as_launch(runner, finished):
    done = runner.run("picobarn", "result", finished / "run")
    assert done.status == harness.COMPLETE, done
    assert harness.sha256(finished / "run" / "result.json") in done.out


def test_result_of_a_stopped_run_says_that_it_is_incomplete(runner, finished):
    done = runner.run("picobarn", "result", finished / "stopped")
    assert done.status == harness.INCOMPLETE, done
    assert re.search(r"\b\d of \d+ shards", done.out), done


def test_result_of_what_was_not_seen_is_no_zero(runner, finished):
    done = runner.run("picobarn", "result", finished / "stopped")
    assert re.search(r"^H\(125\) +- +- +-$", done.out, re.MULTILINE), done
    assert "not seen yet: " in done.out and "sum" not in done.err


def test_result_of_one_channel(runner, finished):
    done = runner.run("picobarn", "result", finished / "run", "--channel", "4e")
    assert "\nchannels  4e\n" in done.out and "outside" in done.out, done
    assert not re.search(r"^4mu ", done.out, re.MULTILINE)
    assert runner.run("picobarn", "result", finished / "run", "--channel", "5e").status == 2


def test_what_is_no_run_folder_is_named(runner, finished):
    (runner.folder / "empty").mkdir()
    done = runner.run("picobarn", "failures", "empty")
    assert done.status == harness.USAGE, done
    assert "empty is not a run folder (no ledger.db in it)" in done.err
    done = runner.run("picobarn", "status", finished / "run.yaml")
    assert done.status == harness.USAGE and "e.g. run.run" in done.err, done


def test_the_result_is_canonical_json(finished):
    """Sorted keys, no blanks, one line."""
    text = (finished / "run" / "result.json").read_text(encoding="utf-8")
    keys = []

    def look(pairs):
        keys.append([k for k, _ in pairs])
        return dict(pairs)

    json.loads(text, object_pairs_hook=look)
    assert all(k == sorted(k) for k in keys)
    assert text.count("\n") <= 1 and ": " not in re.sub(r'"[^"]*"', '""', text)


def test_no_path_and_no_time_is_in_the_result(finished, samples):
    text = (finished / "run" / "result.json").read_text(encoding="utf-8")
    assert str(samples) not in text and ".h5" not in text and str(finished) not in text


def test_verify_recomputes_shards(runner, finished):
    done = runner.run("picobarn", "verify", finished / "run", "--share", "0.3")
    assert done.status == harness.COMPLETE, done


def test_dry_run_plans_and_runs_nothing(runner, samples):
    run = harness.write_run(runner.folder / "run.yaml", harness.from_samples(samples))
    done = runner.launch(run, "--dry-run")
    assert done.status == harness.COMPLETE, done
    assert "shards" in done.out
    assert not (runner.folder / "run.run" / "result.json").exists()


def test_the_default_run_folder_is_named_after_the_run_file(runner, samples):
    (runner.folder / "elsewhere").mkdir()
    run = harness.write_run(runner.folder / "elsewhere" / "mine.yaml", harness.from_samples(
        samples, only=["ZZ to 4mu"]))
    done = runner.launch(run)
    assert done.status == harness.COMPLETE, done
    assert (runner.folder / "mine.run" / "result.json").exists()
    for name in ("run.yaml", "ledger.db", "run.json", "plot.svg"):
        assert (runner.folder / "mine.run" / name).exists(), name


def test_a_verified_run_whose_file_changed_is_not_confirmed(runner, samples):
    path = runner.folder / "input.h5"
    path.write_bytes((samples / "zz4mu2012_00.h5").read_bytes())
    run = harness.write_run(runner.folder / "run.yaml", harness.one_sample_run(
        "higgs4l", harness.simulation([path])))
    assert runner.launch(run, "--run-dir", "run").status == harness.COMPLETE
    path.write_bytes((samples / "zz4mu2012_01.h5").read_bytes())
    done = runner.run("picobarn", "verify", "run", "--share", "1")
    assert done.status not in (harness.COMPLETE, -6, -11), done
    assert "input.h5" in done.out + done.err, done


# Plots

@pytest.mark.parametrize("form, magic", [("svg", b"<"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_plot_in_every_format(runner, finished, form, magic):
    done = runner.run("picobarn", "plot", finished / "run", "--format", form, "-O", f"p.{form}")
    assert done.status == harness.COMPLETE, done
    assert (runner.folder / f"p.{form}").read_bytes().startswith(magic)


@pytest.mark.parametrize("options", [
    ("--hist", "z1_mass"), ("--hist", "m4l_wide", "--log"), ("--channel", "2mu2e"),
    ("--hist", "z2_mass", "--channel", "4e", "--linear")])
def test_plot_of_other_histograms(runner, finished, options):
    done = runner.run("picobarn", "plot", finished / "run", *options, "-O", "p.svg")
    assert done.status == harness.COMPLETE, done
    assert "</svg>" in (runner.folder / "p.svg").read_text(encoding="utf-8")


def test_a_plot_whose_format_is_not_known_is_refused(runner, finished):
    done = runner.run("picobarn", "plot", finished / "run", "-O", "p.jpg")
    assert done.status == harness.USAGE and "--format" in done.err, done
    assert not (runner.folder / "p.jpg").exists()


def test_the_numbers_of_a_plot_go_into_the_file(runner, finished):
    done = runner.run("picobarn", "plot", finished / "run", "-o", "json", "-O", "p.json")
    assert done.status == harness.COMPLETE and not done.out, done
    figure = json.loads((runner.folder / "p.json").read_text(encoding="utf-8"))
    assert figure["hist"] == "m4l" and all(layer["seen"] for layer in figure["stack"])


def test_an_early_plot_has_no_ratio_panel(runner, finished):
    runner.run("picobarn", "plot", finished / "stopped", "-O", "p.svg")
    svg = (runner.folder / "p.svg").read_text(encoding="utf-8")
    assert "not seen yet" in svg and "Data / sim." not in svg and "H(125)</text>" not in svg


def test_export_to_standard_output(runner, finished):
    done = runner.run("picobarn", "export", finished / "run", "-O", "-", "--format", "csv")
    assert done.status == harness.COMPLETE and "sample,channel,histogram" in done.out, done
    assert runner.run("picobarn", "export", finished / "run", "-O", "-").status == harness.USAGE


@pytest.mark.parametrize("options", [("--hist", "nothing"), ("--channel", "5mu")])
def test_plot_of_what_there_is_not_lists_what_there_is(runner, finished, options):
    done = runner.run("picobarn", "plot", finished / "run", *options, "-O", "p.svg")
    assert done.status == harness.USAGE, done
    assert options[1] in done.err
    assert "m4l" in done.err or "4mu" in done.err


def test_plot_says_coverage_and_that_the_sample_is_generated(finished):
    svg = (finished / "run" / "plot.svg").read_text(encoding="utf-8")
    shards = harness.read_result(finished / "run")["coverage"]
    assert shards
    assert re.search(r"\d+ of \d+ shards", svg)
    assert "generated sample" in svg
    assert "CMS" not in svg and "ATLAS" not in svg


# Run files

GOOD = """\
analysis: higgs4l
samples:
  - name: s
    kind: simulation
    era: 2012
    cross_section_pb: 1.0
    files: [INPUT]
    process: signal
"""

BAD_RUN_FILES = [
    # text to replace, by what, line of the error, words that it must have
    ("analysis: higgs4l", "analysis: higgs5l", 1, ["analysis", "higgs5l", "higgs4l"]),
    ("kind: simulation", "kind: simulatoin", 4, ["kind", "simulatoin"]),
    ("cross_section_pb: 1.0", "cross_section_pb: many", 6, ["cross_section_pb", "many"]),
    ("cross_section_pb: 1.0", "cross_section_pb: -1", 6, ["cross_section_pb"]),
    ("cross_section_pb: 1.0", "cross_section_pb: .nan", 6, ["cross_section_pb"]),
    ("cross_section_pb: 1.0", "cross_sectoin_pb: 1.0", 6, ["cross_sectoin_pb"]),
    ("era: 2012", "era: [1, 2]", 5, ["era"]),
    ("name: s", "era: 2011", None, []),
    ("name: s\n    kind: simulation", "kind: simulation", 3, ["name"]),
    ("files: [INPUT]", "files: []", 7, ["files"]),
    ("files: [INPUT]", "files: [nothing_*.h5]", 7, ["nothing_*.h5"]),
    ("files: [INPUT]", "files: [INPUT", None, []),
    ("analysis: higgs4l\n", "", None, ["analysis"]),
    ("analysis: higgs4l", "analysis: higgs4l\nparameters: {z1_min_gev: big}", 2, ["z1_min_gev"]),
    ("analysis: higgs4l", "analysis: higgs4l\nparameters: {no_such: 1}", 2, ["no_such"]),
    ("analysis: higgs4l", "analysis: higgs4l\nshards: {target_events: 0}", 2, ["target_events"]),
    ("analysis: higgs4l", "analysis: higgs4l\nanalysis: dimuon", 2, ["analysis"]),
    ("analysis: higgs4l", "analysis: higgs4l\nunits: {energy: eV2}", 2, ["energy"]),
    ("era: 2012", "era: 2012\n    channels: [5mu]", 6, ["channels", "5mu", "4mu"]),
    ("kind: simulation", "kind: data", 8, ["process", "simulation"]),
]


@pytest.mark.parametrize("old, new, line, words", BAD_RUN_FILES)
def test_errors_in_a_run_file_name_line_and_field(runner, samples, old, new, line, words):
    assert old in GOOD
    text = GOOD.replace(old, new).replace("INPUT", str(samples / "zz4mu2012_00.h5"))
    path = runner.folder / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    done = runner.launch(path)
    assert done.status == harness.USAGE, done
    assert "bad.yaml" in done.err, done
    if line is not None:
        assert f"bad.yaml:{line}" in done.err, done
    for word in words:
        assert word in done.err, done
    assert not (runner.folder / "bad.run" / "ledger.db").exists()


def test_the_good_run_file_is_good(runner, samples):
    path = runner.folder / "good.yaml"
    path.write_text(GOOD.replace("INPUT", str(samples / "zz4mu2012_00.h5")), encoding="utf-8")
    assert runner.launch(path).status == harness.COMPLETE


@pytest.mark.parametrize("text", [
    "", "- a\n- b\n", "a: &x [*x]\n", "&a [" * 500, "{" * 100000, "\x00", "\xff\xfe\x00",
    "analysis: !!python/object/apply:os.system [true]\n", "a: " + "x" * 3000000,
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\n"
    "d: &d [*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]\n",
])
def test_what_is_no_run_file_is_refused(runner, text):
    path = runner.folder / "bad.yaml"
    path.write_text(text, encoding="latin-1")
    done = runner.launch(path, timeout=20)
    assert done.status == harness.USAGE, done
    assert "bad.yaml" in done.err, done
