# SPDX-License-Identifier: Apache-2.0
"""F4, F5 and F6 of the threats that the page is built against: who may ask, from where, and that names are
never markup. For every route (as the program's tables list them) and method; tests/test_server_routes.c has
the same of the relay and of a scheduler in a cluster."""
import json
import os
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import harness
from browser import link_of, links, request

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
SOURCES = Path(__file__).resolve().parents[2]
TABLE = re.compile(r"^const struct server_route (\w+)\[\] = \{(.*?)^\};", re.MULTILINE | re.DOTALL)
ROW = re.compile(r'\{SERVER_(GET|POST), "([^"]+)", GATE_(\w+),')


def tables():
    """{name: [(method, path, right)]} of all that this program serves."""
    found = {}
    for source in sorted((SOURCES / "scheduler").glob("*.c")):
        for name, rows in TABLE.findall(source.read_text(encoding="utf-8")):
            found[name] = ROW.findall(rows)
    return found


def paths(*names):
    """One path of each route, and one that there is not."""
    whole = {"/page/": "/page/page.js", "/api/v1/plot.": "/api/v1/plot.svg",
             "/api/v1/files/": "/api/v1/files/run.yaml"}
    routes = tables()
    return [whole.get(path, path) for name in names for _, path, right in routes[name]
            if right != "ANYONE"] + ["/nothing"]


ROUTES = paths("page_api_routes", "rerunner_routes")
EVENTS = {"Accept": "text/event-stream"}
SOCKET = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
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


def statuses(base, headers, routes=None):
    """By (method, route); a stream of events and a socket are asked for as well."""
    routes = ROUTES if routes is None else routes
    found = {(method, route): request(base + route, method, headers)[0]
             for method in METHODS for route in routes}
    for name, more in (("events", EVENTS), ("socket", SOCKET)):
        found.update({(name, route): request(base + route, "GET", {**headers, **more})[0]
                      for route in routes})
    return found


def test_no_route_is_forgotten():
    """Neither here nor where the tables are tried without a run."""
    known = tables()
    assert {"page_api_routes", "rerunner_routes", "relay_api_routes", "keeper_api_routes"} <= set(known)
    assert all(known.values()) and len(ROUTES) > 10
    tried = (SOURCES / "tests" / "test_server_routes.c").read_text(encoding="utf-8")
    assert [name for name in known if name not in tried] == []
    opens = {path for rows in known.values() for _, path, right in rows if right == "ANYONE"}
    assert opens == {"/healthz"}


def listeners(pids):
    """The local addresses, in hexadecimal, at which one of these processes listens."""
    inodes = set()
    for pid in pids:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            inodes.add(os.readlink(fd).removeprefix("socket:[").rstrip("]"))
    rows = [line.split() for kind in ("tcp", "tcp6")
            for line in Path("/proc/net", kind).read_text(encoding="ascii").splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


def test_only_loopback_listens_while_a_run_is_served(runner, samples):
    """Scheduler, workers and page together."""
    run = harness.write_run(runner.folder / "run.yaml", harness.from_samples(samples, target_events=15))
    started = runner.start_launch(run, "--run-dir", "run", "--dashboard")
    link_of(started)
    harness.wait_until(runner.computers, "a worker")
    # The wire and the page: at least two, all of them of this machine only.
    found = harness.wait_until(lambda: (lambda l: l if len(l) >= 2 else None)(listeners(runner.processes())),
                               "its listeners")
    assert {address.partition(":")[0] for address in found} == {"0100007F"}
    started.kill(15)
    started.wait()


def test_a_wider_address_needs_an_option_of_its_own(site, runner):
    _, _, _, folder = site
    for address in ("0.0.0.0:0", "[::]:0"):
        done = runner.run("picobarn", "serve", folder, "--listen", address)
        assert done.status == harness.USAGE and "--anywhere" in done.err, done


def test_nothing_is_answered_without_a_token(site):
    _, base, token, _ = site
    for headers in ({}, {TOKEN: "0" * 64}, {TOKEN: ""}, {"Authorization": "Bearer " + "0" * 64},
                    {"Cookie": f"picobarn-{urlsplit(base).port}={'0' * 64}"},
                    {"Cookie": f"picobarn-1={token}"}):
        got = statuses(base, headers)
        assert set(got.values()) == {401}, (headers, {k: v for k, v in got.items() if v != 401})


def test_a_token_is_in_no_log_address_or_referrer(site, browser):
    """The one in the link is worth nothing any more; the one behind it is never shown."""
    started, base, token, folder = site
    page = browser.open(started)
    referrers = []
    page.tab.on("request", lambda r: referrers.append(r.headers.get("referer")))
    page.wait_picture()
    page.tab.reload()
    page.wait_picture()
    assert page.tab.url == base + "/"
    assert page.look("document.referrer + document.cookie") == ""
    once = page.address.partition("token=")[2]
    assert [u for u in page.requests if once in u] == [page.address]
    assert referrers and not any(referrers)
    assert token not in started.output(0) + started.output(1)
    kept = [p for p in folder.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]
    assert kept == [folder / "page.json"] and kept[0].stat().st_mode & 0o077 == 0
    command = Path(f"/proc/{started.pid}/cmdline").read_bytes() + Path(f"/proc/{started.pid}/environ").read_bytes()
    assert token.encode() not in command and once.encode() not in command
    page.close()


def test_a_link_lets_one_browser_in_and_is_printed_anew(site):
    started, base, token, _ = site
    first = link_of(started)
    assert request(first)[0] == 401  # without a cookie jar the redirect leads nowhere
    assert request(first)[0] == 401
    harness.wait_until(lambda: len(links(started)) == 2, "the next link")
    assert token not in first


@pytest.mark.parametrize("host", ["evil.example", "127.evil.example", "localhost.evil.example",
                                  "127.0.0.1:1", "127.0.0.1", "localhost", "[::1]"])
def test_another_host_is_refused_whatever_it_brings(site, host):
    _, base, token, folder = site
    cookie = f"picobarn-{urlsplit(base).port}={token}"
    for headers in ({"Host": host, "Cookie": cookie}, {"Host": host, TOKEN: token},
                    {"Host": host, "Cookie": cookie, "Origin": base}):
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
        elif method in METHODS and method not in ("GET", "POST"):
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
    script = "<script>document.title='broken into';alert(0)</script>"
    run = harness.from_samples(samples, target_events=2000, only=["ZZ to 4mu", "DoubleMu 2011"])
    for sample in run["samples"]:  # the picture names the one that it cannot scale
        sample["name"] = script if sample["kind"] == "simulation" else "<img src=x onerror=alert(1)>"
    bad = runner.folder / "<svg onload=alert(2)><script>alert(3)<!--.h5"
    bad.write_bytes(b"no HDF5 " + script.encode())
    run["samples"][1]["files"].append(str(bad))
    done = runner.launch(harness.write_run(runner.folder / "run.yaml", run), "--run-dir", "run")
    assert done.status == harness.INCOMPLETE, done
    page = served("picobarn", "serve", "run", "--listen", "127.0.0.1:0")
    alerts = []
    page.context.on("dialog", lambda d: (alerts.append(d.message), d.dismiss()))
    page.tab.reload()  # all of it anew, now that somebody listens
    page.wait_state("incomplete")
    page.wait_picture()
    assert bad.name in page.text("failures")
    assert script in page.text("samples") and "<img src=x onerror=alert(1)>" in page.text("samples")
    assert page.look("document.querySelectorAll('main svg, main script, main img').length") == 1
    assert "picobarn" in page.look("document.title") and page.troubles == []
    for path in ("api/v1/page", "api/v1/plot.json", "api/v1/plot.svg"):
        page.tab.goto(f"{page.site}/")
        assert "alert(0)" in page.ask(path)["text"], path
        page.tab.goto(f"{page.site}/{path}")  # as a document of its own
        assert page.look("document.querySelectorAll('script').length") == 0, path
        assert page.look("document.title") != "broken into", path
    assert alerts == []
