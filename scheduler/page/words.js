// SPDX-License-Identifier: Apache-2.0
// words.js - numbers as people read them, and small helpers for the document. All text goes into the page
// as text: there is no place where a name could become markup.

const whole = new Intl.NumberFormat("en");

export const count = (n) => whole.format(n);

export const ratio = (done, planned, estimate = false) =>
  `${count(done)} of ${estimate ? "about " : ""}${count(planned)}`;

export function luminosity(done, planned) {
  if (!planned) return "-";
  const [unit, scale] = planned >= 100 ? ["fb\u207b\u00b9", 1000] : ["pb\u207b\u00b9", 1];
  return `${(done / scale).toFixed(2)} of ${(planned / scale).toFixed(2)} ${unit}`;
}

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

export function bytes(done, planned) {
  let step = 0;
  while (step + 1 < units.length && planned >= 1000 ** (step + 1)) step += 1;
  const digits = step === 0 ? 0 : 1;
  const part = (n) => (n / 1000 ** step).toFixed(digits);
  return `${part(done)} of ${part(planned)} ${units[step]}`;
}

export function rate(perSecond) {
  if (perSecond === undefined) return "-";
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M events/s`;
  return perSecond >= 1e4 ? `${(perSecond / 1e3).toFixed(1)} k events/s` : `${count(perSecond)} events/s`;
}

export function duration(seconds) {
  if (seconds > 0 && seconds < 10) return `${seconds.toFixed(1)} s`;
  const s = Math.max(0, Math.round(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  return s < 3600 ? `${minutes}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(minutes % 60)}:${two(s % 60)}`;
}

export const percent = (done, planned) => {
  if (!planned) return "0 %";
  const share = done >= planned ? 100 : Math.min(99.9, Math.floor((1000 * done) / planned) / 10);
  return share === 100 ? "100 %" : `${share.toFixed(1)} %`;
};

export const at = (id) => document.getElementById(id);

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function make(name, text = "", kind = "") {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

// One row an item in the table's body, made once by key and then only changed.
// cells(item) gives [text, class] or an element for each cell; the first is the row's head.
export function fill(body, items, keyOf, cells) {
  const rows = new Map([...body.children].map((row) => [row.dataset.key, row]));
  items.forEach((item, place) => {
    const key = String(keyOf(item));
    const row = rows.get(key) ?? make("tr");
    rows.delete(key);
    row.dataset.key = key;
    cells(item).forEach((cell, i) => {
      const [text, kind = ""] = Array.isArray(cell) ? cell : [cell];
      const element = row.children[i] ?? row.appendChild(make(i === 0 ? "th" : "td", "", kind));
      if (i === 0) element.scope = "row";
      if (typeof text === "function") text(element);
      else say(element, text);
    });
    if (body.children[place] !== row) body.insertBefore(row, body.children[place] ?? null);
  });
  rows.forEach((row) => row.remove());
}

// The options of a list, kept as they are when nothing changed, so that a choice stays.
export function offer(select, options) {
  const same = select.options.length === options.length
    && options.every(([value], i) => select.options[i].value === value);
  if (same) return;
  select.replaceChildren(...options.map(([value, text]) => {
    const option = make("option", text);
    option.value = value;
    return option;
  }));
}
