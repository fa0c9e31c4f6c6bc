// The page never reloads. Links, keys and commands go by fetch; the answer is a whole page, as it would be without script,
// and its parts are put in the place of ours. The address bar, Back and Forward follow.

import { $, all, command, cursor, form, meant, say, scroller, tell } from "./page.js";
import { composed, drop, hold, release, underWay } from "./buffer.js";
import * as keep from "./keep.js";

const ANSWER_MAX = 60_000;
const arrivals = []; // who wants to know that a screen has arrived
let here = location.href; // the address of what is shown; the address bar is ahead of it while Back is under way
let depth = history.state?.depth || 0;
let tag = ""; // the fingerprint of what is shown, where it has one
let moment = performance.now(); // when the server last answered anything

export const address = () => here;
export const fingerprint = () => tag;
export const canGoBack = () => depth > 0;
export const onArrival = (hear) => arrivals.push(hear);
export const quietFor = () => performance.now() - moment;

// Every request of the shell says that it is one; `ask` throws when nobody answers.
export async function ask(to, options = {}) {
  const answer = await fetch(to, { redirect: "follow", ...options, headers: { "X-CSS-Shell": "1", ...options.headers } });
  moment = performance.now();
  return answer;
}

// What the form would send, with the key pressed and the line of a list that it is about.
export function keyed(key) {
  const data = new URLSearchParams(new FormData(form));
  data.set("key", key);
  data.set("cursor", cursor()?.name || "");
  data.set("row", meant());
  return data;
}

export const target = () => new URL(form.getAttribute("action") || "", here).href;

export const send = (key) => travel(target(), { body: keyed(key), key });

// Go to an address, or post to it, and show what comes. `restore` is where scroll and focus were when it was left.
export async function travel(to, { body = null, key = "", back = false, restore = null } = {}) {
  const before = underWay();
  if (before) {
    if (before.body) {
      if (back) history.replaceState({ depth }, "", here);
      return say("still under way; Escape stops waiting");
    }
    before.stop();
    drop("mouse");
  }
  const stopper = new AbortController();
  let stopped = "";
  const give = (why) => { stopped ||= why; stopper.abort(); };
  const mine = { key, body, stop: () => give("stopped") };
  const late = setTimeout(() => give("late"), ANSWER_MAX);
  if (!body) keep.now();
  here = keep.address(here);
  hold(mine);
  if (!back) history.replaceState({ ...whereWeAre(), depth }, "", here);
  let answer;
  let text = "";
  try {
    answer = await ask(to, { method: body ? "POST" : "GET", body, signal: stopper.signal });
    text = isPage(answer) ? await answer.text() : "";
  } catch {
    if (underWay()?.stop !== mine.stop) return;
    return failed(stopped, key, back);
  } finally {
    clearTimeout(late);
  }
  if (underWay()?.stop !== mine.stop) return;
  await composed();
  if (!isPage(answer) && answer.ok) return await file(answer);
  const page = parse(text);
  if (!page.body.dataset.screen) return refused(page, back);
  arrive(answer, page, { back, restore, key });
}

export const parse = (text) => new DOMParser().parseFromString(text, "text/html");
const isPage = (answer) => (answer.headers.get("Content-Type") || "").startsWith("text/html");
const script = (page) => $("script", page)?.getAttribute("src");

function arrive(answer, page, { back = false, restore = null, key = "" } = {}) {
  record(answer, back);
  tag = answer.headers.get("ETag") || "";
  // The server has been renewed, and brings its own script.
  if (script(page) !== script(document) && page.body.dataset.arrival === "plain") return location.reload();
  swap(page, { restore, stays: page.body.dataset.screen === document.body.dataset.screen, key });
  timing(answer.headers.get("Server-Timing"));
  release(page.body.dataset.arrival);
}

// Something was kept: from here on the address leads to it.
export function kept() {
  here = keep.address(here);
  history.replaceState(history.state, "", here);
}

// What was asked by the way may find the desk locked or the sign-on ended: then that is what there is to show.
export async function overtaken(answer) {
  const page = parse(isPage(answer) ? await answer.text() : "");
  if (!["locked", "ended"].includes(page.body.dataset.arrival)) return false;
  arrive(answer, page);
  return true;
}

function whereWeAre() {
  return { top: scroller().scrollTop, focus: document.activeElement?.id || "" };
}

function record(answer, back) {
  const shown = new URL(answer.headers.get("X-CSS-Address") || answer.url, location.href);
  if (!back && shown.pathname !== new URL(here).pathname) {
    depth += 1;
    history.pushState({ depth }, "", shown);
  } else {
    history.replaceState({ ...history.state, depth }, "", shown);
  }
  here = shown.href;
}

// The server is gone, silent or was given up: page and text stay, and the same key tries again.
function failed(stopped, key, back) {
  if (back) history.replaceState({ depth }, "", here);
  if (stopped === "stopped") say("");
  else if (stopped === "late") tell("CSS992E", `The server has not answered for a minute. What you keyed is still here; ${again(key)} tries again.`);
  else tell("CSS991E", `The server cannot be reached. What you keyed is still here; ${again(key)} tries again. If it stays away, tell your supervisor this code.`);
  if (stopped !== "stopped") say("not sent");
  release(stopped || "failed");
}

const again = (key) => (key ? `the same key (${key.replace("S-", "Shift+")})` : "the same key");

// The server answered with an error that is no screen: it is told here, and nothing that was keyed is lost.
function refused(page, back) {
  if (back) history.replaceState({ depth }, "", here);
  const error = $("[data-slot=wrong]", page);
  const code = $("b", error || page)?.textContent || "CSS993E";
  const words = error?.textContent.trim().replace(/\s+/g, " ").replace(code, "").trim() || "The server is out of order; the same key tries again.";
  tell(code, `${words} What you keyed is still here.`);
  say("");
  release("errors");
}

// A document: shown in a window of its own, so that the screen stays, or saved. What is saved is what was fetched: who
// exports it is on the audit trail once.
async function file(answer) {
  const told = answer.headers.get("Content-Disposition") || "";
  if (/^attachment/.test(told) || !open(answer.url)) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = /filename="([^"]*)"/.exec(told)?.[1] || "";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), ANSWER_MAX);
  }
  say("");
  release("plain");
}

const adopt = (slot, theirs) => {
  for (const name of ["class", "data-class"]) {
    if (theirs.hasAttribute(name)) slot.setAttribute(name, theirs.getAttribute(name));
    else slot.removeAttribute(name);
  }
  slot.replaceChildren(...theirs.childNodes);
};

function swap(page, { restore, stays, key = "" }) {
  const start = $("#wrap [autofocus]", page) || $("[autofocus]", page);
  for (const one of all("[autofocus]", page)) one.removeAttribute("autofocus");
  const { top, focus } = whereWeAre();
  const wrap = $("#wrap");
  const sameHand = wrap && $("[name=hand]", form)?.value === $("[name=hand]", page)?.value;
  document.title = page.title;
  if (page.documentElement.dataset.theme) document.documentElement.dataset.theme = page.documentElement.dataset.theme;
  else delete document.documentElement.dataset.theme;
  for (const name of Object.keys(document.body.dataset)) if (!(name in page.body.dataset)) delete document.body.dataset[name];
  Object.assign(document.body.dataset, page.body.dataset);
  form.setAttribute("action", $("#screen", page).getAttribute("action") || "");
  // Slots stay and are filled anew: a live region that were replaced would not be heard.
  for (const slot of all("[data-slot]")) {
    const theirs = $(`[data-slot="${slot.dataset.slot}"]`, page);
    if (theirs) adopt(slot, theirs);
  }
  // A note half written goes along until the call is wrapped up or another is taken.
  if (sameHand && key !== "F2") $("#wrap")?.replaceWith(wrap);
  say("");
  settle(start, { top: restore ? restore.top : stays ? top : 0, focus: restore ? restore.focus : stays ? focus : "" }, Boolean(restore));
}

// Put cursor and scroll where the page says; where it says nothing, where they were.
function settle(start, { top, focus }, wasHere) {
  scroller().scrollTop = top || 0;
  const before = focus && document.getElementById(focus);
  const to = (wasHere && before) || start || before || command() || document.body;
  to.focus({ preventScroll: wasHere });
  // What is to be confirmed is seen as a whole, or from its beginning.
  if (!wasHere && to.matches(".effect")) to.scrollIntoView({ block: to.offsetHeight < scroller().clientHeight ? "nearest" : "start" });
  if (to.matches("input") && to.value && to.value === to.defaultValue) to.select();
  for (const hear of arrivals) hear();
}

export function timing(header) {
  const told = {};
  for (const part of (header || "").split(",")) {
    const [name, ...rest] = part.trim().split(";");
    told[name] = Object.fromEntries(rest.map((one) => one.split("=").map((word) => word.replace(/"/g, ""))));
  }
  if (!told.total) return;
  const words = [$("#response").dataset.class, `${Math.round(told.total.dur)} ms`];
  if (told.db) words.push(`database ${Math.round(told.db.dur)} ms`, `${told.db.desc} statements`);
  $("#response").textContent = words.filter(Boolean).join("  ");
}

export function begin() {
  const [page] = performance.getEntriesByType("navigation");
  timing((page ? page.serverTiming : []).map((one) => `${one.name};dur=${one.duration};desc=${one.description}`).join(","));
  // Sooner than the browser would: it waits for the first picture, fingers do not. Whoever was faster keeps what they typed.
  settle($("[autofocus]"), whereWeAre(), false);

  addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter?.value || "Enter");
  });
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    event.preventDefault();
    const id = link.getAttribute("href").startsWith("#") && link.hash.slice(1);
    if (id) document.getElementById(id)?.focus();
    else travel(link.href);
  });
  addEventListener("popstate", (event) => {
    depth = event.state?.depth || 0;
    travel(location.href, { back: true, restore: event.state || {} });
  });
}
