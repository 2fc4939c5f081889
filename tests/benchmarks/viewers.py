#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""viewers.py [SECONDS [VIEWERS [ROUNDS]]] - what a run of about 25,000 shards costs to show: lag, processor,
memory, and what the scheduler loses.

One scheduler and its workers go on over the whole time, beside a page. Rounds of so many seconds alternate:
nobody looks, so many viewers do (one of whom never reads), nobody... Throughput is that of the accepted shards in
the ledger; each round with viewers is compared with the mean of the two beside it, so that a machine that gets
faster or slower meanwhile counts little, and the median over the rounds is told. Lag is the time from an event's
commit to the moment at which a viewer has it, over all events and viewers that read. Programs as for tests/system
(PICOBARN_BIN).
"""
import json
import os
import select
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
import harness  # noqa: E402
from fixtures import generate  # noqa: E402


def run_of_many_shards(folder):
    generate(folder / "samples", "--events", "50000", "--seed", "7", "--era", "both")
    run = harness.from_samples(folder / "samples", target_events=2)
    return harness.write_run(folder / "run.yaml", run)


def done(folder):
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as db:
        return db.execute("select count(*) from partial").fetchone()[0]


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0


def connect(address, token):
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)))
    s.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nX-Picobarn-Token: {token}\r\n\r\n".encode())
    return s


def read_all(sockets, until, seen):
    """seen[socket]: (time, sequence) of every event that came."""
    rest = {s: b"" for s in sockets}
    while time.monotonic() < until:
        for s in select.select(sockets, [], [], 0.1)[0]:
            data = s.recv(1 << 16)
            now = time.time()
            lines = (rest[s] + data).split(b"\n")
            rest[s] = lines.pop()
            seen[s] += [(now, int(line[4:])) for line in lines if line.startswith(b"id: ")]


def lags(folder, seen):
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as db:
        times = dict(db.execute("select seq, time_ms from event"))
    out = []
    for events in seen.values():
        for (_, before), (now, sequence) in zip(events, events[1:]):
            out += [now - times[n] / 1000 for n in range(before + 1, sequence + 1) if n in times]
    return sorted(out)


class Page:
    """The page of a run, and who looks at it."""

    def __init__(self, runner, viewers):
        self.viewers, self.cpu_s, self.watched_s, self.lags = viewers, 0.0, 0.0, []
        self.server = runner.start("picobarn", "serve", "run", "--listen", "127.0.0.1:0")
        harness.wait_until(lambda: "http" in self.server.output(), "a link")
        self.kept = json.loads((runner.folder / "run" / "page.json").read_text(encoding="ascii"))

    def show(self, folder, seconds):
        """One round with viewers; the first never reads."""
        begin, cpu = time.monotonic(), processor_s(self.server.pid)
        sockets = [connect(self.kept["address"], self.kept["token"]) for _ in range(self.viewers)]
        seen = {s: [] for s in sockets[1:]}
        read_all(sockets[1:], begin + seconds, seen)
        self.watched_s += time.monotonic() - begin
        self.cpu_s += processor_s(self.server.pid) - cpu
        self.lags += lags(folder, seen)
        for s in sockets:
            s.close()


def rates(folder, rounds):
    """Accepted shards a second in each of the rounds [(start, stop)...], in seconds since 1970."""
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as db:
        times = [t for t, in db.execute("select time_ms from event where kind = 2 and what = 2")]
    return [sum(1000 * start <= t < 1000 * stop for t in times) / (stop - start) for start, stop in rounds]


def is_going_on(folder):
    return done(folder) < 0.99 * planned(folder)


def planned(folder):
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as db:
        return db.execute("select count(*) from shard").fetchone()[0]


def main(seconds=1, viewers=50, rounds=10):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runner = harness.Runner(folder)
        try:
            measure(folder, runner, seconds, viewers, rounds)
        finally:
            runner.clean_up()


def alternate(page, folder, seconds, n):
    """(start, stop) of the rounds without and with viewers in turn, one more without."""
    rounds = []
    while len(rounds) < 2 * n + 1 and is_going_on(folder):
        start = time.time()
        if len(rounds) % 2 == 1:
            page.show(folder, seconds)
        else:
            time.sleep(seconds)
        rounds.append((start, time.time()))
    if not is_going_on(folder):
        rounds.pop()  # it ended meanwhile
    return rounds


def measure(folder, runner, seconds, viewers, n):
    run = folder / "run"
    runner.start_launch(run_of_many_shards(folder), "--run-dir", "run", "--workers", "1")
    harness.wait_until(lambda: (run / "ledger.db").exists() and done(run) > 500, "the run to go on")
    page = Page(runner, viewers)
    os.nice(19)  # viewers are elsewhere: what they take themselves shall not count here
    rounds = alternate(page, run, seconds, n)
    peak = memory_mib(page.server.pid, "VmHWM")
    rate = rates(run, rounds)
    pairs = [(rate[i], (rate[i - 1] + rate[i + 1]) / 2) for i in range(1, len(rate) - 1, 2)]
    assert pairs, "the run ended before three rounds were over"
    ratios = sorted(watched / alone for watched, alone in pairs)
    lag = sorted(page.lags)
    print(f"shards            {planned(run):,}, {done(run):,} done at the end")
    print(f"viewers           {viewers}, one of whom never reads; {len(lag):,} events seen")
    print(f"lag               median {lag[len(lag) // 2]:.2f} s, 95 % {lag[int(len(lag) * 0.95)]:.2f} s, "
          f"most {lag[-1]:.2f} s")
    print(f"processor         {100 * page.cpu_s / page.watched_s:.1f} % of one core")
    print(f"memory            {peak:.1f} MiB at most")
    print(f"throughput        {statistics.median(a for _, a in pairs):.0f} shards/s without viewers, "
          f"{statistics.median(w for w, _ in pairs):.0f} with, in {len(pairs)} pairs of rounds of {seconds} s")
    print(f"ratio             median {statistics.median(ratios):.3f}, from {ratios[0]:.3f} to {ratios[-1]:.3f}")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
