# SPDX-License-Identifier: Apache-2.0
"""The cluster itself is harmed: its API server, its kubelet, its DNS. Runs that were under way, and
pods that were to start, get over it. One after the other, since each is felt by all that runs."""
import collections
import contextlib
import signal
import socket

import harness
from harmed import BROKE, LOST, NAME, launched, recipe, reference  # noqa: F401

TRIES = 2  # of a name, before a pod gives up
HEADER = 12  # bytes of a question


@contextlib.contextmanager
def frozen(service):
    service.freeze()
    try:
        yield
    finally:
        service.thaw()


@contextlib.contextmanager
def held(run, pods):
    """Their compute programs stand still, so that the run cannot end."""
    processes = [run.process(pod, "picobarn-worker compute") for pod in pods]
    for process in processes:
        harness.send(process, signal.SIGSTOP)
    yield
    for process in processes:
        assert harness.send(process, signal.SIGCONT), "a worker is gone"


def test_an_api_server_that_freezes_and_is_killed(cluster, launched, recipe, samples, reference):
    """Workers need none. What is shown says since when it is out of date."""
    run = launched(recipe, samples, workers={"shards_per_index": 1000})
    run.wait_for(20)
    pods = run.pods("worker")
    server = cluster.service("apiserver")
    with frozen(server):
        run.wait_for(50, beyond=run.accepted())
        with held(run, pods):
            harness.wait_until(lambda: "no word from the API server" in run.status_here(),
                               "the silence is noticed")
    run.wait_for(20, beyond=run.accepted())
    with held(run, pods):
        server.kill()
    run.wait_for(20, beyond=run.accepted())
    server.start()
    harness.wait_until(cluster.ready, "the API server is ready")
    run.check_whole(reference)
    assert run.events(LOST) == run.events(BROKE) == []


def node_is_lost(cluster):
    conditions = cluster.get("node", "localhost")["status"]["conditions"]
    return [c for c in conditions if c["type"] == "Ready" and c["status"] == "Unknown"]


def strike(run, pod):
    """The pod dies, is deleted, and nobody on its node can tell."""
    for process in run.cluster.processes(pod, "picobarn-worker"):
        harness.send(process, signal.SIGKILL)
    run.cluster.delete(pod)


def test_a_kubelet_that_freezes_while_pods_die(cluster, launched, recipe, samples, reference):
    """One pod of a run, and all of another. They stay as they were, Terminating; the first run is
    done by the pod that is left, the second gets other pods when the kubelet is back."""
    longer = {**recipe, "shards": {"target_events": 20}}  # the first goes on until the second has begun
    some, all_of_them = (launched(longer, samples, workers={"shards_per_index": 5000})
                         for _ in range(2))
    for run in (some, all_of_them):
        run.wait_for(20)
    with frozen(cluster.service("kubelet")):
        strike(some, some.worker())
        for pod in all_of_them.pods("worker"):
            strike(all_of_them, pod)
        some.check_whole(reference)
        assert "Deleted" in some.wait_for_loss("on node localhost")[1]
        harness.wait_until(lambda: node_is_lost(cluster), "the node is lost")
        harness.wait_until(lambda: f"{NAME}-w1" in all_of_them.jobs(), "a further Job")
        assert all_of_them.launch.running
    all_of_them.check_whole(reference)


@contextlib.contextmanager
def no_dns(cluster):
    """A socket in place of the cluster's name server, that hears what is asked and says nothing."""
    dns = cluster.service("dns")
    dns.kill()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("10.99.0.1", 53))
            deaf.settimeout(3 * harness.PATIENCE)  # a pod that ended with it starts again later and later
            yield deaf
    finally:
        dns.start()


def test_no_dns_while_pods_start(cluster, launched, recipe, samples, reference):
    """Long enough for a pod that has given up to ask anew."""
    with no_dns(cluster) as deaf:
        run = launched(recipe, samples)
        asked = collections.Counter()
        while max(asked.values(), default=0) <= TRIES:
            question, (address, _) = deaf.recvfrom(512)
            asked[address, question[HEADER:]] += 1
        assert run.pods("worker") and run.accepted() == 0
    run.check_whole(reference)
