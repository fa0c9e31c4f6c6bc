// Before the screen is locked it says so a minute ahead, and any key keeps it open. What is keyed is kept before it locks.

import { tell, untell } from "./page.js";
import { address, ask, keyed, onArrival, quietFor, travel } from "./swap.js";
import { waiting } from "./buffer.js";

const WARNED = 60_000;
const STORE = "css-used"; // a key in another window of this desk is a key, too
let used = performance.now(); // when somebody last did something here
let warned = false;

const limit = () => Number(document.body.dataset.idleSeconds) * 1000;

// Whoever works without asking the server for anything is still at work, and the server is told.
function active() {
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

function look() {
  if (!limit() || waiting()) return;
  const idle = Math.min(performance.now() - used, Date.now() - Number(localStorage.getItem(STORE)));
  if (idle > limit()) {
    warned = false;
    used = performance.now();
    // The form goes along and is kept; the password leads back to where it stands.
    const { pathname, search } = new URL(address());
    travel(`/lock?next=${encodeURIComponent(pathname + search)}`, { body: keyed("Lock") });
  } else if (idle > limit() - WARNED && !warned) {
    warned = true;
    tell("CSS994W", "Nobody has pressed a key for a while: this screen is locked in a minute, and what you keyed is kept. Any key keeps it open.");
  }
}

export function begin() {
  addEventListener("keydown", active, { capture: true });
  addEventListener("pointerdown", active, { capture: true });
  onArrival(() => { warned = false; });
  setInterval(look, 5000);
}
