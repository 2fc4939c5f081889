# SPDX-License-Identifier: Apache-2.0
"""picobarn's client of the API (k8s/k8s.h) on bad days: k8s_orders_try between a real API server, or a
proxy before it that does harm, and the truth as kubectl has it. D1 to D6 of the acceptance tests."""
import http.client
import json
import os
import ssl
import threading
import time
from pathlib import Path

import pytest

import fault_proxy
import harness
from cluster import SERVER
from fault_proxy import EXPIRED, FaultProxy, Rule

MIB = 2**20
SILENCE_S = 75  # after which a server that sends bookmarks counts as away


@pytest.fixture
def proxy(cluster):
    """A proxy before the API server, with the API server's own certificate."""
    keys = cluster.run / "keys"
    with FaultProxy(SERVER, keys / "ca.crt", keys / "apiserver.crt", keys / "apiserver.key",
                    cluster.token()) as p:
        yield p


@pytest.fixture
def client(cluster, proxy, runner):
    return Client(cluster, runner, proxy.address)


class Client:
    """k8s_orders_try, and what it said."""

    def __init__(self, cluster, runner, address):
        self.cluster, self.runner = cluster, runner
        self.kubeconfig = runner.folder / "kubeconfig"
        self.token_file = runner.folder / "token"
        self.write_token("first")
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {
                "server": address, "certificate-authority": str(cluster.run / "keys" / "ca.crt")}}],
            "users": [{"name": "u", "user": {"tokenFile": str(self.token_file)}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))
        self.started = None

    def write_token(self, token):
        new = self.token_file.with_suffix(".new")
        new.write_text(token)
        new.rename(self.token_file)

    def start(self, *order, kubeconfig=None):
        self.started = self.runner.start(harness.program("k8s_orders_try"), *map(str, order),
                                         env={"KUBECONFIG": str(kubeconfig or self.kubeconfig)})
        return self

    def run(self, *order):
        """Its events, when it has ended."""
        done = self.start(*order).started.wait()
        assert done.status == 0, done
        return self.events()

    def events(self, *names):
        whole = self.started.output().rpartition("\n")[0]
        said = [json.loads(line) for line in whole.splitlines()]
        return [e for e in said if not names or e["event"] in names]

    def wait_for(self, name, number=1, timeout=harness.PATIENCE, step=0.02):
        def look():
            assert self.started.running, self.started.wait()
            found = self.events(name)
            return found if len(found) >= number else None
        return harness.wait_until(look, f"event {name}, {number} times", timeout, step)[number - 1]

    def next(self, name, timeout):
        """Gives a function that waits for an event that has not come yet."""
        number = len(self.events(name)) + 1
        return lambda: self.wait_for(name, number, timeout)

    def mirrored(self):
        """name -> (version, completed indexes), as whoever applies the events has it."""
        state = {}
        for event in self.events("changed", "gone"):
            name = event["metadata"]["name"]
            state.pop(name, None)
            if event["event"] == "changed":
                state[name] = summary(event)
        return state

    @property
    def peak_memory(self):
        status = Path(f"/proc/{self.started.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


def summary(job):
    return job["metadata"]["resourceVersion"], job.get("status", {}).get("completedIndexes", "")


def truth(cluster, namespace):
    return {job["metadata"]["name"]: summary(job)
            for job in cluster.get("jobs", f"--namespace={namespace}")}


def wait_for_truth(client, namespace, timeout):
    """Until the mirror has what the server has; the seconds that it took."""
    began = time.monotonic()
    expected = truth(client.cluster, namespace)
    harness.wait_until(lambda: client.mirrored() == expected, "the mirror shows the truth", timeout, 0.2)
    return time.monotonic() - began


def foreign_job(name, completions):
    """A Job that no controller of the cluster cares about: the test writes its status."""
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "labels": {"try": "orders"}},
            "spec": {"completionMode": "Indexed", "completions": completions,
                     "parallelism": completions, "managedBy": "picobarn.test/nobody",
                     "template": {"spec": {"restartPolicy": "Never", "containers": [
                         {"name": "main", "image": "none:1"}]}}}}


class Progress:
    """Completes the indexes of a foreign Job, one after another."""

    def __init__(self, cluster, namespace, name):
        self.path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}/status"
        self.headers = {"Content-Type": "application/merge-patch+json",
                        "Authorization": f"Bearer {cluster.token()}"}
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", 6443, context=ssl.create_default_context(
                cafile=cluster.run / "keys" / "ca.crt"))

    def complete(self, n):
        for i in range(n):
            status = {"succeeded": i + 1, "startTime": "2026-01-01T00:00:00Z",
                      "completedIndexes": {0: "0", 1: "0,1"}.get(i, f"0-{i}")}
            self.connection.request("PATCH", self.path, json.dumps({"status": status}), self.headers)
            answer = self.connection.getresponse()
            said = answer.read()
            assert answer.status == 200, said


def complete_all(cluster, namespace, names, n):
    """n transitions of each Job, four Jobs at a time."""
    failed = []

    def work(mine):
        try:
            for name in mine:
                Progress(cluster, namespace, name).complete(n)
        except BaseException as problem:  # noqa: B902 - told by the test's own thread
            failed.append(problem)
    threads = [threading.Thread(target=work, args=(names[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed


# D1

def test_no_retry_comes_before_retry_after_says_so(client, proxy, namespace):
    pause = 2
    proxy.rules = [Rule(path="/configmaps", share=0.5,
                        fault=fault_proxy.answer(429, retry_after=pause))]
    events = client.run("list", namespace, "ConfigMap", 12, 0)
    assert [e["event"] for e in events] == ["listed"] * 12, events[-1]
    refused = [i for i, call in enumerate(proxy.calls) if call.status == 429]
    assert len(refused) >= 3
    for i in refused:
        assert proxy.calls[i + 1].began - proxy.calls[i].answered >= pause
    assert len(proxy.calls) == 12 + len(refused)


@pytest.mark.parametrize("code, said", [
    (403, 'jobs "job-00000" is forbidden: exceeded quota: small'),
    (422, "Job is invalid: spec.parallelism: must be greater than 0"),
    (400, 'admission webhook "rules.example" denied the request: no team label')])
def test_what_cannot_succeed_is_said_and_not_tried_again(client, proxy, namespace, code, said):
    proxy.rules = [Rule(method="POST", fault=fault_proxy.answer(code, said))]
    began = time.monotonic()
    failed, ended = client.run("ensure", namespace, 1)
    assert time.monotonic() - began < 5
    assert failed["kind"] == "input" and said in failed["text"]
    assert (len(proxy.calls), ended["rounds"]) == (1, 1)


# D2

def test_jobs_whose_answers_are_lost_exist_exactly_once(client, proxy, cluster, namespace):
    n = 1000
    proxy.rules = [
        Rule(method="POST", share=0.04, fault=fault_proxy.reset_after()),
        Rule(method="POST", share=0.04, fault=fault_proxy.answer_after(500)),
        Rule(method="POST", share=0.02, fault=fault_proxy.hang(applied=True))]
    made = [e["created"] for e in client.run("ensure", namespace, n) if e["event"] == "made"]
    faults = [call.fault for call in proxy.calls if call.fault]
    assert set(faults) == {"reset_after", "answer_after", "hang"} and len(faults) > n / 20
    assert len(made) == n and made.count(False) == len(faults)
    assert sorted(truth(cluster, namespace)) == [f"job-{i:05}" for i in range(n)]
    created = cluster.audit(verb="create", resource="jobs", namespace=namespace, code=201)
    assert len(created) == n


# D3

def test_a_mirror_survives_410_in_every_form(client, proxy, cluster, namespace):
    names = [f"progress-{i}" for i in range(20)]
    cluster.apply(*(foreign_job(name, 500) for name in names), namespace=namespace)
    client.run("ensure", namespace, 600)  # more than a page
    proxy.calls.clear()
    proxy.rules = [
        Rule(path="continue=", every=3, fault=fault_proxy.answer(410)),
        Rule(path="watch=", every=3, fault=fault_proxy.answer(410)),
        Rule(path="watch=", fault=fault_proxy.watch(fault_proxy.end_with(EXPIRED, 1.5)))]
    client.start("mirror", namespace, "Job", "try=orders")
    began = time.monotonic()
    complete_all(cluster, namespace, names, 500)
    print(f"10,000 transitions in {time.monotonic() - began:.0f} s")
    proxy.rules = []
    print(f"the mirror is right {wait_for_truth(client, namespace, 10):.1f} s later")
    assert client.mirrored()["progress-19"][1] == "0-499"
    answered = [c.path for c in proxy.calls if c.status == 410]
    assert any("continue=" in path for path in answered)
    assert any("watch=" in path for path in answered)
    assert proxy.count(fault="watch") >= 3


# D4

def test_a_watch_in_pieces_with_events_from_elsewhere_is_understood(client, proxy, cluster, namespace):
    foreign = [
        {"type": "BOOKMARK", "object": {"kind": "Job", "metadata": {"resourceVersion": "1"}},
         "more": [1, {}]},
        {"type": "SURPRISE", "object": {"metadata": {"name": "job-00000"}}},
        {"type": "ADDED", "object": {"kind": "Job", "metadata": {
            "name": "big", "uid": "1-2-3", "resourceVersion": "2", "annotations": {"x": "y" * MIB}}}},
        {"type": "DELETED", "object": {"kind": "Job", "metadata": {
            "name": "big", "uid": "1-2-3", "resourceVersion": "3"}}}]
    proxy.rules = [Rule(path="watch=", fault=fault_proxy.watch(
        fault_proxy.twice, fault_proxy.insert(*foreign), fault_proxy.split(1000),
        fault_proxy.split_first(1, 30000)))]
    client.start("mirror", namespace, "Job", "try=orders").wait_for("synced")
    cluster.apply(foreign_job("one", 50), foreign_job("two", 50), namespace=namespace)
    complete_all(cluster, namespace, ["one", "two"], 50)
    cluster.kubectl("delete", "job", "two", f"--namespace={namespace}")
    wait_for_truth(client, namespace, 30)
    told = [(e["metadata"]["name"], e["metadata"]["resourceVersion"])
            for e in client.events("changed")]
    assert len(told) == len(set(told)), "an event was told twice"


@pytest.mark.parametrize("junk", [
    b'{"type":"ADDED","object":' + b"[" * 100000 + b"\n",
    b'{"type":"ADDED","object":{"metadata":{"name":"\xff\xfe"}}}\n',
    b"<html>busy</html>\n",
    b'{"type":"ADDED","object":7}\n',
    b"x" * (2 * MIB)], ids=["deep", "utf8", "html", "number", "long"])
def test_junk_in_a_watch_is_left_behind(client, proxy, cluster, namespace, junk):
    proxy.rules = [Rule(path="watch=", most=1, fault=fault_proxy.watch(fault_proxy.insert(junk)))]
    client.start("mirror", namespace, "Job", "try=orders").wait_for("synced")
    for name in ("before", "after"):
        cluster.apply(foreign_job(name, 1), namespace=namespace)
    wait_for_truth(client, namespace, 30)
    assert client.peak_memory < 128 * MIB


def test_a_body_without_end_is_refused(client, proxy, namespace):
    proxy.rules = [Rule(fault=fault_proxy.body(b" " * MIB for _ in range(100)))]
    failed = client.start("list", namespace, "ConfigMap", 1, 60000).wait_for("failed")
    assert failed["kind"] == "peer"
    assert client.peak_memory < 128 * MIB


# D5

@pytest.fixture
def mirror(cluster, runner, namespace):
    """A client that mirrors the namespace's Jobs, without a proxy, and has them."""
    client = Client(cluster, runner, SERVER)
    client.start("mirror", namespace, "Job", "try=orders", kubeconfig=cluster.kubeconfig())
    client.wait_for("fresh")
    return client


def test_a_frozen_server_is_noticed(client, proxy, cluster, namespace):
    proxy.rules = [Rule(path="watch=", fault=fault_proxy.watch(fault_proxy.bookmarked))]
    client.start("mirror", namespace, "Job", "try=orders").wait_for("fresh")
    cluster.apply(foreign_job("before", 1), namespace=namespace)
    client.wait_for("changed")
    server = cluster.service("apiserver")
    stale, fresh = client.next("stale", SILENCE_S + 10), client.next("fresh", 30)
    server.freeze()
    began = time.monotonic()
    try:
        stale()
    finally:
        server.thaw()
    thawed = time.monotonic()
    fresh()
    print(f"stale after {thawed - began:.0f} s, fresh {time.monotonic() - thawed:.1f} s after the thaw")
    cluster.apply(foreign_job("later", 1), namespace=namespace)
    wait_for_truth(client, namespace, 30)


def test_a_server_that_was_away_is_found_again(mirror, cluster, namespace):
    server = cluster.service("apiserver")
    stale, fresh = mirror.next("stale", 30), mirror.next("fresh", 30)
    server.kill()
    stale()
    server.start()
    harness.wait_until(cluster.ready, "the API server is ready")
    fresh()
    cluster.apply(foreign_job("later", 1), namespace=namespace)
    wait_for_truth(mirror, namespace, 30)


# D6

def test_tokens_that_are_replaced_cost_one_refusal_each(client, proxy, namespace):
    is_long = os.environ.get("PICOBARN_SCALE") == "1"  # then half an hour, a token a minute
    rotations, lists, pause_ms = (30, 300, 200) if is_long else (5, 10, 50)
    proxy.accepted = {"first"}
    client.start("list", namespace, "ConfigMap", 10000, pause_ms).wait_for("listed")
    for i in range(rotations):
        token = f"{i}" * 16384
        client.write_token(token)
        proxy.accepted = {token}
        before = len(client.events("listed"))
        client.wait_for("listed", before + lists, step=lists / 500)
    assert client.events("failed") == []
    assert proxy.count(status=401) <= rotations
    assert proxy.calls[-1].token == token
