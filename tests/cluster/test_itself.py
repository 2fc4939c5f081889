# SPDX-License-Identifier: Apache-2.0
"""The cluster of these tests is one: what the other files rely on, and each way to do it harm."""
import json
import signal

import pytest

import harness
from cluster import FAKE_NODES, alive, indexed_job, restricted_pod

FOREVER = ("sleep", "1000")


def conditions(thing):
    return [c["type"] for c in thing["status"].get("conditions", []) if c["status"] == "True"]


def ended(cluster, namespace, name):
    """The pod's container as it ended, once it did."""
    def look():
        status = cluster.get("pod", name, f"--namespace={namespace}")["status"]
        return status.get("containerStatuses", [{}])[0].get("state", {}).get("terminated")
    return harness.wait_until(look, f"pod {name} ends")


def running(cluster, namespace, name, *command):
    """A pod that runs."""
    cluster.apply(restricted_pod(name, *(command or FOREVER)), namespace=namespace)
    cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", f"--namespace={namespace}",
                    "--timeout=60s")
    return cluster.get("pod", name, f"--namespace={namespace}")


def test_all_is_well(cluster):
    assert cluster.ready()
    for node in cluster.get("nodes"):
        assert "Ready" in conditions(node), node["metadata"]["name"]


def test_a_privileged_pod_is_refused_and_a_restricted_one_runs(cluster, namespace):
    pod = restricted_pod("privileged", *FOREVER)
    pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(AssertionError, match='violates PodSecurity "restricted'):
        cluster.apply(pod, namespace=namespace)

    cluster.apply(restricted_pod("restricted", "id"), namespace=namespace)
    assert ended(cluster, namespace, "restricted")["exitCode"] == 0
    assert "uid=65532" in cluster.kubectl("logs", "restricted", f"--namespace={namespace}")


def test_pods_find_services_by_name(cluster, namespace):
    cluster.apply(restricted_pod("asks", "nslookup", "kubernetes.default.svc.cluster.local"),
                  namespace=namespace)
    assert ended(cluster, namespace, "asks")["exitCode"] == 0
    assert "10.96.0.1" in cluster.kubectl("logs", "asks", f"--namespace={namespace}")


def test_a_claim_shows_a_folder_of_the_machine(cluster, namespace, tmp_path):
    (tmp_path / "word").write_text("from the machine")
    cluster.make_volume(namespace, "data", tmp_path)
    pod = restricted_pod("reads", "cat", "/data/word", volumes=[
        {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}}])
    pod["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    cluster.apply(pod, namespace=namespace)
    assert ended(cluster, namespace, "reads")["exitCode"] == 0
    assert cluster.kubectl("logs", "reads", f"--namespace={namespace}") == "from the machine"


def test_fake_nodes_complete_pods_and_fail_those_that_they_are_told(cluster, namespace):
    pod = restricted_pod("fake", "true", **FAKE_NODES)
    pod["metadata"]["annotations"] = {"picobarn.test/fail-indexes": "3,7",
                                      "picobarn.test/exit-code": "65"}
    policy = {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [65]}}]}
    cluster.apply(indexed_job("many", 100, pod, backoffLimitPerIndex=2, podFailurePolicy=policy),
                  namespace=namespace)
    cluster.kubectl("wait", "job/many", "--for=condition=Failed", f"--namespace={namespace}",
                    "--timeout=60s")
    status = cluster.get("job", "many", f"--namespace={namespace}")["status"]
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0-2,4-6,8-99", "3,7")


def test_users_may_do_what_their_role_says(cluster, namespace):
    def may(user, verb, what):
        return cluster.try_kubectl("auth", "can-i", verb, what, f"--namespace={namespace}",
                                   user=user).stdout.strip()

    assert may("launcher", "create", "configmaps") == "yes"
    assert may("looker", "create", "configmaps") == "no"
    assert may("looker", "get", "pods") == "yes"


def test_requests_are_found_in_the_audit_log(cluster, namespace):
    for _ in range(3):
        cluster.kubectl("get", "pods", f"--namespace={namespace}", user="launcher")
    found = cluster.audit(user="launcher", namespace=namespace, resource="pods")
    assert [(entry["verb"], entry["code"]) for entry in found] == [("list", 200)] * 3


def test_a_killed_process_and_one_without_memory_end_their_pods(cluster, namespace):
    killed, starved = (running(cluster, namespace, name) for name in ("killed", "starved"))
    (process,) = cluster.processes(killed, "sleep", "1000")
    harness.send(process, signal.SIGKILL)
    (process,) = cluster.processes(starved, "sleep", "1000")
    cluster.exhaust_memory(process)
    assert ended(cluster, namespace, "killed")["exitCode"] == 137
    end = ended(cluster, namespace, "starved")
    assert (end["exitCode"], end["reason"]) == (137, "OOMKilled")


def test_evicted_and_deleted_pods_go(cluster, namespace):
    pod = running(cluster, namespace, "evicted", "sh", "-c", "trap 'exit 3' TERM; sleep 1000 & wait")
    cluster.evict(pod)
    other = running(cluster, namespace, "deleted", "sh", "-c", "trap 'exit 3' TERM; sleep 1000 & wait")
    cluster.delete(other)
    harness.wait_until(lambda: not cluster.pods(namespace), "both are gone")


def test_a_frozen_kubelet_starts_nothing_until_it_thaws(cluster, namespace):
    kubelet = cluster.service("kubelet")
    kubelet.freeze()
    try:
        cluster.apply(restricted_pod("late", "true"), namespace=namespace)
        cluster.kubectl("wait", "pod/late", "--for=condition=PodScheduled",
                        f"--namespace={namespace}", "--timeout=60s")
    finally:
        kubelet.thaw()
    assert ended(cluster, namespace, "late")["exitCode"] == 0


@pytest.mark.parametrize("name", ["apiserver", "dns", "kubelet"])
def test_a_service_that_was_killed_starts_again(cluster, namespace, name):
    service = cluster.service(name)
    service.kill()
    service.start()
    assert alive(service.pid)
    harness.wait_until(cluster.ready, "the API server is ready")
    cluster.apply(restricted_pod("after", "sh", "-c", "until nslookup kubernetes.default.svc.cluster"
                                 ".local; do sleep 1; done"), namespace=namespace)
    assert ended(cluster, namespace, "after")["exitCode"] == 0


def test_a_node_without_room_leaves_pods_pending(cluster, namespace):
    with cluster.node_without_room():
        cluster.apply(restricted_pod("waits", "true"), namespace=namespace)

        def unschedulable():
            events = cluster.get("events", f"--namespace={namespace}",
                                 "--field-selector=reason=FailedScheduling")
            return "Insufficient cpu" in json.dumps(events)
        harness.wait_until(unschedulable, "the scheduler says why")
    assert ended(cluster, namespace, "waits")["exitCode"] == 0
