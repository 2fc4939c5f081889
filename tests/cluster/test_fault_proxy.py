# SPDX-License-Identifier: Apache-2.0
"""The proxy that injects faults does what its rules say, and nothing else: before a plain HTTP server."""
import http.client
import http.server
import json
import threading
import time
import urllib.parse

import pytest

import fault_proxy
from fault_proxy import EXPIRED, FaultProxy, Rule

EVENTS = [{"type": "ADDED", "object": {"kind": "Job", "apiVersion": "batch/v1", "metadata": {
    "name": f"job-{i}", "resourceVersion": str(i)}}} for i in range(3)]


class Echo(http.server.BaseHTTPRequestHandler):
    """Says what it was asked, or streams three events."""

    protocol_version = "HTTP/1.1"
    asked = []

    def do_GET(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.asked.append(self.path)
        said = "".join(json.dumps(e) + "\n" for e in EVENTS) if "watch=" in self.path else json.dumps(
            {"path": self.path, "sent": sent, "token": self.headers["Authorization"]})
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    Echo.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with FaultProxy(f"http://127.0.0.1:{server.server_address[1]}", None, None, None, "ours") as p:
        yield p
    server.shutdown()
    server.server_close()


def ask(proxy, method="GET", path="/jobs", sent=None, token="theirs", timeout=10):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(proxy.address).netloc,
                                            timeout=timeout)
    connection.request(method, path, sent, {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer, answer.read()


def stream(proxy, *changes):
    proxy.rules = [Rule(path="watch=", fault=fault_proxy.watch(*changes))]
    return [json.loads(line) for line in ask(proxy, path="/jobs?watch=1")[1].splitlines()]


def test_without_rules_all_goes_through_with_our_token(proxy):
    answer, said = ask(proxy, "POST", "/jobs?a=b", "body")
    assert answer.status == 200
    assert json.loads(said) == {"path": "/jobs?a=b", "sent": "body", "token": "Bearer ours"}
    (call,) = proxy.calls
    assert (call.method, call.path, call.token, call.status) == ("POST", "/jobs?a=b", "theirs", 200)
    assert call.forwarded and call.began <= call.answered


def test_rules_choose_by_method_path_and_number(proxy):
    proxy.rules = [Rule(method="POST", path="^/jobs$", most=2,
                        fault=fault_proxy.answer(429, retry_after=7))]
    statuses = [ask(proxy, *what)[0].status for what in (
        ("GET",), ("POST", "/pods"), ("POST",), ("POST",), ("POST",))]
    assert statuses == [200, 200, 429, 429, 200]
    assert len(Echo.asked) == 3


def test_a_rule_may_want_every_third_call(proxy):
    proxy.rules = [Rule(every=3, fault=fault_proxy.answer(503))]
    assert [ask(proxy)[0].status for _ in range(7)] == [200, 200, 503, 200, 200, 503, 200]


def test_an_answer_of_ours_is_a_status(proxy):
    proxy.rules = [Rule(fault=fault_proxy.answer(429, "slowly", retry_after=7))]
    answer, said = ask(proxy)
    status = json.loads(said)
    assert answer.headers["Retry-After"] == "7"
    assert (status["kind"], status["code"], status["message"]) == ("Status", 429, "slowly")


@pytest.mark.parametrize("fault, applied", [
    (fault_proxy.reset_after(), 1), (fault_proxy.hang(), 0), (fault_proxy.hang(applied=True), 1)])
def test_no_answer_comes(proxy, fault, applied):
    proxy.rules = [Rule(fault=fault)]
    with pytest.raises((ConnectionResetError, TimeoutError)):
        ask(proxy, timeout=0.5)
    assert len(Echo.asked) == applied


def test_an_error_comes_though_the_server_acted(proxy):
    proxy.rules = [Rule(fault=fault_proxy.answer_after(500))]
    assert ask(proxy)[0].status == 500
    assert Echo.asked == ["/jobs"]


def test_watches_are_changed(proxy):
    junk = {"type": "SURPRISE"}
    assert stream(proxy, fault_proxy.split(1)) == EVENTS
    assert stream(proxy, fault_proxy.split_first(1, 40)) == EVENTS
    assert stream(proxy, fault_proxy.twice) == [e for e in EVENTS for _ in range(2)]
    assert stream(proxy, fault_proxy.insert(junk, after=2)) == [*EVENTS[:2], junk, EVENTS[2]]
    assert stream(proxy, fault_proxy.end_with(EXPIRED, 0)) == [EVENTS[0], EXPIRED]
    assert [e["type"] for e in stream(proxy, fault_proxy.bookmarked)] == ["ADDED", "BOOKMARK"] * 3


def test_a_held_watch_goes_on_when_it_may(proxy):
    go = threading.Event()
    threading.Timer(0.2, go.set).start()
    began = time.monotonic()
    assert stream(proxy, fault_proxy.hold(go)) == EVENTS
    assert time.monotonic() - began >= 0.2


def test_only_accepted_tokens_get_in(proxy):
    proxy.accepted = {"new"}
    assert [ask(proxy, token=t)[0].status for t in ("old", "new")] == [401, 200]


def test_a_body_may_be_of_any_size(proxy):
    proxy.rules = [Rule(fault=fault_proxy.body(b"x" * 1000 for _ in range(1000)))]
    assert len(ask(proxy)[1]) == 1000000
