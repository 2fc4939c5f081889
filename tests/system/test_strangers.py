# SPDX-License-Identifier: Apache-2.0
"""A stranger on the port gets nowhere, and the run goes on."""
import contextlib
import json
import os
import random
import re
import socket

import pytest

import harness

zmq = pytest.importorskip("zmq")
zmq_monitor = pytest.importorskip("zmq.utils.monitor")

TRIES = {"foreign key": 1000, "no key": 1000, "password": 500, "wrong server key": 500,
         "garbage": 7000}
GREETING = bytes([0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0]) + b"CURVE".ljust(20, b"\0")


class Target:
    def __init__(self, key_file):
        with open(key_file, encoding="utf-8") as f:
            self.all = json.load(f)
        text = json.dumps(self.all)
        self.address = re.search(r"tcp://[^\"]+", text).group(0)
        self.host, port = self.address.removeprefix("tcp://").rsplit(":", 1)
        self.port = int(port)
        self.server_key = next(v for k, v in self.all.items()
                               if "server" in k and isinstance(v, str) and len(v) == 40).encode()


def with_foreign_key(s, target):
    s.curve_serverkey = target.server_key
    s.curve_publickey, s.curve_secretkey = zmq.curve_keypair()


def with_no_key(s, target):
    pass


def with_password(s, target):
    s.plain_username, s.plain_password = b"admin", b"admin"


def with_wrong_server_key(s, target):
    s.curve_serverkey = zmq.curve_keypair()[0]
    s.curve_publickey, s.curve_secretkey = zmq.curve_keypair()


PEERS = {"foreign key": with_foreign_key, "no key": with_no_key, "password": with_password,
         "wrong server key": with_wrong_server_key}


def connect_many(target, prepare, n, room=50):
    """n connections, `room` at a time; how many were let in or were sent anything."""
    context, let_in = zmq.Context(), 0
    failures = (zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
                | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED
                | zmq.EVENT_CLOSED)
    while n > 0:
        batch = []
        for _ in range(min(room, n)):
            s = context.socket(zmq.DEALER)
            s.linger = 0
            s.reconnect_ivl = -1
            prepare(s, target)
            monitor = s.get_monitor_socket(failures | zmq.EVENT_HANDSHAKE_SUCCEEDED)
            s.connect(target.address)
            with contextlib.suppress(zmq.Again):  # it may have been refused already
                s.send(os.urandom(64), zmq.DONTWAIT)
            batch.append((s, monitor))
        n -= len(batch)
        for s, monitor in batch:
            assert monitor.poll(10000), "neither let in nor refused in 10 s"
            event = zmq_monitor.recv_monitor_message(monitor)["event"]
            let_in += event == zmq.EVENT_HANDSHAKE_SUCCEEDED or s.poll(0) != 0
            s.disable_monitor()
            monitor.close(0)
            s.close()
    context.term()
    return let_in


def garbage(chance):
    """What somebody might send to an open port."""
    size = chance.choice((0, 1, 10, 64, 1000, 20000))
    return chance.choice((
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: chance.randbytes(size),
        lambda: GREETING.ljust(64, b"\0") + chance.randbytes(size),
        lambda: GREETING.replace(b"CURVE", b"NULL\0").ljust(64, b"\0") + chance.randbytes(size),
        lambda: GREETING.ljust(64, b"\0") + b"\x06" + (2**62).to_bytes(8, "big") + b"x",
        lambda: bytes(size),
    ))()


def throw_garbage(target, n, seed):
    """How many connections got more back than a greeting and a handshake's beginning."""
    chance, talked = random.Random(seed), 0
    for _ in range(n):
        with socket.create_connection((target.host, target.port), 10) as s:
            s.settimeout(0.002)
            try:
                s.sendall(garbage(chance))
                talked += len(s.recv(4096)) > 300
            except OSError:
                pass
    return talked


def attack(target, share):
    for name, prepare in PEERS.items():
        assert connect_many(target, prepare, int(TRIES[name] * share)) == 0, name
    assert throw_garbage(target, int(TRIES["garbage"] * share), seed=share) == 0


def test_ten_thousand_tries_get_nowhere_and_the_run_goes_on(runner, samples):
    assert sum(TRIES.values()) >= 10000
    recipe = harness.from_samples(samples, target_events=300, only=[
        "DoubleMu 2012B", "Z/gamma* to ll + jets"])
    run = harness.write_run(runner.folder / "run.yaml", recipe)
    undisturbed = runner.launch(run, "--run-dir", "undisturbed")
    launch = runner.start_launch(run, "--run-dir", "run", "--on", "none")
    key = runner.folder / "run" / "worker.json"
    harness.wait_until(key.exists, "the key file for workers")
    target = Target(key)
    attack(target, 1)
    assert launch.running, launch.wait()
    # and some more while there is work
    worker = runner.start("picobarn-worker", "run", "--patience", "10", "--connect", key,
                          "--threads", "1")
    with contextlib.suppress(ConnectionError):  # the run may be over
        while launch.running:
            attack(target, 0.02)
    done = launch.wait()
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == undisturbed.sha256
    assert worker.wait().status in (0, 75)  # 75: it did not hear in all the noise that all is done


def test_a_connection_that_says_nothing_does_not_block(runner, samples):
    recipe = harness.from_samples(samples, only=["ZZ to 4mu"])
    run = harness.write_run(runner.folder / "run.yaml", recipe)
    launch = runner.start_launch(run, "--run-dir", "run", "--on", "none")
    key = runner.folder / "run" / "worker.json"
    harness.wait_until(key.exists, "the key file for workers")
    target = Target(key)
    silent = [socket.create_connection((target.host, target.port), 10) for _ in range(200)]
    worker = runner.start("picobarn-worker", "run", "--patience", "10", "--connect", key)
    assert launch.wait().status == harness.COMPLETE
    assert worker.wait().status in (0, 75)  # the test after this one is about that
    for s in silent:
        s.close()


def test_a_worker_hears_that_the_run_is_over_although_somebody_else_is_connected(
        runner, samples):
    """All that it computed is acknowledged, so it exits 0, and at once: it does not wait for a
    scheduler that is gone."""
    recipe = harness.from_samples(samples, only=["ZZ to 4mu"])
    run = harness.write_run(runner.folder / "run.yaml", recipe)
    statuses = []
    for i in range(8):
        launch = runner.start_launch(run, "--run-dir", f"run{i}", "--on", "none")
        key = runner.folder / f"run{i}" / "worker.json"
        harness.wait_until(key.exists, "the key file for workers")
        target = Target(key)
        with socket.create_connection((target.host, target.port), 10):
            worker = runner.start("picobarn-worker", "run", "--patience", "3", "--connect", key)
            assert launch.wait().status == harness.COMPLETE
            statuses.append(worker.wait().status)
    assert statuses == [0] * 8


def test_the_port_listens_on_loopback_only(runner, samples):
    recipe = harness.from_samples(samples, only=["ZZ to 4mu"])
    run = harness.write_run(runner.folder / "run.yaml", recipe)
    runner.start_launch(run, "--run-dir", "run", "--on", "none")
    key = runner.folder / "run" / "worker.json"
    harness.wait_until(key.exists, "the key file for workers")
    port = Target(key).port
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as f:
            for line in f.read().splitlines()[1:]:
                local, state = line.split()[1], line.split()[3]
                if state == "0A" and int(local.rsplit(":", 1)[1], 16) == port:
                    listening.append(local.rsplit(":", 1)[0])
    assert listening == ["0100007F"]
