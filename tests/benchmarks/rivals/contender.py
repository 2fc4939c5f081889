# SPDX-License-Identifier: Apache-2.0
"""A contender of columns.py in Python; see rounds.h."""
import json
import sys
import time


def play(work):
    """work() is a round, and gives its counts."""
    work()  # warm
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        wall, cpu = time.monotonic(), time.process_time()
        gave = work()
        print(json.dumps({"wall_s": time.monotonic() - wall, "cpu_s": time.process_time() - cpu,
                          "gave": [int(n) for n in gave]}), flush=True)
