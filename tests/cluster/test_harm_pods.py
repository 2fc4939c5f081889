# SPDX-License-Identifier: Apache-2.0
"""Pods and processes of a run that are killed, deleted, evicted: the run goes on, ends with the bytes
of an undisturbed one, counts nothing twice, and its ledger says what happened."""
import shutil
import signal

import pytest

import broken
import harness
from cluster import FAKE_NODES
from harmed import BROKE, SLOW, gone, launched, recipe, reference, run  # noqa: F401


@pytest.fixture
def staying(launched, recipe, samples):
    """A run whose pods stay until its end: one that is chosen does not end by itself meanwhile."""
    return launched(recipe, samples, workers={"shards_per_index": 1000})


# Workers

def check_told(loss, pod, *words):
    """A lost lease names the pod, its node and why; its last lines."""
    worker, reason, log = loss
    name = pod["metadata"]["name"]
    assert worker == name
    assert all(w in reason for w in (f"pod {name} on node localhost", *words)), reason
    return log


def kill_at_work(run, pod):
    """Kills the pod's compute program with a lease at hand: it gets one while it is stopped, and the
    other pod goes on."""
    process = run.process(pod, "picobarn-worker compute")
    harness.send(process, signal.SIGSTOP)
    run.wait_for(20, beyond=run.accepted())
    harness.send(process, signal.SIGKILL)


def test_a_killed_session(staying, reference):
    staying.wait_for(20)
    pod = staying.worker()
    harness.send(staying.process(pod, "picobarn-worker run"), signal.SIGKILL)
    check_told(staying.wait_for_loss("exit status 137"), pod)
    staying.check_whole(reference)


def test_a_killed_compute_program(staying, reference):
    staying.wait_for(20)
    pod = staying.worker()
    kill_at_work(staying, pod)
    worker, reason, _ = staying.wait_for_loss("signal 9 (Killed)", BROKE)
    assert worker == pod["metadata"]["name"]
    staying.check_whole(reference)


def test_a_session_without_memory(staying, reference):
    staying.wait_for(20)
    pod = staying.worker()
    staying.cluster.exhaust_memory(staying.process(pod, "picobarn-worker run"))
    check_told(staying.wait_for_loss("OOMKilled", BROKE), pod, "exit status 137")
    staying.check_whole(reference)


def test_a_deleted_pod_and_what_it_wrote_last(staying, reference):
    staying.wait_for(20)
    pod = staying.worker()
    kill_at_work(staying, pod)
    staying.wait_for_loss("signal 9 (Killed)", BROKE)
    staying.cluster.delete(pod)
    log = check_told(staying.wait_for_loss("Deleted"), pod)
    assert "worker: the compute program was ended by signal 9 (Killed)" in log
    staying.check_whole(reference)


def test_an_evicted_pod(staying, reference):
    staying.wait_for(20)
    pod = staying.worker()
    staying.cluster.evict(pod)
    check_told(staying.wait_for_loss("Evict"), pod)
    staying.check_whole(reference)


# The scheduler

def test_the_first_process_of_the_schedulers_pod_is_killed(run, reference):
    run.wait_for(20)
    process = run.process(run.scheduler(), "picobarn tend")
    done = run.accepted()
    harness.send(process, signal.SIGKILL)
    gone(process)
    run.wait_for(20, beyond=done)
    run.check_whole(reference)


def test_the_scheduler_in_its_pod_is_killed(run, reference):
    run.wait_for(20)
    pod = run.scheduler()
    process = run.process(pod, " under ", " launch ")
    done = run.accepted()
    harness.send(process, signal.SIGKILL)
    gone(process)
    run.wait_for(20, beyond=done)
    assert run.scheduler()["metadata"]["uid"] == pod["metadata"]["uid"]
    run.check_whole(reference)


def test_the_schedulers_pod_is_deleted(run, reference):
    run.wait_for(20)
    pod = run.scheduler()
    done = run.accepted()
    run.cluster.delete(pod)
    run.wait_for(20, beyond=done)
    assert run.scheduler()["status"]["podIP"] != pod["status"]["podIP"]
    run.check_whole(reference)


# What others delete

def test_all_jobs_are_deleted(run, reference):
    run.wait_for(20)
    run.worker()
    done = run.accepted()
    run.cluster.kubectl("delete", "jobs", "--all", f"--namespace={run.namespace}")
    run.wait_for(20, beyond=done)
    run.check_whole(reference)


def test_finished_pods_are_collected(launched, recipe, samples, reference):
    """As soon as they are finished, as a node with little room does it."""
    run = launched(recipe, samples, workers={"shards_per_index": 60, "max_pods": 3})
    while run.launch.running:
        for phase in ("Succeeded", "Failed"):
            run.cluster.kubectl("delete", "pods", f"--namespace={run.namespace}",
                                f"--field-selector=status.phase={phase}", "--wait=false")
    run.check_whole(reference)


# What is said to be done and is not

def test_a_job_that_is_complete_and_did_nothing_is_followed_by_another(
        cluster, launched, recipe, samples, reference):
    mark = "picobarn.test/takes-workers"
    cluster.kubectl("label", "node", "fake-0", f"{mark}=yes")
    run = launched(recipe, samples, workers={"patch": {"spec": {
        "nodeSelector": {mark: "yes"}, "tolerations": FAKE_NODES["tolerations"]}}})
    harness.wait_until(lambda: "harmed-w1" in run.jobs(), "a second Job", step=0.1)
    assert run.accepted() == 0
    cluster.kubectl("label", "node", "fake-0", f"{mark}-")
    cluster.kubectl("label", "node", "localhost", f"{mark}=yes")
    run.check_whole(reference)


def test_jobs_that_do_nothing_are_not_made_for_ever(launched, recipe, samples):
    run = launched(recipe, samples, workers={"patch": {"spec": FAKE_NODES}})
    done = run.launch.wait()
    assert done.status == harness.TROUBLE, done
    assert "3 Jobs in a row ended without one accepted answer" in done.err
    assert run.accepted() == 0
    assert len(run.cluster.audit(verb="create", resource="jobs", namespace=run.namespace)) <= 9


# What fails each time

def test_a_broken_file_fails_by_name_and_is_run_again_alone_when_it_is_mended(
        launched, weighted, runner, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("zjets2012_00.h5", "zjets2012_01.h5"):
        shutil.copyfile(weighted / name, data / name)
    sample = harness.simulation(["*.h5"], weight="genWeight")
    recipe = harness.one_sample_run("higgs4l", sample, target_events=1000)
    good = runner.launch(harness.write_run(tmp_path / "good.yaml", recipe), "--base", data)
    broken.flip_in_chunk(data / "zjets2012_01.h5", "Muon_eta", 1, 8)

    run = launched(recipe, data)
    done = run.launch.wait()
    assert done.status == harness.INCOMPLETE, done
    failed = run.failures()
    assert failed and {f["what"] for f in failed} == {"shard"}
    assert all("zjets2012_01.h5" in str(f) and "Muon_eta" in str(f) for f in failed)
    accepted, planned = done.shards
    assert accepted == planned - len(failed)

    shutil.copyfile(weighted / "zjets2012_01.h5", data / "zjets2012_01.h5")
    leases = "SELECT subject, count(*) FROM event WHERE what = 1 AND kind = 2 GROUP BY subject"
    before = dict(run.ask(leases))
    run.launch = run.start("rerun", run.called)
    run.check_whole(good.sha256)
    again = {shard for shard, n in run.ask(leases) if n > before[shard]}
    assert again == {f["shard"] for f in failed}


def test_a_shard_that_needs_more_memory_than_its_pod_may_have(
        launched, weighted, runner, tmp_path):
    """It fails by name; with more memory it is run again."""
    sample = harness.simulation(["zjets2012_00.h5"], weight="genWeight")
    recipe = harness.one_sample_run("higgs4l", sample, target_events=100000)
    good = runner.launch(harness.write_run(tmp_path / "good.yaml", recipe), "--base", weighted)
    small = {"limits": {"memory": "8Mi"}, "requests": {"memory": "8Mi"}}
    run = launched(recipe, weighted, workers={"patch": {"spec": {
        **SLOW["patch"]["spec"], "containers": [{"name": "worker", "resources": small}]}}})
    done = run.launch.wait()
    assert done.status == harness.INCOMPLETE, done
    (failed,) = run.failures()
    assert "memory" in failed["reason"] or "OOMKilled" in failed["reason"], failed
    assert failed["attempts"] == 3 and "zjets2012_00.h5" in failed["file"]

    larger = harness.read_run(run.file)
    del larger["kubernetes"]["workers"]["patch"]["spec"]["containers"]
    run.launch = run.start_launch(larger)
    assert run.launch.wait().status == harness.INCOMPLETE
    run.launch = run.start("rerun", run.called)
    run.check_whole(good.sha256)
