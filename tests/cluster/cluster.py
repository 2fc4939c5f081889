# SPDX-License-Identifier: Apache-2.0
"""The cluster that with-cluster put around this process: its objects, its services, and harm done to
them on purpose. Everything here acts as the administrator, on the node's own machine."""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import yaml

import harness

SERVER = "https://127.0.0.1:6443"
BUSYBOX = "picobarn.test/busybox:1"  # in the node from the start
FAKE_NODES = {
    "nodeSelector": {"picobarn.test/node": "fake"},
    "tolerations": [{"key": "picobarn.test/fake", "operator": "Exists"}],
}
PAUSE = "2147483647"  # what the sandboxes sleep

# Joins the memory cgroup $1 and fills a file in memory: that counts there, but not as the size of
# this process, so that the kernel looks for another one to kill.
HOG = 'echo $$ >"$1/cgroup.procs" && exec dd if=/dev/zero of="$2" bs=1M status=none'


class Service:
    """One of the cluster's own processes, as start.sh left it: apiserver, etcd, controllers,
    scheduler, containerd, kubelet, proxy, dns or kwok."""

    def __init__(self, run, name):
        self.run, self.name = run, name

    @property
    def pid(self):
        return int((self.run / f"{self.name}.pid").read_text())

    def freeze(self):
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)

    def kill(self, number=signal.SIGKILL):
        """Ends it, and waits until it is gone."""
        pid = self.pid
        os.kill(pid, number)
        harness.wait_until(lambda: not alive(pid), f"{self.name} ends")

    def start(self):
        """Again, with the arguments that it had."""
        arguments = (self.run / f"{self.name}.argv").read_text().split("\0")[:-1]
        with open(self.run / f"{self.name}.log", "ab") as log:
            process = subprocess.Popen(arguments, cwd=self.run, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True)
        (self.run / f"{self.name}.pid").write_text(f"{process.pid}\n")


class Cluster:
    def __init__(self, run, audit):
        self.run, self.audit_log = Path(run), Path(audit)

    def kubeconfig(self, user="admin"):
        """Of admin, launcher or looker."""
        return self.run / f"{user}.kubeconfig"

    def token(self, user="admin"):
        return yaml.safe_load(self.kubeconfig(user).read_text())["users"][0]["user"]["token"]

    def service(self, name):
        return Service(self.run, name)

    # Objects

    def kubectl(self, *arguments, user="admin", stdin=None):
        """What it prints; an AssertionError with what it says, where it fails."""
        done = self.try_kubectl(*arguments, user=user, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def try_kubectl(self, *arguments, user="admin", stdin=None):
        return subprocess.run(
            ["kubectl", f"--kubeconfig={self.kubeconfig(user)}", *arguments], input=stdin,
            capture_output=True, text=True, timeout=2 * harness.PATIENCE, check=False)

    def get(self, *arguments):
        """An object, or the objects of a list."""
        found = json.loads(self.kubectl("get", "--output=json", *arguments))
        return found["items"] if found["kind"] == "List" else found

    def apply(self, *objects, namespace="default"):
        whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(whole))

    def ready(self):
        """Whether the API server answers."""
        return self.try_kubectl("get", "--raw=/readyz", "--request-timeout=5s").stdout == "ok"

    def pods(self, namespace, selector=""):
        return self.get("pods", f"--namespace={namespace}", f"--selector={selector}")

    def make_namespace(self, kustomization):
        """A fresh one that enforces Pod Security "restricted", with what an administrator applies
        there, and the users launcher and looker in their roles."""
        name = f"test-{uuid.uuid4().hex[:8]}"
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
        overlay = self.run / "overlays" / name
        overlay.mkdir(parents=True)
        (overlay / "kustomization.yaml").write_text(json.dumps({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "namespace": name, "resources": [os.path.relpath(kustomization, overlay.resolve())]}))
        self.kubectl("apply", f"--kustomize={overlay}")
        self.apply(*(role_binding(user, role) for user, role in (
            ("launcher", "picobarn-launch"), ("looker", "picobarn-look"))), namespace=name)
        return name

    def make_volume(self, namespace, claim, folder, writable=False):
        """A claim in the namespace, bound to a folder of the machine."""
        name = f"{namespace}-{claim}"
        mode = "ReadWriteOnce" if writable else "ReadOnlyMany"
        folder.chmod(0o777 if writable else 0o755)
        spec = {"accessModes": [mode], "storageClassName": ""}
        self.apply({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {**spec, "capacity": {"storage": "10Gi"}, "hostPath": {"path": str(folder)},
                     "claimRef": {"namespace": namespace, "name": claim}}})
        self.apply({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim},
            "spec": {**spec, "volumeName": name, "resources": {"requests": {"storage": "10Gi"}}},
        }, namespace=namespace)

    def import_image(self, archive):
        """Into the node; its reference, as pods name it."""
        done = subprocess.run(["ctr", "--namespace", "k8s.io", "images", "import", str(archive)],
                              capture_output=True, text=True, check=True)
        return re.search(r"^unpacking (\S+) ", done.stdout, re.MULTILINE).group(1)

    def audit(self, **fields):
        """The requests of the audit log, each once, by fields of user name, verb, namespace,
        resource, subresource and code."""
        seen = {}
        with open(self.audit_log, encoding="utf-8") as log:
            for line in log:
                entry = audit_entry(json.loads(line))
                if all(entry[key] == value for key, value in fields.items()):
                    seen[entry["id"]] = entry
        return list(seen.values())

    # Processes of pods

    def processes(self, pod, *words):
        """Ids, on the machine, of the pod's processes whose command line has all the words."""
        uid = pod["metadata"]["uid"]
        return [pid for pid in process_ids() if f"/pod{uid}/" in read(pid, "cgroup")
                and all(w in command_line(pid) for w in (words or [""]))
                and PAUSE not in command_line(pid)]

    # Harm

    def evict(self, pod):
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        self.kubectl("create", "--filename=-", "--raw",
                     f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", stdin=json.dumps({
                         "apiVersion": "policy/v1", "kind": "Eviction",
                         "metadata": {"namespace": namespace, "name": name}}))

    def delete(self, pod):
        """Asks for it; the pod has its grace."""
        self.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false",
                     f"--namespace={pod['metadata']['namespace']}")

    def exhaust_memory(self, pid):
        """Fills the memory of a process's container until the kernel kills the process."""
        with open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as f:
            f.write("1000")
        taken = Path("/run", f"taken-{pid}")  # with-cluster has a file system in memory there
        hog = subprocess.Popen(["sh", "-c", HOG, "hog", memory_cgroup(pid), taken])
        try:
            harness.wait_until(lambda: not alive(pid) or hog.poll() is not None, "memory ends")
            harness.wait_until(lambda: not alive(pid), f"process {pid} is killed for want of it")
        finally:
            hog.kill()
            hog.wait()
            taken.unlink()

    @contextlib.contextmanager
    def node_without_room(self):
        """A pod requests all processor time that the node has left when what goes is gone."""
        node = self.get("node", "localhost")
        going = {n["metadata"]["name"] for n in self.get("namespaces")
                 if n["status"]["phase"] == "Terminating"}
        pods = self.get("pods", "--all-namespaces", "--field-selector=spec.nodeName=localhost,"
                        "status.phase!=Succeeded,status.phase!=Failed")
        left = milli(node["status"]["allocatable"]["cpu"]) - sum(
            milli(c.get("resources", {}).get("requests", {}).get("cpu", "0"))
            for pod in pods if "deletionTimestamp" not in pod["metadata"]
            and pod["metadata"]["namespace"] not in going
            for c in pod["spec"]["containers"])
        filler = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "filler"}, "spec": {
            "nodeSelector": {"picobarn.test/node": "real"}, "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "filler", "image": BUSYBOX, "resources": {
                "requests": {"cpu": f"{left}m"}}}]}}
        self.apply(filler)
        self.kubectl("wait", "pod/filler", "--for=condition=Ready", f"--timeout={harness.PATIENCE:.0f}s")
        try:
            yield
        finally:
            self.kubectl("delete", "pod", "filler", "--force")


def role_binding(user, role):
    group = "rbac.authorization.k8s.io"
    return {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": user},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}]}


def restricted_pod(name, *command, image=BUSYBOX, **spec):
    """A pod that "restricted" takes: the least there is to say."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "restartPolicy": "Never", "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "main", "image": image, "command": list(command),
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"},
                          "limits": {"memory": "64Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]}}}],
        **spec}}


def indexed_job(name, completions, pod, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {
        "completionMode": "Indexed", "completions": completions, "parallelism": completions,
        "template": {"metadata": {"annotations": pod["metadata"].get("annotations", {})},
                     "spec": pod["spec"]}, **spec}}


def milli(cpu):
    """Of a quantity of processors, like "2" or "150m"."""
    return int(cpu[:-1]) if cpu.endswith("m") else int(float(cpu) * 1000)


def audit_entry(event):
    what = event.get("objectRef", {})
    return {"id": event["auditID"], "user": event["user"]["username"], "verb": event["verb"],
            "namespace": what.get("namespace", ""), "resource": what.get("resource", ""),
            "subresource": what.get("subresource", ""), "name": what.get("name", ""),
            "code": event.get("responseStatus", {}).get("code", 0), "uri": event["requestURI"],
            "agent": event.get("userAgent", ""), "time": event["requestReceivedTimestamp"]}


def process_ids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it ended
        return ""


def command_line(pid):
    return read(pid, "cmdline").replace("\0", " ")


def alive(pid):
    """Also while only threads of it are, which hold what it had open."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
        return state != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def memory_cgroup(pid):
    """The folder of the process's cgroup that limits memory, with version 1 or 2."""
    paths = dict(line.split(":", 2)[1:] for line in read(pid, "cgroup").splitlines())
    return f"/sys/fs/cgroup/memory{paths['memory']}" if "memory" in paths \
        else f"/sys/fs/cgroup{paths['']}"
