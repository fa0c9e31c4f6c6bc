// The page in front of the operator: what stands where, and the three ways of saying something on it.

export const $ = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];
export const form = $("#screen");
export const command = () => $("#command");
export const main = () => $("main");

let field = null; // where the cursor is, or was before a button was pressed

export const cursor = () => (field && field.isConnected ? field : null);

addEventListener("focusin", ({ target }) => {
  if (!target.matches("input, textarea")) return;
  field = target;
  for (const panel of all("#wrap .values")) panel.open = panel.dataset.valuesFor === field.name;
});

// The line of a list that a key is about: the one the cursor is on, else the one whose number stands on the command line.
export const meant = () => {
  const typed = command()?.value.trim() || "";
  const row = document.activeElement.closest?.("[data-line]") || (/^\d{1,3}$/.test(typed) && $(`main [data-line="${Number(typed)}"]`));
  return (row && row.dataset.subject) || "";
};

// The short word on the status line.
export const say = (words) => { $("#keyed").textContent = words; };

// A message like the server's own, in a live region that has been there from the start; the same code once.
export function tell(code, words) {
  const line = document.createElement("p");
  line.className = { E: "error", W: "warning" }[code.at(-1)] || "information";
  line.dataset.told = code;
  const name = document.createElement("b");
  name.textContent = code;
  line.append(name, ` ${words}`);
  untell(code);
  $("#said").append(line);
}

export const untell = (code) => $(`#said [data-told="${code}"]`)?.remove();

// What scrolls: the body of the screen, or all of it in a small window.
export const scroller = () => (getComputedStyle($(".body")).overflowY === "visible" ? document.scrollingElement : $(".body"));

const visible = (one) => (one.checkVisibility ? one.checkVisibility() : one.getClientRects().length > 0);

// What Tab stops at, in order.
const stops = () => all("a[href], button, input, textarea, select, summary, [tabindex]").filter(
  (one) => one.tabIndex >= 0 && !one.disabled && one.type !== "hidden" && visible(one));

// To the next stop, or the next that fits; after the last comes the first.
export function step(direction, fits = () => true) {
  const at = document.activeElement;
  const list = stops().filter((one) => one !== at && fits(one));
  if (direction < 0) list.reverse();
  const side = direction > 0 ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING;
  const next = list.find((one) => at.compareDocumentPosition(one) & side) || list[0];
  next?.focus();
  if (next?.matches("input")) next.select();
}
