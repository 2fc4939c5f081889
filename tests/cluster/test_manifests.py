# SPDX-License-Identifier: Apache-2.0
"""The objects of a run, as the real API server and the real kubectl see them."""
import base64
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import harness

HERE = Path(__file__).resolve().parent
TRY = harness.PROGRAMS / "k8s_manifests_try"
KINDS = ["configmap", "secret", "secret", "secret", "service", "statefulset", "job"]


@pytest.fixture
def objects(namespace):
    """All objects of a run whose run file says everything, as YAML."""
    return subprocess.run([TRY, "objects", HERE / "sample.yaml", "demo", namespace], text=True,
                          capture_output=True, timeout=harness.PATIENCE, check=True).stdout


def test_the_api_server_takes_every_object_without_a_warning(cluster, namespace, objects):
    """The namespace enforces "restricted": a pod template against it would be warned of."""
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/warn=restricted",
                    "pod-security.kubernetes.io/warn-version=latest")
    done = cluster.try_kubectl("create", "--dry-run=server", "--validate=strict", "--output=name",
                               "--filename=-", stdin=objects)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert [line.split("/")[0].split(".")[0] for line in done.stdout.splitlines()] == KINDS


def lost(ours, theirs, at=""):
    """Places where the server's object lacks what ours says. It may say more."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [place for key, value in ours.items()
                for place in lost(value, theirs.get(key), f"{at}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [place for i, pair in enumerate(zip(ours, theirs)) for place in lost(*pair, f"{at}[{i}]")]
    return [] if ours == theirs else [f"{at}: {theirs!r}, not {ours!r}"]


def test_the_server_keeps_all_that_was_written(cluster, namespace, objects):
    cluster.kubectl("create", "--filename=-", stdin=objects)
    for ours in yaml.safe_load_all(objects):
        for key, value in ours.pop("stringData", {}).items():  # it keeps these in another form
            ours.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
        theirs = cluster.get(ours["kind"], ours["metadata"]["name"], f"--namespace={namespace}")
        assert lost(ours, theirs) == [], ours["kind"]


def test_a_job_reads_well(cluster, namespace, objects):
    cluster.kubectl("create", "--filename=-", stdin=objects)
    shown = cluster.kubectl("describe", "job", "demo-w0", f"--namespace={namespace}")
    for words in ("Completion Mode:", "Parallelism:", "/usr/bin/picobarn-worker", "$(POD_NAME)",
                  "kueue.x-k8s.io/queue-name"):
        assert words in shown


def test_kubectl_merges_and_reads_as_we_do():
    done = subprocess.run([sys.executable, HERE / "like_kubectl.py", TRY], capture_output=True,
                          text=True, timeout=5 * harness.PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
