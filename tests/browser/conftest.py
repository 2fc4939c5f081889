# SPDX-License-Identifier: Apache-2.0
"""The page of real runs in a real browser: the fixtures of the system tests, and Chromium.

PICOBARN_CHROMIUM    the browser (default: chromium, by the path)
PICOBARN_SCREENSHOTS where pictures of the page are kept (default: none are)
"""
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "system"))
from fixtures import runner, samples, shared, weighted  # noqa: E402, F401
from browser import browser  # noqa: E402, F401


@pytest.fixture
def served(runner, browser):
    """served(command...): its page in a tab of its own, once it printed its link."""
    opened = []

    def serve(*command):
        opened.append(browser.open(runner.start(*command)))
        return opened[-1]

    yield serve
    for page in opened:
        page.close()
