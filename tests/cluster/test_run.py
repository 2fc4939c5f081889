# SPDX-License-Identifier: Apache-2.0
"""Runs in a cluster as their users have them: the same bytes as on this machine, found again by their
names, whatever happens to the process that launched them."""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

import harness
import test_open_data
from cluster import SERVER
from conftest import BASE
from fault_proxy import FaultProxy, Rule
from fixtures import generate
from place import Place

FEW = ("H(125) to ZZ to 4l", "ZZ to 4mu", "top pairs")  # samples of six files


@pytest.fixture
def place(cluster, runner, namespace, image, samples):
    """With the generated samples as its data."""
    p = Place(cluster, runner, namespace, image)
    p.give_data(samples)
    return p


def sample_run(samples, only=None, target_events=2000, **more):
    """The generated higgs4l run, its files by names relative to their folder."""
    run = harness.read_run(samples / "higgs4l.yaml")
    run["samples"] = [s for s in run["samples"] if only is None or s["name"] in only]
    return {**run, "shards": {"target_events": target_events}, **more}


def run_here(runner, run_file, folder):
    done = runner.launch(run_file, "--base", folder, "--run-dir", "here")
    assert done.status == harness.COMPLETE, done
    return done


def read(folder, name):
    return (Path(folder) / name).read_bytes()


# The same bytes

OPEN = {"dimuons-100k": "dimuons_100k", "doublemu2012": "doublemu2012"}


@pytest.fixture
def data_and_run(request, samples, runner):
    """A folder of data, and a run over it."""
    if request.param == "higgs4l":
        return samples, sample_run(samples)
    source = request.getfixturevalue("open_data") / "hdf5"
    file, top, parameters = test_open_data.CASES[OPEN[request.param]]
    folder = runner.folder / "data"
    folder.mkdir()
    shutil.copy(source / file, folder / file)
    return folder, harness.one_sample_run("dimuon", harness.data([file]), target_events=7000,
                                          parameters=parameters, **top)


@pytest.mark.parametrize("data_and_run, name", [(name, name) for name in ("higgs4l", *OPEN)],
                         indirect=["data_and_run"])
def test_a_run_gives_the_same_bytes_here_and_in_pods(cluster, runner, namespace, image,
                                                     data_and_run, name):
    folder, run = data_and_run
    place = Place(cluster, runner, namespace, image)
    place.give_data(folder)
    place.give_ledger(name)
    run_file = place.write_run(name, run)
    here = run_here(runner, run_file, folder)
    there = place.launch(run_file)
    assert there.status == harness.COMPLETE, there
    assert there.sha256 == here.sha256 == harness.sha256(runner.folder / f"{name}.run/result.json")
    for file in ("result.json", "plot.svg"):
        assert read(runner.folder / "here", file) == read(runner.folder / f"{name}.run", file)
    assert there.out.startswith(f"run       {place.called(name)}\n")
    assert f"result    {name}.run/result.json\n" in there.out


# Found again by its name

class Finished:
    """A complete run higgs4l of launcher in a cluster, and the same on this machine."""

    def __init__(self, place, samples):
        self.place, self.run, self.name = place, place.called("higgs4l"), "higgs4l"
        self.file = place.write_run("higgs4l", sample_run(samples))
        self.here = place.runner.folder / "here"
        run_here(place.runner, self.file, samples)
        self.launched = place.launch(self.file)
        assert self.launched.status == harness.COMPLETE, self.launched


@pytest.fixture(scope="module")
def finished(cluster, image, samples, tmp_path_factory):
    runner = harness.Runner(tmp_path_factory.mktemp("finished"))
    place = Place(cluster, runner, cluster.make_namespace(BASE), image)
    place.give_data(samples)
    place.give_ledger("higgs4l")
    yield Finished(place, samples)
    runner.clean_up()
    cluster.kubectl("delete", "namespace", place.namespace, "--wait=false")


@pytest.mark.parametrize("user", ["launcher", "looker"])
@pytest.mark.parametrize("words", [("status",), ("failures",), ("result",), ("watch",),
                                   ("result", "--channel", "4mu"), ("result", "-o", "json")])
def test_looking_tells_what_it_tells_here(finished, words, user):
    command, *options = words
    there = finished.place.picobarn(command, finished.run, *options, user=user)
    here = finished.place.runner.run("picobarn", command, finished.here, *options)
    assert there.status == here.status == harness.COMPLETE, there
    # Numbers of events in the ledger are those of how it came about.
    plain = [re.sub(r"^sequence.*\n", "", out, flags=re.MULTILINE).replace(
        str(called), "RUN") for out, called in ((there.out, finished.run),
                                                (here.out, finished.here))]
    assert plain[0] == plain[1]
    assert not there.err


@pytest.mark.parametrize("user", ["launcher", "looker"])
@pytest.mark.parametrize("words", [("plot", "-O", "{}.svg"), ("export", "-O", "{}.csv"),
                                   ("export", "-O", "{}.h5"), ("plot", "--log", "-O", "{}.svg")])
def test_files_are_written_here(finished, words, user):
    command, *options = words
    folder = finished.place.runner.folder
    for name, run in (("there", finished.run), ("own", finished.here)):
        done = finished.place.picobarn(command, run, *(o.format(name) for o in options), user=user)
        assert done.status == harness.COMPLETE and not done.err, done
    there, own = (folder / options[-1].format(name) for name in ("there", "own"))
    assert there.stat().st_size > 0
    if there.suffix != ".h5":  # which holds times
        assert there.read_bytes() == own.read_bytes()
    there.unlink()


def test_a_plot_is_not_written_to_a_terminal(finished):
    status, frames = on_terminal(finished.place, "plot", finished.run)
    assert status == harness.USAGE and "say -O FILE" in frames


def on_terminal(place, *words, user="launcher", interrupt_when=None):
    """Exit status and what was written to a terminal of 100 columns and 40 rows, errors and all."""
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
        os.environ["KUBECONFIG"] = str(place.cluster.kubeconfig(user))
        os.environ["TERM"] = "xterm"
        os.execv(harness.program("picobarn"), ["picobarn", *map(str, words)])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    said = ""
    deadline = time.monotonic() + harness.PATIENCE
    while True:
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"not ended: {words}\n{said[-4000:]}")
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        said += more.decode(errors="replace")
        if interrupt_when is not None and re.search(interrupt_when, said):
            os.write(terminal, b"\003")
            interrupt_when = None
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.replace("\r\n", "\n")


@pytest.mark.parametrize("user", ["launcher", "looker"])
def test_watch_on_a_terminal_ends_with_one_frame_of_a_complete_run(finished, user):
    status, said = on_terminal(finished.place, "watch", finished.run, user=user)
    assert status == harness.COMPLETE
    assert said.count("state     complete") == 1
    assert said.startswith(f"run       {finished.run}\n")


def test_launch_and_rerun_again_only_say_what_there_is(finished):
    before = finished.place.objects()
    for words in (("launch", finished.file, "--on", "k8s", "--namespace", finished.place.namespace),
                  ("rerun", finished.run)):
        done = finished.place.picobarn(*words)
        assert done.status == harness.COMPLETE, done
        assert done.sha256 == finished.launched.sha256
    assert finished.place.objects() == before
    assert finished.place.picobarn("launch", "--detach", *words[1:]).status == harness.USAGE


def test_who_only_looks_changes_nothing(finished):
    before = finished.place.objects()
    for words in (("rerun", finished.run), ("scale", finished.run, "--pods", "9"),
                  ("clean", finished.run), ("clean", finished.run, "--ledger"),
                  ("launch", finished.file, "--on", "k8s", "--namespace",
                   finished.place.namespace)):
        done = finished.place.picobarn(*words, user="looker")
        assert done.status == harness.USAGE, done
        assert 'User "looker" cannot' in done.err and "administrator" in done.err, done
    assert finished.place.objects() == before


def test_a_name_of_no_run_is_told_so(finished):
    for command in ("status", "watch", "failures", "result", "rerun"):
        done = finished.place.picobarn(command, finished.place.called("nothing"))
        assert done.status == harness.USAGE
        assert f"there is no run nothing in namespace {finished.place.namespace}" in done.err


# The launching process may end at any moment

MOMENTS = [("POST", f"/{kind}$|/{kind}\\?", most) for kind, most in (
    ("secrets", 1), ("secrets", 2), ("secrets", 3), ("configmaps", 1), ("services", 1),
    ("statefulsets", 1))] + [("GET", "/pods/", 2), ("GET", "/proxy/api/v1/state", 1)]


def kill_at(place, cluster, run_file, moment):
    """A launch that is killed when the server has answered so many such requests."""
    method, path, number = moment
    keys = cluster.run / "keys"
    seen, launches = [], []

    def act(exchange):
        seen.append(exchange.call)
        if len(seen) < number:
            exchange.forward()
            return
        exchange.ask().read()
        launches[0].kill(signal.SIGKILL)
        exchange.wait_for_client()

    with FaultProxy(SERVER, keys / "ca.crt", keys / "apiserver.crt", keys / "apiserver.key",
                    cluster.token("launcher")) as proxy:
        proxy.rules = [Rule(method=method, path=path, fault=act)]
        kubeconfig = harness.read_run(cluster.kubeconfig("launcher"))
        kubeconfig["clusters"][0]["cluster"]["server"] = proxy.address
        harness.write_run(place.runner.folder / "proxied", kubeconfig)
        launches.append(place.start_launch(run_file, kubeconfig=place.runner.folder / "proxied"))
        assert launches[0].wait().status == -signal.SIGKILL, launches[0].wait()


def test_a_launch_killed_at_any_moment_goes_on_when_it_is_typed_again(
        cluster, runner, image, samples):
    """Each in a namespace of its own, all at the same time."""
    places = []
    for moment in MOMENTS:
        place = Place(cluster, runner, cluster.make_namespace(BASE), image)
        place.give_data(samples)
        place.give_ledger("few")
        run_file = place.write_run("few", sample_run(samples, FEW))
        kill_at(place, cluster, run_file, moment)
        places.append(place)
    again = [p.start_launch(run_file, "--run-dir", p.namespace) for p in places]
    here = run_here(runner, run_file, samples)
    for place, launch, moment in zip(places, again, MOMENTS):
        done = launch.wait()
        assert done.status == harness.COMPLETE, (moment, done)
        assert done.sha256 == here.sha256, moment
        record = json.loads(read(runner.folder / place.namespace, "run.json"))
        assert record["shards"]["events"]["accepted"] == record["shards"]["state"]["done"]
        made = [(entry["resource"], entry["name"]) for entry in cluster.audit(
            namespace=place.namespace, verb="create", user="launcher", code=201)
            if not entry["subresource"]]
        assert sorted(resource for resource, _ in made) == [
            "configmaps", "secrets", "secrets", "secrets", "services", "statefulsets"], moment
        cluster.kubectl("delete", "namespace", place.namespace, "--wait=false")


def test_ctrl_c_leaves_the_run_and_says_how_to_come_back(place, samples):
    place.give_ledger("left")
    run_file = place.write_run("left", sample_run(samples, FEW))
    place.allow_pods(1)  # the scheduler's
    status, said = on_terminal(place, "launch", run_file, "--on", "k8s", "--namespace",
                               place.namespace, interrupt_when="exceeded quota")
    assert status == harness.INCOMPLETE
    assert "The run goes on in the cluster." in said
    way_back = re.search(r"^ +picobarn (.*)$", said, re.MULTILINE).group(1).split()
    assert way_back == ["watch", place.called("left")]

    status, frames = on_terminal(place, *way_back, interrupt_when="exceeded quota")
    assert status == -signal.SIGINT and place.status("left")["scheduler"]
    assert f"run       {way_back[1]}" in frames
    assert "\x1b[?25h" in frames  # the cursor is shown again

    watching = place.start(*way_back)
    place.allow_pods(None)
    done = watching.wait()
    assert done.status == harness.COMPLETE and "of 6 shards" in done.out.splitlines()[-1], done


# What would be made

def test_a_dry_run_makes_nothing_and_what_it_shows_is_taken(cluster, place, samples):
    run_file = place.write_run("dry", sample_run(samples, FEW))
    done = place.launch(run_file, "--dry-run")
    assert done.status == harness.COMPLETE and "nothing was made" in done.out, done
    shown = place.launch(run_file, "--dry-run", "-o", "yaml")
    assert shown.status == harness.COMPLETE and not shown.err, shown
    cluster.kubectl("label", "namespace", place.namespace,
                    "pod-security.kubernetes.io/warn=restricted")
    taken = cluster.try_kubectl("apply", "--dry-run=server", "--filename=-", stdin=shown.out)
    assert taken.returncode == 0 and not taken.stderr, taken.stderr
    assert taken.stdout.count("created (server dry run)") == 7
    assert place.objects() == {}
    objects = place.runner.folder / "objects.yaml"
    objects.write_text(shown.out)
    policy = subprocess.run([Path(__file__).with_name("policy.sh"), objects], text=True,
                            capture_output=True, timeout=harness.PATIENCE, check=False)
    assert policy.returncode == 0, policy.stdout + policy.stderr


# What others do to its Jobs

def test_a_suspended_job_is_a_pause_with_its_reason(place, samples):
    place.give_ledger("paused")
    run_file = place.write_run("paused", sample_run(samples, FEW))
    place.allow_pods(1)
    launch = place.start_launch(run_file)
    place.wait_for_job("paused-w0")
    place.suspend("paused-w0", True)
    place.allow_pods(None)
    harness.wait_until(lambda: "Job paused-w0 is suspended" in launch.output(1), "launch says so")
    place.wait_for_scheduler("paused")
    status = place.picobarn("status", place.called("paused"))
    assert status.status == harness.INCOMPLETE
    assert re.search("^waiting   Job paused-w0 is suspended by a queue or an administrator",
                     status.out, re.MULTILINE), status
    assert not place.cluster.pods(place.namespace, "app.kubernetes.io/component=worker")

    place.suspend("paused-w0", False)
    done = launch.wait()
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == run_here(place.runner, run_file, samples).sha256


def test_the_number_of_pods_is_changed_while_it_runs(place, samples):
    place.give_ledger("scaled")
    run_file = place.write_run("scaled", sample_run(samples, FEW), max_pods=4)
    place.allow_pods(1)
    launch = place.start_launch(run_file)
    job = place.wait_for_job("scaled-w0")
    assert job["spec"]["parallelism"] == 4
    place.wait_for_scheduler("scaled")
    for number in (1, 3):
        done = place.picobarn("scale", place.called("scaled"), "--pods", str(number))
        assert done.status == harness.COMPLETE, done
        assert done.out == f"at most {number} pods from now on\n"
        place.wait_for_job("scaled-w0", lambda j, n=number: j["spec"]["parallelism"] == n)
    place.allow_pods(None)
    assert launch.wait().status == harness.COMPLETE, launch.wait()


# Names

def test_two_runs_of_a_namespace_do_not_meet(place, samples):
    files = {}
    for name, only in (("first", FEW[:2]), ("second", FEW[2:])):
        place.give_ledger(name)
        files[name] = place.write_run(name, sample_run(samples, only))
    started = {name: place.start_launch(file) for name, file in files.items()}
    for name, launch in started.items():
        done = launch.wait()
        assert done.status == harness.COMPLETE, done
        assert done.sha256 == run_here(place.runner, files[name], samples).sha256
        shutil.rmtree(place.runner.folder / "here")
    assert place.picobarn("clean", place.called("first")).status == harness.COMPLETE
    assert place.picobarn("result", place.called("second"), user="looker").status == 0


def test_another_run_of_that_name_is_refused_until_its_changes_are_accepted(place, samples):
    place.give_ledger("named")
    first = place.write_run("named", sample_run(samples, FEW))
    assert place.launch(first).status == harness.COMPLETE
    before = place.objects()
    other = place.write_run("other", sample_run(samples, FEW, parameters={"sip3d_max": 3.5}))
    done = place.launch(other, "--name", "named")
    assert done.status == harness.USAGE
    assert "parameters.sip3d_max: 4 -> 3.5" in done.err and "--accept-changes" in done.err, done
    assert place.objects() == before

    done = place.launch(other, "--name", "named", "--accept-changes")
    assert done.status == harness.COMPLETE, done
    assert done.sha256 == run_here(place.runner, other, samples).sha256


# Nothing is left

def test_clean_leaves_the_ledger_unless_it_is_told(place, samples):
    place.give_ledger("cleaned")
    run_file = place.write_run("cleaned", sample_run(samples, FEW))
    first = place.launch(run_file)
    done = place.picobarn("clean", place.called("cleaned"))
    assert done.status == harness.COMPLETE, done
    assert "left      PersistentVolumeClaim ledger-cleaned-0" in done.out, done
    assert list(place.objects()) == [("PersistentVolumeClaim", "ledger-cleaned-0")]

    again = place.launch(run_file)  # from the ledger: nothing is computed again
    assert again.status == harness.COMPLETE and again.sha256 == first.sha256, again
    record = json.loads(read(place.runner.folder / "cleaned.run", "run.json"))
    assert record["shards"]["events"]["accepted"] == record["shards"]["state"]["done"]

    done = place.picobarn("clean", place.called("cleaned"), "--ledger")
    assert done.status == harness.COMPLETE, done
    assert place.objects() == {}
    harness.wait_until(lambda: not place.cluster.pods(place.namespace), "its pods go", step=0.2)
    done = place.picobarn("clean", place.called("cleaned"))
    assert done.status == harness.COMPLETE and "nothing of cleaned" in done.out, done


# Its processes

@pytest.fixture(scope="session")
def long_shards(shared):
    """Files whose shards are long enough for two threads, and so many that a pod is at them for a while."""
    def make(folder):
        generate(folder, "--events", "2000000", "--only", "doublemu2012b")
        for file in list(folder.glob("*.h5")):
            for k in range(6):
                shutil.copy(file, file.with_name(f"{k}_{file.name}"))
    return shared("long_shards", make)


@pytest.mark.parametrize("cpu", [1, 2])
def test_a_pod_has_as_many_compute_threads_as_its_processors(cluster, runner, namespace, image,
                                                             long_shards, cpu):
    place = Place(cluster, runner, namespace, image)
    place.give_data(long_shards)
    place.give_ledger("threads")
    files = harness.data(sorted(file.name for file in long_shards.glob("*.h5")))
    run_file = place.write_run(
        "threads", harness.one_sample_run("higgs4l", files, target_events=10000), max_pods=1,
        shards_per_index=1000, limits={"cpu": str(cpu), "memory": "512Mi"})
    launch = place.start_launch(run_file)
    seen = set()  # a program has one until its first shard, and then all of them until it ends
    while launch.running:
        seen |= {threads_of(pid) for _, pid in place.processes("worker", " compute")}
    assert launch.wait().status == harness.COMPLETE, launch.wait()
    assert max(seen) == cpu


def threads_of(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except FileNotFoundError:  # it ended
        return 0
