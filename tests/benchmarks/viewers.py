#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""viewers.py [SECONDS [VIEWERS]] - what a run of about 25,000 shards costs to show: lag, processor, memory,
and what the scheduler loses.

One scheduler and its workers go on over the whole time. First nobody looks; then a page is served to so many
viewers, one of whom never reads. Lag is the time from an event's commit to the moment at which a viewer has it,
over all events and viewers that read. Programs as for tests/system (PICOBARN_BIN).
"""
import json
import os
import select
import socket
import sqlite3
import sys
import tempfile
import threading
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


def throughput(folder, seconds, meanwhile=None):
    before, start = done(folder), time.monotonic()
    if meanwhile:
        meanwhile()
    else:
        time.sleep(seconds)
    return (done(folder) - before) / (time.monotonic() - start)


def main(seconds=20, viewers=50):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runner = harness.Runner(folder)
        try:
            measure(folder, runner, seconds, viewers)
        finally:
            runner.clean_up()


def measure(folder, runner, seconds, viewers):
    run = folder / "run"
    runner.start_launch(run_of_many_shards(folder), "--run-dir", "run", "--workers", "1")
    harness.wait_until(lambda: (run / "ledger.db").exists() and done(run) > 500, "the run to go on")
    alone = throughput(run, seconds)
    server = runner.start("picobarn", "serve", "run", "--listen", "127.0.0.1:0")
    harness.wait_until(lambda: "http" in server.output(), "a link")
    kept = json.loads((run / "page.json").read_text(encoding="ascii"))
    sockets = [connect(kept["address"], kept["token"]) for _ in range(viewers)]
    readers, seen = sockets[1:], {s: [] for s in sockets[1:]}  # the first never reads
    read_all(readers, time.monotonic() + 2, {s: [] for s in readers})
    cpu = processor_s(server.pid)
    watched = throughput(run, seconds, lambda: read_all(readers, time.monotonic() + seconds, seen))
    cpu = (processor_s(server.pid) - cpu) / seconds
    again = None
    for s in sockets:
        s.close()
    harness.wait_until(lambda: True, "them to go")
    again = throughput(run, seconds)
    lag = lags(run, seen)
    status = runner.run("picobarn", "status", "run", "-o", "json").json()
    print(f"shards            {status['shards']['total']:,}, {status['shards']['done']:,} done at the end")
    print(f"viewers           {viewers}, one of whom never reads; {len(lag):,} events seen")
    print(f"lag               median {lag[len(lag) // 2]:.2f} s, 95 % {lag[int(len(lag) * 0.95)]:.2f} s, "
          f"most {lag[-1]:.2f} s")
    print(f"processor         {100 * cpu:.1f} % of one core")
    print(f"memory            {memory_mib(server.pid, 'VmHWM'):.1f} MiB at most")
    print(f"throughput        {alone:.0f} shards/s before, {watched:.0f} with viewers, {again:.0f} after")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
