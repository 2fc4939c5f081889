# SPDX-License-Identifier: Apache-2.0
"""What a run in a cluster is refused for is said within seconds of being known, names the thing and what
to do, and leaves nothing behind; what only has to wait says why, and ends well.

Not here, since this node has none: a ledger on a network file system, whose refusal is tested with the
ledger.
"""
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import yaml

import harness
from conftest import BASE
from harness import COMPLETE, INCOMPLETE, TROUBLE, USAGE
from place import Place

SOON = 5.0  # seconds between being known and being said
KNOWN_AFTER = 5.0  # seconds of silence of a network
OF_RUNS = "app.kubernetes.io/name=picobarn"  # claims too
KINDS = "statefulsets,jobs,pods,services,configmaps,secrets,persistentvolumeclaims"
SAMPLES = ["H(125) to ZZ to 4l", "DoubleMu 2012B"]


# What is run

@pytest.fixture(scope="session")
def small(samples):
    """A run of one sample, its files relative to the folder of the data."""
    run = harness.from_samples(samples, only=SAMPLES, target_events=500)
    for sample in run["samples"]:
        sample["files"] = [path.rsplit("/", 1)[1] for path in sample["files"]]
    return run


@pytest.fixture(scope="session")
def truth(small, samples, tmp_path_factory):
    """The SHA-256 of the same run on this machine."""
    folder = tmp_path_factory.mktemp("truth")
    run_file = harness.write_run(folder / "small.yaml", small)
    done = harness.Runner(folder).launch(run_file, "--base", samples)
    assert done.status == COMPLETE, done
    return done.sha256


@pytest.fixture
def make_place(cluster, runner, image, samples):
    """Makes namespaces to run in, with the data and a ledger's volume for each name."""
    made = []

    def make(*names, with_data=True):
        place = Place(cluster, runner, cluster.make_namespace(BASE), image)
        made.append(place)
        if with_data:
            place.give_data(samples)
        for name in names:
            place.give_ledger(name)
        return place

    yield make
    for place in made:
        cluster.kubectl("delete", "namespace", place.namespace, "--wait=false")


def write_run(place, run, name, **kubernetes):
    """As place.write_run, with more in its section kubernetes, or in parts of it."""
    path = place.write_run(name, run)
    written = harness.read_run(path)
    section = written["kubernetes"]
    for key, value in kubernetes.items():
        section[key] = {**section[key], **value} if key in ("workers", "scheduler") else value
    return harness.write_run(path, written)


@pytest.fixture(scope="module")
def quiet(cluster):
    """A namespace for launches that make nothing in it: one for all of them."""
    name = cluster.make_namespace(BASE)
    yield name
    assert left(cluster, name) == []
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def figures(request):
    """Seconds from being known to being said, printed at the end."""
    said = {}
    yield said
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    reporter.write_line("")
    for name, seconds in said.items():
        reporter.write_line(f"known to said: {seconds:5.1f} s  {name}")


# What is looked at

def left(cluster, namespace):
    """What is there of runs."""
    return [f"{o['kind']}/{o['metadata']['name']}"
            for o in cluster.get(KINDS, f"--namespace={namespace}", f"--selector={OF_RUNS}")]


def nothing_left(place):
    harness.wait_until(lambda: not left(place.cluster, place.namespace), "nothing of runs is there",
                       timeout=60)


def refused(done, status, *words):
    """The one line that a refused command says in the end."""
    assert done.status == status, done
    line = done.err.strip().splitlines()[-1]
    assert line.startswith("picobarn: "), done
    for word in words:
        assert re.search(word, line), f"{word!r} is not in {line!r}"
    print(line)
    return line


def first_event(place, name, reason):
    """When an event of this reason, about something of the run, was first seen, in Unix time."""
    times = [datetime.fromisoformat(e["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
             for e in place.get("events", f"--field-selector=reason={reason}")
             if e["involvedObject"]["name"].startswith(name)]
    assert times, f"no {reason} of {name}"
    return min(times).timestamp()


# Kubeconfigs

def changed_config(cluster, folder, change, user="launcher"):
    """The user's kubeconfig with a change, as a file of the folder."""
    config = yaml.safe_load(cluster.kubeconfig(user).read_text())
    change(config)
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def of_cluster(**fields):
    return lambda config: config["clusters"][0]["cluster"].update(fields)


def of_user(**fields):
    def change(config):
        config["users"][0]["user"] = fields
    return change


def with_exec(command, *arguments):
    return of_user(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": str(command),
                         "args": list(arguments), "interactiveMode": "Never",
                         "installHint": "get it from your site's pages"})


def without(*path):
    def change(config):
        for key in path[:-1]:
            config = config[key]
        del config[path[-1]]
    return change


BAD_CONFIGS = {
    "no-context": (without("current-context"), USAGE, ["no current-context", "use-context"]),
    "other-context": (lambda c: c.update({"current-context": "elsewhere"}), USAGE,
                      ["'elsewhere'", "contexts"]),
    "no-user": (without("users", 0), USAGE, ["'launcher'", "users"]),
    "no-server": (without("clusters", 0, "cluster", "server"), USAGE, ["no server"]),
    "no-key-file": (of_user(**{"client-certificate": "c.crt", "client-key": "c.key"}), USAGE,
                    [r"c\.crt"]),
    "half-a-pair": (of_user(**{"client-certificate": "c.crt"}), USAGE, ["client-key", "go together"]),
    "no-authority": (of_cluster(**{"certificate-authority": "gone.crt"}), USAGE,
                     ["certificate-authority", r"gone\.crt"]),
    "wrong-token": (of_user(token="0123456789abcdef"), USAGE, ["HTTP 401", "log in again"]),
    "missing-program": (with_exec("picobarn-no-such-program"), USAGE,
                        ["picobarn-no-such-program", "your site's pages"]),
    "failing-program": (with_exec("/bin/false"), USAGE, ["/bin/false", "log in again"]),
    "babbling-program": (with_exec("/bin/echo", "hello"), TROUBLE, ["/bin/echo", "ExecCredential"]),
    "auth-provider": (of_user(**{"auth-provider": {"name": "gcp"}}), USAGE, ["auth-provider", "renew"]),
    "not-https": (of_cluster(server="ftp://127.0.0.1"), USAGE, ["ftp://127.0.0.1"]),
    "refused": (of_cluster(server="https://127.0.0.1:1"), TROUBLE,
                [r"https://127\.0\.0\.1:1", "reached from here"]),
    "unknown-host": (of_cluster(server="https://cluster.invalid:6443"), TROUBLE,
                     [r"cluster\.invalid", "reached from here"]),
    "no-route": (of_cluster(server="https://10.99.0.77:6443"), TROUBLE,
                 [r"10\.99\.0\.77", "reached from here"]),
}


def launch_with(runner, small, kubeconfig, namespace, *options):
    """A launch as somebody types it, who has that kubeconfig."""
    run = {**small, "kubernetes": {"image": "picobarn.test/picobarn:test"}}
    run_file = harness.write_run(runner.folder / "small.yaml", run)
    begun = time.monotonic()
    done = runner.launch(run_file, "--on", "k8s", "--namespace", namespace, "--kubeconfig",
                         str(kubeconfig), *options)
    return done, time.monotonic() - begun


@pytest.mark.parametrize("name", BAD_CONFIGS)
def test_a_kubeconfig_that_leads_nowhere_is_refused(cluster, runner, small, quiet, figures, name):
    change, status, words = BAD_CONFIGS[name]
    path = changed_config(cluster, runner.folder, change)
    done, seconds = launch_with(runner, small, path, quiet)
    refused(done, status, *words)
    figures[f"kubeconfig: {name}"] = seconds
    assert seconds < (KNOWN_AFTER + SOON if status == TROUBLE else SOON), seconds


def test_a_file_that_is_no_kubeconfig_is_refused(runner, small, quiet):
    path = runner.folder / "kubeconfig"
    done, _ = launch_with(runner, small, path, quiet)
    refused(done, USAGE, re.escape(str(path)), "No such file")
    path.write_text("clusters: [unclosed\n")
    done, _ = launch_with(runner, small, path, quiet)
    refused(done, USAGE, re.escape(str(path)), "line [12]")
    done, _ = launch_with(runner, small, path, quiet, "--context", "other")
    refused(done, USAGE)
    done = runner.run("picobarn", "status", "k8s:run", env={"KUBECONFIG": "", "HOME": str(runner.folder)})
    refused(done, USAGE, "no kubeconfig", "KUBECONFIG")


def test_an_authority_that_does_not_fit_is_refused(cluster, runner, small, quiet, figures):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=other", "-keyout", "other.key", "-out", "other.crt"],
        cwd=runner.folder, check=True, capture_output=True)
    path = changed_config(cluster, runner.folder, of_cluster(**{
        "certificate-authority": str(runner.folder / "other.crt")}))
    done, seconds = launch_with(runner, small, path, quiet)
    refused(done, USAGE, "certificate", "certificate-authority belong together")
    figures["kubeconfig: another authority"] = seconds
    assert seconds < SOON, seconds


def test_a_server_that_never_answers_is_given_up(cluster, runner, small, quiet, figures):
    """It takes connections and says nothing: that is known after five seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = changed_config(cluster, runner.folder, of_cluster(
            server=f"https://127.0.0.1:{server.getsockname()[1]}"))
        done, seconds = launch_with(runner, small, path, quiet)
    refused(done, TROUBLE, "timeout", "reached from here")
    figures["server that never answers"] = seconds
    assert seconds < KNOWN_AFTER + SOON, seconds


# Before anything is made

def test_run_files_that_cannot_run_are_refused_with_their_line(cluster, runner, small, quiet, figures):
    cases = [
        (None, "no section kubernetes", "USING.md"),
        ({}, r"kubernetes\.image is missing"),
        ({"image": "a"}, r"yaml:\d+: ", "digest", "latest"),
        ({"image": "a:1", "workers": {"requests": {"cpu": "much"}}}, r"workers\.requests\.cpu", '"much"'),
        ({"image": "a:1", "workers": {"patch": {"metdata": {}}}}, r"workers\.patch", "metdata"),
        ({"image": "a:1", "workers": {"patch": {"spec": {"containers": {}}}}},
         r"workers\.patch: spec\.containers is to be a list"),
        ({"image": "a:1", "namespace": "Wrong_Name"}, "Wrong_Name"),
        ({"image": "a:1", "ledger": {"size": "0"}}, r"ledger\.size"),
    ]
    for section, *words in cases:
        run = small if section is None else {**small, "kubernetes": section}
        run_file = harness.write_run(runner.folder / "small.yaml", run)
        done = runner.launch(run_file, "--on", "k8s", "--namespace", quiet, "--kubeconfig",
                             cluster.kubeconfig("launcher"))
        refused(done, USAGE, r"small\.yaml", *words)


@pytest.mark.parametrize("name", ["a" * 41, "Higgs", "higgs_4l", "-higgs", "higgs.4l", ""])
def test_names_that_no_object_can_have_are_refused(cluster, runner, small, quiet, name):
    done, _ = launch_with(runner, small, cluster.kubeconfig("launcher"), quiet, f"--name={name}")
    refused(done, USAGE, "cannot name a run", "at most 40 of a-z, 0-9 and -")


def test_a_namespace_that_is_not_there_is_refused(cluster, runner, small, quiet):
    done, _ = launch_with(runner, small, cluster.kubeconfig(), "nowhere")
    refused(done, USAGE, "nowhere", "not found", "--namespace")
    done, _ = launch_with(runner, small, cluster.kubeconfig("launcher"), "nowhere")
    refused(done, USAGE, "nowhere", "HTTP 403", "the wrong namespace")
    done = runner.run("picobarn", "status", "k8s:nowhere/run", env={
        "KUBECONFIG": str(cluster.kubeconfig())})
    refused(done, USAGE, "no run run in namespace nowhere")


def test_who_may_only_look_cannot_launch(cluster, runner, small, quiet):
    done, seconds = launch_with(runner, small, cluster.kubeconfig("looker"), quiet)
    refused(done, USAGE, 'User "looker" cannot', "HTTP 403", "administrator")
    assert seconds < SOON


FOREIGN = {
    "configmap": ("v1", "ConfigMap", "small-run", {"data": {"run.yaml": "mine"}}),
    "scheduler-secret": ("v1", "Secret", "small-scheduler", {"stringData": {"mine": "secret"}}),
    "worker-secret": ("v1", "Secret", "small-worker", {"stringData": {"mine": "secret"}}),
    "service": ("v1", "Service", "small", {"spec": {"ports": [{"port": 80}]}}),
    "view": ("v1", "Secret", "picobarn-view", {"stringData": {"mine": "secret"}}),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_object_is_refused_and_untouched(cluster, runner, small, quiet, figures, what):
    version, kind, name, more = FOREIGN[what]
    cluster.apply({"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more},
                  namespace=quiet)
    before = cluster.get(kind, name, f"--namespace={quiet}")
    try:
        done, seconds = launch_with(runner, small, cluster.kubeconfig("launcher"), quiet)
        refused(done, USAGE, f"{kind} {name}", "is there",
                "delete it" if what in ("worker-secret", "service") else "")
        figures[f"foreign {kind} {name}"] = seconds
        assert seconds < SOON
        assert cluster.get(kind, name, f"--namespace={quiet}") == before
    finally:
        cluster.kubectl("delete", kind, name, f"--namespace={quiet}")
    assert left(cluster, quiet) == []


def test_a_field_that_the_server_does_not_know_is_refused(cluster, runner, small, quiet):
    run = {**small, "kubernetes": {"image": "a:1", "scheduler": {"patch": {"spec": {
        "nodeselector": {"disk": "ssd"}}}}}}
    run_file = harness.write_run(runner.folder / "small.yaml", run)
    done = runner.launch(run_file, "--on", "k8s", "--namespace", quiet, "--kubeconfig",
                         cluster.kubeconfig("launcher"))
    refused(done, USAGE, 'unknown field "spec.template.spec.nodeselector"', "mend what it names")


# Once the cluster has looked at it

def test_a_foreign_job_and_set_are_refused_and_untouched(make_place, small):
    place = make_place("jobs", "sets")
    container = {"name": "main", "image": "picobarn.test/busybox:1", "command": ["true"]}
    place.cluster.apply(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "jobs-w0"}, "spec": {
            "suspend": True, "template": {"spec": {
                "containers": [container], "restartPolicy": "Never"}}}},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "sets"}, "spec": {
            "replicas": 0, "serviceName": "sets", "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}}},
        namespace=place.namespace)
    foreign = [("job", "jobs-w0"), ("statefulset", "sets")]
    before = [place.get(*one)["metadata"]["uid"] for one in foreign]
    started = [place.start_launch(write_run(place, small, name)) for name in ("jobs", "sets")]
    refused(started[0].wait(), USAGE, "Job jobs-w0", "is there", "Choose another name")
    refused(started[1].wait(), USAGE, "StatefulSet sets", "is there", "another --name")
    nothing_left(place)
    assert [place.get(*one)["metadata"]["uid"] for one in foreign] == before


def container_patch(name, **fields):
    return {"patch": {"spec": {"containers": [{"name": name, **fields}]}}}


PRIVILEGED = {"securityContext": {"privileged": True, "allowPrivilegeEscalation": True}}
AFTERWARDS = {  # the section kubernetes, the event that makes it known, and what is said
    "image": ({"image": "picobarn.test/nowhere:1"}, "ErrImageNeverPull",
              [r"pod image-0 cannot start", r"picobarn\.test/nowhere:1", "mend image"]),
    "pull": ({"image": "registry.invalid/picobarn:1", "image_pull_policy": "IfNotPresent"},
             "Failed", [r"pod pull-0 cannot start", r"registry\.invalid", "mend image"]),
    "worker-image": ({"workers": container_patch("worker", image="picobarn.test/nowhere:1")},
                     "ErrImageNeverPull", ["workers' pods cannot start", r"nowhere:1", "mend image"]),
    "privileged": ({"scheduler": container_patch("scheduler", **PRIVILEGED)}, "FailedCreate",
                   [r"pod privileged-0 cannot start", 'violates PodSecurity "restricted', "privileged",
                    "out of the patch"]),
    "worker-privileged": ({"workers": container_patch("worker", **PRIVILEGED)}, "FailedCreate",
                          ["workers' pods cannot start", 'violates PodSecurity "restricted',
                           "out of the patch"]),
    "no-account": ({"scheduler": {"service_account": "nobody"}}, "FailedCreate",
                   ['serviceaccount "nobody" not found', "k8s/README.md", "service_account"]),
    "no-rights": ({"scheduler": {"service_account": "picobarn-worker"}}, "Started",
                  ["may not work in namespace", "picobarn-worker", "cannot list resource", "k8s/README.md"]),
    "no-priority": ({"workers": {"priority_class": "most-urgent"}}, "FailedCreate",
                    ["most-urgent", "priority_class that the cluster has"]),
    "invalid-job": ({"workers": container_patch("worker", imagePullPolicy="Sometimes")}, "Started",
                    ["imagePullPolicy", "Sometimes", "mend what it names"]),
    "no-folder": ({"folder": "/data/nothing"}, "Started",
                  ["folder is not there", "seen from /data/nothing"]),
    "no-file": ({"folder": "/etc/picobarn/run"}, "Started",
                ["no file matches", "seen from /etc/picobarn/run"]),
}


@pytest.fixture(scope="module")
def launched(cluster, image, samples, small, tmp_path_factory):
    """All of them launched in one namespace, some at a time: how each ended, and when."""
    runner = harness.Runner(tmp_path_factory.mktemp("launched"))
    place = Place(cluster, runner, cluster.make_namespace(BASE), image)
    place.give_data(samples)

    def launch(name):
        place.give_ledger(name)
        done = place.launch(write_run(place, small, name, **AFTERWARDS[name][0]))
        return done, time.time()

    with ThreadPoolExecutor(3) as pool:
        ended = dict(zip(AFTERWARDS, pool.map(launch, AFTERWARDS)))
    yield place, ended
    runner.clean_up()
    cluster.kubectl("delete", "namespace", place.namespace, "--wait=false")


@pytest.mark.parametrize("name", AFTERWARDS)
def test_what_the_cluster_finds_is_said_soon(launched, figures, name):
    place, ended = launched
    _, reason, words = AFTERWARDS[name]
    done, when = ended[name]
    refused(done, USAGE, *words)
    figures[f"after {reason}: {name}"] = when - first_event(place, name, reason)
    assert figures[f"after {reason}: {name}"] < SOON + 1  # an event's time is cut to seconds


def test_of_runs_that_were_refused_nothing_is_left(launched):
    nothing_left(launched[0])


# What waits

def limit(place, **hard):
    """A quota of the namespace; again, to change it."""
    place.cluster.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "limit"},
                         "spec": {"hard": {key.replace("__", "/").replace("_", "."): str(value)
                                           for key, value in hard.items()}}},
                        namespace=place.namespace)


class Waiting:
    """A launch that waits: what it says, and what status says of it."""

    def __init__(self, place, run_file, name):
        self.place, self.name = place, name
        self.launch = place.start_launch(run_file)

    def says(self, pattern):
        """In launch's lines, and in those of status."""
        def launch_says():
            assert self.launch.running, self.launch.wait()
            return re.search(pattern, self.launch.output(1))

        def status_says():
            done = self.place.picobarn("status", self.place.called(self.name))
            assert done.status in (INCOMPLETE, TROUBLE), done
            return re.search(pattern, done.out + done.err)
        harness.wait_until(launch_says, f"launch says {pattern}")
        harness.wait_until(status_says, f"status says {pattern}", step=0.5)

    def ends_well(self, truth):
        done = self.launch.wait()
        assert done.status == COMPLETE, done
        assert done.sha256 == truth
        print(done.err)


def test_a_full_quota_and_a_missing_claim_are_waited_for(make_place, small, samples, truth):
    """Side by side: no pods at all, then none but the scheduler's; no Jobs; no data."""
    pods, jobs, data = make_place("pods"), make_place("jobs"), make_place("data", with_data=False)
    limit(pods, pods=0)
    limit(jobs, count__jobs_batch=0)
    waiting = [Waiting(place, write_run(place, small, name), name)
               for place, name in ((pods, "pods"), (jobs, "jobs"), (data, "data"))]

    waiting[0].says(r"pods-0.*exceeded quota: limit, requested: pods=1")
    limit(pods, pods=1)
    waiting[2].says(r'persistentvolumeclaim "data" not found')
    data.give_data(samples)
    waiting[1].says(r"no Job can be made: .*exceeded quota: limit, requested: count/jobs.batch=1")
    limit(jobs, count__jobs_batch=2)
    waiting[0].says(r"for pods: .*exceeded quota: limit, requested: pods=1")
    limit(pods, pods=4)
    for one in waiting:
        one.ends_well(truth)


def test_want_of_room_is_waited_for(make_place, small, truth):
    """Of the workers, whose scheduler runs; and of a scheduler."""
    place = make_place("workers", "scheduler")
    harness.wait_until(lambda: not place.cluster.get("pods", "--all-namespaces",
                                                     f"--selector={OF_RUNS}"),
                       "the pods of other tests are gone, and leave no room later")
    little = {"scheduler": {"requests": {"cpu": "0", "memory": "64Mi"}}}
    with place.cluster.node_without_room():
        workers = Waiting(place, write_run(place, small, "workers", **little), "workers")
        scheduler = Waiting(place, write_run(place, small, "scheduler"), "scheduler")
        scheduler.says(r"Unschedulable: .*Insufficient cpu")
        workers.says(r"for pods: Unschedulable: .*Insufficient cpu")
        frame = place.picobarn("watch", place.called("workers"), "--once")
        assert re.search(r"waiting +for pods: Unschedulable: ", frame.out), frame
        frame = place.picobarn("watch", place.called("scheduler"), "--once")
        refused(frame, TROUBLE, "waits for its scheduler's pod scheduler-0: Unschedulable")
        looked = place.picobarn("status", place.called("scheduler"), user="looker")
        refused(looked, TROUBLE, "waits for its scheduler's pod scheduler-0: Unschedulable")
    workers.ends_well(truth)
    scheduler.ends_well(truth)


# Credentials that a program makes

PROGRAM = """#!/bin/sh
# Credentials for a while: those of a service account, said to end in seconds.
echo "$1 $KUBERNETES_EXEC_INFO" >>"$2/calls"
token=$(kubectl --kubeconfig="$3" create token person --namespace="$4")
ends=$(date -u -d '+12 seconds' +%Y-%m-%dT%H:%M:%SZ)
cat <<END
{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
 "status": {"token": "$token", "expirationTimestamp": "$ends"}}
END
"""


def give_person(place):
    """A service account that may launch."""
    group = "rbac.authorization.k8s.io"
    place.cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "person"}},
        {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": "person"},
         "roleRef": {"apiGroup": group, "kind": "Role", "name": "picobarn-launch"},
         "subjects": [{"kind": "ServiceAccount", "name": "person",
                       "namespace": place.namespace}]}, namespace=place.namespace)


def test_a_program_gives_tokens_that_do_not_last(make_place, small, truth):
    place = make_place("small")
    give_person(place)
    folder = place.runner.folder
    program = folder / "my credentials"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    odd = "a 'quoted' $(touch made-by-a-shell); b"
    config = changed_config(place.cluster, folder, with_exec(
        program, odd, str(folder), str(place.cluster.kubeconfig()), place.namespace))
    limit(place, pods=0)
    began = time.monotonic()
    launched = place.start_launch(write_run(place, small, "small"), kubeconfig=config)

    def calls():
        path = folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    harness.wait_until(lambda: len(calls()) >= 3, "two tokens have ended")
    limit(place, pods=10)
    done = launched.wait()
    seconds = time.monotonic() - began
    assert done.status == COMPLETE, done
    assert done.sha256 == truth
    assert all(call.startswith(f"{odd} {{") and '"kind":"ExecCredential"' in call
               for call in calls()), calls()
    assert len(calls()) <= 2 + seconds / 5, (calls(), seconds)  # not one a request
    print(f"{len(calls())} tokens in {seconds:.1f} s")
    assert not list(folder.glob("made-by-a-shell"))
    done = place.picobarn("clean", "--ledger", place.called("small"), kubeconfig=config)
    assert done.status == COMPLETE, done


def test_a_token_that_was_revoked_is_refused(make_place, small):
    place = make_place()
    give_person(place)
    place.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bound"}},
                        namespace=place.namespace)
    token = place.cluster.kubectl(
        "create", "token", "person", f"--namespace={place.namespace}", "--bound-object-kind=Secret",
        "--bound-object-name=bound").strip()
    place.cluster.kubectl("delete", "secret", "bound", f"--namespace={place.namespace}")
    config = changed_config(place.cluster, place.runner.folder, of_user(token=token))
    done = place.launch(write_run(place, small, "small"), kubeconfig=config)
    refused(done, USAGE, "HTTP 401", "log in again")
    assert left(place.cluster, place.namespace) == []
