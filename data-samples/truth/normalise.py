#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stack at any coverage, computed a second time.

    normalise.py RESULT.json RUN.yaml [--histogram m4l]

From a result's raw counts and the run file: in each era and channel, simulation is scaled to the
luminosity of the data seen there so far,

    luminosity x cross section x scale / events before cuts (or sum of weights), seen

and only then summed over channels and eras. Prints as JSON the luminosity, every sample's scale,
and per process the expected entries of each bin with their variances.
"""
import argparse
import json
import math

import yaml

from columns import regular_edges


def share_seen(coverage):
    planned = coverage["events_planned"]
    return coverage["events"] / planned if planned else 0.0


def fills(sample, channel):
    return "channels" not in sample or channel in [str(c) for c in sample["channels"]]


class Stack:
    def __init__(self, result, run):
        self.run = {s["name"]: s for s in run["samples"]}
        self.processes = run.get("processes", [])
        self.eras = {str(k): v or {} for k, v in run.get("eras", {}).items()}
        self.result = {s["name"]: s for s in result["samples"]}

    def era(self, name):
        return str(self.run[name].get("era", ""))

    def luminosity(self, era, channel):
        """pb^-1 of the data of this era that fill the channel, as far as they were seen."""
        total, any_data = 0.0, False
        for name, sample in self.run.items():
            if sample["kind"] != "data" or self.era(name) != era or not fills(sample, channel):
                continue
            any_data = True
            total += sample["luminosity_pb"] * share_seen(self.result[name]["coverage"])
        if not any_data:
            return float(self.eras.get(era, {}).get("luminosity_pb", 0.0))
        return total

    def generated_seen(self, name):
        """Events before cuts, or their weights, that the rows seen stand for."""
        sample, seen = self.run[name], self.result[name]
        weighted = sample.get("weight") not in (None, "none")
        whole = sample.get("sum_of_weights") if weighted else sample.get("generated_events")
        if whole is not None:
            return whole * share_seen(seen["coverage"])
        if weighted:
            return seen["sum_of_weights"]
        return seen["coverage"]["events"]

    def scale(self, name, channel):
        sample = self.run[name]
        generated = self.generated_seen(name)
        if generated == 0:
            return 0.0
        return (self.luminosity(self.era(name), channel) * sample["cross_section_pb"]
                * sample.get("scale", 1.0) / generated)

    def histograms(self, name, wanted):
        """Channel -> bins with under- and overflow, and their variances, unscaled."""
        out = {}
        for entry in self.result[name]["histograms"]:
            if entry["name"] != wanted or not fills(self.run[name], entry["channel"]):
                continue
            storage = entry["histogram"]["storage"]
            values = storage["values"]
            out[entry["channel"]] = values, storage.get("variances", values)
        return out

    def observed(self, wanted, channel=None):
        total = None
        for name, sample in self.run.items():
            if sample["kind"] == "data":
                for c, (values, _) in self.histograms(name, wanted).items():
                    if channel in (None, c):
                        total = [a + b for a, b in zip(total or [0] * len(values), values)]
        return total

    def expected(self, wanted, channel=None):
        """Process -> (bins, variances), all channels unless one is given."""
        parts = {}
        for name, sample in self.run.items():
            if sample["kind"] != "simulation":
                continue
            process = parts.setdefault(sample.get("process", name), [])
            for c, (values, variances) in self.histograms(name, wanted).items():
                if channel in (None, c):
                    k = self.scale(name, c)
                    process.append(([k * v for v in values], [k * k * v for v in variances]))
        return {process: tuple([math.fsum(bins) for bins in zip(*[p[i] for p in pieces])]
                               for i in (0, 1))
                for process, pieces in parts.items()}


    def edges(self, wanted):
        """Of a histogram with that name; all samples book the same."""
        axis = next(h["histogram"]["axes"][0] for s in self.result.values()
                    for h in s["histograms"] if h["name"] == wanted)
        if axis["type"] == "variable":
            return axis["edges"]
        return regular_edges(axis["bins"], axis["lower"], axis["upper"])

    def window(self, wanted, low, high, channel=None):
        """(observed, background, signal) in the bins between low and high."""
        edges = self.edges(wanted)
        inside = [i + 1 for i in range(len(edges) - 1) if low <= edges[i] and edges[i + 1] <= high]
        signals = {p["name"] for p in self.processes if p.get("signal")}
        observed = self.observed(wanted, channel)
        counts = {"signal": [], "background": []}
        for process, (bins, _) in self.expected(wanted, channel).items():
            kind = "signal" if process in signals else "background"
            counts[kind] += [bins[i] for i in inside if bins]
        return (sum(observed[i] for i in inside) if observed else 0,
                math.fsum(counts["background"]), math.fsum(counts["signal"]))


def significance(n, b, s):
    """(observed, expected), statistical only, as arXiv:1007.1727 has them; a deficit counts
    negative."""
    observed = 0.0
    if b > 0:
        observed = math.sqrt(max(0.0, 2 * ((n * math.log(n / b) if n > 0 else 0.0) - (n - b))))
        observed = math.copysign(observed, n - b)
    expected = math.sqrt(2 * ((s + b) * math.log(1 + s / b) - s)) if b > 0 and s > 0 else 0.0
    return observed, expected


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result")
    parser.add_argument("run")
    parser.add_argument("--histogram", default="m4l")
    parser.add_argument("--channel")
    parser.add_argument("--window", nargs=2, type=float, default=[121.0, 130.0])
    args = parser.parse_args()
    with open(args.result, encoding="utf-8") as f:
        result = json.load(f)
    with open(args.run, encoding="utf-8") as f:
        run = yaml.safe_load(f)
    stack = Stack(result, run)
    channels = sorted({h["channel"] for s in result["samples"] for h in s["histograms"]})
    window = stack.window(args.histogram, *args.window, args.channel)
    print(json.dumps({
        "window": dict(zip(("observed", "background", "signal"), window)),
        "significance": dict(zip(("observed", "expected"), significance(*window))),
        "luminosity_pb": {e: {c: stack.luminosity(e, c) for c in channels}
                          for e in sorted({stack.era(n) for n in stack.run})},
        "scale": {n: {c: stack.scale(n, c) for c in channels if fills(s, c)}
                  for n, s in stack.run.items() if s["kind"] == "simulation"},
        "observed": stack.observed(args.histogram, args.channel),
        "expected": stack.expected(args.histogram, args.channel),
    }, indent=1))


if __name__ == "__main__":
    main()
