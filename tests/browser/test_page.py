# SPDX-License-Identifier: Apache-2.0
"""What the page shows is true at any moment, comes by itself, and goes on by itself."""
import json
import random
import re
import shutil
import signal
import sqlite3
import time
from urllib.parse import urlsplit

import pytest

import harness
from browser import ledger, link_of

ACCEPTED, SHARD = 2, 2  # as the ledger has them


def run_file(folder, samples, target_events, **more):
    return harness.write_run(folder / "run.yaml",
                             {**harness.from_samples(samples, target_events=target_events), **more})


def accepted(folder):
    """(sequence, time in ms) of the first partial that was accepted, or None."""
    try:
        with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as db:
            return db.execute("select seq, time_ms from event where what = ? and kind = ? "
                              "order by seq limit 1", (ACCEPTED, SHARD)).fetchone()
    except sqlite3.OperationalError:
        return None


def told_by_ledger(folder, sequence):
    """Shards and events that were accepted up to a sequence number."""
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as db:
        return db.execute(
            "select count(*), coalesce(sum(stop - first), 0) from event join shard on subject = shard.id "
            "where what = ? and kind = ? and seq <= ?", (ACCEPTED, SHARD, sequence)).fetchone()


def metric(text, name, *labels):
    """The value of one line of /metrics."""
    lines = [line for line in text.splitlines()
             if line.startswith(name + "{") and all(label in line for label in labels)]
    assert len(lines) == 1, (name, labels, lines)
    return float(lines[0].rsplit(" ", 1)[1])


def test_the_first_histogram_is_there_a_second_after_the_first_partial(runner, samples, served):
    run = run_file(runner.folder, samples, 40)
    page = served("picobarn", "launch", run, "--run-dir", "run", "--dashboard", "--on", "none")
    page.wait_state("running")
    runner.start("picobarn-worker", "run", "--connect", "run/worker.json")
    first = harness.wait_until(lambda: accepted(runner.folder / "run"), "a partial")
    seen = page.wait(f"""(() => {{
        const picture = Number(document.getElementById('picture-sequence').textContent);
        return picture >= {first[0]} && Date.now();
    }})()""", "a picture of it")
    assert seen - first[1] < 1000, "ms after the partial was accepted"
    assert "<svg" in page.picture()[0]


def compare(page, runner):
    """Page, status, metrics, picture and ledger, while nothing moves."""
    sequence = ledger(runner.folder / "run")[0]
    page.wait(f"document.getElementById('sequence').textContent === '{sequence}'", "the page")
    page.wait(f"document.getElementById('picture-sequence').textContent === '{sequence}'",
              "its picture")
    status = runner.run("picobarn", "status", "run", "-o", "json").json()
    document = page.document()
    metrics = page.ask("metrics")
    assert (document["sequence"], status["sequence"], metrics["sequence"]) == (sequence,) * 3
    for told in (document["status"], status):
        told.pop("live", None)  # the scheduler's own, which is renewed each second
    assert document["status"] == status
    n_shards, n_events = told_by_ledger(runner.folder / "run", sequence)
    assert (n_shards, n_events) == (status["shards"]["done"], status["events"])
    assert page.text("events") == f"{n_events:,} of {status['events_planned']:,}"
    assert page.text("shards") == f"{n_shards:,} of {status['shards']['total']:,}"
    assert metric(metrics["text"], "picobarn_ledger_sequence") == sequence
    drawn = runner.run("picobarn", "plot", "run").out
    assert page.picture() == (drawn, sequence)
    return sequence


def test_page_status_metrics_picture_and_ledger_agree_at_any_moment(runner, samples, served):
    run = run_file(runner.folder, samples, 5)
    launch = runner.start_launch(run, "--run-dir", "run")
    harness.wait_until(lambda: accepted(runner.folder / "run"), "a partial")
    page = served("picobarn", "serve", "run", "--listen", "127.0.0.1:0")
    moments = random.Random(5)
    sequences = []
    for _ in range(20):
        time.sleep(moments.uniform(0.01, 0.25))  # the moment is the test's subject
        launch.kill(signal.SIGSTOP)
        try:
            sequences.append(compare(page, runner))
        finally:
            launch.kill(signal.SIGCONT)
    assert len(set(sequences)) > 10, sequences
    assert launch.wait().status == harness.COMPLETE
    page.wait_state("complete")
    compare(page, runner)
    assert page.document()["run"]["sha256"] == harness.sha256(runner.folder / "run" / "result.json")
    assert page.document()["run"]["sha256"] in page.text("identity")
    assert page.troubles == []


@pytest.mark.parametrize("histogram", ["m4l", "z1_mass"])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_every_choice_is_the_picture_that_the_command_draws(finished, runner, served, histogram, scale):
    page = served("picobarn", "serve", finished, "--listen", "127.0.0.1:0")
    page.wait_picture()
    before = page.look("document.getElementById('drawing').src")
    page.tab.select_option("#histogram", histogram)
    page.tab.select_option("#channel", "2mu2e")
    page.tab.select_option("#scale", scale)
    drawn = runner.run("picobarn", "plot", finished, "--hist", histogram, "--channel", "2mu2e",
                       f"--{scale}").out
    page.wait(f"document.getElementById('drawing').src !== '{before}'", "another picture")
    harness.wait_until(lambda: page.picture()[0] == drawn, "the picture of the choice")


@pytest.fixture(scope="session")
def finished(shared, samples):
    """A run that is complete."""
    def make(folder):
        runner = harness.Runner(folder)
        done = runner.launch(run_file(folder, samples, 2000), "--run-dir", "run")
        assert done.status == harness.COMPLETE, done
    return shared("finished", make) / "run"


def test_a_bin_tells_its_values_to_pointer_and_keyboard(finished, runner, served):
    page = served("picobarn", "serve", finished, "--listen", "127.0.0.1:0")
    page.wait_picture()
    numbers = runner.run("picobarn", "plot", finished, "-o", "json").json()
    page.tab.locator("#picture").hover()  # its middle
    page.wait("!document.getElementById('bin').hidden", "a mark")
    low = float(re.match(r"([\d.]+) to", page.text("bin-says"))[1])
    bin_number = numbers["edges"].index(low)
    assert f"data {numbers['observed'][bin_number]}" in page.text("bin-says")
    page.tab.locator("#bins").focus()
    page.tab.keyboard.press("ArrowRight")
    page.wait(f"document.getElementById('bins').value === '{bin_number + 1}'", "the next bin")
    said = page.look("document.getElementById('bins').getAttribute('aria-valuetext')")
    assert said == page.text("bin-says")
    assert f"data {numbers['observed'][bin_number + 1]}" in said


def test_downloads_are_what_the_commands_give(finished, runner, served):
    page = served("picobarn", "serve", finished, "--listen", "127.0.0.1:0")
    page.wait("document.querySelectorAll('#downloads a').length > 2", "links")
    names = {a.inner_text(): a for a in page.tab.locator("#downloads a").all()}
    assert {"SVG", "JSON", "result.json", "run.json"} <= set(names)
    for name, link in names.items():
        with page.tab.expect_download() as waited:
            link.click()
        data = open(waited.value.path(), "rb").read()
        if name == "result.json":
            assert data == (finished / "result.json").read_bytes()
        elif name == "PNG":
            assert data.startswith(b"\x89PNG")
        elif name == "PDF":
            assert data.startswith(b"%PDF")


def test_a_sample_is_mended_from_the_page(runner, weighted, served):
    """Broken, it is a failure with its file; mended, the button makes the run complete."""
    for i in (1, 2):
        shutil.copyfile(weighted / f"zjets2012_0{i}.h5", runner.folder / f"good{i}.h5")
    good = (runner.folder / "good2.h5").read_bytes()
    (runner.folder / "good2.h5").write_bytes(good[:len(good) // 2])
    sample = harness.simulation(["good*.h5"], weight="genWeight")
    run = harness.write_run(runner.folder / "run.yaml",
                            harness.one_sample_run("higgs4l", sample, target_events=2000))
    assert runner.launch(run, "--run-dir", "run").status == harness.INCOMPLETE
    page = served("picobarn", "serve", "run", "--listen", "127.0.0.1:0", "--allow-control")
    page.wait_state("incomplete")
    told = page.text("failures")
    assert "good2.h5" in told and "picobarn rerun" in told
    (runner.folder / "good2.h5").write_bytes(good)
    page.tab.get_by_role("button", name="Run again what failed").click()
    page.wait_state("complete")
    assert "Nothing failed" in page.text("failures")
    fresh = runner.launch(run, "--run-dir", "fresh")
    assert fresh.sha256 == page.document()["run"]["sha256"]


def test_a_run_is_paused_and_resumed_from_the_page(runner, samples, served):
    run = run_file(runner.folder, samples, 20)
    page = served("picobarn", "launch", run, "--run-dir", "run", "--dashboard", "--allow-control")
    harness.wait_until(lambda: accepted(runner.folder / "run"), "a partial")
    page.tab.get_by_role("button", name="Pause").click()
    page.wait_state("held")
    page.wait("document.getElementById('running').textContent.startsWith('0 on')", "idle workers")
    sequence = ledger(runner.folder / "run")[0]
    page.wait(f"document.getElementById('sequence').textContent === '{sequence}'", "all of it")
    page.tab.get_by_role("button", name="Resume").click()
    page.wait(f"Number(document.getElementById('sequence').textContent) > {sequence}", "more work")
    assert page.started.wait().status == harness.COMPLETE


def test_a_page_that_may_only_look_offers_nothing_else(finished, served):
    page = served("picobarn", "serve", finished, "--listen", "127.0.0.1:0")
    page.wait_picture()
    assert page.look("document.getElementById('hold').hidden")
    for path in ("pause", "resume", "rerun"):
        status = page.look("""async path => (await fetch(path, {method: 'POST', body: '{}'})).status""",
                           f"api/v1/{path}")
        assert status == 403, path


def test_a_scheduler_that_is_killed_is_missed_and_the_page_goes_on_with_the_next(
        runner, samples, served):
    """Once with the page beside the scheduler, which dies with it, and once with a page of its own."""
    run = run_file(runner.folder, samples, 20)
    command = ("picobarn", "launch", run, "--run-dir", "run", "--dashboard")
    beside = served(*command)
    harness.wait_until(lambda: accepted(runner.folder / "run"), "a partial")
    own = served("picobarn", "serve", "run", "--listen", "127.0.0.1:0")
    own.wait_state("running")
    beside.wait_state("running")
    beside.started.kill(signal.SIGKILL)
    own.wait_state("stopped")
    assert "picobarn launch" in own.text("advice")
    beside.wait("document.getElementById('connection').hasAttribute('data-lost')", "the loss")
    again = runner.start(*command)
    own.wait("['running', 'complete'].includes(document.getElementById('state').dataset.state)",
             "the next scheduler")
    assert urlsplit(link_of(again)).netloc == urlsplit(beside.address).netloc
    beside.wait("!document.getElementById('connection').hasAttribute('data-lost')", "the connection")
    assert again.wait().status == harness.COMPLETE
    own.wait_state("complete")


@pytest.mark.parametrize("is_whole", [True, False])
def test_the_page_of_a_launch_shows_how_it_ended(runner, samples, served, is_whole):
    """It ends with the launch, but not before its viewers have the last state and the last picture."""
    run = harness.read_run(run_file(runner.folder, samples, 200))
    if not is_whole:
        (runner.folder / "broken.h5").write_bytes(b"no HDF5")
        run["samples"][0]["files"].append(str(runner.folder / "broken.h5"))
    run = harness.write_run(runner.folder / "end.yaml", run)
    page = served("picobarn", "launch", run, "--run-dir", "run", "--dashboard")
    page.wait_picture()
    assert page.started.wait().status == (harness.COMPLETE if is_whole else harness.INCOMPLETE)
    page.wait("document.getElementById('connection').textContent === 'ended'", "the end")
    assert page.look("document.getElementById('state').dataset.state") == (
        "complete" if is_whole else "incomplete")
    sequence = str(ledger(runner.folder / "run")[0])
    assert (page.text("sequence"), page.text("picture-sequence")) == (sequence, sequence)
    drawn = runner.run("picobarn", "plot", "run", "--format", "svg")
    assert page.pictures[-1].text() == drawn.out


def test_a_viewer_who_comes_late_sees_all_at_once_and_each_change_draws_fast(runner, samples, served):
    run = run_file(runner.folder, samples, 20)
    first = served("picobarn", "launch", run, "--run-dir", "run", "--dashboard")
    harness.wait_until(lambda: accepted(runner.folder / "run"), "a partial")
    late = served("picobarn", "serve", "run", "--listen", "127.0.0.1:0")
    late.wait("document.querySelectorAll('#samples tbody tr').length > 5", "the samples")
    times = []
    while first.started.running and len(times) < 20:
        times += late.look("performance.getEntriesByName('draw').map(e => e.duration)")
        time.sleep(0.1)
    assert max(times) < 100, times


def test_no_request_leaves_the_machine(finished, served):
    page = served("picobarn", "serve", finished, "--listen", "127.0.0.1:0")
    page.wait_picture()
    for choice in ("m4l_wide", "z2_mass"):
        page.tab.select_option("#histogram", choice)
    outside = [u for u in page.requests if not u.startswith((page.site, f"blob:{page.site}"))]
    assert outside == [] and page.troubles == []
    html, css = page.ask("")["text"], page.ask("page/page.css")["text"]
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", html + css)
    assert json.loads(page.ask("api/v1/rights")["text"]) == {"control": False}
