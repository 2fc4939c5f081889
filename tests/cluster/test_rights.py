# SPDX-License-Identifier: Apache-2.0
"""What a run may do, and what can be seen of it: each role's verbs are those that are used, processes
are nobody's, and no secret is anywhere but in Secrets."""
import base64
import concurrent.futures
import json
import signal

import pytest
import yaml

import harness
from cluster import indexed_job, restricted_pod
from conftest import BASE
from place import Place
from test_run import FEW, on_terminal, sample_run

ROLES = {  # of k8s/base/roles.yaml -> the users of this session, by the end of their names
    "picobarn-launch": "launcher", "picobarn-look": "looker",
    "picobarn-scheduler": ":picobarn-scheduler"}


def new_place(cluster, folder, image, samples):
    folder.mkdir()
    place = Place(cluster, harness.Runner(folder), cluster.make_namespace(BASE), image)
    place.give_data(samples)
    return place


def stopped(place):
    """The processes that compute, which stop."""
    return [pid for _, pid in place.processes("worker", " compute")
            if harness.send(pid, signal.SIGSTOP)]


def files_done(place):
    done = place.picobarn("status", place.called("run"), "-o", "json")
    return done.json()["files"]["done"] if done.status == harness.INCOMPLETE else 0


# All that users do, each part in a namespace of its own

def a_run_and_its_changes(place, samples):
    place.give_ledger("run")
    run_file = place.write_run("run", sample_run(samples, FEW, target_events=20))
    place.allow_pods(0)
    first = place.start_launch(run_file)
    for user, said in (("launcher", "exceeded quota"), ("looker", "exceeded quota")):
        harness.wait_until(
            lambda u=user, s=said: s in place.picobarn("status", place.called("run"), user=u).err,
            f"{user} is told why there is no scheduler", step=0.5)
    place.allow_pods(1)
    place.wait_for_job("run-w0")
    harness.wait_until(lambda: place.picobarn(
        "scale", place.called("run"), "--pods", "1").status == 0, "it can be asked", step=0.5)
    place.wait_for_job("run-w0", lambda job: job["spec"]["parallelism"] == 1)
    harness.wait_until(lambda: "exceeded quota" in place.picobarn(
        "status", place.called("run"), user="looker").out, "status says why pods wait", step=0.5)
    place.allow_pods(None)
    harness.wait_until(lambda: files_done(place) > 0, "a worker is at work")
    harness.wait_until(lambda: stopped(place), "it stays at it")
    for _, worker in place.processes("worker", " run "):
        harness.send(worker, signal.SIGKILL)
    assert first.wait().status == harness.COMPLETE, first.wait()
    assert place.picobarn("rerun", place.called("run")).status == harness.COMPLETE
    assert on_terminal(place, "watch", place.called("run"), user="looker")[0] == harness.COMPLETE

    other = place.write_run("other", sample_run(samples, FEW, parameters={"sip3d_max": 3.5}))
    place.allow_pods(1)
    left = place.launch(other, "--name", "run", "--accept-changes", "--detach")
    assert left.status == harness.INCOMPLETE, left
    harness.wait_until(lambda: place.get("jobs"), "a Job of it", step=0.2)
    done = place.picobarn("clean", place.called("run"), "--ledger")
    assert done.status == harness.COMPLETE, done
    assert place.objects() == {}


def a_scheduler_that_ends_as_soon_as_it_starts(place, samples):
    place.give_ledger("broken")
    run_file = place.write_run("broken", sample_run(samples, FEW))
    run = harness.read_run(run_file)
    run["kubernetes"]["scheduler"]["patch"] = {"spec": {"containers": [
        {"name": "scheduler", "args": ["tend", "/var/lib/picobarn/run"]}]}}
    done = place.launch(harness.write_run(run_file, run))
    assert done.status == harness.USAGE and "ends as soon as it starts" in done.err, done
    assert "needs --run-file" in done.err, done  # its own last words
    harness.wait_until(lambda: place.objects() == {}, "nothing is left", step=0.2)


def a_job_of_somebody_else(place, samples):
    """It has the name that ours would have."""
    job = indexed_job("taken-w0", 1, restricted_pod("x", "true"), suspend=True)
    place.cluster.apply(job, namespace=place.namespace)
    place.give_ledger("taken")
    done = place.launch(place.write_run("taken", sample_run(samples, FEW)))
    assert done.status in (harness.USAGE, harness.TROUBLE) and "taken-w0" in done.err, done
    assert place.picobarn("clean", place.called("taken"), "--ledger").status == harness.COMPLETE
    assert [job["metadata"]["name"] for job in place.get("jobs")] == ["taken-w0"]


@pytest.fixture(scope="module")
def requests(cluster, image, samples, tmp_path_factory):
    """All that was asked in the namespaces of these flows."""
    folder = tmp_path_factory.mktemp("rights")
    flows = (a_run_and_its_changes, a_scheduler_that_ends_as_soon_as_it_starts,
             a_job_of_somebody_else)
    places = [new_place(cluster, folder / flow.__name__, image, samples) for flow in flows]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for ended in [pool.submit(flow, p, samples) for flow, p in zip(flows, places)]:
            ended.result()
    yield [r for p in places for r in cluster.audit(namespace=p.namespace)]
    for p in places:
        p.runner.clean_up()
        cluster.kubectl("delete", "namespace", p.namespace, "--wait=false")


def granted(role):
    with open(BASE / "roles.yaml", encoding="utf-8") as f:
        (found,) = [o for o in yaml.safe_load_all(f)
                    if o["kind"] == "Role" and o["metadata"]["name"] == role]
    return {(verb, resource) for rule in found["rules"] for resource in rule["resources"]
            for verb in rule["verbs"]}


def of_role(requests, role):
    return [r for r in requests if r["user"].endswith(ROLES[role])]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_grants_what_is_used_and_nothing_else(requests, role):
    used = {(r["verb"], "/".join(filter(None, (r["resource"], r["subresource"]))))
            for r in of_role(requests, role)}
    assert sorted(used) == sorted(granted(role))


@pytest.mark.parametrize("role", ROLES)
def test_nothing_forbidden_is_tried(requests, role):
    asked = of_role(requests, role)
    assert asked
    assert [r for r in asked if r["code"] == 403 and "quota" not in r["uri"]] == []


def test_workers_ask_the_api_server_nothing(requests):
    assert [r for r in requests if r["user"].endswith(":picobarn-worker")] == []


# A run at work

@pytest.fixture(scope="module")
def working(cluster, image, samples, tmp_path_factory):
    """A place with a run whose one worker computes, stopped in the middle of it."""
    place = new_place(cluster, tmp_path_factory.mktemp("working") / "run", image, samples)
    place.give_ledger("run")
    run_file = place.write_run("run", sample_run(samples, target_events=20), max_pods=1)
    launch = place.start_launch(run_file)
    harness.wait_until(lambda: stopped(place), "a worker computes")
    yield place
    launch.kill()
    place.runner.clean_up()
    # Before its namespace, which would wait for pods whose Job keeps them until others replace them.
    cluster.kubectl("delete", "jobs", "--all", f"--namespace={place.namespace}")
    cluster.kubectl("delete", "namespace", place.namespace, "--wait=false")


def test_processes_are_nobody_and_cannot_write_their_root(working):
    everything = working.processes("scheduler") + working.processes("worker")
    words = {pid: open(f"/proc/{pid}/cmdline", encoding="utf-8").read().replace("\0", " ")
             for _, pid in everything}
    for part in (" tend ", " launch ", " run ", " compute"):
        assert [w for w in words.values() if part in w], (part, words)
    for _, pid in everything:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f)
        assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4, words[pid]
        assert status["CapEff"] == status["CapBnd"] == "0000000000000000", words[pid]
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), words[pid]
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as f:
            mounts = {fields[4]: fields[5].split(",") for fields in map(str.split, f)}
        assert "ro" in mounts["/"] and "ro" in mounts["/data"], words[pid]


def secrets_of(place):
    """The texts that are to be seen nowhere: tokens, and keys of the wire."""
    found = set()
    for secret in place.get("secrets"):
        for key, value in secret["data"].items():
            text = base64.b64decode(value).decode()
            found |= set(strings(json.loads(text))) if key.endswith(".json") else {text.strip()}
    return {text for text in found if len(text) >= 32}


def strings(value):
    if isinstance(value, dict):
        return [s for v in value.values() for s in strings(v)]
    if isinstance(value, list):
        return [s for v in value for s in strings(v)]
    return [value] if isinstance(value, str) else []


def log_of(place, pod):
    """Of a pod that may be starting, or may be gone by now: another has its work then."""
    def look():
        done = place.cluster.try_kubectl("logs", pod, f"--namespace={place.namespace}")
        return done if done.returncode == 0 or "(NotFound)" in done.stderr else None
    return harness.wait_until(look, f"log of {pod}").stdout


def seen_of(place):
    """What others can see: objects but Secrets, logs, the processes' words and environment."""
    for kind in ("pods", "jobs", "statefulsets", "configmaps", "services", "events",
                 "persistentvolumeclaims"):
        yield kind, json.dumps(place.get(kind))
    for pod in place.get("pods"):
        yield f"log of {pod['metadata']['name']}", log_of(place, pod["metadata"]["name"])
    for _, pid in place.processes("scheduler") + place.processes("worker"):
        for file in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{file}", encoding="utf-8", errors="replace") as f:
                yield f"{file} of {pid}", f.read()
    yield "audit log", place.cluster.audit_log.read_text(encoding="utf-8")


def test_no_secret_is_seen_outside_of_secrets(working):
    secrets = secrets_of(working)
    assert len(secrets) >= 4  # two tokens, and two secret keys at least
    seen = dict(seen_of(working))
    assert len(seen) > 12 and any("launch" in text for text in seen.values())
    assert [(what, s) for what, text in seen.items() for s in secrets if s in text] == []
