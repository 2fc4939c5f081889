# SPDX-License-Identifier: Apache-2.0
"""25,000 shards in a cluster: in real pods, bundled; and a shard each in fake ones, of which there are
25,000 with PICOBARN_SCALE=1, else a fifth. Prints what it cost."""
import base64
import json
import os
import re
import subprocess
import time

import pytest

import harness
from cluster import FAKE_NODES, read

SHARDS = 25000
EVENTS_A_SHARD = 4
FAKE_SHARDS = SHARDS if os.environ.get("PICOBARN_SCALE") == "1" else SHARDS // 5
MOST_JOBS, MOST_WRITES, MOST_A_SECOND = 25, 200, 5.0  # of objects, of requests to submit, steady
WRITES = ("create", "update", "patch", "delete")


@pytest.fixture(scope="session")
def many(shared):
    """Events enough for 25,000 shards, in few files."""
    def make(folder):
        subprocess.run([harness.program("picobarn-samples"), str(folder), "--events",
                                "101000", "--seed", "9"], check=True, stdout=subprocess.DEVNULL)
    return shared("many", make)


def run_file(tmp_path, many, image, workers, shards=SHARDS):
    run = harness.read_run(many / "higgs4l.yaml")
    run["shards"] = {"target_events": EVENTS_A_SHARD * SHARDS // shards}
    run["kubernetes"] = {
        # In the pods where it is on the machine, so that workers out here find it too.
        "image": image, "image_pull_policy": "Never", "folder": str(many),
        "volumes": [{"name": "data", "mountPath": str(many),
                     "persistentVolumeClaim": {"claimName": "data"}}],
        "scheduler": {"requests": {"cpu": "100m"}, "patch": {"spec": {"nodeSelector": {
            "picobarn.test/node": "real"}}}},
        "workers": workers}
    return harness.write_run(tmp_path / "many.yaml", run)


def requests(cluster, namespace):
    """Ours of this namespace: the launching person's and the scheduler's."""
    users = ("launcher", f"system:serviceaccount:{namespace}:picobarn-scheduler")
    return [e for user in users for e in cluster.audit(user=user, namespace=namespace)]


def scheduler_memory(cluster, namespace):
    """MiB that the scheduler's processes take, in all."""
    (pod,) = cluster.pods(namespace, "app.kubernetes.io/component=scheduler")
    return sum(int(re.search(r"VmHWM:\s+(\d+)", read(pid, "status")).group(1))
               for pid in cluster.processes(pod, "picobarn")) / 1024


def launch(cluster, runner, path, namespace):
    return runner.start("picobarn", "launch", path, "--on", "k8s", "--namespace", namespace,
                        env={"KUBECONFIG": str(cluster.kubeconfig("launcher"))})


def prepare(cluster, namespace, many, tmp_path):
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    cluster.make_volume(namespace, "data", many)
    cluster.make_volume(namespace, "ledger-many-0", ledger, writable=True)


def report(name, **figures):
    """For the log of the test, and for whoever collects them."""
    print(f"\n{name}: " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in figures.items()))


def submitted(entries):
    """The writes up to the last Job that was made, that one included."""
    writes = [e for e in entries if e["verb"] in WRITES]
    made = [e["time"] for e in writes if e["resource"] == "jobs" and e["verb"] == "create"]
    return [e for e in writes if e["time"] <= max(made)]


def test_25_000_shards_run_in_bundles(cluster, namespace, image, runner, many, tmp_path):
    prepare(cluster, namespace, many, tmp_path)
    path = run_file(tmp_path, many, image, {
        "requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "256Mi"},
        "max_pods": 16})
    local = runner.run("picobarn", "launch", path, "--base", many, "--run-dir", "local.run",
                       timeout=300)
    began = time.monotonic()
    run = launch(cluster, runner, path, namespace)
    memory = 0.0

    def over():
        nonlocal memory
        if cluster.pods(namespace, "app.kubernetes.io/component=scheduler"):
            memory = max(memory, scheduler_memory(cluster, namespace))
        return not run.running
    harness.wait_until(over, "the run ends", timeout=600, step=2)
    seconds = time.monotonic() - began
    done = run.wait()
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == local.sha256
    assert done.shards[0] == done.shards[1] >= SHARDS

    entries = requests(cluster, namespace)
    pods = {e["name"] for e in cluster.audit(verb="create", resource="pods", subresource="binding",
                                             namespace=namespace)}
    jobs = [e for e in entries if e["resource"] == "jobs" and e["verb"] == "create"]
    steady = [e for e in entries if e["user"] != "launcher"]
    report("25,000 shards in real pods", shards=done.shards[1], pods=len(pods) - 1, jobs=len(jobs),
           writes_to_submit=len(submitted(entries)), requests=len(entries),
           scheduler_requests_a_second=f"{len(steady) / seconds:.2f}",
           seconds=f"{seconds:.0f}", scheduler_MiB=f"{memory:.0f}")
    assert len(pods) - 1 >= 200
    assert len(jobs) <= MOST_JOBS
    assert len(submitted(entries)) <= MOST_WRITES
    assert len(steady) / seconds <= MOST_A_SECOND


class StandIn:
    """Computes in place of fake pods: as many shards as pods have completed, by real workers on the
    node's machine, a worker's share each time."""

    def __init__(self, cluster, runner, namespace, folder):
        self.cluster, self.runner, self.namespace = cluster, runner, namespace
        self.completed = {}  # of each Job that was there: its indexes that ended
        self.given = 0
        self.worker = None
        secret = cluster.get("secret", "many-worker", f"--namespace={namespace}")
        invitation = json.loads(base64.b64decode(secret["data"]["worker.json"]))
        service = cluster.get("service", "many", f"--namespace={namespace}")
        invitation["endpoint"] = f"tcp://{service['spec']['clusterIP']}:5555"  # no DNS out here
        self.invitation = folder / "worker.json"
        self.invitation.write_text(json.dumps(invitation))

    def turn(self):
        """Starts the next worker, if the last has ended and pods have completed since."""
        for job in self.cluster.get("jobs", f"--namespace={self.namespace}"):
            self.completed[job["metadata"]["name"]] = job["status"].get("succeeded", 0)
        if self.worker is not None and self.worker.running:
            return
        due = max(sum(self.completed.values()), 1) - self.given
        if due > 0:
            self.given += due
            self.worker = self.runner.start("picobarn-worker", "run", "--connect", self.invitation,
                                            "--shards", str(due), "--threads", "1")


def test_fake_pods_hold_a_shard_each(cluster, namespace, image, runner, many, tmp_path):
    prepare(cluster, namespace, many, tmp_path)
    path = run_file(tmp_path, many, image, {
        "shards_per_index": 1, "max_pods": 2000, "patch": {"spec": FAKE_NODES}}, FAKE_SHARDS)
    local = runner.run("picobarn", "launch", path, "--base", many, "--run-dir", "local.run",
                       timeout=300)
    began = time.monotonic()
    run = launch(cluster, runner, path, namespace)
    harness.wait_until(lambda: cluster.try_kubectl("get", "job", "many-w0", f"--namespace={namespace}")
                       .returncode == 0, "the first Job is there")
    stand_in = StandIn(cluster, runner, namespace, tmp_path)
    memory = 0.0

    def over():
        nonlocal memory
        stand_in.turn()
        memory = max(memory, scheduler_memory(cluster, namespace))
        return not run.running
    harness.wait_until(over, "the run ends", timeout=1500, step=1)
    seconds = time.monotonic() - began
    done = run.wait()
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == local.sha256

    entries = requests(cluster, namespace)
    jobs = [e for e in entries if e["resource"] == "jobs" and e["verb"] == "create"]
    steady = [e for e in entries if e["user"] != "launcher"]
    completed = sum(stand_in.completed.values())
    report("fake pods, a shard each", shards=done.shards[1], pods_completed=completed,
           jobs=len(jobs), requests=len(entries), writes=sum(e["verb"] in WRITES for e in entries),
           scheduler_requests_a_second=f"{len(steady) / seconds:.2f}",
           seconds=f"{seconds:.0f}", scheduler_MiB=f"{memory:.0f}")
    assert completed >= FAKE_SHARDS
    assert len(jobs) <= MOST_JOBS
    assert len(steady) / seconds <= MOST_A_SECOND
