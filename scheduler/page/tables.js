// SPDX-License-Identifier: Apache-2.0
// tables.js - samples, tail, workers, failures, cutflow, and the run's identity.

import { at, bytes, count, duration, fill, luminosity, make, offer, percent, rate, ratio, say } from "./words.js";

const number = (text) => [text, "number"];
const body = (id) => at(id).querySelector("tbody");

function showNone(id, isEmpty) {
  at(id).querySelector(".none").hidden = !isEmpty;
  const table = at(id).querySelector(".wide");
  if (table) table.hidden = isEmpty;
}

function progressCell(done, planned) {
  return (cell) => {
    const bar = cell.querySelector("progress") ?? cell.appendChild(make("progress"));
    const text = cell.querySelector("span") ?? cell.appendChild(make("span"));
    bar.max = planned || 1;
    bar.value = done;
    bar.setAttribute("aria-label", "share of events");
    say(text, ` ${percent(done, planned)}`);
  };
}

export function drawSamples(state) {
  fill(body("samples"), state.status.samples, (s) => s.name, (s) => {
    const size = state.bytes.samples[s.name] ?? { done: 0, planned: 0 };
    return [
      s.name, [progressCell(s.events, s.events_planned)],
      ...[ratio(s.shards, s.shards_planned), ratio(s.events, s.events_planned, s.events_planned_is_estimate),
        luminosity(s.luminosity_pb ?? 0, s.luminosity_planned_pb), bytes(size.done, size.planned)].map(number),
    ];
  });
}

export function drawTail(state, now) {
  showNone("tail", state.tail.length === 0);
  fill(body("tail"), state.tail, (t) => t.shard, (t) => [
    count(t.shard), number(duration((now - t.since_ms) / 1000)),
    number(t.events === undefined ? "-" : percent(t.events, t.stop - t.first)), number(String(t.attempt)),
    t.worker ?? "-", t.sample, [`${t.file}, rows ${t.first}\u2013${t.stop}`, "long"],
  ]);
}

export function drawWorkers(state, now) {
  const names = Object.keys(state.workers).sort();
  showNone("workers", names.length === 0);
  fill(body("workers"), names, (name) => name, (name) => {
    const w = state.workers[name];
    const heard = Math.max(0, Math.round((now - w.heard_ms) / 1000));
    return [name, w.host, w.state, number(String(w.threads)), number(count(w.shards)), number(rate(w.events_per_s)),
      heard < 3 ? "just now" : `${duration(heard)} ago`];
  });
  const more = state.n_workers - names.length;
  say(at("workers").querySelector(".more"), more > 0 ? `and ${count(more)} more` : "");
}

// ---- failures

function shardsOf(group) {
  const list = make("ul");
  for (const job of group.jobs.slice(0, 5)) {
    const what = job.what === "shard" ? `shard ${job.shard}: rows ${job.first}\u2013${job.stop} of ` : "inspection of ";
    list.append(make("li", what + job.file));
  }
  if (group.count > list.children.length) {
    list.append(make("li", `and ${count(group.count - list.children.length)} more`));
  }
  return list;
}

function groupOf(group, isConflict, mayControl, onRerun) {
  const box = make("div", "", "group");
  const first = group.jobs[0];
  const what = first.what === "shard" ? "shard" : "file";
  box.append(make("h3", `${count(group.count)} ${what}${group.count === 1 ? "" : "s"}`
    + `${isConflict ? ", computed twice with different results" : ""}: ${group.cause.replace(/^\.\.\.: /, "")}`));
  box.append(make("p", first.reason.split("\n")[0]), shardsOf(group));
  if (first.log) box.append(make("pre", first.log.trimEnd().split("\n").slice(-12).join("\n")));
  const command = make("p", "Run again when mended: ");
  command.append(make("code", group.rerun));
  box.append(command);
  if (mayControl && !isConflict) {
    const button = make("button", "Run again what failed");
    button.type = "button";
    button.addEventListener("click", onRerun);
    box.append(button);
  }
  return box;
}

export function drawFailures(state, mayControl, onRerun) {
  const groups = [...state.failures.map((g) => [g, false]), ...state.conflicts.map((g) => [g, true])];
  showNone("failures", groups.length === 0);
  const list = at("failures").querySelector(".groups");
  const text = JSON.stringify([groups, mayControl]);
  if (list.shows !== text) { // else a button would lose its focus
    list.shows = text;
    list.replaceChildren(...groups.map(([g, c]) => groupOf(g, c, mayControl, onRerun)));
  }
  const isBusy = state.status.scheduler || state.child?.running === true;
  list.querySelectorAll("button").forEach((button) => {
    button.disabled = isBusy;
    button.title = isBusy ? "when the scheduler that works now has ended" : "";
  });
}

// ---- cutflow

export function drawCutflow(state) {
  const channels = state.channels.filter((c) => state.cutflow_steps[c]);
  offer(at("cutflow-channel"), channels.map((c) => [c, c]));
  const channel = at("cutflow-channel").value;
  const steps = state.cutflow_steps[channel] ?? [];
  fill(at("cutflow").querySelector("thead"), [channel], (c) => c,
    () => ["Sample", ...steps.map(number)]);
  const samples = state.status.samples.map((s) => s.name).filter((name) => state.cutflow[name]?.[channel]);
  fill(body("cutflow"), samples, (name) => name,
    (name) => [name, ...state.cutflow[name][channel].map((n) => number(count(n)))]);
}

// ---- identity

function list(element, pairs) {
  const text = JSON.stringify(pairs);
  if (element.shows === text) return;
  element.shows = text;
  element.replaceChildren(...pairs.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
}

export function drawIdentity(state) {
  const { run, time } = state;
  const moment = (ms) => (ms ? new Date(ms).toISOString().replace("T", " ").replace(/\..*/, " UTC") : "-");
  list(at("identity").querySelector("dl"), [
    ["Run folder", run.folder], ["Run file", `${run.folder}/run.yaml`], ["Run id", run.id],
    ["Analysis", `${run.analysis} version ${run.version}`], ["Program", `picobarn ${run.program}`],
    ["Begun", moment(time.first_ms)], ["SHA-256", run.sha256 ?? "when the result is complete"],
  ]);
  list(at("parameters"), Object.entries(run.parameters)
    .map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]));
}
