// The keyboard: function keys, the command line, lists. Everything here has a visible button or link that does the same,
// so a browser without script loses speed and nothing else.

const form = document.getElementById("screen");
const command = document.getElementById("command");
const keyed = document.getElementById("keyed");
const FUNCTION_KEY = /^F([1-9]|1[0-2])$/;
let field = null; // where the cursor is, or was before a button was pressed
let sent = false;

const say = (words) => { if (keyed) keyed.textContent = words; };
const keyName = (event) => (event.shiftKey ? "S-" : "") + event.key;
const button = (name) => document.querySelector(`[data-key="${name}"]`);

function press(name) {
  if (name === "F1") return help();
  if (name === "F4") return values();
  if (name === "F7" || name === "F8") return turn(name === "F8" ? 1 : -1);
  if (name === "F9") return recall();
  if (name === "F10") return command ? (command.focus(), command.select()) : undefined;
  const target = button(name);
  if (target) return target.click();
  say(`${name.replace("S-", "Shift+")} does nothing here`);
}

function help() {
  const panel = document.getElementById("help");
  if (!panel) return;
  panel.open = !panel.open;
  panel.querySelectorAll(".is-here").forEach((one) => one.classList.remove("is-here"));
  const entry = field && document.getElementById(`help-${field.name}`);
  if (panel.open && entry) entry.classList.add("is-here");
  if (panel.open) (entry || panel).scrollIntoView({ block: "nearest" });
}

function values() {
  const panel = field && document.querySelector(`[data-values-for="${field.name}"]`);
  if (!panel) return say("no list of values for this field");
  panel.open = !panel.open;
  if (panel.open) panel.scrollIntoView({ block: "nearest" });
}

function recall() {
  if (!command) return;
  command.value = sessionStorage.getItem("css-last-command") || "";
  command.focus();
}

// A page back or forward, as Page Up and Page Down do it wherever the cursor is.
function turn(direction) {
  const body = document.querySelector(".body");
  body.scrollBy({ top: direction * body.clientHeight * 0.9 });
}

// "3" opens line 3 of the list on the screen; "3 FL01" opens that screen for what line 3 is about.
function line(text) {
  const found = /^(\d{1,3})(?:\s+([a-z]{2}\d{2}))?$/i.exec(text.trim());
  const row = found && document.querySelector(`[data-line="${Number(found[1])}"]`);
  if (!row) return false;
  if (found[2]) location.assign(`/s/${found[2].toUpperCase()}/${encodeURIComponent(row.dataset.subject)}`);
  else row.click();
  return true;
}

function move(event) {
  const rows = [...document.querySelectorAll("[data-line]")];
  const at = rows.indexOf(document.activeElement);
  const inField = document.activeElement && document.activeElement.matches("input, textarea") && document.activeElement !== command;
  if (!rows.length || inField) return;
  event.preventDefault();
  const next = event.key === "ArrowDown" ? at + 1 : at === -1 ? rows.length - 1 : at - 1;
  (rows[next] || command || rows[0]).focus();
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey || event.isComposing) return;
  if (event.ctrlKey) {
    if (event.key.toLowerCase() === "k") { event.preventDefault(); press("F10"); }
    return;
  }
  if (FUNCTION_KEY.test(event.key)) {
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) press(keyName(event));
  } else if (event.key === "PageDown" || event.key === "PageUp") {
    event.preventDefault();
    turn(event.key === "PageDown" ? 1 : -1);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    move(event);
  } else if (event.key === "Enter" && event.target === command && command.value.trim()) {
    sessionStorage.setItem("css-last-command", command.value);
    if (line(command.value)) event.preventDefault();
  } else if (event.key === "Enter" && !event.shiftKey && !event.target.matches("input, a, button, summary")) {
    event.preventDefault();
    form.querySelector(".default-key").click();
  }
}, { capture: true });

function arrived(event) {
  if (!event.target.matches("input, textarea")) return;
  field = event.target;
  document.querySelectorAll(".values").forEach((panel) => { panel.open = panel.dataset.valuesFor === field.name; });
}
document.addEventListener("focusin", arrived);

if (form) {
  form.addEventListener("submit", (event) => {
    // One press, one post; the token would see to it anyway.
    if (sent) return event.preventDefault();
    sent = true;
    form.elements.cursor.value = field ? field.name : "";
    say("…");
  });
}
addEventListener("pageshow", () => { sent = false; });

// Put the cursor where the page says, sooner than the browser would: it waits for the first picture, fingers do not.
// What stands in the field already is replaced by typing, but whoever was faster than this script keeps what they typed.
const start = document.querySelector("[autofocus]");
if (start) {
  start.focus();
  arrived({ target: start });
  if (start.value && start.value === start.defaultValue) start.select();
}

const [page] = performance.getEntriesByType("navigation");
const told = Object.fromEntries((page ? page.serverTiming : []).map((one) => [one.name, one]));
const response = document.getElementById("response");
if (response && told.total) {
  const parts = [response.dataset.class, `${told.total.duration.toFixed(0)} ms`];
  if (told.db) parts.push(`database ${told.db.duration.toFixed(0)} ms`, `${told.db.description} statements`);
  response.textContent = parts.filter(Boolean).join("  ");
}
