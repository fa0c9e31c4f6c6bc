// F4: the values a field may have for what is keyed now. When something was keyed since the screen came, the server is
// asked again; when it has no answer, the list that came with the screen does.

import { $, all, cursor, say, step } from "./page.js";
import { ask, keyed, onArrival, target } from "./swap.js";
import { hold, release, replace } from "./buffer.js";
import { dirty } from "./keep.js";
import * as choices from "./choices.js";

const panel = (field) => $(`[data-values-for="${field.name}"]`);
const prompts = (field) => field.matches("[data-prompts]") || panel(field);

function listed(field) {
  const list = panel(field);
  return list && all("dt", list).map((code) => ({ code: code.textContent, words: code.nextElementSibling.textContent }));
}

async function fetched(field) {
  const stopper = new AbortController();
  hold({ key: "F4", stop: () => stopper.abort() });
  const data = keyed("Prompt");
  data.set("prompt", field.name);
  data.delete("command");
  try {
    const answer = await ask(target(), { method: "POST", body: data, signal: stopper.signal });
    const { values } = await answer.json();
    return values.map(([code, words]) => ({ code, words }));
  } catch {
    return null;
  }
}

export async function prompt() {
  const field = cursor();
  if (!field || !prompts(field)) return say("no list of values for this field");
  field.focus();
  if (choices.openFor() === field) return choices.close();
  const before = listed(field);
  const asks = field.matches("[data-prompts]") && (!before || dirty());
  const values = (asks && (await fetched(field))) || before;
  if (document.activeElement === field && values?.length) show(field, values);
  else say("no values for what is keyed so far");
  if (asks) release("plain");
}

// Words narrow the list; but a field may take several codes, and then the one the cursor is in is meant.
function meant(field, values) {
  const { value, selectionStart, selectionEnd } = field;
  const whole = /[^\s,]$/.test(value) && fitting(values, value);
  if (whole && whole.length) return [0, value.length, whole];
  const start = value.slice(0, selectionStart).search(/[^\s,]*$/);
  const end = selectionEnd + value.slice(selectionEnd).search(/[\s,]|$/);
  return [start, end, fitting(values, value.slice(start, end))];
}

function fitting(values, typed) {
  const words = typed.toUpperCase().split(/[\s,]+/).filter(Boolean);
  const fits = values.filter(({ code, words: said }) => {
    const parts = [code, ...said.split(/[\s,]+/)].map((part) => part.toUpperCase());
    return words.every((word) => parts.some((part) => part.startsWith(word)));
  });
  const first = ({ code }) => (code.toUpperCase().startsWith(words[0] || "") ? 0 : 1);
  return fits.sort((one, other) => first(one) - first(other));
}

function show(field, values) {
  // What stands there already is no wish to narrow.
  let before = field.value;
  let span;
  const list = panel(field);
  if (list) list.open = false; // one list at a time
  // A postcode whose addresses are listed, the last digits of a number: letters that follow are not part of it.
  const apart = Boolean(before.trim()) && !meant(field, values)[2].length && !/[\s,]$/.test(before);
  choices.open(field, {
    apart,
    label: `Values of ${field.labels?.[0]?.textContent || field.name}`,
    narrow: (typed) => {
      if (apart && typed !== field.value) {
        span = [0, field.value.length];
        return fitting(values, typed);
      }
      const [start, end, fits] = meant(field, values);
      span = [start, end];
      const code = typed.slice(start, end).toUpperCase();
      const stands = typed === before && (!fits.length || fits[0].code.toUpperCase() === code);
      before = null;
      return stands ? values : fits;
    },
    take: ({ code }) => {
      replace(field, code, ...span);
      step(1, (one) => one.matches("input, textarea"));
    },
  });
}

export function begin() {
  // Told beforehand to those who cannot see it: this field has a list.
  onArrival(() => all("main input").filter(prompts).forEach((field) => {
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-expanded", "false");
    field.setAttribute("aria-controls", "choices");
  }));
}
