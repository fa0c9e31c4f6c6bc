// What each key means, the same on every screen. Every key is a visible button, link or entry of the palette as well, so a
// browser without script, or a laptop that keeps its F keys, loses speed and nothing else.

import { $, all, command, cursor, say } from "./page.js";
import { canGoBack, onArrival, send } from "./swap.js";
import * as choices from "./choices.js";
import * as lists from "./lists.js";
import * as palette from "./palette.js";
import { prompt } from "./prompt.js";

const FUNCTION_KEY = /^F\d+$/;
const button = (name) => $(`[data-key="${name}"]`);

const OWN = {
  F1: help, F2: wrap, F4: prompt, F7: () => lists.turn(-1), F8: () => lists.turn(1), F9: palette.recall, F10: palette.open, F12: back,
};

export function press(name) {
  if (OWN[name]) return OWN[name]();
  const target = button(name);
  if (target) return target.click();
  say(`${name.replace("S-", "Shift+")} does nothing here`);
}

// True when the key was the shell's; else it is the browser's, or typed.
export function on({ key, shift }) {
  if (choices.isOpen()) {
    if (key === "Enter" && choices.openFor() === command() ? palette.enter() : choices.key(key)) return true;
  }
  if (FUNCTION_KEY.test(key)) press((shift ? "S-" : "") + key);
  else if (key === "PageDown" || key === "PageUp") lists.turn(key === "PageDown" ? 1 : -1);
  else if (key === "ArrowDown" || key === "ArrowUp") return !shift && lists.move(key);
  else if (key === "Enter" && !shift) return enter();
  else if (key === "Escape") return escape();
  else return false;
  return true;
}

function enter() {
  const at = document.activeElement;
  if (at.matches("a, button, summary")) return false;
  if (at.closest("#wrap")) send("F2");
  else if (at === command() && at.value.trim()) palette.obey();
  else send("Enter");
  return true;
}

function escape() {
  const open = all("#help[open], #wrap[open]").at(-1);
  if (!open) return false;
  open.open = false;
  if (open.contains(document.activeElement)) (cursor() || command())?.focus();
  return true;
}

function help() {
  const panel = $("#help");
  if (!panel) return;
  panel.open = !panel.open;
  for (const one of all(".is-here", panel)) one.classList.remove("is-here");
  const entry = cursor() && document.getElementById(`help-${cursor().name}`);
  if (panel.open && entry) entry.classList.add("is-here");
  if (panel.open) (entry || panel).scrollIntoView({ block: "nearest" });
}

let from = null; // where the cursor was before the wrap-up

function wrap() {
  const panel = $("#wrap");
  if (!panel) return button("F2") && !button("F2").hash ? button("F2").click() : say("nobody is in hand: nothing to wrap up");
  panel.open = !panel.open;
  if (panel.open) {
    from = document.activeElement;
    $("input:not([type=hidden])", panel).focus();
  } else if (from?.isConnected) from.focus();
}

// One step back: where the screen says, else from what is to be confirmed to the keying, else the screen before.
function back() {
  if (button("F12")) return button("F12").click();
  if (document.body.dataset.arrival === "confirm" && $("main input")) return $("main input").focus();
  if (canGoBack()) return history.back();
  say("there is no step back from here");
}

export function begin() {
  addEventListener("click", (event) => {
    const one = event.target.closest?.("[data-key]");
    if (!one || !one.hash || one.pathname !== location.pathname || !OWN[one.dataset.key]) return;
    event.preventDefault();
    press(one.dataset.key);
  }, { capture: true });
  onArrival(palette.arrived);
}
