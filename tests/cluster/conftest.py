# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests on a cluster. The whole session runs inside one call of with-cluster, as
run.sh makes it.

PICOBARN_BIN            folder with the programs
PICOBARN_IMAGE_ARCHIVE  the image of k8s/image, as an archive; tests with pods of picobarn need it
"""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
from fixtures import open_data, runner, samples, shared, weighted  # noqa: E402, F401
from cluster import Cluster  # noqa: E402

BASE = HERE.parents[1] / "k8s" / "base"


def pytest_sessionstart(session):
    if "CLUSTER_RUN" not in os.environ:
        pytest.exit("no cluster around this session: tests/cluster/run.sh PYTHON FILE", 2)


@pytest.fixture(scope="session")
def cluster():
    return Cluster(os.environ["CLUSTER_RUN"], os.environ["CLUSTER_AUDIT"])


@pytest.fixture
def namespace(cluster):
    """A fresh namespace, made ready as an administrator does it."""
    name = cluster.make_namespace(BASE)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def image(cluster):
    """The reference of picobarn's image, which the node has."""
    archive = os.environ.get("PICOBARN_IMAGE_ARCHIVE", "")
    if not os.path.exists(archive):
        pytest.skip(f"no image: PICOBARN_IMAGE_ARCHIVE is '{archive}'")
    return cluster.import_image(archive)
