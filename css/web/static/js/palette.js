// F10 or Ctrl+K: the command line with everything there is to go to and to do, found by a few letters. Each entry prints
// its own code and key, so that the list makes itself superfluous.

import { $, all, command, form, say } from "./page.js";
import { ask, send, travel } from "./swap.js";
import { hold, release } from "./buffer.js";
import { line } from "./lists.js";
import * as choices from "./choices.js";

const STORE = "css-commands";
const REMEMBERED = 30;
const COMMANDS = [
  ["THEME GREEN", "green on black"], ["THEME PAPER", "black on white"], ["THEME SYSTEM", "colours as the computer is set"], ["OFF", "sign off"],
];
const COMMAND = /^([.=?]|(menu|off|lock|theme (green|paper|system))$)|\d/i;

let screens = null; // [code, title, takes, family] of what this operator may use, fetched once a sign-on
let recalled = -1; // how many commands back F9 has gone

const said = () => JSON.parse(sessionStorage.getItem(STORE) || "[]");

// Whoever signs on next has roles and commands of their own.
export function arrived() {
  recalled = -1;
  if (document.body.dataset.arrival !== "ended") return;
  screens = null;
  sessionStorage.removeItem(STORE);
}

export async function open() {
  const field = command();
  if (!field) return;
  field.focus();
  field.select();
  if (choices.openFor() === field) return choices.close();
  if (!screens) {
    const stopper = new AbortController();
    hold({ key: "F10", stop: () => stopper.abort() });
    try {
      screens = (await (await ask("/palette", { signal: stopper.signal })).json()).screens;
    } catch {
      screens = null;
    }
    show(field);
    return release("plain");
  }
  show(field);
}

const shortcut = (name) => name.replace("S-", "Shift+");

function entries() {
  const keys = all("[data-slot=keys] [data-key]").map((one) => ({
    key: shortcut(one.dataset.key), words: one.textContent.replace(one.querySelector("kbd").textContent, "").trim(), press: one,
    code: !one.hash && (one.pathname || "").startsWith("/s/") ? one.pathname.split("/")[2] : "",
  }));
  const direct = new Map(keys.filter(({ code }) => code).map((one) => [one.code, one]));
  return [
    ...(screens || []).map(([code, title, takes, family]) => ({ code, words: title, takes, more: `${takes} ${family}`, ...link(direct.get(code)) })),
    ...keys.filter(({ press }) => press.dataset.key !== "F10").map((one) => ({ ...one, code: "", more: one.code })),
    ...COMMANDS.map(([code, words]) => ({ code, words, says: code })),
  ];
}

// Where the screen has a key that leads there, that is the way: it knows whom it is about.
const link = (one) => (one ? { key: one.key, press: one.press } : {});

// How well an entry fits what was typed, word by word; 0 for not at all.
function fit(one, words) {
  const code = one.code.toLowerCase();
  const text = `${one.words} ${one.more || ""}`.toLowerCase();
  const parts = text.split(/[\s,]+/);
  let sum = 0;
  for (const word of words) {
    const found = code === word ? 100 : code.startsWith(word) ? 80 : parts.some((part) => part.startsWith(word)) ? 60 : `${code} ${text}`.includes(word) ? 30 : scattered(word, `${code} ${one.words.toLowerCase()}`) ? 5 : 0;
    if (!found) return 0;
    sum += found;
  }
  return sum;
}

function scattered(word, text) {
  let at = -1;
  return word.length > 1 && [...word].every((mark) => (at = text.indexOf(mark, at + 1)) >= 0);
}

function show(field) {
  const list = entries();
  choices.open(field, {
    label: "Screens, keys and commands",
    narrow: (typed) => {
      const words = typed.toLowerCase().replace(/^[=.?]+/, "").split(/\s+/).filter(Boolean);
      if (!words.length) return list;
      return list.map((one) => [fit(one, words), one]).filter(([score]) => score).sort(([one], [other]) => other - one).map(([, one]) => one);
    },
    take,
  });
}

function take(one) {
  const field = command();
  if (one.press) return one.press.click();
  const hand = $("[name=hand]", form)?.value;
  const needs = one.takes && !one.takes.startsWith("[");
  field.value = one.says || one.code;
  if (needs && hand && one.takes.startsWith("account")) field.value = `${one.code} ${hand}`;
  else if (needs) {
    field.value = `${one.code} `;
    return say(`${one.code} takes: ${one.takes}`);
  }
  obey();
}

// Enter on the command line while the list is open: a command is taken as it was typed, anything else means what is marked.
export function enter() {
  if (choices.isChosen() || !COMMAND.test(command().value.trim())) return choices.key("Enter");
  choices.close();
  return false;
}

// Do what stands on the command line.
export function obey() {
  const text = command().value.trim();
  sessionStorage.setItem(STORE, JSON.stringify([text, ...said().filter((one) => one !== text)].slice(0, REMEMBERED)));
  if (!line(text)) send("Enter");
}

// F9: the last command again, and again for the one before.
export function recall() {
  const list = said();
  const field = command();
  if (!field) return;
  field.focus();
  if (!list.length) return say("no command yet");
  recalled = (recalled + 1) % list.length;
  field.value = list[recalled];
  field.setSelectionRange(field.value.length, field.value.length);
  say(list.length > 1 ? `command ${recalled + 1} of ${list.length}` : "");
}
