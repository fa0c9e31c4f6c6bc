// Lists: Up and Down, "3" and "3 FL01" on the command line, pages, and the quiet refreshing of lists that change.

import { $, all, command, main, say, scroller } from "./page.js";
import { address, ask, fingerprint, onArrival, overtaken, parse, travel } from "./swap.js";
import { composed, waiting } from "./buffer.js";
import { isOpen } from "./choices.js";

const rows = () => all("main [data-line]");

export function move(key) {
  const list = rows();
  const at = document.activeElement;
  if (!list.length || (at?.matches("input, textarea") && at !== command())) return false;
  const place = list.indexOf(at);
  const next = key === "ArrowDown" ? place + 1 : place === -1 ? list.length - 1 : place - 1;
  (list[next] || command() || list[0]).focus();
  return true;
}

// "3" opens line 3 of the list on the screen; "3 FL01" opens that screen for what line 3 is about, "3 OR01 FE" with more behind it.
export function line(text) {
  const found = /^(\d{1,3})(?:\s+((?:\.\.|=)?)([a-z]{2}\d{2})((?:\s+\S+)*))?$/i.exec(text.trim());
  const row = found && $(`[data-line="${Number(found[1])}"]`);
  if (!row) return false;
  const to = new URL(row.href);
  if (found[3]) {
    const on = found[2] ? null : to.searchParams.get("on");
    const said = [row.dataset.subject, ...found[4].split(/\s+/).filter(Boolean)];
    to.pathname = `/s/${found[3].toUpperCase()}/${said.map(encodeURIComponent).join("/")}`;
    to.search = on ? `?${new URLSearchParams({ on })}` : "";
  }
  travel(to.href);
  return true;
}

// A page back or forward: the list's own when it has pages, else the body's.
export function turn(direction) {
  const page = $(`[data-key="${direction > 0 ? "F8" : "F7"}"]`);
  if (page) return page.click();
  scroller().scrollBy({ top: direction * scroller().clientHeight * 0.9 });
}

// --- polling ---

let timer;
let version = "";

function later() {
  clearTimeout(timer);
  const seconds = Number(document.body.dataset.pollSeconds);
  if (seconds) timer = setTimeout(look, seconds * 1000);
}

async function look() {
  if (document.hidden || waiting() || composed() || isOpen()) return later();
  const asked = address();
  try {
    const answer = await ask(asked, { headers: { "X-CSS-Poll": "1", ...(version && { "If-None-Match": version }) } });
    if (answer.status === 200 && !waiting() && address() === asked && !(await overtaken(answer.clone()))) refresh(parse(await answer.text()), answer);
  } catch {
    say("not refreshed: the server cannot be reached");
  }
  later();
}

function refresh(page, answer) {
  version = answer.headers.get("ETag") || "";
  if (waiting() || composed() || page.body.dataset.screen !== document.body.dataset.screen) return;
  const ours = main();
  const theirs = $("main", page);
  if (!ours || !theirs) return;
  // What a page waited for is there: then nobody asks any more.
  document.body.dataset.pollSeconds = page.body.dataset.pollSeconds || "";
  for (const one of all("[autofocus]", theirs)) one.removeAttribute("autofocus");
  const at = document.activeElement;
  const { subject } = at.dataset;
  const place = rows().indexOf(at);
  const caret = at.matches("input, textarea") && ours.contains(at) ? [at.selectionStart, at.selectionEnd] : null;
  // What is being typed stays the very field it is.
  for (const field of all("input, textarea", ours)) {
    const twin = field.id && theirs.querySelector(`#${CSS.escape(field.id)}`);
    if (twin && (field === at || field.value !== field.defaultValue)) twin.replaceWith(field);
  }
  const inside = ours.contains(at) || theirs.contains(at);
  ours.replaceChildren(...theirs.childNodes);
  const clock = $(".seat time", page);
  if (clock) $(".seat time")?.replaceWith(clock);
  if (!inside) return;
  const list = rows();
  const again = caret ? at : list.find((one) => one.dataset.subject === subject) || list[Math.min(place, list.length - 1)] || (at.id && document.getElementById(at.id));
  again?.focus({ preventScroll: true });
  if (caret) at.setSelectionRange(...caret);
}

export function begin() {
  onArrival(() => { version = fingerprint(); later(); });
  document.addEventListener("visibilitychange", () => { if (document.body.dataset.pollSeconds) look(); });
}
