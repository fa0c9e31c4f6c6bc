// Nothing keyed is lost: two seconds after typing stops, and when the page is hidden or closed, the form is sent with the
// key Keep, which only saves it to its conversation.

import { $, form, say } from "./page.js";
import { ask, keyed, onArrival, target } from "./swap.js";
import { waiting } from "./buffer.js";

const REST = 2000;
let kept = ""; // the fields as the server has them
let shown = ""; // the fields as the screen arrived
let timer;

// A password is kept nowhere, and what has no token is no conversation.
const converses = () => form.elements.token && !$("[type=password]", form);

function fields() {
  const data = new URLSearchParams(new FormData(form));
  for (const name of ["csrf_token", "command", "cursor"]) data.delete(name);
  return data.toString();
}

// Whether something was keyed since the screen arrived.
export const dirty = () => fields() !== shown;

export async function now(beacon = false) {
  clearTimeout(timer);
  const found = fields();
  if (!converses() || found === kept || (waiting() && !beacon)) return;
  const data = keyed("Keep");
  data.delete("command");
  const before = kept;
  kept = found;
  if (beacon) return navigator.sendBeacon(target(), data);
  try {
    const answer = await ask(target(), { method: "POST", body: data, keepalive: true });
    if (!answer.ok || answer.redirected) throw new Error();
    if ($("#keyed").textContent === "not kept") say("");
  } catch {
    if (kept === found) kept = before;
    if (!waiting()) say("not kept");
    timer = setTimeout(now, 5 * REST);
  }
}

export function begin() {
  onArrival(() => {
    clearTimeout(timer);
    kept = shown = fields();
  });
  addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(now, REST);
  });
  addEventListener("pagehide", () => now(true));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") now(true); });
}
