# SPDX-License-Identifier: Apache-2.0
"""The cluster itself is harmed: its API server, its kubelet, its DNS. Runs that were under way, and
pods that were to start, get over it. One after the other, since each is felt by all that runs."""
import contextlib
import signal

import harness
from harmed import NAME, launched, recipe, reference, run  # noqa: F401


@contextlib.contextmanager
def frozen(service):
    service.freeze()
    try:
        yield
    finally:
        service.thaw()


def hold(run, pods):
    """Their compute programs stand still, so that the run cannot end; ids to let go."""
    held = [run.process(pod, "picobarn-worker compute") for pod in pods]
    for process in held:
        harness.send(process, signal.SIGSTOP)
    return held


def test_an_api_server_that_freezes_and_is_killed(run, reference):
    """Workers need none. What is shown says since when it is out of date."""
    run.wait_for(20)
    pods = run.pods("worker")
    server = run.cluster.service("apiserver")
    server.freeze()
    done = run.accepted()
    run.wait_for(50, beyond=done)
    held = hold(run, pods)
    harness.wait_until(lambda: "no word from the API server" in run.status_here(),
                       "the silence is noticed")
    for process in held:
        assert harness.send(process, signal.SIGCONT)
    server.kill()
    run.wait_for(20, beyond=run.accepted())
    server.start()
    harness.wait_until(run.cluster.ready, "the API server is ready")
    run.check_whole(reference)
    assert run.events(3) == []


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
    some, all_of_them = (launched(recipe, samples, workers={"shards_per_index": 1000})
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


def test_no_dns_while_pods_start(cluster, launched, recipe, samples, reference):
    with frozen(cluster.service("dns")):
        run = launched(recipe, samples)
        harness.wait_until(lambda: run.pods("worker"), "a worker's pod runs")
        harness.wait_until(lambda: questions(53) > 1, "it asks for its scheduler")
        assert run.accepted() == 0
    run.check_whole(reference)


def questions(port):
    """Bytes that wait for the one who listens at a UDP port."""
    with open("/proc/net/udp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    with open("/proc/net/udp6", encoding="ascii") as table:
        rows += [line.split() for line in table][1:]
    return sum(int(row[4].split(":")[1], 16) for row in rows
               if int(row[1].rsplit(":", 1)[1], 16) == port)
