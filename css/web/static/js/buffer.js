// Type-ahead. While a screen is under way every key waits in a queue and is played into the screen that comes, as the
// 3270 did it. The queue waits again at each screen the played keys ask for. It is emptied, in words, where playing on
// would act on something nobody has seen: errors, a screen to confirm, the end of a sign-on, a server that is silent.

import { $, form, say, step, tell, untell } from "./page.js";

const SILENT = 5000; // milliseconds after which typing ahead is typing into the dark
const SLOW = 1000;
const NAMED = /^(Tab|Enter|Escape|Backspace|Delete|Home|End|Page(Up|Down)|Arrow\w+|F([1-9]|1[0-2]))$/;
const FUNCTION_KEY = /^F\d+$/;
const WHY = {
  errors: "something is wrong on this screen",
  confirm: "this screen is to be read before it is confirmed",
  ended: "nobody is signed on",
  locked: "the screen is locked",
  silent: "the server has not answered for 5 seconds",
  stopped: "you stopped waiting",
  failed: "the screen did not come",
  late: "the screen did not come",
  mouse: "you went elsewhere with the mouse",
};

let queue = [];
let under = null; // what is under way: its key, since when, how to stop it
let deaf = false; // nothing is taken any more until the answer is there
let composing = null; // a promise while an input method is at work
let obey; // what a key does, when the shell does it; else it is typed
let hidden = 0; // keys among the queue that are not to be shown

export const waiting = () => under !== null;
export const underWay = () => under;
export const composed = () => composing;

// The status line counts them, as the 3270's did; the page is marked for as long as anything is under way.
function show() {
  $("#ahead").textContent = queue.length ? `T ${queue.length}` : "";
  form.classList.toggle("is-waiting", under !== null);
}

// From here on keys wait. `stop` gives the waiting up; `quiet` things are not spoken of unless they are slow.
export function hold(what) {
  if (under) clearInterval(under.clock);
  under = { ...what, since: performance.now() };
  under.clock = setInterval(look, 500);
  deaf = false;
  show();
}

function look() {
  const waited = performance.now() - under.since;
  if (waited > SLOW) say(`waiting ${Math.round(waited / 1000)} s: Escape stops waiting`);
  if (waited > SILENT && !deaf) {
    deaf = true;
    drop("silent");
  }
}

// The answer is there, and how it arrived: plain plays what waits, all else empties the queue.
export function release(arrival) {
  clearInterval(under?.clock);
  under = null;
  deaf = false;
  if (arrival === "plain") play();
  else drop(arrival);
}

export function drop(why) {
  const count = queue.length;
  const secret = hidden || $("[type=password]", form);
  const names = queue.map((one) => one.text || one.key.replace(/^ $/, "space"));
  queue = [];
  hidden = 0;
  show();
  if (!count) return;
  const listed = secret ? "" : `: ${names.slice(0, 24).join(" ")}${count > 24 ? " …" : ""}`;
  tell("CSS990W", `${count === 1 ? "1 key typed ahead was" : `${count} keys typed ahead were`} not used, because ${WHY[why] || WHY.errors}${listed}`);
}

function wait(item) {
  if (deaf) return say("not taken: the server is silent; Escape stops waiting");
  untell("CSS990W");
  queue.push(item);
  if ($("[type=password]", form)) hidden += 1;
  show();
}

function play() {
  while (queue.length && !under) {
    const item = queue.shift();
    if (item.text) type(item.text);
    else if (!obey(item)) edit(item);
  }
  if (!queue.length) hidden = 0;
  show();
}

// --- what a browser does with a key that nobody took ---

const writable = (at) => at && at.matches("textarea, input:not([type=hidden])") && !at.readOnly && !at.disabled;

export function type(text, at = document.activeElement) {
  if (!writable(at)) return;
  const room = at.maxLength < 0 ? text.length : Math.max(0, at.maxLength - at.value.length + at.selectionEnd - at.selectionStart);
  replace(at, text.slice(0, room), at.selectionStart, at.selectionEnd);
}

export function replace(at, text, from, to) {
  at.setRangeText(text, from, to, "end");
  at.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function edit({ key, shift }) {
  const at = document.activeElement;
  if (key === "Tab") return step(shift ? -1 : 1);
  if (!writable(at)) {
    if ((key === "Enter" || key === " ") && at.matches("a, button, summary")) at.click();
    return;
  }
  const { selectionStart: from, selectionEnd: to, value } = at;
  const before = [...value.slice(0, from)].at(-1)?.length || 0;
  const after = [...value.slice(to)][0]?.length || 0;
  const left = from < to && !shift ? from : from - before;
  const right = from < to && !shift ? to : to + after;
  const place = { ArrowLeft: left, ArrowRight: right, Home: 0, End: value.length }[key];
  if (key.length === 1) type(key, at);
  else if (key === "Enter" && at.matches("textarea")) type("\n", at);
  else if (key === "Backspace") replace(at, "", from < to ? from : from - before, to);
  else if (key === "Delete") replace(at, "", from, from < to ? to : to + after);
  else if (place !== undefined) at.setSelectionRange(shift ? Math.min(from, place) : place, shift ? Math.max(to, place) : place);
}

// --- real keys ---

function pressed(event) {
  const { key } = event;
  // An input method at work keeps its keys; what it makes is taken when it is made.
  if (event.isComposing || key === "Process" || key === "Dead" || key === "Unidentified") return;
  let item = { key, shift: event.shiftKey };
  if ((event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph")) {
    if (!event.ctrlKey || event.altKey || event.metaKey || key.toLowerCase() !== "k") return;
    item = { key: "F10", shift: false };
  }
  if (key.length !== 1 && !NAMED.test(item.key)) return;
  const again = event.repeat && (item.key === "Enter" || FUNCTION_KEY.test(item.key));
  if (under) {
    event.preventDefault();
    event.stopPropagation();
    if (again) return;
    if (key === "Escape" && performance.now() - under.since > SLOW) return under.stop?.();
    // One press, one post: F6 pressed twice is F6, not F6 on the screen after.
    if (key === "F6" && under.key === "F6" && !queue.length) return;
    wait(item);
  } else if (again || obey(item)) {
    event.preventDefault();
    event.stopPropagation();
  }
}

export function listen(handler) {
  obey = handler;
  addEventListener("keydown", pressed, { capture: true });
  addEventListener("paste", (event) => {
    if (!under) return;
    event.preventDefault();
    const text = event.clipboardData.getData("text/plain").replace(/\s*[\r\n]+\s*/g, " ");
    if (text) wait({ text });
  }, { capture: true });
  let done;
  addEventListener("compositionstart", () => { composing = new Promise((told) => { done = told; }); }, { capture: true });
  addEventListener("compositionend", (event) => {
    composing = null;
    done?.();
    if (under && event.data) wait({ text: event.data });
  }, { capture: true });
}
