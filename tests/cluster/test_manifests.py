# SPDX-License-Identifier: Apache-2.0
"""The objects of a run, as the real API server and the real kubectl see them."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

import harness

HERE = Path(__file__).resolve().parent
TRY = harness.BIN / "k8s_manifests_try"
KINDS = ["ConfigMap", "Secret", "Secret", "Secret", "Service", "StatefulSet", "Job"]


@pytest.fixture
def objects(namespace):
    """All objects of a run whose run file says everything, as YAML."""
    return subprocess.run([TRY, "objects", HERE / "sample.yaml", "demo", namespace], text=True,
                          capture_output=True, timeout=harness.PATIENCE, check=True).stdout


def test_the_api_server_takes_every_object_without_a_warning(cluster, namespace, objects):
    """The namespace enforces "restricted": a pod template against it would be warned of."""
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/warn=restricted",
                    "pod-security.kubernetes.io/warn-version=latest")
    done = cluster.try_kubectl("create", "--dry-run=server", "--validate=strict", "--output=json",
                               "--filename=-", stdin=objects)
    assert done.returncode == 0 and not done.stderr, done.stderr
    made = json.loads(done.stdout)["items"] if '"List"' in done.stdout else parse_all(done.stdout)
    assert [thing["kind"] for thing in made] == KINDS


def parse_all(text):
    """Objects of JSON one after the other, as kubectl prints those that it made."""
    decoder, found = json.JSONDecoder(), []
    while text.strip():
        thing, end = decoder.raw_decode(text.lstrip())
        found.append(thing)
        text = text.lstrip()[end:]
    return found


def test_what_the_server_keeps_is_what_was_written(cluster, namespace, objects):
    """No field of ours is dropped or changed: applying the same again changes nothing."""
    cluster.kubectl("create", "--filename=-", stdin=objects)
    job = cluster.get("job", "demo-w0", f"--namespace={namespace}")
    assert job["spec"]["backoffLimitPerIndex"] == 3
    assert [rule["action"] for rule in job["spec"]["podFailurePolicy"]["rules"]] == [
        "Ignore", "FailJob", "FailIndex"]
    differences = cluster.try_kubectl("diff", "--server-side", "--field-manager=kubectl-create",
                                      "--filename=-", stdin=without_secrets(objects))
    assert differences.returncode == 0, differences.stdout + differences.stderr


def without_secrets(objects):
    """Texts of a Secret are written as stringData and kept as data."""
    return "---\n".join(text for text in objects.split("---\n") if "kind: Secret" not in text)


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
