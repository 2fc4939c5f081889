// SPDX-License-Identifier: Apache-2.0
// page.js - the page of a run: takes the state as it comes and puts it on the page.

import { drawPlot, openPlot } from "./plot.js";
import { follow } from "./stream.js";
import { drawCutflow, drawFailures, drawIdentity, drawSamples, drawTail, drawWorkers } from "./tables.js";
import { at, bytes, count, duration, luminosity, percent, rate, ratio, say } from "./words.js";

let state = null;
let mayControl = false;
let ahead_ms = 0; // how far the server's clock is ahead of ours
let spoken = { text: "", at: 0 };

const now = () => Date.now() + ahead_ms;

// ---- what is on the page

const advice = {
  stopped: (s) => `Nobody works on it. To go on: picobarn launch RUN.yaml --run-dir ${s.run.folder}`,
  held: () => "What is under way ends; nothing new is given out until it is resumed.",
  paused: (s) => s.status.live?.paused ?? "",
  incomplete: () => "See the failures below.",
};

// "higgs4l.run" of a folder, all of which stands below; a run in a cluster has no folder here.
const shortName = () => state.run?.name.replace(/^.*\/(?=.)/, (path) => (path.startsWith("k8s:") ? path : "")) ?? "picobarn";

function drawHeader() {
  say(at("name"), shortName());
  say(at("says"), state.says);
  at("state").dataset.state = state.state;
  say(at("advice"), advice[state.state]?.(state) ?? "");
  document.title = state.status
    ? `${percent(state.status.events, state.status.events_planned)} ${shortName()} - picobarn` : "picobarn";
  const mayHold = mayControl && ["running", "held", "paused"].includes(state.state);
  at("hold").hidden = !mayHold;
  say(at("hold"), state.state === "held" ? "Resume" : "Pause");
  say(at("sequence"), String(state.sequence));
}

function timeLeft({ time, state: what }) {
  if (what === "complete") return "none";
  if (time.left_s === undefined) return "-";
  return `${duration(time.left_s)} \u00b1 ${duration(time.left_error_s)}`;
}

function worked(time) {
  return duration((time.worked_before_ms + (time.goes_on ? now() - time.session_ms : 0)) / 1000);
}

function drawProgress() {
  const { status, time, counts, significance: s } = state;
  const estimate = status.events_planned_is_estimate;
  say(at("percent"), percent(status.events, status.events_planned));
  at("all").max = status.events_planned || 1;
  at("all").value = status.events;
  const numbers = {
    left: timeLeft(state), worked: worked(time), rate: rate(time.events_per_s),
    mean: rate(time.events_per_s_mean),
    shards: ratio(status.shards.done, status.shards.total, estimate),
    events: ratio(status.events, status.events_planned, estimate),
    luminosity: luminosity(status.luminosity_pb, status.luminosity_planned_pb),
    bytes: bytes(state.bytes.done, state.bytes.planned),
    running: state.n_workers ? `${count(status.shards.running + status.files.running)} on ${count(state.n_workers)} workers` : "none",
    retries: count(counts.retries), failed: count(counts.failed),
    significance: s ? `${s.observed.toFixed(1)} \u03c3 observed, ${s.expected.toFixed(1)} \u03c3 expected` : "-",
  };
  for (const [id, text] of Object.entries(numbers)) say(at(id), text);
  speak(`${state.says}. ${numbers.events} events, ${numbers.left === "-" ? "" : `time left ${numbers.left}`}`);
}

// Read aloud: when the state changes, else twice a minute at most.
function speak(text) {
  const isNew = spoken.state !== state.state;
  if (!isNew && (text === spoken.text || Date.now() - spoken.at < 30000)) return;
  spoken = { text, at: Date.now(), state: state.state };
  say(at("spoken"), text);
}

function drawChild() {
  const { child } = state;
  const text = !child || child.doing !== "rerun" ? ""
    : child.running ? "Running again what failed." : `The rerun ended with status ${child.exit}.`;
  say(at("child"), text);
}

function draw() {
  if (state === null) return;
  const start = performance.now();
  drawHeader();
  if (state.status) {
    drawPlot(state);
    drawProgress();
    drawSamples(state);
    drawTail(state, now());
    drawWorkers(state, now());
    drawFailures(state, mayControl, rerun);
    drawChild();
    drawCutflow(state);
    drawIdentity(state);
  }
  performance.clearMeasures("draw");
  performance.measure("draw", { start });
}

// ---- what a person does

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  }).catch(() => null);
  if (answer === null) {
    say(at("child"), "No connection: nothing was done.");
  } else if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    say(at("child"), `Refused: ${said.error ?? answer.status}`);
  }
}

const rerun = () => post("api/v1/rerun", {});

const themes = ["automatic", "light", "dark"];

function setTheme(name) {
  if (name === "automatic") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  say(at("theme"), `Theme: ${name}`);
  localStorage.setItem("theme", name);
}

function openTools() {
  const before = localStorage.getItem("theme");
  setTheme(themes.includes(before) ? before : "automatic");
  at("theme").addEventListener("click", () => {
    setTheme(themes[(themes.indexOf(localStorage.getItem("theme")) + 1) % themes.length]);
  });
  at("hold").addEventListener("click", () => {
    post(state.state === "held" ? "api/v1/resume" : "api/v1/pause", {});
  });
  at("cutflow-channel").addEventListener("change", draw);
}

async function askRights() {
  const answer = await fetch("api/v1/rights");
  ahead_ms = Date.parse(answer.headers.get("date")) - Date.now() || 0;
  mayControl = answer.ok && (await answer.json()).control === true;
  draw();
}

// The page of a launch ends with it: what is shown then is how it ended.
function showConnection(isThere) {
  const isOver = ["complete", "incomplete"].includes(state?.state);
  say(at("connection"), isThere ? "live" : isOver ? "ended" : "connection lost, trying again");
  at("connection").toggleAttribute("data-lost", !isThere && !isOver);
}

history.replaceState(null, "", location.pathname); // a link that was used is of no use
openTools();
openPlot();
askRights().catch(() => {});
follow("api/v1/events", (next) => {
  state = next;
  draw();
}, showConnection);
setInterval(draw, 1000); // what is told as "for" and "ago" goes on
