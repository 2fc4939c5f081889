# SPDX-License-Identifier: Apache-2.0
"""One SHA-256, whatever the threads, workers, shards, kills and processor features."""
import random
import signal
import time

import pytest

import harness

THREADS, WORKERS, SHARD_EVENTS = (1, 2, 3, 7), (1, 2, 5), (400, 1000, 100000)
KILLS = 20


@pytest.fixture(scope="module")
def recipe(samples):
    """A run of data, plain and weighted simulation; small, for it is run a hundred times."""
    def make(target_events=1000):
        return harness.from_samples(samples, target_events=target_events, only=[
            "DoubleMu 2012B", "H(125) to ZZ to 4l", "ZZ to 4mu", "Z/gamma* to ll + jets"])
    return make


@pytest.fixture(scope="module")
def reference(shared, recipe):
    """The SHA-256 of an undisturbed run and the seconds that it took."""
    def make(folder):
        runner = harness.Runner(folder)
        run = harness.write_run(folder / "run.yaml", recipe())
        began = time.monotonic()
        done = runner.launch(run, "--run-dir", "run", "--workers", "2", "--threads", "1")
        seconds = time.monotonic() - began
        runner.clean_up()
        assert done.status == harness.COMPLETE, done
        assert done.sha256 == harness.sha256(folder / "run" / "result.json")
        (folder / "reference.txt").write_text(f"{done.sha256} {seconds}")
    sha, seconds = (shared("same_bytes", make) / "reference.txt").read_text().split()
    return sha, float(seconds)


def check(done, folder, reference):
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == reference[0], done
    assert harness.sha256(folder / "result.json") == reference[0]
    accepted, planned = done.shards
    assert accepted == planned


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("target_events", SHARD_EVENTS)
def test_threads_workers_and_shard_sizes(runner, recipe, reference, threads, workers,
                                         target_events):
    run = harness.write_run(runner.folder / "run.yaml", recipe(target_events))
    done = runner.launch(run, "--run-dir", "run", "--threads", str(threads),
                         "--workers", str(workers))
    check(done, runner.folder / "run", reference)


def test_shard_sizes_make_different_shards(runner, recipe):
    """Else the cases above would compare the same thing."""
    planned = set()
    for target_events in SHARD_EVENTS:
        run = harness.write_run(runner.folder / "run.yaml", recipe(target_events))
        done = runner.launch(run, "--run-dir", f"run{target_events}")
        planned.add(done.shards[1])
    assert len(planned) == len(SHARD_EVENTS)


@pytest.mark.parametrize("seed", range(1, 5))
def test_random_order_of_the_shards(runner, recipe, reference, seed):
    run = harness.write_run(runner.folder / "run.yaml", recipe(400))
    done = runner.launch(run, "--run-dir", "run", "--shuffle", str(seed), "--workers", "2")
    check(done, runner.folder / "run", reference)


@pytest.mark.parametrize("seed", range(8))
def test_workers_killed_at_random(runner, recipe, reference, seed):
    run = harness.write_run(runner.folder / "run.yaml", recipe(400))
    chance = random.Random(seed)
    launch = runner.start_launch(run, "--run-dir", "run", "--workers", "3", "--threads", "1")
    killed = 0
    while killed < 5 and launch.running:
        launch.ended_within(chance.uniform(0.02, reference[1] / 6))
        candidates = runner.processes("picobarn-worker")
        if candidates and launch.running:
            killed += harness.send(chance.choice(candidates), signal.SIGKILL)
    assert killed > 0
    check(launch.wait(), runner.folder / "run", reference)


@pytest.mark.parametrize("seed", range(KILLS))
def test_picobarn_killed_at_a_random_moment_and_started_again(runner, recipe, reference, seed):
    run = harness.write_run(runner.folder / "run.yaml", recipe(400))
    command = (run, "--run-dir", "run", "--workers", "2", "--threads", "1")
    moment = random.Random(seed).uniform(0, 1.2 * reference[1])
    launch = runner.start_launch(*command)
    launch.ended_within(moment)
    launch.kill(signal.SIGKILL)
    launch.wait()
    again = runner.launch(*command)
    check(again, runner.folder / "run", reference)
    # the workers of the killed one end without being told
    harness.wait_until(lambda: not runner.processes("picobarn-worker"),
                       "workers of a killed picobarn end by themselves")


def test_killed_again_and_again(runner, recipe, reference):
    """Each time a little further: what was acknowledged stays."""
    run = harness.write_run(runner.folder / "run.yaml", recipe(400))
    command = (run, "--run-dir", "run", "--workers", "2", "--threads", "1")
    for _ in range(6):
        launch = runner.start_launch(*command)
        launch.ended_within(reference[1] / 3)
        launch.kill(signal.SIGKILL)
        launch.wait()
    check(runner.launch(*command), runner.folder / "run", reference)


@pytest.mark.parametrize("masked", [
    "-FMA,-FMA4,-AVX2", "-FMA,-FMA4,-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512DQ,-BMI2,-SSE4_2"])
def test_processor_features_masked(runner, recipe, reference, masked):
    run = harness.write_run(runner.folder / "run.yaml", recipe())
    done = runner.launch(run, "--run-dir", "run",
                         env={"GLIBC_TUNABLES": f"glibc.cpu.hwcaps={masked}"})
    check(done, runner.folder / "run", reference)


def test_the_same_command_again_runs_nothing_and_gives_the_same(runner, recipe, reference):
    run = harness.write_run(runner.folder / "run.yaml", recipe())
    for _ in range(2):
        check(runner.launch(run, "--run-dir", "run"), runner.folder / "run", reference)


def test_files_elsewhere_under_other_names_of_folders_give_the_same(runner, recipe, reference):
    """No path and no time is in the result."""
    run = recipe()
    moved = runner.folder / "a folder with blanks"
    moved.mkdir()
    for sample in run["samples"]:
        for path in harness.files_of(sample):
            (moved / path.name).write_bytes(path.read_bytes())
        sample["files"] = [f"{moved.name}/{path.name}" for path in harness.files_of(sample)]
    path = harness.write_run(runner.folder / "run.yaml", run)
    check(runner.launch(path, "--run-dir", "run"), runner.folder / "run", reference)


def test_the_combinations_are_sixty_at_least():
    assert len(THREADS) * len(WORKERS) * len(SHARD_EVENTS) + KILLS + 8 >= 60
