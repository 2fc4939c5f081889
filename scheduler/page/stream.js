// SPDX-License-Identifier: Apache-2.0
// stream.js - the run's state as it comes: the whole first, then merge patches (RFC 7396). When the
// connection is lost it is made anew, for ever; the whole state comes again then.

const silence_ms = 16000; // three signs of life missed
const again_ms = 1500;

export function patched(target, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const out = target !== null && typeof target === "object" && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = patched(out[key], value);
  }
  return out;
}

export function follow(path, onState, onConnection) {
  let state = null;
  let source = null;
  let watchdog = 0;

  function lost() {
    clearTimeout(watchdog);
    source?.close();
    source = null;
    onConnection(false);
    setTimeout(connect, again_ms);
  }

  function alive() {
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, silence_ms);
    onConnection(true);
  }

  function connect() {
    const mine = new EventSource(path);
    source = mine;
    watchdog = setTimeout(lost, silence_ms);
    mine.addEventListener("state", (event) => {
      alive();
      state = JSON.parse(event.data);
      onState(state);
    });
    mine.addEventListener("change", (event) => {
      alive();
      state = patched(state, JSON.parse(event.data));
      onState(state);
    });
    mine.addEventListener("beat", alive);
    mine.addEventListener("error", () => {
      if (source === mine) lost();
    });
  }

  connect();
}
