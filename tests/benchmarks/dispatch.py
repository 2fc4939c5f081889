#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dispatch.py [SHARDS [WORKERS]] - how long the scheduler takes for shards that cost nothing: leased over CURVE,
answered by workers that compute nothing, accepted durably, merged, and the result written.

The files are inspected and the shards planned before, by a worker as there always is. Beside it, what the
parts alone do here: as many messages of that size over the same kind of socket, and as many rows of that size
into SQLite, sixteen a transaction, durably. Programs as for tests/system (PICOBARN_BIN).
"""
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
import harness  # noqa: E402
from fixtures import generate  # noqa: E402

LEASES = 32


def plan(folder, runner, shards):
    """A run whose files are inspected, and of whose shards, one event each, hardly one is done."""
    generate(folder / "samples", "--events", str(shards), "--seed", "7", "--era", "both")
    run = harness.write_run(folder / "run.yaml",
                            harness.from_samples(folder / "samples", target_events=1))
    runner.launch(run, "--run-dir", "run", "--workers", "1", "--stop-after", "1")
    return run


def sqlite_alone(folder, rows, size):
    """Seconds for rows of so many bytes, sixteen a transaction, in a log that is synced each time."""
    with sqlite3.connect(folder / "alone.db", isolation_level=None) as db:
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=full")
        db.execute("create table partial(shard integer primary key, payload blob)")
        payload, start = b"\x5a" * size, time.monotonic()
        for first in range(0, rows, 16):
            db.execute("begin")
            db.executemany("insert into partial values(?, ?)",
                           [(i, payload) for i in range(first, min(first + 16, rows))])
            db.execute("commit")
        return time.monotonic() - start


def measure(folder, runner, shards, workers):
    plan(folder, runner, shards)
    scheduler = runner.start("picobarn", "launch", "run.yaml", "--run-dir", "run", "--on", "none")
    invitation = folder / "run" / "worker.json"
    harness.wait_until(lambda: invitation.exists() and "0 workers" in scheduler.output(1), "a scheduler")
    start = time.monotonic()
    for _ in range(workers):
        runner.start(harness.program("benchmark_noop"), invitation, str(LEASES))
    done = scheduler.wait(10 * harness.PATIENCE)
    seconds = time.monotonic() - start
    assert done.status == harness.COMPLETE, done
    with sqlite3.connect(f"file:{folder}/run/ledger.db?mode=ro", uri=True) as db:
        n, size, commits = db.execute(
            "select count(*), avg(length(payload)), (select count(*) from event) from partial").fetchone()
    alone = sqlite_alone(folder, n, int(size))
    print(f"shards            {n:,}, partials of {size:,.0f} bytes, {commits:,} events in the ledger")
    print(f"workers           {workers}, up to {LEASES} leases each")
    print(f"leased to result  {seconds:.2f} s, {n / seconds:,.0f} a second")
    print(f"SQLite alone      {alone:.2f} s for as many rows: the ledger's part at least")


def main(shards=50000, workers=2):
    with tempfile.TemporaryDirectory() as name:
        runner = harness.Runner(Path(name))
        try:
            measure(Path(name), runner, shards, workers)
        finally:
            runner.clean_up()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
