# SPDX-License-Identifier: Apache-2.0
"""A proxy with TLS before an API server that answers as a bad day would.

Requests are forwarded, watches as they stream, but where a Rule says otherwise: it answers itself,
hangs, breaks the connection after the server has acted, or changes what a watch says. Each request
is recorded with its times. One thread a connection, HTTP/1.1.

    with FaultProxy(server, ca, certificate, key, token) as proxy:
        proxy.rules = [Rule(method="POST", path="/jobs", share=0.1, fault=answer(429, retry_after=5))]
        proxy.address   # https://127.0.0.1:PORT
        proxy.calls     # what was asked, and when
"""
import dataclasses
import http.client
import http.server
import json
import random
import re
import socket
import ssl
import threading
import time
import urllib.parse
from typing import Callable

REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 410: "Expired",
           422: "Invalid", 429: "TooManyRequests", 500: "InternalError",
           503: "ServiceUnavailable", 504: "Timeout"}
HOP_BY_HOP = {  # of one connection, not of the message
    "connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"}


@dataclasses.dataclass
class Call:
    """A request as it came, and what became of it. Times are those of time.monotonic()."""
    method: str
    path: str
    token: str
    began: float
    status: int = 0  # 0: there was no answer
    fault: str = ""  # the name of the rule's fault, if one was applied
    forwarded: bool = False
    answered: float = 0.0  # before the answer goes out

    @property
    def watches(self):
        return "watch=" in self.path


@dataclasses.dataclass
class Rule:
    """The calls to which a fault happens: a method, a pattern somewhere in path and query; of those a
    share by chance, or every so many, and at most so many."""
    fault: Callable
    method: str = ""
    path: str = ""
    share: float = 1.0
    every: int = 1
    most: int = 2**31
    seen: int = 0

    def wants(self, call, chance):
        if self.method not in ("", call.method) or not re.search(self.path, call.path):
            return False
        self.seen += 1
        return self.most > 0 and chance < self.share and self.seen % self.every == 0


def status_body(code, message="said the fault proxy", **more):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                       "message": message, "reason": REASONS.get(code, ""), "code": code,
                       **more}).encode()


# Faults: each takes the exchange in place of its forward().

def fault(function):
    """Names what a fault's maker returns, for Call.fault."""
    def make(*arguments, **more):
        inner = function(*arguments, **more)
        inner.__name__ = function.__name__
        return inner
    return make


@fault
def answer(code, message="said the fault proxy", retry_after=None):
    """The server never hears of it."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return lambda exchange: exchange.answer(code, status_body(code, message), headers)


@fault
def reset_after():
    """The server has acted; the connection breaks before it says so."""
    def act(exchange):
        exchange.ask().read()
        exchange.reset()
    return act


@fault
def answer_after(code):
    """The server has acted; what comes is an error."""
    def act(exchange):
        exchange.ask().read()
        exchange.answer(code, status_body(code))
    return act


@fault
def hang(applied=False):
    """Nothing comes for as long as the client waits."""
    def act(exchange):
        if applied:
            exchange.ask().read()
        exchange.wait_for_client()
    return act


@fault
def body(data, code=200):
    """Any bytes, as an answer in JSON; data may be an iterable of pieces."""
    return lambda exchange: exchange.answer(code, data)


@fault
def watch(*changes):
    """The server's stream, through functions from an iterable of pieces to another."""
    def act(exchange):
        response = exchange.ask()
        stream = exchange.pieces(response)
        for change in changes:
            stream = change(stream)
        exchange.stream(response.status, response.getheaders(), stream)
    return act


# What may be done to the pieces of a watch.

def split(size):
    """Into pieces of at most so many bytes."""
    def change(pieces):
        for piece in pieces:
            for first in range(0, len(piece), size):
                yield piece[first:first + size]
    return change


def split_first(size, most):
    """The same, for the first bytes only: a system call each takes its time."""
    def change(pieces):
        left = most
        for piece in pieces:
            yield from split(size)([piece[:left]])
            if piece[left:]:
                yield piece[left:]
            left = max(0, left - len(piece))
    return change


def lines(pieces):
    """Whole events."""
    left = b""
    for piece in pieces:
        *whole, left = (left + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
    yield left


def twice(pieces):
    """Each event two times."""
    for line in lines(pieces):
        yield line
        yield line


def insert(*events, after=1):
    """Events of ours after so many of the server's. Bytes go as they are."""
    def change(pieces):
        for number, line in enumerate(lines(pieces), 1):
            yield line
            if number == after:
                for event in events:
                    yield event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"
    return change


def bookmarked(pieces):
    """A bookmark after each event, where a server sends one a minute."""
    for line in lines(pieces):
        yield line
        if line:
            about = json.loads(line)["object"]
            yield json.dumps({"type": "BOOKMARK", "object": {
                "kind": about["kind"], "apiVersion": about["apiVersion"],
                "metadata": {"resourceVersion": about["metadata"]["resourceVersion"]}}}).encode() + b"\n"


def end_with(event, after_s):
    """Ends the stream with an event of ours, with the first one that comes after so many seconds."""
    def change(pieces):
        until = time.monotonic() + after_s
        for line in lines(pieces):
            yield line
            if time.monotonic() >= until:
                break
        yield json.dumps(event).encode() + b"\n"
    return change


def hold(event):
    """Nothing goes on while a threading.Event is not set."""
    def change(pieces):
        for piece in pieces:
            event.wait()
            yield piece
    return change


EXPIRED = {"type": "ERROR", "object": json.loads(status_body(410, "too old resource version"))}


class Exchange(http.server.BaseHTTPRequestHandler):
    """One connection of a client; its requests one after another."""

    protocol_version = "HTTP/1.1"
    proxy = None  # set by FaultProxy in a class of its own
    disable_nagle_algorithm = True

    def handle_call(self):
        self.upstream = None
        self.sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.call = Call(self.command, self.path, token, time.monotonic())
        try:
            act = self.proxy.choose(self.call)
            if act is None:
                self.forward()
            else:
                self.call.fault = act.__name__
                act(self)
        except (OSError, http.client.HTTPException):  # one of both sides went away
            self.close_connection = True
        finally:
            if self.upstream is not None:
                self.upstream.close()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_call

    def ask(self):
        """The server's response."""
        self.call.forwarded = True
        self.upstream = self.proxy.connect()
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP
                   and k.lower() not in ("host", "authorization", "accept-encoding")}
        self.upstream.request(self.command, self.path, self.sent or None, {
            **headers, "Authorization": f"Bearer {self.proxy.token}"})
        return self.upstream.getresponse()

    def pieces(self, response):
        while piece := response.read1(65536):
            yield piece

    def forward(self):
        response = self.ask()
        if self.call.watches:
            self.stream(response.status, response.getheaders(), self.pieces(response))
        else:
            self.answer(response.status, response.read(), dict(response.getheaders()))

    def head(self, status, headers):
        self.call.status, self.call.answered = status, time.monotonic()
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)

    def answer(self, status, data, headers=None):
        if not isinstance(data, bytes):
            self.stream(status, [("Content-Type", "application/json")], data)
            return
        self.head(status, {"Content-Type": "application/json", **(headers or {})}.items())
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, status, headers, pieces):
        self.head(status, headers)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def reset(self):
        """RST instead of FIN, and no goodbye of TLS."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True
        socket.socket(fileno=self.connection.detach()).close()

    def wait_for_client(self):
        self.close_connection = True
        self.connection.recv(1)  # the end of the connection

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # a client that left in the middle, which tests do on purpose


class FaultProxy:
    """server is the API server's address, ca what its certificate is checked with (None: plain HTTP),
    certificate and key our own, token what is shown to the server."""

    def __init__(self, server, ca, certificate, key, token, seed=3):
        self.server = urllib.parse.urlsplit(server)
        self.token = token
        self.rules = []
        self.calls = []
        self.accepted = None  # a set of tokens; None: any
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._trust = ssl.create_default_context(cafile=ca) if ca else None
        self._listener = Server(("127.0.0.1", 0), type("OurExchange", (Exchange,), {"proxy": self}))
        if certificate:
            own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            own.load_cert_chain(certificate, key)
            # The handshake belongs to the connection's thread, not to the one that accepts.
            self._listener.socket = own.wrap_socket(self._listener.socket, server_side=True,
                                                    do_handshake_on_connect=False)
        scheme = "https" if certificate else "http"
        self.address = f"{scheme}://127.0.0.1:{self._listener.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown()
        self._listener.server_close()

    def connect(self):
        if self._trust is None:
            return http.client.HTTPConnection(self.server.hostname, self.server.port)
        return http.client.HTTPSConnection(self.server.hostname, self.server.port,
                                           context=self._trust)

    def choose(self, call):
        """Records a call, and finds its fault."""
        with self._lock:
            self.calls.append(call)
            if self.accepted is not None and call.token not in self.accepted:
                return answer(401, "the token is not taken any more")
            for rule in self.rules:
                if rule.wants(call, self._chance.random()):
                    rule.most -= 1
                    return rule.fault
        return None

    def count(self, **fields):
        """How many calls have these values."""
        return sum(all(getattr(c, k) == v for k, v in fields.items()) for c in list(self.calls))
