// What the pages gain with script: live rows, local times, copy buttons, keys. Nothing depends on it.
"use strict";

const $ = (id) => document.getElementById(id);
const make = (tag, props, ...children) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
};

// --- Times: the server writes UTC, people read local time. The title keeps UTC.
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const localTimes = (root) => {
  const today = day.format(new Date());
  for (const time of root.querySelectorAll("time:not([data-local])")) {
    const at = new Date(time.dateTime);
    const date = day.format(at);
    time.textContent = (date === today ? "" : date + " ") + clock.format(at);
    time.dataset.local = "";
  }
};
localTimes(document);

// --- Copy.
const said = $("live-said") ?? document.querySelector("main").appendChild(make("p", { className: "unseen", role: "status" }));
const copyButton = (what, label) => {
  const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
  button.setAttribute("aria-label", label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(what.textContent);
      button.textContent = said.textContent = "Copied";
    } catch {
      // No permission: mark the text, so that one key does it.
      getSelection().selectAllChildren(what);
      button.textContent = said.textContent = "Marked";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
};
for (const paste of document.querySelectorAll(".paste")) {
  const line = paste.querySelector("code");
  paste.append(copyButton(line, "Copy " + line.textContent.slice(0, 24)));
}
for (const word of document.querySelectorAll("[data-copy]")) word.after(copyButton(word, "Copy " + word.textContent));

// --- Live.
const live = $("live");
if (live?.dataset.live) {
  const MOST_ROWS = 300;
  const rows = $("rows");
  const table = rows.closest("table");
  const fresh = $("fresh");
  const state = $("live-state");
  const pause = $("live-pause");
  let newest = live.dataset.newest ?? "";
  let paused = false;
  let source;
  let waiting = []; // rows that are not shown yet, oldest first
  let drawing = false;
  let unsaid = 0;

  const say = (words, on) => {
    state.textContent = words;
    live.classList.toggle("on", on);
  };
  const reading = () => scrollY > 120 || rows.contains(document.activeElement);
  const put = () => {
    drawing = false;
    if (!waiting.length) return;
    if (paused || reading()) {
      fresh.textContent = waiting.length === 1 ? "1 new call" : waiting.length + " new calls";
      fresh.hidden = false;
      return;
    }
    const added = document.createDocumentFragment();
    for (const row of waiting.splice(0)) {
      row.classList.add("fresh-row");
      added.prepend(row);
    }
    localTimes(added);
    rows.prepend(added);
    while (rows.rows.length > MOST_ROWS) rows.lastElementChild.remove();
    table.hidden = false;
    fresh.hidden = true;
    $("empty")?.remove();
  };
  const draw = () => {
    if (!drawing) {
      drawing = true;
      requestAnimationFrame(put);
    }
  };
  const open = () => {
    if (source || paused || document.hidden) return;
    const from = newest ? (live.dataset.live.includes("?") ? "&" : "?") + "after=" + newest : "";
    source = new EventSource(live.dataset.live + from);
    source.onopen = () => say("Live", true);
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) {
        source = undefined;
        say("Ended: load the page again", false);
      } else say("Connecting", false);
    };
    source.addEventListener("gap", () => say("Live; some calls were too fast to show", true));
    source.addEventListener("calls", (event) => {
      const box = make("template", { innerHTML: "<table><tbody>" + event.data + "</tbody></table>" });
      for (const row of box.content.querySelectorAll("tr")) {
        const shown = $(row.id);
        if (shown) { // it was still running when it came first, or is on the page already
          localTimes(row);
          shown.replaceWith(row);
          continue;
        }
        waiting = waiting.filter((known) => known.id !== row.id);
        waiting.push(row);
        if (row.id > newest) newest = row.id;
        unsaid += 1;
      }
      waiting.splice(0, waiting.length - MOST_ROWS);
      draw();
    });
  };
  const close = (words) => {
    source?.close();
    source = undefined;
    say(words, false);
  };
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    if (paused) close("Paused");
    else { say("Connecting", false); open(); draw(); }
  });
  fresh.addEventListener("click", () => {
    scrollTo({ top: 0 });
    document.activeElement?.blur();
    if (paused) pause.click();
    else requestAnimationFrame(put);
    $("content").focus({ preventScroll: true });
  });
  addEventListener("scroll", () => { if (waiting.length && !reading()) draw(); }, { passive: true });
  rows.addEventListener("focusout", () => setTimeout(() => { if (waiting.length) draw(); }));
  document.addEventListener("visibilitychange", () => document.hidden ? close("Hidden") : open());
  addEventListener("pagehide", () => close("Hidden"));
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  // Not row by row: a screen reader would never come to rest.
  setInterval(() => {
    if (!unsaid) return;
    said.textContent = unsaid === 1 ? "1 new call" : unsaid + " new calls";
    unsaid = 0;
  }, 5000);
  live.hidden = false;
  open();
}

// --- Keys. A single letter is a shortcut only while they are switched on (WCAG 2.2, 2.1.4).
const KEYS = [["/", "to the search"], ["j", "next call"], ["k", "call before"], ["Enter", "open the call"], ["Esc", "out of a field"], ["?", "this list"]];
const stored = (value) => {
  try {
    if (value !== undefined) localStorage.setItem("keys", value);
    return localStorage.getItem("keys");
  } catch {
    return null; // storage is switched off
  }
};
let keysOn = stored() !== "off";
const help = make("dialog", {});
help.setAttribute("aria-labelledby", "keys-title");
const list = make("dl", {});
for (const [key, words] of KEYS) list.append(make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: words }));
const off = make("input", { type: "checkbox", checked: keysOn });
off.addEventListener("change", () => { keysOn = off.checked; stored(keysOn ? "on" : "off"); });
const shut = make("button", { type: "button", textContent: "Close" });
shut.addEventListener("click", () => help.close());
help.append(make("h2", { id: "keys-title", textContent: "Keys" }), list, make("label", {}, off, "Single keys are shortcuts"), shut);
document.body.append(help);
if (document.querySelector(".top nav")) {
  const opener = make("button", { type: "button", className: "keys", textContent: "Keys" });
  opener.addEventListener("click", () => help.showModal());
  document.querySelector(".top").append(opener);
}
const step = (by) => {
  const links = [...document.querySelectorAll(".calls .request a")];
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
};
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && field && !help.open) return field.blur();
  if (!keysOn || field || help.open || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = { "/": () => $("f-status")?.focus(), j: () => step(1), k: () => step(-1), "?": () => help.showModal() }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
