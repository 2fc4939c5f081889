# SPDX-License-Identifier: Apache-2.0
"""Chromium, and the page of a run in it as a test sees it."""
import json
import os
import re
import shutil
import sqlite3
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

import harness

CHROMIUM = os.environ.get("PICOBARN_CHROMIUM", "chromium")
# Nothing of its own may leave the machine, and tests may run as root.
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]
LINK = re.compile(r"http://\S+/\?token=[0-9a-f]{64}")


def links(started):
    """The links that a server has printed so far, to one output or the other."""
    return LINK.findall(started.output(0) + started.output(1))


def link_of(started):
    harness.wait_until(lambda: links(started) or not started.running, "a link to the page")
    assert links(started), started.wait()
    return links(started)[-1]


class Browser:
    def __enter__(self):
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(
            executable_path=shutil.which(CHROMIUM), args=ARGUMENTS)
        return self

    def __exit__(self, *_):
        self.chromium.close()
        self.playwright.stop()

    def open(self, started, **options):
        return Page(self.chromium.new_context(**options), started)


class Page:
    """A tab with a cookie jar of its own."""

    def __init__(self, context, started):
        self.context, self.started = context, started
        self.address = link_of(started)
        self.requests, self.pictures, self.troubles = [], [], []
        self.tab = context.new_page()
        self.tab.on("request", lambda r: self.requests.append(r.url))
        self.tab.on("response", lambda r: "plot.svg" in r.url and self.pictures.append(r))
        self.tab.on("pageerror", lambda e: self.troubles.append(str(e)))
        self.tab.on("console", self._note)
        self.tab.goto(self.address)

    def _note(self, message):
        is_ours = "Failed to load resource" not in message.text  # of a server that was killed
        if message.type in ("error", "warning") and is_ours:
            self.troubles.append(message.text)

    @property
    def site(self):
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.address))

    def close(self):
        self.context.close()

    def look(self, script, *arguments):
        return self.tab.evaluate(script, *arguments)

    def text(self, name):
        return self.look("name => document.getElementById(name).textContent", name)

    def wait(self, script, what, timeout=60.0):
        """Playwright's own waiting needs eval, which the page forbids."""
        return harness.wait_until(lambda: self.look(script), what, timeout)

    def wait_state(self, state, timeout=60.0):
        self.wait(f"document.getElementById('state').dataset.state === '{state}'", state, timeout)

    def wait_picture(self):
        self.wait("document.getElementById('drawing').src.startsWith('blob:')", "a picture")

    def picture(self):
        """Its bytes, and the sequence number that the page says it is of."""
        sequence = self.text("picture-sequence")
        last = [p for p in self.pictures if p.headers.get("x-picobarn-sequence") == sequence][-1]
        return last.text(), int(sequence)

    def ask(self, path):
        """The same as the page's own requests: the answer's text and its sequence number."""
        return self.look("""async path => {
            const answer = await fetch(path);
            return {status: answer.status, text: await answer.text(),
                    sequence: Number(answer.headers.get('x-picobarn-sequence'))};
        }""", path)

    def document(self):
        return json.loads(self.ask("api/v1/page")["text"])

    def cookie(self):
        (cookie,) = self.context.cookies()
        return cookie


def ledger(folder):
    """Sequence number and counts, as SQL tells them: (sequence, partials)."""
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as db:
        return (db.execute("select max(seq) from event").fetchone()[0],
                db.execute("select count(*) from partial").fetchone()[0])


def request(url, method="GET", headers=None, body=None):
    """Status of a request that is no browser's, and how the answer begins: events never end."""
    asked = urllib.request.Request(url, method=method, headers=headers or {}, data=body)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read(1000)
    except urllib.error.HTTPError as e:
        return e.code, e.read()


@pytest.fixture(scope="session")
def browser():
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"{CHROMIUM} is not installed")
    with Browser() as b:
        yield b
