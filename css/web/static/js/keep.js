// Nothing keyed is lost: two seconds after typing stops, and when the page is hidden or closed, the form is sent with the
// key Keep, which only saves it to its conversation.

import { $, all, form, say } from "./page.js";
import { ask, kept as readdress, keyed, onArrival, overtaken, target } from "./swap.js";
import { waiting } from "./buffer.js";

const REST = 2000;
let kept = ""; // the fields as the server has them
let shown = ""; // the fields as the screen arrived
let timer;

// What is no conversation is not kept, and a password nowhere: it is not even sent.
const converses = () => form.elements.leave;
const secrets = () => all("[type=password]", form).map((one) => one.name);

function fields() {
  const data = new URLSearchParams(new FormData(form));
  for (const name of ["csrf_token", "command", "cursor", ...secrets()]) data.delete(name);
  return data.toString();
}

// Whether something was keyed since the screen arrived.
export const dirty = () => fields() !== shown;

// Where what is keyed can be had again, once it is kept.
export function address(here) {
  const at = new URL(here);
  if (converses() && dirty()) at.searchParams.set("c", form.elements.token.value);
  return at.href;
}

export async function now(beacon = false) {
  clearTimeout(timer);
  const found = fields();
  if (!converses() || found === kept || (waiting() && !beacon)) return;
  const data = keyed("Keep");
  for (const name of ["command", ...secrets()]) data.delete(name);
  const before = kept;
  const to = target();
  kept = found;
  if (beacon) return navigator.sendBeacon(to, data);
  try {
    const answer = await ask(to, { method: "POST", body: data, keepalive: true });
    if (answer.status !== 204 && !(await overtaken(answer))) throw new Error();
    if (answer.status === 204 && !waiting() && target() === to) readdress();
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
