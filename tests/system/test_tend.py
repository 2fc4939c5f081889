# SPDX-License-Identifier: Apache-2.0
"""picobarn tend, the first process of a scheduler's pod: here it keeps a launch with workers of this
machine. What is sent over HTTP is what a cluster's proxy passes on."""
import http.client
import json
import os
import re
import signal
import struct

import pytest

import harness

CONTROL, VIEW = "control-0123456789abcdef", "view-0123456789abcdef"
KINDS = {b"o": "out", b"e": "err", b"x": "exit"}


class Tend:
    """A keeper of a run, and what is asked of it."""

    def __init__(self, runner, run_file, *options, run_dir="run"):
        self.runner, self.folder = runner, runner.folder / run_dir
        for name, token in (("control", CONTROL), ("view", VIEW)):
            (runner.folder / name).write_text(token + "\n", encoding="ascii")
        self.started = runner.start(
            "picobarn", "tend", run_dir, "--run-file", run_file, "--tokens", "control,view",
            "--http", "127.0.0.1:0", "--on", "local", "--", "--workers", "2", *options)
        said = harness.wait_until(
            lambda: re.search(r"listening on 127\.0\.0\.1:(\d+)", self.started.output(1)) or
            (not self.started.running and "ended"), "tend listens")
        assert said != "ended", self.started.wait()
        self.port = int(said.group(1))

    def ask(self, method, path, body=None, token=VIEW):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.PATIENCE)
        headers = {} if token is None else {"X-Picobarn-Token": token}
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def state(self):
        status, data = self.ask("GET", "/api/v1/state")
        assert status == 200, data
        return json.loads(data)

    def child(self):
        return self.state()["child"]

    def wait_for_end(self):
        """The child's last state, when there is none any more and none will come by itself."""
        def look():
            child = self.child()
            return not child["running"] and child["retry_in_s"] is None and child
        return harness.wait_until(look, "the launch ends", step=0.1)

    def command(self, *argv):
        """Output, errors and exit status of a command that it runs."""
        status, data = self.ask("POST", "/api/v1/command", {"argv": list(argv)})
        assert status == 200, data
        out = {"out": b"", "err": b"", "exit": b""}
        while data:
            kind, size = struct.unpack("<cI", data[:5])
            out[KINDS[kind]] += data[5:5 + size]
            assert len(data) >= 5 + size, "cut"
            data = data[5 + size:]
        assert len(out["exit"]) == 1, "no exit status"
        return out["out"], out["err"].decode(), out["exit"][0]

    def start_watch(self):
        """A command that lasts as long as the launch; to be closed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.PATIENCE)
        connection.request("POST", "/api/v1/command", json.dumps({"argv": ["watch"]}),
                           {"X-Picobarn-Token": VIEW})
        answer = connection.getresponse()  # which has the socket from now on
        assert answer.status == 200
        return answer

    def scheduler(self):
        """The child's process id."""
        return harness.wait_until(lambda: self.runner.processes("picobarn under"), "a child")[0]


@pytest.fixture(scope="module")
def run_file(shared, samples):
    return shared("tend", lambda folder: harness.write_run(
        folder / "run.yaml", harness.from_samples(samples))) / "run.yaml"


@pytest.fixture(scope="module")
def long_file(shared, samples):
    """The same in shards so small that it takes a while; its result has the same bytes."""
    return shared("tend_long", lambda folder: harness.write_run(
        folder / "run.yaml", harness.from_samples(samples, target_events=50))) / "run.yaml"


@pytest.fixture(scope="module")
def expected(shared, run_file):
    """The result of the same run without a keeper."""
    def make(folder):
        runner = harness.Runner(folder)
        assert runner.launch(run_file, "--run-dir", "run").status == harness.COMPLETE
    return harness.sha256(shared("expected", make) / "run" / "result.json")


def test_it_launches_and_stays(runner, run_file, expected):
    tend = Tend(runner, run_file)
    child = tend.wait_for_end()
    assert (child["exit"], child["starts"], child["doing"]) == (harness.COMPLETE, 1, "launch")
    assert expected in child["outcome"]
    state = tend.state()
    assert state["progress"]["complete"] and state["progress"]["shards"]["failed"] == 0
    assert state["pods"] is None
    assert tend.ask("GET", "/healthz", token=None) == (200, b"ok\n")
    assert tend.started.running
    assert "shards" in tend.started.output(1), "what the child says is passed on"


def test_commands_run_there(runner, run_file, expected):
    tend = Tend(runner, run_file)
    tend.wait_for_end()
    out, err, status = tend.command("result")
    assert expected in out.decode() and status == harness.COMPLETE, err
    status_json = json.loads(tend.command("status", "-o", "json")[0])
    assert status_json["complete"]
    local = runner.run("picobarn", "plot", "run", "--format", "png", "-O", "local.png")
    assert local.status == harness.COMPLETE
    out, err, status = tend.command("plot", "--format", "png", "-O", "-")
    assert (status, err) == (0, "") and out == (runner.folder / "local.png").read_bytes()
    assert tend.command("export", "--format", "hdf5", "-O", "-")[0].startswith(b"\x89HDF")
    out, err, status = tend.command("result", "--channel", "5e")
    assert status == harness.USAGE and "5e" in err and not out
    frame = tend.command("watch", "--once", "--width", "100", "--height", "40")[0].decode()
    assert "state     complete" in frame and 20 < frame.count("\n") <= 40
    assert max(len(line) for line in frame.splitlines()) <= 100
    assert not runner.processes("picobarn under"), "a command is left"


def test_files_are_given_out_but_no_secrets(runner, run_file, expected):
    tend = Tend(runner, run_file)
    tend.wait_for_end()
    for name in ("result.json", "run.json", "run.yaml", "plot.svg", "plot.png", "plot.pdf"):
        status, data = tend.ask("GET", f"/api/v1/files/{name}")
        assert status == 200 and data == (tend.folder / name).read_bytes(), name
    for name in ("keys.json", "worker.json", "ledger.db", "../control", "..%2fcontrol", "lock",
                 "logs/worker-0.log", "%2e%2e/view"):
        status, data = tend.ask("GET", f"/api/v1/files/{name}")
        assert status == 404 and b"error" in data, name
    os.rename(tend.folder / "plot.svg", tend.folder / "kept.svg")
    os.symlink(runner.folder / "control", tend.folder / "plot.svg")
    assert tend.ask("GET", "/api/v1/files/plot.svg")[0] == 404, "a link leads out of the folder"


def test_tokens_say_who_may_what(runner, run_file):
    tend = Tend(runner, run_file)
    tend.wait_for_end()
    for token in (None, "", "wrong", VIEW[:-1], VIEW + "x"):
        for method, path in (("GET", "/api/v1/state"), ("POST", "/api/v1/rerun"), ("GET", "/x")):
            assert tend.ask(method, path, token=token)[0] == 401, (token, path)
    for path in ("/api/v1/rerun", "/api/v1/launch", "/api/v1/pods"):
        assert tend.ask("POST", path, {})[0] == 403, path
        assert tend.ask("GET", path, token=CONTROL)[0] == 405, path
    assert tend.ask("POST", "/api/v1/pods", {"max": 7}, CONTROL)[0] == 200
    assert (tend.folder / "max_pods").read_text(encoding="ascii") == "7\n"
    for body in ({"max": 0}, {"max": -1}, {"max": "7"}, {"max": 10**9}, {}, [7]):
        assert tend.ask("POST", "/api/v1/pods", body, CONTROL)[0] == 400, body
    said = tend.started.output(1) + json.dumps(tend.state())
    assert CONTROL not in said and VIEW not in said


def test_a_killed_scheduler_is_replaced_and_the_result_is_the_same(runner, long_file, expected):
    tend = Tend(runner, long_file, "--threads", "1")
    pid = tend.scheduler()
    harness.wait_until(lambda: (tend.state()["progress"] or {"shards": {"done": 0}})
                       ["shards"]["done"] > 0, "shards")
    assert harness.send(pid, signal.SIGKILL)
    harness.wait_until(lambda: tend.child()["starts"] == 2, "a second launch")
    child = tend.wait_for_end()
    assert child["exit"] == harness.COMPLETE and expected in child["outcome"]
    assert "ended with status 137: again in 1 s" in tend.started.output(1)


def test_what_was_refused_is_not_tried_again(runner):
    (runner.folder / "bad.yaml").write_text("analysis: none\n", encoding="ascii")
    tend = Tend(runner, "bad.yaml")
    child = tend.wait_for_end()
    assert (child["exit"], child["starts"]) == (harness.USAGE, 1)
    assert "bad.yaml" in child["said"] and tend.state()["progress"] is None


def test_nothing_is_left_of_a_killed_keeper(runner, long_file):
    tend = Tend(runner, long_file, "--threads", "1")
    tend.scheduler()
    harness.wait_until(runner.workers, "workers")
    tend.started.kill()
    tend.started.wait()
    harness.wait_until(lambda: not runner.processes(), "all of it ends")


def test_sigterm_ends_the_launch_first(runner, long_file, expected):
    tend = Tend(runner, long_file, "--threads", "1")
    harness.wait_until(lambda: (tend.folder / "worker.json").exists(), "it listens")
    tend.started.kill(signal.SIGTERM)
    done = tend.started.wait()
    assert done.status == 0 and "asked to stop" in done.err, done
    harness.wait_until(lambda: not runner.processes(), "workers end, too")
    child = Tend(runner, long_file).wait_for_end()
    assert child["exit"] == harness.COMPLETE and expected in child["outcome"]


def test_rerun_after_the_mend(runner, samples):
    good = (samples / "zz4mu2012_00.h5").read_bytes()
    path = runner.folder / "input.h5"
    path.write_bytes(good[:len(good) // 2])
    run = harness.write_run(runner.folder / "run.yaml", harness.one_sample_run(
        "higgs4l", harness.simulation([path, samples / "zz4mu2012_01.h5"])))
    tend = Tend(runner, run)
    child = tend.wait_for_end()
    assert child["exit"] == harness.INCOMPLETE, child
    assert "input.h5" in tend.command("failures")[0].decode()
    path.write_bytes(good)
    assert tend.ask("POST", "/api/v1/rerun", {"shards": "1;2"}, CONTROL)[0] == 400
    status, data = tend.ask("POST", "/api/v1/rerun", {}, CONTROL)
    assert status == 202 and json.loads(data)["doing"] == "rerun"
    child = tend.wait_for_end()
    assert (child["doing"], child["exit"]) == ("rerun", harness.COMPLETE), child
    status, data = tend.ask("POST", "/api/v1/launch", {}, CONTROL)
    assert status == 202, data
    assert tend.wait_for_end()["exit"] == harness.COMPLETE


def test_while_it_works_there_is_no_second_one(runner, long_file):
    tend = Tend(runner, long_file, "--threads", "1")
    pid = tend.scheduler()
    harness.send(pid, signal.SIGSTOP)
    for path in ("/api/v1/rerun", "/api/v1/launch"):
        status, data = tend.ask("POST", path, {}, CONTROL)
        assert status == 409 and b"is at work" in data, data
    harness.send(pid, signal.SIGCONT)
    assert tend.wait_for_end()["exit"] == harness.COMPLETE


def test_a_command_ends_with_its_client(runner, long_file):
    """A watch that nobody reads any more."""
    tend = Tend(runner, long_file, "--threads", "1")
    pid = tend.scheduler()
    harness.wait_until(lambda: tend.state()["progress"], "a ledger")
    harness.send(pid, signal.SIGSTOP)
    watching = tend.start_watch()
    harness.wait_until(lambda: runner.processes("picobarn under", "watch"), "a watch")
    watching.close()
    harness.wait_until(lambda: not runner.processes("picobarn under", "watch"), "it ends")
    assert tend.started.running


def test_only_so_many_commands_run_at_once(runner, long_file):
    tend = Tend(runner, long_file, "--threads", "1")
    pid = tend.scheduler()
    harness.wait_until(lambda: tend.state()["progress"], "a ledger")
    harness.send(pid, signal.SIGSTOP)  # so that a watch lasts
    watching = [tend.start_watch() for _ in range(8)]
    status, data = tend.ask("POST", "/api/v1/command", {"argv": ["status"]})
    assert status == 503 and b"try again" in data
    for answer in watching:
        answer.close()
    harness.wait_until(lambda: tend.ask("POST", "/api/v1/command", {"argv": ["status"]})[0] == 200,
                       "there is room again")


def test_what_it_starts_inherits_no_socket(runner, long_file):
    tend = Tend(runner, long_file, "--threads", "1")
    links = [os.readlink(f"/proc/{tend.scheduler()}/fd/{fd}") for fd in (0, 1, 2)]
    assert links[0] == "/dev/null" and all(link.startswith("pipe:") for link in links[1:])
    ours = set()
    for fd in os.listdir(f"/proc/{tend.started.pid}/fd"):
        link = os.readlink(f"/proc/{tend.started.pid}/fd/{fd}")
        if link.startswith("socket:"):
            ours.add(link)
    child = f"/proc/{tend.scheduler()}/fd"
    assert ours and not ours & {os.readlink(f"{child}/{fd}") for fd in os.listdir(child)
                                if os.path.islink(f"{child}/{fd}")}


@pytest.mark.parametrize("options", [
    (), ("--http", "127.0.0.1:0"), ("--http", "127.0.0.1:0", "--tokens", "one"),
    ("--http", "nowhere", "--tokens", "a,b"), ("--http", "127.0.0.1:0", "--tokens", "none,none")])
def test_bad_usage_starts_nothing(runner, run_file, options):
    for name in ("a", "b"):
        (runner.folder / name).write_text("0123456789abcdef", encoding="ascii")
    done = runner.run("picobarn", "tend", "run", "--run-file", run_file, *options)
    assert done.status == harness.USAGE and done.err.strip(), done
    assert not (runner.folder / "run").exists()
