#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""like_kubectl.py K8S_MANIFESTS_TRY [KUBECTL] - shows to kubectl what we merge and what we write.

Each patch of a table is merged into a pod template by our program and by `kubectl patch --local
--type=strategic`; each text of another is written as YAML by our program and read by kubectl. No
cluster is needed. Exit status 1, with both sides, where one differs."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TEMPLATE = {
    "metadata": {
        "labels": {"app": "picobarn", "old": "1"},
        "annotations": {"a": "b"},
        "finalizers": ["example.org/one", "example.org/two"],
    },
    "spec": {
        "serviceAccountName": "picobarn-worker",
        "nodeSelector": {"disk": "ssd"},
        "securityContext": {"runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"key": "old", "operator": "Exists"}],
        "imagePullSecrets": [{"name": "one"}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a", "b"]}],
        "topologySpreadConstraints": [
            {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "containers": [
            {
                "name": "worker",
                "image": "picobarn:1",
                "args": ["run", "--shards", "1"],
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"},
                        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP"}],
                "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1", "memory": "1Gi"}},
                "securityContext": {"capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "worker", "mountPath": "/etc/worker", "readOnly": True},
                                 {"name": "data", "mountPath": "/data"}],
            },
            {"name": "second", "image": "second:1"},
        ],
        "initContainers": [{"name": "first", "image": "first:1"}],
        "volumes": [{"name": "worker", "secret": {"secretName": "w"}},
                    {"name": "data", "persistentVolumeClaim": {"claimName": "d"}}],
    },
}


def worker(**fields):
    return {"spec": {"containers": [{"name": "worker", **fields}]}}


PATCHES = {
    "maps key by key": {"spec": {"nodeSelector": {"gpu": "no"}, "priorityClassName": "low"}},
    "null removes": {"metadata": {"labels": {"old": None}}, "spec": {"nodeSelector": None}},
    "null of what is not there": {"spec": {"affinity": None, "dnsConfig": {"options": None}}},
    "a scalar": {"spec": {"serviceAccountName": "other"}},
    "tolerations are replaced": {"spec": {"tolerations": [{"key": "new", "effect": "NoSchedule"}]}},
    "a container by name": worker(image="picobarn:2", args=["run"]),
    "a second container changed": {"spec": {"containers": [{"name": "second", "tty": True}]}},
    "a new container goes first": {"spec": {"containers": [{"name": "new", "image": "new:1"}]}},
    "new and known containers, mixed": {"spec": {"containers": [
        {"name": "new", "image": "new:1"}, {"name": "second", "image": "second:2"},
        {"name": "newer", "image": "newer:1"}, {"name": "worker", "image": "picobarn:3"}]}},
    "a container deleted": {"spec": {"containers": [{"name": "second", "$patch": "delete"}]}},
    "deleted though not there": {"spec": {"containers": [{"name": "none", "$patch": "delete"}]}},
    "all containers replaced": {"spec": {"containers": [
        {"$patch": "replace"}, {"name": "only", "image": "only:1"}]}},
    "an init container": {"spec": {"initContainers": [
        {"name": "first", "image": "first:2", "env": [{"name": "X", "value": "y"}]}]}},
    "env by name": worker(env=[{"name": "B", "value": "3"}, {"name": "D", "value": "4"}]),
    "env in another order": worker(env=[{"name": "C", "$patch": "delete"}, {"name": "B", "value": "x"},
                                        {"name": "A", "value": "y"}]),
    "env from a field to a value": worker(env=[{"name": "C", "value": "c", "valueFrom": None}]),
    "env replaced": worker(env=[{"$patch": "replace"}, {"name": "Z", "value": "z"}]),
    "env of a container without any": {"spec": {"containers": [
        {"name": "second", "env": [{"name": "Q", "value": "q"}]}]}},
    "a mount by its path": worker(volumeMounts=[{"mountPath": "/data", "name": "data", "readOnly": True},
                                                {"mountPath": "/scratch", "name": "scratch"}]),
    "a port by its number": worker(ports=[{"containerPort": 80, "name": "web"},
                                          {"containerPort": 81, "name": "more"}]),
    "limits": worker(resources={"limits": {"memory": "2Gi", "cpu": None}}),
    "security context": worker(securityContext={"capabilities": {"drop": ["NET_RAW"]},
                                                "runAsUser": 1000}),
    "a map replaced": {"spec": {"securityContext": {"$patch": "replace", "fsGroup": 1}}},
    "a map emptied": {"spec": {"nodeSelector": {"$patch": "delete"}}},
    "volumes by name": {"spec": {"volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
                                             {"name": "data", "persistentVolumeClaim": {"readOnly": True}}]}},
    "a volume's other source": {"spec": {"volumes": [
        {"name": "data", "$retainKeys": ["name", "emptyDir"], "emptyDir": {}}]}},
    "a volume's other source by null": {"spec": {"volumes": [
        {"name": "data", "persistentVolumeClaim": None, "emptyDir": {}}]}},
    "pull secrets": {"spec": {"imagePullSecrets": [{"name": "two"}]}},
    "host aliases": {"spec": {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["c"]},
                                              {"ip": "10.0.0.2", "hostnames": ["d"]}]}},
    "topology spread": {"spec": {"topologySpreadConstraints": [
        {"topologyKey": "zone", "maxSkew": 2}, {"topologyKey": "host", "maxSkew": 1}]}},
    "finalizers": {"metadata": {"finalizers": ["example.org/three", "example.org/one"]}},
    "a finalizer taken out": {"metadata": {
        "$deleteFromPrimitiveList/finalizers": ["example.org/one"]}},
    "affinity's lists are replaced": {"spec": {"affinity": {"nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "preference": {"matchExpressions": [
                {"key": "k", "operator": "In", "values": ["v"]}]}}]}}}},
    "a projected volume's sources": {"spec": {"volumes": [
        {"name": "p", "projected": {"sources": [{"secret": {"name": "s"}}]}}]}},
    "scheduling gates": {"spec": {"schedulingGates": [{"name": "example.org/wait"}]}},
}

# Refused by both.
WRONG = {
    "a container without a name": {"spec": {"containers": [{"image": "x"}]}},
    "an unknown directive": {"spec": {"nodeSelector": {"$patch": "add"}}},
    "an unknown directive of an item": {"spec": {"containers": [{"name": "worker", "$patch": "add"}]}},
    "retained keys that miss one": {"spec": {"volumes": [
        {"name": "data", "$retainKeys": ["name"], "emptyDir": {}}]}},
    "a delete without a name": {"spec": {"containers": [{"$patch": "delete"}]}},
}


TEXTS = [
    "", "~", "null", "Null", "true", "False", "yes", "No", "on", "OFF", "y", "N", "0", "-1", "+1",
    "0x1", "0o7", "0b1", "1_000", "1e3", "1.5", ".5", "-.5", "+.inf", ".nan", "1:30", "=", "<<",
    "2001-01-01", "012", "10Gi", "500m", "a: b", "# x", "a # b", "- a", "-", "--run", "? a", ": a",
    "[a]", "{a: 1}", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "'a'", '"a"', "it's", " a", "a ",
    "\ta", "a\tb", "a\n", "\na", "a\n\n", "\n", " \n", "a\n ", " a\n b\n", "a\n  b\nc\n\n\n", "a\r\nb",
    "---", "a\n---\nb", "# a\nb", "\u00e9", "Z\u03b3*", "\U0001f600", "\u2028", "a\u0085b", "\\n",
    "a\\b\n\"c\"\n", "$(POD_NAME)", "analysis: dimuon\nsamples:\n  - {name: a}\n",
]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return (json.loads(done.stdout), "") if done.returncode == 0 else (None, done.stderr)


def merge_ours(program, folder, patch):
    (folder / "template.json").write_text(json.dumps(TEMPLATE))
    (folder / "patch.json").write_text(json.dumps(patch))
    return run(program, "merge", folder / "template.json", folder / "patch.json")


def merge_theirs(kubectl, folder, patch):
    """A Pod has the shape of a pod template, and no cluster is asked for one."""
    pod = {"apiVersion": "v1", "kind": "Pod", **TEMPLATE}
    (folder / "pod.json").write_text(json.dumps(pod))
    merged, why = run(kubectl, "patch", "--local", "-f", folder / "pod.json", "--type=strategic",
                      "-p", json.dumps(patch), "-o", "json")
    if merged is not None:
        del merged["apiVersion"], merged["kind"]
    return merged, why


def compare(program, kubectl, folder, name, patch, good):
    ours, our_error = merge_ours(program, folder, patch)
    theirs, their_error = merge_theirs(kubectl, folder, patch)
    if ours == theirs and (ours is not None) == good:
        return True
    print(f"{name}: {json.dumps(patch)}\n  ours:   {json.dumps(ours, sort_keys=True)} {our_error}\n"
          f"  theirs: {json.dumps(theirs, sort_keys=True)} {their_error}")
    return False


def check_merging(program, kubectl, folder):
    cases = [(name, patch, True) for name, patch in PATCHES.items()]
    cases += [(name, patch, False) for name, patch in WRONG.items()]
    equal = sum(compare(program, kubectl, folder, *case) for case in cases)
    print(f"{equal} of {len(cases)} patches are merged as kubectl does")
    return equal == len(cases)


def check_yaml(program, kubectl, folder):
    """A ConfigMap takes texts only: kubectl fails where it reads one as something else."""
    data = {f"key{i}": text for i, text in enumerate(TEXTS)}
    written = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "texts"}, "data": data}
    (folder / "value.json").write_text(json.dumps(written))
    shown = subprocess.run([program, "yaml", folder / "value.json"], capture_output=True, timeout=60,
                           check=True).stdout
    (folder / "value.yaml").write_bytes(shown)
    read, why = run(kubectl, "patch", "--local", "-f", folder / "value.yaml", "-p", "{}", "-o", "json")
    wrong = [text for key, text in data.items() if read is None or read["data"].get(key) != text]
    print(f"{len(TEXTS) - len(wrong)} of {len(TEXTS)} texts are read as they were written", *wrong, why)
    return not wrong


def main():
    program = sys.argv[1]
    kubectl = sys.argv[2] if len(sys.argv) > 2 else "kubectl"
    with tempfile.TemporaryDirectory() as folder:
        good = [check(program, kubectl, Path(folder)) for check in (check_merging, check_yaml)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
