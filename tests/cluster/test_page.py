# SPDX-License-Identifier: Apache-2.0
"""The page of a run in the cluster, relayed through the API server's proxy, in Chromium."""
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import harness
from place import Place

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browser import browser, link_of, request  # noqa: E402, F401
from test_gate import TOKEN, paths, statuses  # noqa: E402

NAME = "page"


@pytest.fixture
def place(cluster, runner, namespace, image, samples):
    """A run under way."""
    p = Place(cluster, runner, namespace, image)
    p.give_data(samples)
    p.give_ledger(NAME)
    run = harness.read_run(samples / "higgs4l.yaml")
    run["shards"] = {"target_events": 40}
    file = p.write_run(NAME, run)
    assert p.launch(file, "--name", NAME, "--detach").status == harness.INCOMPLETE
    return p


def serve(place, *options):
    return place.start("serve", place.called(NAME), "--listen", "127.0.0.1:0", *options)


def test_the_page_works_through_the_relay(place, browser, samples):
    page = browser.open(serve(place, "--allow-control"))
    page.wait(f"document.querySelector('#workers tbody').textContent.includes('{NAME}-w')", "workers")
    page.tab.get_by_role("button", name="Pause").click()
    page.wait_state("held")
    page.tab.get_by_role("button", name="Resume").click()
    page.wait_state("complete", timeout=harness.PATIENCE)
    sequence = page.text("sequence")
    page.wait(f"document.getElementById('picture-sequence').textContent === '{sequence}'", "the last picture")
    drawn = place.picobarn("plot", place.called(NAME), "--format", "svg")
    assert page.pictures[-1].text() == drawn.out
    status = place.status(NAME)
    assert page.document()["status"]["events"] == status["events"]
    here = place.runner.launch(place.runner.folder / f"{NAME}.yaml", "--base", samples, "--run-dir", "here")
    assert page.document()["run"]["sha256"] == here.sha256
    outside = [u for u in page.requests if not u.startswith((page.site, f"blob:{page.site}"))]
    assert outside == [] and page.troubles == []
    page.close()


def test_the_relay_lets_in_only_who_may(place):
    """F4, F5 and F6 for every route of the relay and method."""
    started = serve(place, "--allow-control")
    base = "http://" + urlsplit(link_of(started)).netloc
    token = harness.wait_until(lambda: started.output().partition(TOKEN + ": ")[2][:64], "the token")
    routes = paths("relay_api_routes")

    def got(headers):
        return set(statuses(base, headers, routes).values())

    cookie = {"Cookie": f"picobarn-{urlsplit(base).port}={token}"}
    for headers in ({}, {TOKEN: "0" * 64}, {"Cookie": f"picobarn-1={token}"}):
        assert got(headers) == {401}, headers
    for headers in ({"Host": "evil.example"}, {"Host": "127.evil.example"}, {"Host": "localhost.evil.example"},
                    {"Host": "127.0.0.1:1"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert got({**cookie, **headers}) == {403}, headers
    status, answer = request(f"{base}/api/v1/rights", headers={TOKEN: token})
    assert (status, json.loads(answer)) == (200, {"control": True})


def test_a_relay_that_may_only_look_changes_nothing(place):
    started = serve(place)
    base = "http://" + urlsplit(link_of(started)).netloc
    token = harness.wait_until(lambda: started.output().partition(TOKEN + ": ")[2][:64], "the token")
    for path in ("rerun", "pause", "resume", "launch", "pods"):
        assert request(f"{base}/api/v1/{path}", "POST", {TOKEN: token}, b"{}")[0] == 403, path


def test_prometheus_reads_with_a_token_of_its_own(cluster, runner, namespace, image, samples):
    """The administrator's Secret; with it metrics are to be had from the pod, and nothing else."""
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "picobarn-metrics"},
                   "stringData": {"token": "5" * 64}}, namespace=namespace)
    p = Place(cluster, runner, namespace, image)
    p.give_data(samples)
    p.give_ledger(NAME)
    file = p.write_run(NAME, harness.read_run(samples / "higgs4l.yaml"))
    assert p.launch(file, "--name", NAME, "--detach").status == harness.INCOMPLETE
    (pod,) = cluster.pods(namespace, "app.kubernetes.io/component=scheduler")
    base = f"http://{pod['status']['podIP']}:8080"
    status, answer = request(f"{base}/metrics", headers={"Authorization": f"Bearer {'5' * 64}"})
    assert status == 200 and b"picobarn_" in answer
    for path, token in (("metrics", "6" * 64), ("api/v1/page", "5" * 64)):
        status, _ = request(f"{base}/{path}", headers={"Authorization": f"Bearer {token}"})
        assert status in (401, 403), path
