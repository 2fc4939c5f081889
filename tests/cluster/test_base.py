# SPDX-License-Identifier: Apache-2.0
"""What an administrator applies: it is taken, and gives the rights that it says and no more."""
import subprocess

import pytest

import harness

EXAMPLE = harness.ROOT / "k8s" / "overlays" / "example"
VIOLATORS = harness.ROOT / "k8s" / "policy" / "violators"
NAMESPACE = "physics"  # the example's
WHO = {
    "scheduler": ["--as=system:serviceaccount:physics:picobarn-scheduler"],
    "worker": ["--as=system:serviceaccount:physics:picobarn-worker"],
    "analyst": ["--as=somebody", "--as-group=physics-analysts"],
    "guest": ["--as=somebody", "--as-group=physics-guests"],
}


@pytest.fixture(scope="module")
def example(cluster):
    # The namespace first: nothing can be checked in one that is not there.
    cluster.kubectl("apply", f"--filename={EXAMPLE}/namespace.yaml")
    cluster.kubectl("apply", f"--kustomize={EXAMPLE}", "--dry-run=server")
    cluster.kubectl("apply", f"--kustomize={EXAMPLE}")
    yield
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_applied_again_the_example_changes_nothing(cluster, example):
    lines = cluster.kubectl("apply", f"--kustomize={EXAMPLE}").splitlines()
    assert len(lines) > 10
    assert [line for line in lines if not line.endswith(" unchanged")] == []


def may(cluster, who, verb, what):
    """The API server's own answer. What: RESOURCE[/NAME], or RESOURCE:SUBRESOURCE."""
    resource, _, part = what.partition(":")
    answer = cluster.try_kubectl("auth", "can-i", verb, resource, f"--subresource={part}",
                                 f"--namespace={NAMESPACE}", *WHO[who]).stdout
    assert answer.split()[0] in ("yes", "no"), answer
    return answer.split()[0] == "yes"


@pytest.mark.parametrize("who, allowed, forbidden", [
    ("scheduler", ["create jobs", "patch jobs", "get pods:log", "list events"],
     ["get secrets", "create pods", "create statefulsets", "create pods:exec"]),
    ("worker", [], ["get pods", "get secrets", "list jobs", "get configmaps"]),
    ("analyst", ["create statefulsets", "get secrets", "create services:proxy", "delete jobs"],
     ["list secrets", "create jobs", "create pods:exec", "create rolebindings", "create pods"]),
    ("guest", ["get services:proxy", "create services:proxy", "get secrets/picobarn-view"],
     ["get secrets/higgs-scheduler", "list secrets", "create configmaps", "delete statefulsets",
      "get pods:log", "create pods:exec"]),
])
def test_each_may_do_what_their_role_says_and_no_more(cluster, example, who, allowed, forbidden):
    may_do = [words for words in allowed + forbidden if may(cluster, who, *words.split())]
    assert may_do == allowed


def test_the_namespace_warns_of_pods_that_it_would_refuse(cluster, example):
    """Pod Security refuses pods, and not the objects that will make them; who applies one of these
    sees a warning."""
    done = subprocess.run(
        ["kubectl", f"--kubeconfig={cluster.kubeconfig()}", "apply", "--dry-run=server",
         f"--namespace={NAMESPACE}", f"--filename={VIOLATORS}/2019.yaml"],
        capture_output=True, text=True, timeout=harness.PATIENCE, check=True)
    assert 'would violate PodSecurity "restricted' in done.stderr
