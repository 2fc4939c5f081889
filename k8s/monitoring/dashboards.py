#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dashboards.py [--check] - writes the Grafana dashboards in grafana/, or looks whether they are what it
would write (exit status 1 if not).

Three levels, linked from the first to the last and back: all runs; one run by sample, with its
scheduler (rates, errors, durations) and its nodes (utilisation, saturation, errors); one worker. What
a metric means stands in its HELP line, see /metrics.
"""
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).with_name("grafana")
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24

# What a dashboard shows is of these runs, samples, nodes or workers.
RUN = 'run=~"$run"'
SAMPLE = RUN + ',sample=~"$sample"'
NODE = RUN + ',node=~"$node"'
WORKER = NODE + ',worker=~"$worker"'
EVERY = "[$__rate_interval]"
SHARE = {"min": 0, "max": 1}


class Panels:
    """Panels from left to right, in lines as high as their highest."""

    def __init__(self):
        self.all, self.x, self.y, self.height = [], 0, 0, 0

    def row(self, title):
        self._next_line()
        self.all.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                         "gridPos": {"x": 0, "y": self.y, "w": WIDTH, "h": 1}})
        self.y += 1

    def add(self, kind, title, queries, unit="short", width=8, height=8, defaults=None, **more):
        """queries: an expression, or pairs of a legend and an expression."""
        if self.x + width > WIDTH:
            self._next_line()
        pairs = [("", queries)] if isinstance(queries, str) else queries
        instant = kind in ("stat", "table", "bargauge")
        self.all.append({
            "type": kind, "title": title, "datasource": SOURCE,
            "gridPos": {"x": self.x, "y": self.y, "w": width, "h": height},
            "targets": [{"refId": chr(ord("A") + i), "datasource": SOURCE, "expr": expression,
                         "legendFormat": legend or "__auto", "instant": instant,
                         "range": not instant,
                         **({"format": "table"} if kind == "table" else {})}
                        for i, (legend, expression) in enumerate(pairs)],
            "fieldConfig": {"defaults": {"unit": unit, **(defaults or {})}, "overrides": []},
            **more})
        self.x += width
        self.height = max(self.height, height)

    def _next_line(self):
        self.x, self.y, self.height = 0, self.y + self.height, 0


def variable(name, query, label):
    return {"type": "query", "name": name, "label": label, "datasource": SOURCE,
            "query": {"query": query, "refId": name}, "definition": query, "refresh": 2,
            "sort": 1, "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]}}


VARIABLES = {
    "run": variable("run", "label_values(picobarn_ledger_sequence, run)", "Run"),
    "sample": variable("sample", f"label_values(picobarn_events_total{{{RUN}}}, sample)", "Sample"),
    "node": variable("node", f"label_values(picobarn_worker_threads{{{RUN}}}, node)", "Node"),
    "worker": variable("worker", f"label_values(picobarn_worker_threads{{{NODE}}}, worker)", "Worker"),
}


def link(title, uid, variables):
    """To another dashboard, with what is chosen here and the times."""
    chosen = "&".join(f"${{{name}:queryparam}}" for name in variables)
    return {"type": "link", "title": title, "url": f"/d/{uid}?{chosen}", "keepTime": True,
            "includeVars": False, "targetBlank": False, "icon": "dashboard"}


def field_link(title, uid, *labels):
    """From a value in a panel, by labels that stand beside it."""
    chosen = "&".join(f"var-{name}=${{__field.labels.{name}}}" for name in labels)
    return {"links": [{"title": title, "url": f"/d/{uid}?{chosen}&${{__url_time_range}}"}]}


def dashboard(uid, title, variables, links, panels):
    return {
        "uid": uid, "title": title, "tags": ["picobarn"], "schemaVersion": 38, "editable": True,
        "graphTooltip": 1, "refresh": "10s", "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser", "links": links, "panels": panels.all,
        "templating": {"list": [
            {"type": "datasource", "name": "datasource", "label": "Prometheus",
             "query": "prometheus", "current": {}},
            *(VARIABLES[name] for name in variables)]},
    }


def total(by, metric, labels):
    return f"sum by ({by}) ({metric}{{{labels}}})"


def rate(by, metric, labels):
    return f"sum by ({by}) (rate({metric}{{{labels}}}{EVERY}))"


def shards(by, labels, state):
    return total(by, "picobarn_shards", f'{labels},state="{state}"')


def done_share(by, labels):
    return f"{shards(by, labels, 'done')} / {total(by, 'picobarn_shards', labels)}"


def event_rate(by, labels):
    return rate(by, "picobarn_events_total", labels)


def time_left(by, labels):
    return (f"({total(by, 'picobarn_events_planned', labels)}"
            f" - {total(by, 'picobarn_events_total', labels)}) / {event_rate(by, labels)}")


def commit_quantile(share):
    return (f"histogram_quantile({share}, "
            f"{rate('run, le', 'picobarn_ledger_commit_seconds_bucket', RUN)})")


def utilisation(by, labels):
    return (f"{rate(by, 'picobarn_worker_cpu_seconds_total', labels)}"
            f" / {total(by, 'picobarn_worker_threads', labels)}")


def make_runs():
    p = Panels()
    to_run = field_link("This run by sample", "picobarn-run", "run")
    red = {"thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None},
                                                        {"color": "red", "value": 1}]}}
    p.add("bargauge", "Shards done", [("{{run}}", done_share("run", RUN))], "percentunit", 12, 9,
          {**SHARE, **to_run}, options={"orientation": "horizontal", "displayMode": "lcd"})
    p.add("stat", "Time left at the present rate", [("{{run}}", time_left("run", RUN))], "s", 6, 9,
          to_run)
    p.add("stat", "Shards failed", [("{{run}}", shards("run", RUN, "failed"))], "short", 6, 9,
          {**red, **to_run})
    p.add("timeseries", "Events per second", [("{{run}}", event_rate("run", RUN))], width=12)
    p.add("timeseries", "Workers", [("{{run}}", total("run", "picobarn_workers", RUN))], width=12)
    p.add("timeseries", "Luminosity seen of the data",
          [("{{run}}", f"picobarn_run_luminosity_inverse_picobarns{{{RUN}}}"
                       f" / picobarn_run_luminosity_planned_inverse_picobarns{{{RUN}}}")],
          "percentunit", 12, defaults=SHARE)
    p.add("timeseries", "Room on the run folder's file system",
          [("{{run}}", f"picobarn_folder_free_bytes{{{RUN}}} / picobarn_folder_size_bytes{{{RUN}}}")],
          "percentunit", 12, defaults=SHARE)
    p.add("table", "Schedulers", f"picobarn_scheduler_info{{{RUN}}}", width=12)
    p.add("table", "Runs", f"picobarn_run_info{{{RUN}}}", width=12)
    return dashboard("picobarn-runs", "picobarn: runs", ["run"],
                     [link("One run by sample", "picobarn-run", ["run"])], p)


def add_samples(p):
    p.row("Progress")
    p.add("stat", "Shards done", done_share("run", SAMPLE), "percentunit", 4, 5, SHARE)
    p.add("stat", "Events per second", event_rate("run", SAMPLE), "short", 4, 5)
    p.add("stat", "Time left at the present rate", time_left("run", SAMPLE), "s", 4, 5)
    p.add("stat", "Luminosity seen (pb^-1)", f"picobarn_run_luminosity_inverse_picobarns{{{RUN}}}",
          "short", 4, 5)
    p.add("stat", "Shards failed", shards("run", SAMPLE, "failed"), "short", 4, 5)
    p.add("stat", "Paused", f"picobarn_scheduler_paused{{{RUN}}}", "bool_yes_no", 4, 5)
    p.add("bargauge", "Shards done by sample", [("{{sample}}", done_share("run, sample", SAMPLE))],
          "percentunit", 12, 10, SHARE,
          options={"orientation": "horizontal", "displayMode": "basic"})
    p.add("timeseries", "Events per second by sample",
          [("{{sample}}", event_rate("run, sample", SAMPLE))], "short", 12, 10)
    p.add("timeseries", "Shards by state",
          [("{{state}}", total("run, state", "picobarn_shards", SAMPLE))])
    p.add("timeseries", "Files by state of their inspection",
          [("{{state}}", total("run, state", "picobarn_files", SAMPLE))])
    p.add("timeseries", "Input done",
          [("{{sample}}", f"{total('run, sample', 'picobarn_input_done_bytes', SAMPLE)}"
                          f" / {total('run, sample', 'picobarn_input_planned_bytes', SAMPLE)}")],
          "percentunit", defaults=SHARE)
    p.add("timeseries", "Luminosity by sample (pb^-1)",
          [("{{sample}}", f"picobarn_luminosity_inverse_picobarns{{{SAMPLE}}}")])


def add_scheduler(p):
    p.row("Scheduler: rates, errors, durations")
    p.add("timeseries", "Results by verdict, per second",
          [("{{verdict}}", rate("run, verdict", "picobarn_partials_total", RUN))])
    p.add("timeseries", "What ended badly, per second",
          [("lease without an answer", f"rate(picobarn_lease_expiries_total{{{RUN}}}{EVERY})"),
           ("attempt: {{reason}}", f"rate(picobarn_lease_failures_total{{{RUN}}}{EVERY})"),
           ("transaction", f"rate(picobarn_ledger_commit_failures_total{{{RUN}}}{EVERY})")])
    p.add("timeseries", "Time of a ledger's transaction",
          [("median", commit_quantile(0.5)), ("95 %", commit_quantile(0.95)),
           ("99 %", commit_quantile(0.99))], "s")
    p.add("timeseries", "Queue",
          [("jobs without a worker", f"picobarn_queue_depth{{{RUN}}}"),
           ("leases held", f"picobarn_leases_held{{{RUN}}}"),
           ("answers not committed", f"picobarn_uncommitted{{{RUN}}}")])
    p.add("timeseries", "Bytes of results per second",
          [("accepted", f"rate(picobarn_partial_bytes_total{{{RUN}}}{EVERY})")], "Bps")
    p.add("timeseries", "Share of the time that merging takes whoever answers /metrics",
          [("merging", f"rate(picobarn_merge_seconds_total{{{RUN}}}{EVERY})")], "percentunit")


def add_nodes(p):
    p.row("Nodes: utilisation, saturation, errors")
    to_workers = field_link("Its workers", "picobarn-worker", "run", "node")
    p.add("timeseries", "Processor time per thread", [("{{node}}", utilisation("run, node", NODE))],
          "percentunit", defaults={"min": 0, **to_workers})
    p.add("timeseries", "Leases per thread",
          [("{{node}}", f"{total('run, node', 'picobarn_worker_leases', NODE)}"
                        f" / {total('run, node', 'picobarn_worker_threads', NODE)}")],
          defaults=to_workers)
    p.add("timeseries", "Failures per second",
          [("{{node}}", rate("run, node", "picobarn_worker_failures_total", NODE))],
          defaults=to_workers)
    p.add("timeseries", "Workers by state",
          [("{{state}}", total("run, state", "picobarn_workers", RUN))])
    p.add("timeseries", "Workers by node",
          [("{{node}}", f"count by (run, node) (picobarn_worker_threads{{{NODE}}})")],
          defaults=to_workers)
    p.add("timeseries", "Longest silence of a worker",
          [("{{node}}", f"max by (run, node) (picobarn_worker_heartbeat_age_seconds{{{NODE}}})")],
          "s", defaults=to_workers)


def make_run():
    p = Panels()
    add_samples(p)
    add_scheduler(p)
    add_nodes(p)
    return dashboard("picobarn-run", "picobarn: one run by sample", ["run", "sample", "node"],
                     [link("All runs", "picobarn-runs", ["run"]),
                      link("One worker", "picobarn-worker", ["run", "node"])], p)


def make_worker():
    p = Panels()
    p.add("timeseries", "Processor time per thread",
          [("{{worker}}", utilisation("run, node, worker", WORKER))], "percentunit",
          defaults={"min": 0})
    p.add("timeseries", "Leases held", [("{{worker}}", f"picobarn_worker_leases{{{WORKER}}}")])
    p.add("timeseries", "Failures per second",
          [("{{worker}}", f"rate(picobarn_worker_failures_total{{{WORKER}}}{EVERY})")])
    p.add("timeseries", "Shards per second",
          [("{{worker}}", f"rate(picobarn_worker_shards_total{{{WORKER}}}{EVERY})")])
    p.add("timeseries", "Events per second",
          [("{{worker}}", f"rate(picobarn_worker_events_total{{{WORKER}}}{EVERY})")])
    p.add("timeseries", "Time since its last word",
          [("{{worker}}", f"picobarn_worker_heartbeat_age_seconds{{{WORKER}}}")], "s")
    p.add("table", "Workers", f"picobarn_worker_info{{{WORKER}}}", width=24)
    return dashboard("picobarn-worker", "picobarn: one worker", ["run", "node", "worker"],
                     [link("All runs", "picobarn-runs", ["run"]),
                      link("Its run by sample", "picobarn-run", ["run", "node"])], p)


def main():
    stale = []
    for name, make in (("runs", make_runs), ("run", make_run), ("worker", make_worker)):
        path = FOLDER / f"{name}.json"
        text = json.dumps(make(), indent=1, ensure_ascii=True) + "\n"
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="ascii")
        elif not path.exists() or path.read_text(encoding="ascii") != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"{', '.join(stale)}: not what dashboards.py writes; run it")


if __name__ == "__main__":
    main()
