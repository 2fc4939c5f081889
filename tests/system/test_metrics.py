# SPDX-License-Identifier: Apache-2.0
"""/metrics of a real run, scraped by a real Prometheus: the numbers are those of the ledger and of
`picobarn status`, and every query of the dashboards and every alert returns what it should."""
import json
import math
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import numpy
import pytest
import yaml

import harness

MONITORING = harness.ROOT / "k8s" / "monitoring"
ALERTS = MONITORING / "alerts.yaml"
DASHBOARDS = sorted((MONITORING / "grafana").glob("*.json"))
TOKENS = {"control": "control-0123456789abcdef", "view": "view-0123456789abcdef",
          "metrics": "metrics-0123456789abcdef"}
MOMENTS = 20

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="no prometheus: tests/packages.sh test")


def get(url, **headers):
    """Status and text."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers),
                                    timeout=harness.PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


class Tend:
    """A keeper of a run in the runner's folder, and its /metrics."""

    def __init__(self, runner, run_file, *options, workers=2):
        self.runner = runner
        for name, token in TOKENS.items():
            (runner.folder / name).write_text(token + "\n", encoding="ascii")
        self.started = runner.start(
            "picobarn", "tend", "good.run", "--run-file", run_file, "--tokens", "control,view",
            "--http", "127.0.0.1:0", "--on", "local", *options, "--", "--workers", str(workers))
        said = harness.wait_until(
            lambda: re.search(r"listening on (127\.0\.0\.1:\d+)", self.started.output(1)) or
            (not self.started.running and "ended"), "tend listens")
        assert said != "ended", self.started.wait()
        self.address = said.group(1)

    def metrics(self):
        status, text = get(f"http://{self.address}/metrics",
                           Authorization="Bearer " + TOKENS["metrics"])
        assert status == 200, text
        return text

    def child(self):
        status, text = get(f"http://{self.address}/api/v1/state",
                           **{"X-Picobarn-Token": TOKENS["view"]})
        assert status == 200, text
        return json.loads(text)["child"]

    def is_over(self):
        child = self.child()
        return not child["running"] and child["retry_in_s"] is None and child["starts"] > 0

    def scheduler(self):
        """The process id of its launch."""
        return harness.wait_until(lambda: self.runner.processes("picobarn under"), "a child")[0]


UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def unescape(value):
    return re.sub(r"\\.", lambda found: UNESCAPED[found.group()], value)


def parse(text):
    """{name: [(labels, value)]}, read strictly."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r'(\w+)\{(.*)\} (\S+)', line).groups()
        pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)
        assert ",".join(f'{k}="{v}"' for k, v in pairs) == labels, line
        found.setdefault(name, []).append(({k: unescape(v) for k, v in pairs}, float(value)))
    return found


def total(metrics, name, **labels):
    return sum(value for found, value in metrics.get(name, [])
               if all(found.get(k) == v for k, v in labels.items()))


def sequence(metrics):
    return total(metrics, "picobarn_ledger_sequence")


def check_against_status(metrics, status):
    """Every number that both have."""
    assert sequence(metrics) == status["sequence"]
    for state in ("waiting", "running", "done", "failed"):
        for kind in ("shards", "files"):
            assert total(metrics, f"picobarn_{kind}", state=state) == status[kind][state]
    assert total(metrics, "picobarn_conflicts") == status["conflicts"]
    assert total(metrics, "picobarn_run_complete") == status["complete"]
    assert total(metrics, "picobarn_scheduler_up") == status["scheduler"]
    assert total(metrics, "picobarn_events_total") == status["events"]
    assert total(metrics, "picobarn_run_luminosity_inverse_picobarns") == status["luminosity_pb"]
    assert (total(metrics, "picobarn_run_luminosity_planned_inverse_picobarns")
            == status["luminosity_planned_pb"])
    for sample in status["samples"]:
        of = {"sample": sample["name"]}
        assert total(metrics, "picobarn_events_total", **of) == sample["events"]
        assert total(metrics, "picobarn_events_planned", **of) == sample["events_planned"]
        assert total(metrics, "picobarn_shards", state="done", **of) == sample["shards"]
        assert total(metrics, "picobarn_shards", **of) == sample["shards_planned"]
        assert total(metrics, "picobarn_files", **of) == sample["files"]
        assert (total(metrics, "picobarn_luminosity_inverse_picobarns", **of)
                == sample.get("luminosity_pb", 0))


def ask_ledger(path, sql):
    ledger = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=harness.PATIENCE)
    row = ledger.execute(sql).fetchone()
    ledger.close()
    return row


def last_event(path):
    return ask_ledger(path, "SELECT coalesce(max(seq), 0) FROM event")[0]


def check_against_ledger(metrics, path):
    n_shards, n_events, cpu_us = ask_ledger(
        path, "SELECT count(*), coalesce(sum(stop - first), 0), coalesce(sum(cpu_us), 0)"
        " FROM partial JOIN shard ON shard.id = partial.shard")
    assert sequence(metrics) == last_event(path)
    assert total(metrics, "picobarn_shards", state="done") == n_shards
    assert total(metrics, "picobarn_events_total") == n_events
    assert total(metrics, "picobarn_cpu_seconds_total") == pytest.approx(cpu_us / 1e6, rel=1e-12)


class Prometheus:
    """One of its own, in the runner's folder, that scrapes one address twice a second."""

    def __init__(self, runner, address):
        folder = runner.folder / "prometheus"
        folder.mkdir()
        config = {"global": {"scrape_interval": "500ms", "scrape_timeout": "500ms",
                             "evaluation_interval": "1s"},
                  "rule_files": [str(ALERTS)],
                  "scrape_configs": [{
                      "job_name": "picobarn", "static_configs": [{"targets": [address]}],
                      "authorization": {"credentials_file": str(runner.folder / "metrics")}}]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="ascii")
        with socket.socket() as s:  # it cannot say which port it took, so it is told a free one
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.started = runner.start(
            "prometheus", f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn")
        harness.wait_until(self._is_ready, "Prometheus is ready", step=0.1)

    def _is_ready(self):
        assert self.started.running, self.started.wait()
        try:
            return get(self.url + "/-/ready")[0] == 200
        except OSError:
            return False

    def ask(self, path, **arguments):
        status, text = get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}")
        answer = json.loads(text)
        assert status == 200 and answer["status"] == "success", f"{arguments}: {text}"
        return answer["data"]

    def query(self, expression, time=None):
        """[(labels, value)]"""
        at = {} if time is None else {"time": time}
        data = self.ask("query", query=expression, **at)
        assert data["resultType"] == "vector", expression
        return [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def now(self):
        return self.query("vector(time())")[0][1]

    def scrapes(self):
        """How many there were, of those in which a scheduler told something."""
        found = self.query("count_over_time(picobarn_scheduler_report_time_seconds[10m])")
        return found[0][1] if found else 0


class Watched:
    """A run with a broken file that Prometheus watched to its end, and what was seen meanwhile."""

    def __init__(self, runner, run_file):
        self.runner = runner
        self.run_dir = runner.folder / "good.run"
        self.tend = Tend(self.runner, run_file, "--metrics-token", "metrics")
        self.prometheus = Prometheus(self.runner, self.tend.address)
        harness.wait_until(lambda: "picobarn_queue_depth" in self.tend.metrics(),
                           "the scheduler tells")
        random = numpy.random.default_rng(5)
        self.glances = []
        self.moments = [self.stand_still(int(random.integers(1, 150))) for _ in range(MOMENTS)]
        seen = self.prometheus.scrapes()
        harness.wait_until(lambda: self.prometheus.scrapes() > max(seen + 1, 10), "scrapes", step=0.1)
        self.mid = self.prometheus.now()
        self.during = self.tend.metrics()
        assert self.status()["shards"]["waiting"] > 0, "it was over too soon"
        harness.send(self.tend.scheduler(), signal.SIGKILL)
        self.alone = harness.wait_until(
            lambda: self.prometheus.query(alerts()["PicobarnNoScheduler"]), "nobody works")
        harness.wait_until(self.tend.is_over, "the run is over", step=0.1)

    def status(self):
        return self.runner.run("picobarn", "status", self.run_dir, "-o", "json").json()

    def stand_still(self, further):
        """Metrics, status and ledger at one sequence number, so many events from here. The scheduler
        is stopped then, and goes on for the next such moment."""
        ledger = self.run_dir / "ledger.db"
        pid, goal = self.tend.scheduler(), last_event(ledger) + further
        harness.send(pid, signal.SIGCONT)
        if len(self.glances) < 8:
            self.glances.append((parse(self.tend.metrics()), self.status()))
        harness.wait_until(lambda: last_event(ledger) >= goal, "it goes on", step=0.001)
        harness.send(pid, signal.SIGSTOP)
        status = self.status()
        metrics = harness.wait_until(
            lambda: (m := parse(self.tend.metrics())) and sequence(m) == status["sequence"] and m,
            "equal sequence numbers")
        check_against_ledger(metrics, ledger)
        return metrics, status


@pytest.fixture(scope="module")
def run_file(shared, samples):
    """All samples in small shards, one of them with a name that has to be escaped. A file is cut off:
    one in 82, and so more than the hundredth that the alert is about."""
    def make(folder):
        run = harness.from_samples(samples, target_events=20)
        sample = next(s for s in run["samples"] if s["name"] == "ZZ to 4e")
        sample["name"] = 'ZZ to "4e"\\'
        shutil.copyfile(samples / "zz4e2012_00.h5", folder / "good.h5")
        cut = (samples / "zz4e2012_01.h5").read_bytes()
        (folder / "cut.h5").write_bytes(cut[:len(cut) // 2])
        sample["files"] = [str(folder / "good.h5"), str(folder / "cut.h5")]
        return harness.write_run(folder / "run.yaml", run)
    return shared("metrics", make) / "run.yaml"


@pytest.fixture(scope="module")
def watched(tmp_path_factory, run_file):
    runner = harness.Runner(tmp_path_factory.mktemp("watched"))
    try:
        yield Watched(runner, run_file)
    finally:
        runner.clean_up()


def alerts():
    """{name: expression}"""
    groups = yaml.safe_load(ALERTS.read_text(encoding="ascii"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def panels():
    """(dashboard's uid, panel's title, legend, expression) of every query, as Grafana would send it
    with "All" chosen everywhere."""
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text(encoding="ascii"))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                expression = re.sub(r"\$(run|sample|node|worker)\b", ".*", target["expr"])
                expression = expression.replace("$__rate_interval", "10s")
                assert "$" not in expression, expression
                yield dashboard["uid"], panel["title"], target["legendFormat"], expression


def names_of(run_file):
    return {s["name"] for s in harness.read_run(run_file)["samples"]}


def promtool(*arguments, text=None):
    """Both streams; it has to be content."""
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, text=True, cwd=MONITORING,
                          capture_output=True, timeout=harness.PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_at_equal_sequence_numbers_metrics_status_and_ledger_agree(watched):
    assert len(watched.moments) == MOMENTS
    for metrics, status in watched.moments:
        check_against_status(metrics, status)
    sequences = [status["sequence"] for _, status in watched.moments]
    assert sequences == sorted(set(sequences)), "the moments differ"
    status = watched.status()
    final = harness.wait_until(
        lambda: (m := parse(watched.tend.metrics())) and sequence(m) == status["sequence"] and m,
        "the last sequence number")
    check_against_status(final, status)
    check_against_ledger(final, watched.run_dir / "ledger.db")
    assert total(final, "picobarn_files", state="failed") == 1
    assert total(final, "picobarn_shards", state="done") == total(final, "picobarn_shards")


def test_a_glance_at_a_run_that_goes_on_is_of_one_moment(watched):
    ledger = watched.run_dir / "ledger.db"
    for metrics, status in watched.glances:
        for at, shards, events in (
                (sequence(metrics), total(metrics, "picobarn_shards", state="done"),
                 total(metrics, "picobarn_events_total")),
                (status["sequence"], sum(s["shards"] for s in status["samples"]),
                 status["events"])):
            # kind 2: of a shard; what 2: accepted
            assert (shards, events) == ask_ledger(
                ledger, "SELECT count(*), coalesce(sum(stop - first), 0) FROM event JOIN shard"
                f" ON shard.id = subject WHERE kind = 2 AND what = 2 AND seq <= {int(at)}")


def test_a_scheduler_tells_of_itself_as_long_as_it_works(watched, run_file):
    metrics = parse(watched.during)
    assert total(metrics, "picobarn_scheduler_up") == 1
    assert total(metrics, "picobarn_workers") == len(metrics["picobarn_worker_threads"]) == 2
    accepted = total(metrics, "picobarn_partials_total", verdict="accepted")
    assert accepted == total(metrics, "picobarn_partials_total") > 0
    brought = total(metrics, "picobarn_worker_shards_total")
    assert accepted <= brought <= accepted + total(metrics, "picobarn_uncommitted")
    assert total(metrics, "picobarn_lease_failures_total", reason="rejected") == 1
    buckets = [value for _, value in metrics["picobarn_ledger_commit_seconds_bucket"]]
    assert buckets == sorted(buckets)
    assert buckets[-1] == total(metrics, "picobarn_ledger_commit_seconds_count") > 0
    assert 0 < total(metrics, "picobarn_ledger_commit_seconds_sum") < 120
    assert {labels["sample"] for labels, _ in metrics["picobarn_events_total"]} == names_of(run_file)
    assert all(labels["run"] == "good" for found in metrics.values() for labels, _ in found)
    final = parse(watched.tend.metrics())
    assert total(final, "picobarn_scheduler_up") == 0
    assert not any(name.startswith(("picobarn_worker", "picobarn_scheduler_i")) for name in final)


def test_promtool_finds_nothing_to_say_against_the_metrics(watched):
    assert promtool("check", "metrics", text=watched.during) == ""
    assert promtool("check", "metrics", text=watched.tend.metrics()) == ""


def test_metrics_have_a_token_of_their_own(watched):
    bearer = {"Authorization": "Bearer " + TOKENS["metrics"]}
    for path, headers, status in (
            ("/metrics", {}, 401), ("/metrics", bearer, 200),
            ("/metrics", {"Authorization": "Bearer wrong"}, 401),
            ("/metrics", {"Authorization": "Basic " + TOKENS["metrics"]}, 401),
            ("/metrics", {"X-Picobarn-Token": TOKENS["view"]}, 200),
            ("/api/v1/state", bearer, 403), ("/api/v1/files/run.json", bearer, 403),
            ("/nothing", bearer, 403)):
        assert get(f"http://{watched.tend.address}{path}", **headers)[0] == status, (path, headers)


def test_every_query_of_the_dashboards_returns_something_of_the_run(watched):
    n_queries = 0
    for uid, title, legend, expression in panels():
        found = watched.prometheus.query(expression, watched.mid)
        assert found, f"{uid}: {title}: nothing from {expression}"
        for labels, value in found:
            assert math.isfinite(value) and value >= 0, f"{uid}: {title}: {value} {expression}"
            assert labels["run"] == "good"
            for name in re.findall(r"\{\{(\w+)\}\}", legend):
                assert labels.get(name), f"{uid}: {title}: no label {name}"
        n_queries += 1
    assert n_queries >= 40


def test_the_dashboards_numbers_follow_from_what_was_scraped(watched, run_file):
    at = watched.mid

    def scraped(name, **where):
        return [(labels, value) for labels, value in watched.prometheus.query(name, at)
                if all(labels.get(k) == v for k, v in where.items())]

    def summed(name, **where):
        return sum(value for _, value in scraped(name, **where))

    queries = {(uid, title): expression for uid, title, _, expression in panels()}

    def shown(uid, title):
        return watched.prometheus.query(queries[uid, title], at)

    share = summed("picobarn_shards", state="done") / summed("picobarn_shards")
    assert 0 < share < 1
    assert shown("picobarn-runs", "Shards done")[0][1] == pytest.approx(share)
    assert shown("picobarn-run", "Shards done")[0][1] == pytest.approx(share)
    by_sample = {labels["sample"]: value for labels, value
                 in shown("picobarn-run", "Shards done by sample")}
    assert by_sample == {name: pytest.approx(summed("picobarn_shards", state="done", sample=name)
                                             / summed("picobarn_shards", sample=name))
                         for name in names_of(run_file)}
    assert {labels["state"]: value for labels, value in shown("picobarn-run", "Shards by state")} \
        == {state: summed("picobarn_shards", state=state)
            for state in ("waiting", "running", "done", "failed")}
    assert shown("picobarn-runs", "Workers")[0][1] == 2
    rate = shown("picobarn-runs", "Events per second")[0][1]
    assert rate > 0
    left = summed("picobarn_events_planned") - summed("picobarn_events_total")
    assert shown("picobarn-runs", "Time left at the present rate")[0][1] == pytest.approx(left / rate)
    assert [labels["node"] for labels, _ in shown("picobarn-run", "Workers by node")] \
        == [socket.gethostname()]
    assert len(shown("picobarn-worker", "Workers")) == 2


def test_variables_and_links_of_the_dashboards_lead_somewhere(watched, run_file):
    boards = {b["uid"]: b for b in (json.loads(p.read_text(encoding="ascii")) for p in DASHBOARDS)}
    assert set(boards) == {"picobarn-runs", "picobarn-run", "picobarn-worker"}
    variables = {uid: {v["name"]: v for v in board["templating"]["list"]}
                 for uid, board in boards.items()}
    expected = {"run": {"good"}, "sample": names_of(run_file), "node": {socket.gethostname()}}
    for known in variables.values():
        for name, values in expected.items():
            if name in known:
                metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)",
                                             known[name]["definition"]).groups()
                metric = re.sub(r"\$\w+", ".*", metric)
                found = watched.prometheus.query(f"group by ({label}) ({metric})", watched.mid)
                assert {labels[label] for labels, _ in found} == values
    for uid, board in boards.items():
        links = re.findall(r'"/d/([\w-]+)\?([^"]*)"', json.dumps(board))
        assert links, f"{uid} leads nowhere"
        for target, arguments in links:
            used = re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", arguments)
            assert target in boards and target != uid
            assert {a or b for a, b in used} <= set(variables[target])


def test_the_dashboards_are_what_their_script_writes():
    subprocess.run([sys.executable, "-B", MONITORING / "dashboards.py", "--check"], check=True)


def test_alerts_fire_for_what_they_are_about_and_for_nothing_else(watched):
    disk = os.statvfs(watched.run_dir)
    is_full = disk.f_bavail / disk.f_blocks < 0.05
    expected = {"PicobarnFailures", *(["PicobarnDiskNearlyFull"] if is_full else [])}
    found = {name: watched.prometheus.query(expression, watched.mid)
             for name, expression in alerts().items()}
    assert {name for name, rows in found.items() if rows} == expected, found
    (labels, share), = found["PicobarnFailures"]
    assert labels == {"run": "good"} and share == pytest.approx(1 / 82)
    assert [labels for labels, _ in watched.alone] == [{"run": "good"}]


def test_prometheus_takes_the_rules_and_fires_the_alert(watched):
    rules = [rule for group in watched.prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == set(alerts())
    assert all(rule["health"] == "ok" for rule in rules), rules
    firing = {alert["labels"]["alertname"]: alert for alert
              in watched.prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"}
    assert "1.22% of its shards or files failed" in \
        firing["PicobarnFailures"]["annotations"]["summary"]


def test_the_rules_pass_their_own_tests():
    promtool("check", "rules", ALERTS)
    promtool("test", "rules", MONITORING / "alerts_test.yaml")
    tested = (MONITORING / "alerts_test.yaml").read_text(encoding="ascii")
    for name in alerts():
        assert f"alertname: {name}\n        exp_alerts:" in tested, f"{name} is never seen to fire"


def test_metrics_are_open_only_where_nobody_else_gets_at_them(runner, samples):
    run_file = harness.write_run(runner.folder / "run.yaml", harness.from_samples(samples))
    tend = Tend(runner, run_file, "--metrics-open")
    harness.wait_until(tend.is_over, "the run is over", step=0.1)
    harness.wait_until(lambda: 'picobarn_run_complete{run="good"} 1\n' in
                       get(f"http://{tend.address}/metrics")[1], "its metrics say so")
    assert get(f"http://{tend.address}/api/v1/state")[0] == 401
    for options, said in ((("--metrics-open", "--http", "0.0.0.0:0"), "others could read them"),
                          (("--metrics-open", "--metrics-token", "metrics"), "not both")):
        refused = runner.run("picobarn", "tend", "other.run", "--run-file", run_file, "--tokens",
                             "control,view", "--http", "127.0.0.1:0", *options)
        assert refused.status == harness.USAGE and said in refused.err, refused


def test_a_token_for_metrics_need_not_be_there(runner, samples):
    """In a cluster it is in a Secret that the administrator may leave out: then the token that looks is good."""
    run_file = harness.write_run(runner.folder / "run.yaml", harness.from_samples(samples))
    tend = Tend(runner, run_file, "--metrics-token", "missing/token")
    url = f"http://{tend.address}/metrics"
    assert get(url, Authorization="Bearer " + TOKENS["metrics"])[0] == 401
    assert get(url, Authorization="Bearer " + TOKENS["view"])[0] == 200
    refused = runner.run("picobarn", "serve", "good.run", "--metrics-token", "missing/token")
    assert refused.status == harness.USAGE and "missing/token" in refused.err, refused
