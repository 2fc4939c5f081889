# SPDX-License-Identifier: Apache-2.0
"""F4, F5 and F6 of the threats that the page is built against: who may ask, from where, and that names are
never markup. For every route and method."""
import json
import os
import socket
from urllib.parse import urlsplit

import pytest

import harness
from browser import link_of, links, request

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
ROUTES = ["/", "/page/page.js", "/api/v1/rights", "/api/v1/page", "/api/v1/events", "/api/v1/plot.svg",
          "/api/v1/plot.json", "/api/v1/files/run.yaml", "/api/v1/rerun", "/api/v1/pause", "/api/v1/resume",
          "/metrics", "/nothing"]
TOKEN = "X-Picobarn-Token"


@pytest.fixture
def site(runner, samples):
    """A page with the right to act: its address, token, and the run's folder."""
    run = harness.write_run(runner.folder / "run.yaml", harness.from_samples(
        samples, target_events=2000, only=["ZZ to 4mu", "DoubleMu 2011"]))
    assert runner.launch(run, "--run-dir", "run").status == harness.COMPLETE
    started = runner.start("picobarn", "serve", "run", "--listen", "127.0.0.1:0", "--allow-control")
    link = urlsplit(link_of(started))
    kept = json.loads((runner.folder / "run" / "page.json").read_text(encoding="utf-8"))
    return started, f"http://{link.netloc}", kept["token"], runner.folder / "run"


def statuses(base, headers):
    return {(method, route): request(base + route, method, headers)[0]
            for method in METHODS for route in ROUTES}


def test_only_loopback_listens_and_nothing_is_answered_without_a_token(site):
    started, base, token, folder = site
    port = urlsplit(base).port
    own = [line.split() for line in open(f"/proc/{started.pid}/net/tcp", encoding="ascii")]
    listening = [row[1] for row in own[1:] if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    assert listening == [f"0100007F:{port:04X}"]
    assert set(statuses(base, {}).values()) <= {401, 403}
    assert {s for (m, _), s in statuses(base, {}).items() if m == "GET"} == {401}
    assert set(statuses(base, {TOKEN: "0" * 64}).values()) == {401}
    said = started.output(0) + started.output(1)
    assert token not in said
    assert os.stat(folder / "page.json").st_mode & 0o077 == 0


def test_a_link_lets_one_browser_in_and_is_printed_anew(site):
    started, base, token, _ = site
    first = link_of(started)
    assert request(first)[0] == 401  # without a cookie jar the redirect leads nowhere
    assert request(first)[0] == 401
    harness.wait_until(lambda: len(links(started)) == 2, "the next link")
    assert token not in first


@pytest.mark.parametrize("host", ["evil.example", "127.evil.example", "localhost.evil.example",
                                  "127.0.0.1:1", "127.0.0.1", "[::1]"])
def test_another_host_is_refused_whatever_it_brings(site, host):
    _, base, token, folder = site
    cookie = f"picobarn-{urlsplit(base).port}={token}"
    for headers in ({"Host": host, "Cookie": cookie}, {"Host": host, TOKEN: token},
                    {"Host": host, "Cookie": cookie, "Upgrade": "websocket", "Connection": "Upgrade"}):
        assert set(statuses(base, headers).values()) == {403}
    assert not (folder / "pause").exists()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://localhost"])
def test_a_page_of_another_origin_changes_and_reads_nothing(site, origin):
    _, base, token, folder = site
    cookie = f"picobarn-{urlsplit(base).port}={token}"
    assert set(statuses(base, {"Cookie": cookie, "Origin": origin}).values()) == {403}
    assert not (folder / "pause").exists()


def test_a_change_by_cookie_needs_an_origin(site):
    _, base, token, folder = site
    cookie = f"picobarn-{urlsplit(base).port}={token}"
    assert request(f"{base}/api/v1/pause", "POST", {"Cookie": cookie})[0] == 403
    assert not (folder / "pause").exists()
    assert request(f"{base}/api/v1/pause", "POST", {"Cookie": cookie, "Origin": base})[0] == 200
    assert (folder / "pause").exists()
    assert request(f"{base}/api/v1/resume", "POST", {TOKEN: token})[0] == 200
    assert not (folder / "pause").exists()


def test_methods_that_no_route_has_are_refused_with_a_token_too(site):
    _, base, token, folder = site
    got = statuses(base, {TOKEN: token})
    for (method, route), status in got.items():
        if route == "/nothing":
            assert status == 404, (method, route)
        elif method not in ("GET", "POST"):
            assert status == 405, (method, route, status)
    assert (folder / "ledger.db").exists()


def test_a_request_that_drips_holds_nobody_up(site):
    _, base, token, _ = site
    slow = [socket.create_connection((urlsplit(base).hostname, urlsplit(base).port)) for _ in range(20)]
    for s in slow:
        s.sendall(b"GET / HTTP/1.1\r\nHost:")
    assert request(f"{base}/api/v1/page", "GET", {TOKEN: token})[0] == 200
    for s in slow:
        s.close()


def test_names_are_never_markup(runner, samples, served):
    """File, sample and log names that are scripts: shown as they are, run by nobody."""
    script = "<script>document.title='broken into'<!-- -->"
    run = harness.from_samples(samples, target_events=2000, only=["ZZ to 4mu", "DoubleMu 2011"])
    run["samples"][0]["name"] = "<img src=x onerror=alert(1)>"
    bad = runner.folder / "<svg onload=alert(2)>.h5"
    bad.write_bytes(b"no HDF5 " + script.encode())
    run["samples"][1]["files"].append(str(bad))
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.INCOMPLETE, done
    page = served("picobarn", "serve", "run", "--listen", "127.0.0.1:0")
    alerts = []
    page.tab.on("dialog", lambda d: (alerts.append(d.message), d.dismiss()))
    page.wait_state("incomplete")
    page.wait_picture()
    assert "<svg onload=alert(2)>.h5" in page.text("failures")
    assert "<img src=x onerror=alert(1)>" in page.text("samples")
    assert page.look("document.querySelectorAll('main svg, main script, main img').length") == 1
    assert alerts == [] and "picobarn" in page.look("document.title")
    assert page.troubles == []
