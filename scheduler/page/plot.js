// SPDX-License-Identifier: Apache-2.0
// plot.js - the picture of the server's own drawing code, renewed when the ledger moved on, and the values
// of a bin for pointer and keyboard.

import { at, count, make, offer, say } from "./words.js";

const renew_ms = 1000;
let shown = ""; // query and sequence of the picture
let isEmpty = true; // nothing is in the picture yet: the first events are worth no wait
let busy = false;
let due = 0;
let timer = 0;
let wanted = null; // the state to draw next
let numbers = null; // plot.json, fetched when somebody asks for values
let numbersOf = "";

const query = () => new URLSearchParams({
  histogram: at("histogram").value, channel: at("channel").value, scale: at("scale").value,
}).toString();

async function fetchPicture(asked, sequence) {
  const answer = await fetch(`api/v1/plot.svg?${asked}`);
  if (!answer.ok || !answer.headers.get("content-type")?.startsWith("image/svg+xml")) return;
  const drawn = new Blob([await answer.text()], { type: "image/svg+xml" });
  const url = URL.createObjectURL(drawn);
  const next = new Image();
  next.src = url;
  await next.decode();
  const image = at("drawing");
  const before = image.src;
  image.src = url;
  image.hidden = false;
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
  say(at("picture-sequence"), answer.headers.get("x-picobarn-sequence") ?? String(sequence));
  shown = `${asked} ${sequence}`;
  isEmpty = at("events").textContent.startsWith("0 ");
}

// At most one request at a time and one a second; whoever changes the choice need not wait.
async function renew() {
  clearTimeout(timer);
  if (busy || wanted === null || shown === `${query()} ${wanted.sequence}`) return;
  const wait = isEmpty ? 0 : due - performance.now();
  if (wait > 0) {
    timer = setTimeout(renew, wait);
    return;
  }
  busy = true;
  due = performance.now() + renew_ms;
  try {
    await fetchPicture(query(), wanted.sequence);
  } catch {
    // the connection's own state says so, and the next change asks again
  }
  busy = false;
  timer = setTimeout(renew, Math.max(0, due - performance.now()));
}

function describe(state) {
  const figure = state.figures.find((f) => f.hist === at("histogram").value) ?? state.figures[0];
  at("drawing").alt = `Histogram of ${figure.label} in ${figure.unit}: data and simulation, `
    + `${count(state.status.events)} of ${count(state.status.events_planned)} events. `
    + "The values of each bin can be read below.";
}

function offerDownloads(state) {
  const links = [...state.formats, "json"].map((format) => {
    const link = make("a", format.toUpperCase());
    link.href = `api/v1/plot.${format}?${query()}`;
    link.download = `${at("histogram").value}.${format}`;
    return link;
  });
  for (const file of state.run.sha256 ? ["result.json", "run.json"] : []) {
    const link = make("a", file);
    link.href = `api/v1/files/${file}`;
    link.download = file;
    links.push(link);
  }
  const text = links.map((link) => link.href).join(" ");
  if (at("downloads").dataset.links !== text) {
    at("downloads").dataset.links = text;
    at("downloads").replaceChildren(make("span", "Download"), ...links);
  }
}

// ---- the values of a bin

async function fetchNumbers() {
  const asked = `${query()} ${at("picture-sequence").textContent}`;
  if (numbersOf === asked) return;
  const answer = await fetch(`api/v1/plot.json?${query()}`);
  if (!answer.ok) return;
  numbers = await answer.json();
  numbersOf = asked;
  at("bins").max = String(numbers.edges.length - 2);
}

// Where an edge stands, as a share of the picture's width.
function place(edge) {
  const { edges, frame, log_x: log, size } = numbers;
  const scale = log ? Math.log : (x) => x;
  const [low, high] = [scale(edges[0]), scale(edges[edges.length - 1])];
  return (frame[0] + ((scale(edge) - low) / (high - low)) * (frame[2] - frame[0])) / size[0];
}

const short = (x) => (x === null ? "-" : String(Number(x.toPrecision(4))));

function valuesOf(bin) {
  const parts = [`${short(numbers.edges[bin])} to ${short(numbers.edges[bin + 1])} ${numbers.unit}`];
  if (numbers.observed) parts.push(`data ${count(numbers.observed[bin])}`);
  if (numbers.control) parts.push(`control ${count(numbers.control[bin])}`);
  let sum = 0;
  let variance = 0;
  for (const layer of numbers.stack) {
    sum += layer.expected[bin] ?? 0;
    variance += layer.variance[bin] ?? 0;
    parts.push(`${layer.title} ${short(layer.expected[bin])}`);
  }
  if (numbers.stack.length > 1) parts.push(`expected ${short(sum)} \u00b1 ${short(Math.sqrt(variance))}`);
  return parts.join("; ");
}

function showBin(bin) {
  const mark = at("bin");
  const [left, right] = [place(numbers.edges[bin]), place(numbers.edges[bin + 1])];
  mark.style.left = `${100 * left}%`;
  mark.style.width = `${100 * (right - left)}%`;
  mark.style.top = `${(100 * numbers.frame[1]) / numbers.size[1]}%`;
  mark.style.height = `${(100 * (numbers.frame[3] - numbers.frame[1])) / numbers.size[1]}%`;
  mark.hidden = false;
  at("bins").value = String(bin);
  at("bins").setAttribute("aria-valuetext", valuesOf(bin));
  say(at("bin-says"), valuesOf(bin));
}

async function pointAt(event) {
  const box = at("picture").getBoundingClientRect();
  const share = (event.clientX - box.left) / box.width;
  await fetchNumbers();
  const bin = numbers?.edges.findIndex((edge, i) => i + 1 < numbers.edges.length
    && place(edge) <= share && share < place(numbers.edges[i + 1])) ?? -1;
  if (bin >= 0) showBin(bin);
}

async function moveTo() {
  await fetchNumbers();
  if (numbers) showBin(Math.min(Number(at("bins").value), numbers.edges.length - 2));
}

export function drawPlot(state) {
  offer(at("histogram"), state.figures.map((f) => [f.hist, `${f.label} (${f.hist})`]));
  offer(at("channel"), [["", "all"], ...state.channels.map((c) => [c, c])]);
  describe(state);
  offerDownloads(state);
  wanted = state;
  renew();
}

export function openPlot() {
  for (const id of ["histogram", "channel", "scale"]) {
    at(id).addEventListener("change", () => {
      at("bin").hidden = true;
      due = 0;
      if (wanted) drawPlot(wanted);
    });
  }
  at("picture").addEventListener("pointermove", pointAt);
  at("picture").addEventListener("pointerleave", () => { at("bin").hidden = true; });
  at("bins").addEventListener("focus", moveTo);
  at("bins").addEventListener("input", moveTo);
}
