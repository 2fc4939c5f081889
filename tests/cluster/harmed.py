# SPDX-License-Identifier: Apache-2.0
"""A run in a cluster that harm is done to: how far it is, by its ledger on the machine; its pods and
their processes; and how it ended. Harm is done at events, so such runs are slow: many small
shards, and pods that get a tenth of a processor."""
import contextlib
import sqlite3

import pytest

import harness
from cluster import alive
from conftest import BASE

SLOW = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "256Mi"},
        "max_pods": 2, "patch": {"spec": {"nodeSelector": {"picobarn.test/node": "real"}}}}
NAME = "harmed"
ACCEPTED, LOST, BROKE = 2, 3, 4  # events of scheduler/job.h
SHARD = 2  # LEASE_SHARD


@pytest.fixture(scope="session")
def recipe(samples):
    return {**harness.read_run(samples / "higgs4l.yaml"), "shards": {"target_events": 100}}


@pytest.fixture(scope="session")
def reference(shared, samples, recipe):
    """The SHA-256 of the same run on this machine, where nobody disturbs it."""
    def make(folder):
        runner = harness.Runner(folder)
        run = harness.write_run(folder / "run.yaml", recipe)
        done = runner.launch(run, "--base", samples, "--run-dir", "run")
        runner.clean_up()
        assert done.status == harness.COMPLETE, done
    return harness.sha256(shared("undisturbed", make) / "run" / "result.json")


@pytest.fixture
def launched(cluster, runner, image):
    """launched(recipe, data, ...): a Run on the files of that folder, in a namespace of its own."""
    namespaces = []

    def start(recipe, data, **kubernetes):
        namespace = cluster.make_namespace(BASE)
        namespaces.append(namespace)
        cluster.make_volume(namespace, "data", data)
        return Run(cluster, runner, namespace, {**recipe, "kubernetes": {
            "image": image, "image_pull_policy": "Never", "folder": "/data",
            "volumes": [{"name": "data", "mountPath": "/data",
                         "persistentVolumeClaim": {"claimName": "data"}}],
            "scheduler": {"requests": {"cpu": "20m", "memory": "64Mi"}}, **kubernetes,
            "workers": {**SLOW, **kubernetes.get("workers", {})}}})

    yield start
    for namespace in namespaces:
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def run(launched, recipe, samples):
    return launched(recipe, samples)


class Run:
    """One that a user launched, who may do no more than launch."""

    def __init__(self, cluster, runner, namespace, recipe):
        self.cluster, self.runner, self.namespace = cluster, runner, namespace
        self.volume = cluster.run / "ledgers" / namespace
        self.volume.mkdir(parents=True)
        cluster.make_volume(namespace, f"ledger-{NAME}-0", self.volume, writable=True)
        self.called = f"k8s:{namespace}/{NAME}"
        self.launch = self.start_launch(recipe)

    def start_launch(self, recipe):
        folder = self.runner.folder / self.namespace
        folder.mkdir(exist_ok=True)
        self.file = harness.write_run(folder / f"{NAME}.yaml", recipe)
        return self.start("launch", self.file, "--on", "k8s", "--namespace", self.namespace,
                          "--run-dir", folder / f"{NAME}.run")

    def start(self, *words):
        return self.runner.start("picobarn", *words, env={
            "KUBECONFIG": str(self.cluster.kubeconfig("launcher"))})

    def status_here(self):
        """What picobarn status shows of the run's folder, without asking the cluster."""
        return self.runner.run("picobarn", "status", self.folder).out

    def picobarn(self, command, *words):
        """A command on the run."""
        return self.start(command, self.called, *words).wait()

    @property
    def folder(self):
        """The run's, on the machine."""
        return self.volume / "run"

    # How far it is

    def ask(self, sql, *values):
        """Rows of the ledger, as it is this moment; none before there is one."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.folder}/ledger.db?mode=ro", uri=True)) as db:
                return db.execute(sql, values).fetchall()
        except sqlite3.OperationalError:  # not there yet
            return []

    def accepted(self):
        """Shards whose partials are in the ledger."""
        return sum(n for (n,) in self.ask("SELECT count(*) FROM partial"))

    def wait_for(self, n, beyond=0):
        """Until n shards more than that are accepted."""
        def look():
            assert self.launch.running, self.launch.wait()
            return self.accepted() >= beyond + n
        harness.wait_until(look, f"{n} shards of {NAME} accepted beyond {beyond}")

    def events(self, what):
        """(worker, reason, last lines) of events of that kind, as recorded."""
        return self.ask("SELECT worker, detail, log FROM event WHERE what = ? ORDER BY seq", what)

    def wait_for_loss(self, word, what=LOST):
        """The first lost lease whose reason has the word."""
        def look():
            ended = not self.launch.running
            found = [e for e in self.events(what) if word in e[1]]
            assert found or not ended, f"{self.launch.wait()}\n{self.events(what)}\n{self.story()}"
            return found
        return harness.wait_until(look, f"a lease is lost: {word}")[0]

    # Its pods

    def pods(self, component, phase="Running"):
        found = self.cluster.pods(self.namespace, f"app.kubernetes.io/instance={NAME},"
                                  f"app.kubernetes.io/component={component}")
        return [p for p in found if p["status"].get("phase") == phase
                and "deletionTimestamp" not in p["metadata"]]

    def scheduler(self):
        return harness.wait_until(lambda: self.pods("scheduler"), "the scheduler's pod runs")[0]

    def worker(self):
        """A worker's pod that has answered, and has to do still."""
        def look():
            known = {w for (w,) in self.ask("SELECT DISTINCT worker FROM partial")}
            return [p for p in self.pods("worker") if p["metadata"]["name"] in known]
        return harness.wait_until(look, "a worker's pod at work")[0]

    def process(self, pod, *words):
        """The id of its process with these words in the command line."""
        return harness.wait_until(lambda: self.cluster.processes(pod, *words),
                                  f"a process {words} of pod {pod['metadata']['name']}")[0]

    def jobs(self):
        return {job["metadata"]["name"]: job
                for job in self.cluster.get("jobs", f"--namespace={self.namespace}")}

    # How it ends

    def check_whole(self, reference):
        """Complete, with the bytes of a run that nobody disturbed, and each shard counted once."""
        done = self.launch.wait(2 * harness.PATIENCE)
        assert done.status == harness.COMPLETE, f"{done}\n{self.story()}"
        assert done.sha256 == reference
        accepted, planned = done.shards
        assert accepted == planned == self.accepted()
        assert self.ask("SELECT count(*) FROM event WHERE what = ? AND kind = ?",
                        ACCEPTED, SHARD) == [(planned,)]
        assert self.failures() == []

    def failures(self):
        """As harness.Runner.failures."""
        done = self.picobarn("failures", "-o", "json")
        assert done.out.startswith("{"), f"{done}\n{self.story()}"
        groups = done.json()["failures"]
        return [{"cause": group["cause"], **job} for group in groups for job in group["jobs"]]

    def story(self):
        """For messages: what the scheduler wrote."""
        return self.cluster.try_kubectl("logs", f"{NAME}-0", "--tail=40",
                                        f"--namespace={self.namespace}").stdout


def gone(pid):
    harness.wait_until(lambda: not alive(pid), f"process {pid} is gone")
