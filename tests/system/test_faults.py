# SPDX-License-Identifier: Apache-2.0
"""Programs that die, freeze or are told to stop: nothing counts twice and nothing is lost."""
import json
import os
import shutil
import signal

import pytest

import harness


@pytest.fixture(scope="module")
def recipe(samples):
    return harness.from_samples(samples, target_events=10, only=[
        "DoubleMu 2012B", "Z/gamma* to ll + jets"])


@pytest.fixture(scope="module")
def reference(shared, recipe):
    def make(folder):
        runner = harness.Runner(folder)
        run = harness.write_run(folder / "run.yaml", recipe)
        done = runner.launch(run, "--run-dir", "run")
        runner.clean_up()
        assert done.status == harness.COMPLETE, done
    return harness.sha256(shared("faults", make) / "run" / "result.json")


@pytest.fixture
def run_file(runner, recipe):
    return harness.write_run(runner.folder / "run.yaml", recipe)


def check(done, reference):
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == reference


def first(runner, find, launch):
    """The id of the first process that there is of a kind, while the run goes on."""
    def look():
        assert launch.running, launch.wait()
        return find()
    return harness.wait_until(look, "a worker process", step=0.005)[0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_compute_program_that_dies_of_a_signal(runner, run_file, reference, number):
    launch = runner.start_launch(run_file, "--run-dir", "run", "--workers", "1")
    for _ in range(3):
        if not launch.running:
            break
        harness.send(first(runner, runner.computers, launch), number)
        launch.ended_within(0.1)
    check(launch.wait(), reference)


def test_a_worker_that_dies_between_sending_and_the_acknowledgement(runner, run_file, reference):
    """picobarn is frozen, so that whatever its workers send stays without an answer."""
    launch = runner.start_launch(run_file, "--run-dir", "run", "--workers", "2")
    first(runner, runner.computers, launch)
    for _ in range(4):
        launch.kill(signal.SIGSTOP)
        launch.ended_within(0.2)  # time for the workers to finish what they have, and to send
        workers = runner.workers()
        if workers:
            harness.send(workers[0], signal.SIGKILL)
        launch.kill(signal.SIGCONT)
        if launch.ended_within(0.1):
            break
    check(launch.wait(), reference)


def test_a_worker_that_freezes_beyond_its_lease_and_comes_back(runner, run_file, reference):
    launch = runner.start_launch(run_file, "--run-dir", "run", "--workers", "2")
    worker = first(runner, runner.workers, launch)
    family = [worker, *(p for p in runner.computers() if parent_of(p) == worker)]
    for pid in family:
        harness.send(pid, signal.SIGSTOP)
    ended = launch.ended_within(harness.PATIENCE / 2)
    for pid in family:
        harness.send(pid, signal.SIGCONT)
    assert ended, "picobarn waited for a frozen worker for ever:\n" + launch.output(1)[-2000:]
    check(launch.wait(), reference)


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def test_picobarn_frozen_for_a_while(runner, run_file, reference):
    launch = runner.start_launch(run_file, "--run-dir", "run", "--workers", "2")
    first(runner, runner.computers, launch)
    launch.kill(signal.SIGSTOP)
    launch.ended_within(12)
    launch.kill(signal.SIGCONT)
    check(launch.wait(), reference)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_picobarn_told_to_stop_says_how_to_go_on_and_does(runner, run_file, reference, number):
    launch = runner.start_launch(run_file, "--run-dir", "run", "--workers", "1")
    first(runner, runner.computers, launch)
    launch.kill(number)
    done = launch.wait()
    assert done.status == harness.INCOMPLETE, done
    assert "the same command goes on" in done.out
    harness.wait_until(lambda: not runner.processes(), "no process is left behind", 10)
    check(runner.launch(run_file, "--run-dir", "run"), reference)


def test_a_worker_told_to_stop_hands_its_work_back(runner, run_file, reference):
    launch = runner.start_launch(run_file, "--run-dir", "run", "--workers", "2")
    harness.send(first(runner, runner.workers, launch), signal.SIGTERM)
    check(launch.wait(), reference)


BY_HAND = ("picobarn-worker", "run", "--patience", "5", "--connect")
GIVEN_UP = 75


def start_without_workers(runner, run_file):
    launch = runner.start_launch(run_file, "--run-dir", "run", "--on", "none")
    key = runner.folder / "run" / "worker.json"
    harness.wait_until(lambda: key.exists() or not launch.running, "the key file for workers")
    assert launch.running, launch.wait()
    return launch, key


def test_workers_started_by_hand_exit_0_once_all_is_acknowledged(runner, run_file, reference):
    launch, key = start_without_workers(runner, run_file)
    assert key.stat().st_mode & 0o077 == 0, "others can read the key"
    workers = [runner.start(*BY_HAND, key, "--threads", "1")
               for _ in range(2)]
    check(launch.wait(), reference)
    assert [w.wait().status for w in workers] == [0, 0]


def test_a_worker_told_to_stop_exits_143_or_0_if_all_was_acknowledged(runner, run_file,
                                                                       reference):
    launch, key = start_without_workers(runner, run_file)
    worker = runner.start(*BY_HAND, key)
    harness.wait_until(runner.computers, "the worker computes")
    worker.kill(signal.SIGTERM)
    assert worker.wait().status in (0, 143)
    assert launch.running
    other = runner.start(*BY_HAND, key)
    check(launch.wait(), reference)
    assert other.wait().status == 0


def test_a_worker_whose_picobarn_was_killed_does_not_exit_0(runner, run_file):
    launch, key = start_without_workers(runner, run_file)
    worker = runner.start(*BY_HAND, key, "--threads", "1")
    harness.wait_until(runner.computers, "the worker computes")
    launch.kill()
    launch.wait()
    assert worker.wait().status == GIVEN_UP


def test_a_second_launch_on_a_run_that_goes_on_is_refused(runner, run_file, reference):
    launch = runner.start_launch(run_file, "--run-dir", "run", "--on", "none")
    key = runner.folder / "run" / "worker.json"
    harness.wait_until(key.exists, "the run goes on")
    second = runner.launch(run_file, "--run-dir", "run")
    assert second.status in (harness.USAGE, harness.TROUBLE), second
    assert "another picobarn" in second.err, second
    worker = runner.start(*BY_HAND, key)
    check(launch.wait(), reference)
    assert worker.wait().status == 0


# What has changed since, so that going on would mix two runs.

def change_parameter(run, folder):
    run["parameters"] = {"z1_min_gev": 45}


def change_luminosity(run, folder):
    run["samples"][0]["luminosity_pb"] = 1


def change_file(run, folder):
    path = folder / "input.h5"
    content = bytearray(path.read_bytes())
    path.write_bytes(bytes(content) + b"more")


def change_time_of_file(run, folder):
    os.utime(folder / "input.h5", (1, 1))


def remove_file(run, folder):
    (folder / "input.h5").unlink()


@pytest.mark.parametrize("change", [
    change_parameter, change_luminosity, change_file, change_time_of_file, remove_file])
def test_going_on_is_refused_after_a_change(runner, samples, change):
    shutil.copyfile(samples / "higgs2012_00.h5", runner.folder / "input.h5")
    run = harness.one_sample_run("higgs4l", harness.simulation(["input.h5"]), target_events=200)
    if change is change_luminosity:
        run["samples"][0] = harness.data(["input.h5"])
    path = harness.write_run(runner.folder / "run.yaml", run)
    stopped = runner.launch(path, "--run-dir", "run", "--stop-after", "2")
    assert stopped.status == harness.INCOMPLETE, stopped
    before = harness.sha256(runner.folder / "run" / "ledger.db")
    change(run, runner.folder)
    harness.write_run(path, run)
    refused = runner.launch(path, "--run-dir", "run")
    assert refused.status == harness.USAGE, refused
    assert "chang" in refused.err or "input.h5" in refused.err, refused
    assert harness.sha256(runner.folder / "run" / "ledger.db") == before


def test_a_changed_run_file_is_accepted_when_told_to(runner, samples):
    run = harness.one_sample_run("higgs4l", harness.simulation(
        harness.files_of({"files": [str(samples / "higgs2012_*.h5")]})), target_events=200)
    path = harness.write_run(runner.folder / "run.yaml", run)
    assert runner.launch(path, "--run-dir", "run").status == harness.COMPLETE
    run["samples"][0]["cross_section_pb"] = 2.0
    harness.write_run(path, run)
    assert runner.launch(path, "--run-dir", "run").status == harness.USAGE
    again = runner.launch(path, "--run-dir", "run", "--accept-changes")
    assert again.status == harness.COMPLETE, again
    fresh = runner.launch(path, "--run-dir", "fresh")
    assert again.sha256 == fresh.sha256


def test_the_same_file_twice_is_refused(runner, samples):
    """By its path, or by a link."""
    original = runner.folder / "original.h5"
    shutil.copyfile(samples / "higgs2012_00.h5", original)
    for name, make in (("symbolic.h5", os.symlink), ("hard.h5", os.link)):
        make(original, runner.folder / name)
    for other in (original, runner.folder / "symbolic.h5", runner.folder / "hard.h5"):
        run = harness.one_sample_run("higgs4l", harness.simulation([original, other]))
        path = harness.write_run(runner.folder / "run.yaml", run)
        done = runner.launch(path, "--run-dir", f"run-{other.name}")
        assert done.status == harness.USAGE, f"{other.name}: {done}"
        assert original.name in done.err, done


def test_no_run_file_of_another_run_goes_on_here(runner, run_file, samples):
    assert runner.launch(run_file, "--run-dir", "run", "--stop-after", "3").status == \
        harness.INCOMPLETE
    other = harness.write_run(runner.folder / "other.yaml", harness.from_samples(
        samples, only=["ZZ to 4mu"]))
    done = runner.launch(other, "--run-dir", "run")
    assert done.status == harness.USAGE, done


def test_run_json_tells_how_it_came_about(runner, run_file, reference):
    check(runner.launch(run_file, "--run-dir", "run"), reference)
    with open(runner.folder / "run" / "run.json", encoding="utf-8") as f:
        story = json.load(f)
    assert story
