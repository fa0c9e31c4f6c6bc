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

// A field may take several codes: the one the cursor is in is meant.
function word(field) {
  const end = field.value.slice(field.selectionEnd).search(/[\s,]|$/) + field.selectionEnd;
  const start = field.value.slice(0, field.selectionStart).search(/[^\s,]*$/);
  return [start, end, field.value.slice(start, end).toUpperCase()];
}

function show(field, values) {
  let isNew = true;
  choices.open(field, {
    label: `Values of ${field.labels?.[0]?.textContent || field.name}`,
    narrow: () => {
      const typed = word(field)[2];
      const fits = values.filter(({ code, words }) => code.toUpperCase().startsWith(typed) || words.toUpperCase().split(/[\s,]+/).some((one) => one.startsWith(typed)));
      const all_ = isNew && (!fits.length || values.some(({ code }) => code.toUpperCase() === typed));
      isNew = false;
      const first = (one) => (one.code.toUpperCase().startsWith(typed) ? 0 : 1);
      return all_ ? values : fits.sort((one, other) => first(one) - first(other));
    },
    take: ({ code }) => {
      const [start, end] = word(field);
      replace(field, code, start, end);
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
