# SPDX-License-Identifier: Apache-2.0
"""A full disk loses nothing that was acknowledged; a damaged ledger is noticed, never summed."""
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess

import pytest

import harness


@pytest.fixture(scope="module")
def recipe(samples):
    return harness.from_samples(samples, target_events=300, only=[
        "DoubleMu 2012B", "Z/gamma* to ll + jets"])


@pytest.fixture(scope="module")
def finished(shared, recipe):
    """A folder with run.yaml and the run's folder, complete."""
    def make(folder):
        runner = harness.Runner(folder)
        run = harness.write_run(folder / "run.yaml", recipe)
        done = runner.launch(run, "--run-dir", "run")
        runner.clean_up()
        assert done.status == harness.COMPLETE, done
    return shared("disk", make)


@pytest.fixture(scope="module")
def half(shared, recipe):
    """The same run, stopped half way."""
    def make(folder):
        runner = harness.Runner(folder)
        run = harness.write_run(folder / "run.yaml", recipe)
        done = runner.launch(run, "--run-dir", "run", "--stop-after", "25")
        runner.clean_up()
        assert done.status == harness.INCOMPLETE, done
    return shared("disk_half", make)


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a tmpfs of so many KiB, or gives it another size."""
    mount_point = tmp_path / "disk"
    mounted = []

    def mount(kib):
        option = f"size={kib}k" + (",remount" if mounted else "")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(mount_point)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no small tmpfs here: {done.stderr.strip()}")
        mounted.append(kib)
        return mount_point

    if os.geteuid() != 0:
        pytest.skip("only root can mount a small tmpfs")
    mount_point.mkdir()
    yield mount
    if mounted:
        subprocess.run(["umount", "--lazy", str(mount_point)], check=True)


def size_of(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5, 0.7, 0.9])
def test_a_full_disk_loses_nothing_and_the_run_goes_on_with_more_room(
        runner, finished, small_disk, share):
    """It waits and says why, and goes on by itself; or it ends, and the same command goes on."""
    reference = harness.sha256(finished / "run" / "result.json")
    run = finished / "run.yaml"
    disk = small_disk(int(size_of(finished / "run") * share / 1024))
    launch = runner.start_launch(run, "--run-dir", disk / "run")

    def is_full():
        return not launch.running or "paused" in launch.output(1)

    harness.wait_until(is_full, "the full disk is noticed")
    said = launch.output(1)
    assert "space" in said or "full" in said, said
    launch.kill(signal.SIGSTOP)
    before = accepted_shards(copy_of_ledger(disk / "run", runner.folder / "before"))
    launch.kill(signal.SIGCONT)
    small_disk(32 * 1024)
    done = launch.wait() if launch.running else runner.launch(run, "--run-dir", disk / "run")
    if done.status != harness.COMPLETE:
        assert done.status in (harness.TROUBLE, harness.INCOMPLETE), done
        done = runner.launch(run, "--run-dir", disk / "run")
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == reference
    after = accepted_shards(disk / "run")
    assert set(before) <= set(after)
    assert len(after) == len(set(after)), "a shard was accepted twice"


def copy_of_ledger(run_dir, folder):
    """To look at what is committed: on a full disk SQLite cannot even read."""
    folder.mkdir()
    for path in run_dir.glob("ledger.db*"):
        if not path.name.endswith("-shm"):
            shutil.copyfile(path, folder / path.name)
    return folder


def accepted_shards(run_dir):
    """The shards whose partial is in the ledger, read with SQLite itself."""
    if not (run_dir / "ledger.db").exists() or (run_dir / "ledger.db").stat().st_size == 0:
        return []
    tables = query(run_dir, "SELECT name FROM sqlite_master")
    return query(run_dir, "SELECT shard FROM partial") if ("partial",) in tables else []


def query(run_dir, statement):
    with contextlib.closing(sqlite3.connect(f"file:{run_dir}/ledger.db", uri=True,
                                            timeout=30)) as ledger:
        return ledger.execute(statement).fetchall()


def test_what_was_acknowledged_is_not_run_again(runner, finished, half):
    shutil.copytree(half / "run", runner.folder / "run")
    before = query(runner.folder / "run", "SELECT shard, seq FROM partial")
    assert len(before) >= 25
    done = runner.launch(half / "run.yaml", "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == harness.sha256(finished / "run" / "result.json")
    assert set(before) <= set(query(runner.folder / "run", "SELECT shard, seq FROM partial"))


def test_a_read_only_folder_is_trouble_and_says_so(runner, finished):
    done = runner.launch(finished / "run.yaml", "--run-dir", "/proc/picobarn.run")
    assert done.status in (harness.USAGE, harness.TROUBLE), done
    assert "/proc/picobarn.run" in done.err, done


def copy_of(folder, runner, name):
    shutil.copytree(folder, runner.folder / name)
    return runner.folder / name


def flip(path, offset, n):
    with open(path, "r+b") as f:
        f.seek(offset)
        old = f.read(n)
        f.seek(offset)
        f.write(bytes(b ^ 0xFF for b in old))


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_in_the_ledger_are_noticed_or_do_not_matter(runner, finished, seed):
    """Every answer is an error or the right result; a wrong sum is neither."""
    good = (finished / "run" / "result.json").read_bytes()
    chance = random.Random(seed)
    for i in range(4):
        run_dir = copy_of(finished / "run", runner, f"run{i}")
        ledger = run_dir / "ledger.db"
        size = ledger.stat().st_size
        flip(ledger, chance.randrange(size), chance.choice((1, 1, 4, 64)))
        os.unlink(run_dir / "result.json")
        done = runner.launch(finished / "run.yaml", "--run-dir", run_dir)
        if done.status == harness.COMPLETE:
            assert (run_dir / "result.json").read_bytes() == good, done
        else:
            assert done.status in (harness.USAGE, harness.INCOMPLETE, harness.TROUBLE), done
            assert "ledger" in done.err, done
            assert not (run_dir / "result.json").exists() or \
                done.status == harness.INCOMPLETE, done
        for command in ("status", "result", "failures"):
            looked = runner.run("picobarn", command, run_dir, "-o", "json")
            assert looked.status in range(5), looked
        shutil.rmtree(run_dir)


@pytest.mark.parametrize("seed", range(10))
def test_a_ledger_cut_or_flipped_half_way_never_gives_a_wrong_sum(runner, finished, half, seed):
    good = (finished / "run" / "result.json").read_bytes()
    chance = random.Random(1000 + seed)
    run_dir = copy_of(half / "run", runner, "run")
    ledger = run_dir / "ledger.db"
    size = ledger.stat().st_size
    if seed % 2:
        os.truncate(ledger, chance.randrange(size))
    else:
        for _ in range(8):
            flip(ledger, chance.randrange(size), 16)
    done = runner.launch(half / "run.yaml", "--run-dir", run_dir)
    if done.status == harness.COMPLETE:
        assert (run_dir / "result.json").read_bytes() == good, done
    else:
        assert done.status in (harness.USAGE, harness.INCOMPLETE, harness.TROUBLE), done
        assert "ledger" in done.err, done


def test_a_missing_ledger_in_a_run_folder_is_no_new_run(runner, half):
    run_dir = copy_of(half / "run", runner, "run")
    for path in run_dir.glob("ledger.db*"):
        path.unlink()
    done = runner.launch(half / "run.yaml", "--run-dir", run_dir)
    assert done.status in (harness.USAGE, harness.TROUBLE), done
    assert "ledger" in done.err, done
