# SPDX-License-Identifier: Apache-2.0
"""What the system tests need before they begin; their fixtures are in fixtures.py.

PICOBARN_BIN        folder with picobarn, picobarn-worker and picobarn-samples
PICOBARN_OPEN_DATA  folder with real open data; tests that need it are skipped without it
"""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import harness  # noqa: E402  (needs the path above)
from fixtures import open_data, runner, samples, shared, weighted  # noqa: E402, F401


def pytest_sessionstart(session):
    missing = [name for name in ("picobarn", "picobarn-worker", "picobarn-samples")
               if harness.PROGRAMS is None or not (harness.PROGRAMS / name).exists()]
    if missing:
        pytest.exit(f"not built: {', '.join(missing)}; PICOBARN_BIN names their folder", 2)


def pytest_report_header(config):
    open_data = os.environ.get("PICOBARN_OPEN_DATA", "not there, its tests are skipped")
    return [f"programs: {harness.PROGRAMS}", f"open data: {open_data}"]
