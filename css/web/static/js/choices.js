// One list to choose from, for F4 and for the command palette: a combobox whose list box pops up beside the field. The
// cursor stays in the field, typing narrows the list, Up and Down move in it.

import { $, say } from "./page.js";

let now = null; // the open list: field, narrow, take, shown, at
const box = () => $("#choices");

export const isOpen = () => now !== null;
export const openFor = () => now?.field;

// `narrow(typed)` gives what fits, best first: {code, words, key, ...}; `take(one)` is told what was chosen. With `apart` what
// is typed narrows the list and does not go into the field: what stands there was the question.
export function open(field, { label, narrow, take, apart = false }) {
  close();
  now = { field, narrow, take, shown: [], at: 0, chosen: false, typed: apart ? "" : null };
  box().setAttribute("aria-label", label);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", "choices");
  fill();
}

export function close() {
  if (!now) return;
  now.field.removeAttribute("aria-activedescendant");
  now.field.setAttribute("aria-expanded", "false");
  box().hidden = true;
  box().replaceChildren();
  now = null;
}

function fill() {
  now.shown = now.narrow(now.typed ?? now.field.value).slice(0, 60);
  now.at = 0;
  now.chosen = false;
  box().replaceChildren(...now.shown.map(option));
  box().hidden = !now.shown.length;
  now.field.setAttribute("aria-expanded", String(Boolean(now.shown.length)));
  say(`${now.shown.length || "no"} choice${now.shown.length === 1 ? "" : "s"}${now.typed ? ` for ${now.typed}` : ""}`);
  place();
  mark(0);
}

function option(one, index) {
  const item = document.createElement("li");
  item.id = `choice-${index}`;
  item.setAttribute("role", "option");
  for (const [name, text] of [["b", one.code], ["span", one.words], ["i", one.takes], ["kbd", one.key]]) {
    if (text) item.append(Object.assign(document.createElement(name), { textContent: text }), " ");
  }
  item.addEventListener("mousedown", (event) => event.preventDefault());
  item.addEventListener("click", () => choose(index));
  return item;
}

function mark(index) {
  const items = [...box().children];
  if (!items.length) return now.field.removeAttribute("aria-activedescendant");
  now.at = (index + items.length) % items.length;
  items.forEach((item, place) => item.setAttribute("aria-selected", String(place === now.at)));
  items[now.at].scrollIntoView({ block: "nearest" });
  now.field.setAttribute("aria-activedescendant", items[now.at].id);
}

// Under the field where there is room, else above it.
function place() {
  const { left, top, bottom } = now.field.getBoundingClientRect();
  const list = box();
  const under = innerHeight - bottom;
  list.style.maxHeight = `${Math.min(Math.max(under, top) - 16, innerHeight * 0.6)}px`;
  list.style.left = `${Math.max(0, Math.min(left, innerWidth - list.offsetWidth - 8))}px`;
  list.style.top = under >= top ? `${bottom + 4}px` : "auto";
  list.style.bottom = under >= top ? "auto" : `${innerHeight - top + 4}px`;
}

function choose(index) {
  const { take, shown } = now;
  const one = shown[index];
  close();
  say("");
  take(one);
}

// Whether somebody moved in the list: then Enter means what is marked, whatever was typed.
export const isChosen = () => now?.chosen;

// The keys of an open list; false for those that go on to the field or close it on their way.
export function key(name) {
  const move = { ArrowDown: now.at + 1, ArrowUp: now.at - 1, PageDown: Math.min(now.at + 10, now.shown.length - 1), PageUp: Math.max(now.at - 10, 0) }[name];
  if (move !== undefined) {
    now.chosen = true;
    mark(move);
  }
  else if (name === "Escape") { close(); say(""); }
  else if (name === "Enter" && now.shown.length) choose(now.at);
  else if (now.typed !== null && (name.length === 1 || (name === "Backspace" && now.typed))) {
    now.typed = name === "Backspace" ? [...now.typed].slice(0, -1).join("") : now.typed + name;
    fill();
  }
  else {
    if (name === "Tab" || /^F\d/.test(name) || name === "Enter") close();
    return false;
  }
  return true;
}

export function begin() {
  addEventListener("input", ({ target }) => { if (now && target === now.field) { now.typed = null; fill(); } });
  addEventListener("focusout", ({ target }) => { if (target === now?.field) close(); });
  addEventListener("resize", () => { if (now) place(); });
  $(".body").addEventListener("scroll", () => { if (now) place(); });
}
