// Before the screen is locked it says so a minute ahead, and any key keeps it open. What is keyed is kept before it locks.
// It is covered at once, and stays so until the server's lock is there.

import { $, tell, untell } from "./page.js";
import { address, ask, keyed, onArrival, quietFor, travel } from "./swap.js";
import { waiting } from "./buffer.js";

const WARNED = 60_000;
const STORE = "css-used"; // a key in another window of this desk is a key, too
let used = performance.now(); // when somebody last did something here
let warned = false;

const limit = () => Number(document.body.dataset.idleSeconds) * 1000;

// Whoever works without asking the server for anything is still at work, and the server is told.
function active(event) {
  if (covered()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  const was = used;
  used = performance.now();
  if (!limit()) return;
  if (used - was > 1000) localStorage.setItem(STORE, Date.now());
  if (warned || (quietFor() > limit() / 4 && used - was < limit())) {
    warned = false;
    untell("CSS994W");
    ask("/palette").catch(() => {});
  }
}

// Left alone, nothing of the customer's stays in sight, whatever the server answers: only its lock, or its sign-on, uncovers.
// What is keyed stays in the form until then, and is sent along with every try.
const covered = () => document.documentElement.hasAttribute("data-covered");

function look() {
  if (!limit()) return;
  const idle = Math.min(performance.now() - used, Date.now() - Number(localStorage.getItem(STORE)));
  if (covered() || idle > limit()) lock();
  else if (idle > limit() - WARNED && !warned && !waiting()) {
    warned = true;
    tell("CSS994W", "Nobody has pressed a key for a while: this screen is locked in a minute, and what you keyed is kept. Any key keeps it open.");
  }
}

function explain() {
  document.title = "Covered";
  tell("CSS995W", "This screen was left alone and is covered. The server has not locked it yet; the browser goes on trying, and what you keyed is still here.");
}

function lock() {
  warned = false;
  if (covered()) explain();
  document.documentElement.setAttribute("data-covered", "");
  document.title = "Covered";
  if (waiting()) return;
  // The form goes along and is kept; the password leads back to where it stands.
  const { pathname, search } = new URL(address());
  travel(`/lock?next=${encodeURIComponent(pathname + search)}`, { body: keyed("Lock") });
}

function arrived() {
  warned = false;
  if (!covered()) return;
  if (!["locked", "ended"].includes(document.body.dataset.arrival)) return explain();
  document.documentElement.removeAttribute("data-covered");
  $("main input:not([type=hidden])")?.focus(); // what was not in sight could not take the cursor
  used = performance.now();
}

export function begin() {
  addEventListener("keydown", active, { capture: true });
  addEventListener("pointerdown", active, { capture: true });
  onArrival(arrived);
  setInterval(look, 5000);
}
