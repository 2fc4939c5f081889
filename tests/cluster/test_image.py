# SPDX-License-Identifier: Apache-2.0
"""The image of k8s/image: small, two programs and no more, and they run as nobody on a root file
system that they cannot write."""
import hashlib
import json
import os
import re
import tarfile

import pytest

import harness
from cluster import restricted_pod

MOST_BYTES = 16_000_000
PROGRAMS = ["picobarn", "picobarn-worker"]
ROWS = "0-1000"


@pytest.fixture(scope="module")
def archive():
    path = os.environ.get("PICOBARN_IMAGE_ARCHIVE", "")
    if not os.path.exists(path):
        pytest.skip(f"no image: PICOBARN_IMAGE_ARCHIVE is '{path}'")
    return path


def blob(layers, digest):
    data = layers.extractfile(f"blobs/{digest.replace(':', '/')}").read()
    assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    return data


def read_image(archive):
    """An OCI archive's configuration, and the names of the files in its one layer."""
    with tarfile.open(archive) as layers:
        index = json.load(layers.extractfile("index.json"))
        manifest = json.loads(blob(layers, index["manifests"][0]["digest"]))
        config = json.loads(blob(layers, manifest["config"]["digest"]))
        names = []
        for layer in manifest["layers"]:
            blob(layers, layer["digest"])
            data = layers.extractfile(f"blobs/{layer['digest'].replace(':', '/')}")
            with tarfile.open(fileobj=data, mode="r:gz") as files:
                names += [f.name for f in files if not f.isdir()]
    return config["config"], sorted(names)


def test_it_is_small(archive):
    size = os.path.getsize(archive)
    print(f"image: {size / 1e6:.1f} MB compressed")
    assert size <= MOST_BYTES


def test_it_holds_two_programs_their_libraries_and_nothing_else(archive):
    config, names = read_image(archive)
    assert config["User"] == "65532:65532"
    assert "Entrypoint" not in config and "Cmd" not in config
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert [n for n in names if n.startswith("usr/bin/")] == [f"usr/bin/{p}" for p in PROGRAMS]
    others = [n for n in names if not n.startswith("usr/bin/") and
              not re.fullmatch(r"usr/lib(64)?/([a-z0-9_-]+/)?[A-Za-z0-9_+.-]+\.so[.0-9]*", n)]
    assert others == ["etc/group", "etc/nsswitch.conf", "etc/passwd", "lib", "lib64"]


def run(cluster, namespace, pod):
    """Exit status and words of a pod's container."""
    name = pod["metadata"]["name"]
    cluster.apply(pod, namespace=namespace)
    cluster.kubectl("wait", f"pod/{name}", f"--namespace={namespace}", "--timeout=100s",
                    "--for=jsonpath={.status.containerStatuses[0].state.terminated}")
    (status,) = cluster.get("pod", name, f"--namespace={namespace}")["status"]["containerStatuses"]
    return (status["state"]["terminated"]["exitCode"],
            cluster.kubectl("logs", name, f"--namespace={namespace}"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_run_as_nobody(cluster, namespace, image, program):
    status, words = run(cluster, namespace, restricted_pod(
        "version", f"/usr/bin/{program}", "version", image=image))
    assert status == 0
    assert words.startswith(f"{program} ")


def with_data(pod):
    pod["spec"]["volumes"] = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}}]
    container = pod["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data", "readOnly": True}]
    container["resources"] = {"requests": {"cpu": "100m", "memory": "64Mi"},
                              "limits": {"cpu": "2", "memory": "1Gi"}}
    return pod


def test_a_shard_comes_out_as_outside(cluster, namespace, image, runner, samples):
    """HDF5, its filters, OpenMP and the compute program's own sandbox, below the runtime's."""
    (path, *_) = sorted(samples.glob("doublemu2012b_*.h5"))
    cluster.make_volume(namespace, "data", samples)
    arguments = ("--rows", ROWS, "--show", "digest", "--threads", "2")
    here = runner.run("picobarn-worker", "shard", str(path), *arguments)
    assert here.status == harness.COMPLETE
    inside = with_data(restricted_pod("shard", "/usr/bin/picobarn-worker", "shard",
                                      f"/data/{path.name}", *arguments, image=image))
    assert run(cluster, namespace, inside) == (0, here.out)
