// A field for a name, with those who are enrolled as suggestions.

import { at, call } from "./api.js";
import { el, field, fill, newId } from "./dom.js";
import { getCollection } from "./session.js";
import { counted } from "./words.js";

const PAUSE = 200;
const MOST = 20;

/** @returns {{input: HTMLInputElement, node: HTMLElement}} */
export function nameField(label, value = "") {
  const list = el("datalist", { id: newId("names") });
  const input = el("input", { type: "text", list: list.id, maxlength: 200, autocomplete: "off", spellcheck: "false", required: true, value });
  const hint = el("span", { role: "status" });
  const node = field(label, input, hint);
  node.append(list);
  let timer = 0;
  let turn = 0;

  async function look() {
    const name = input.value.trim();
    const mine = (turn += 1);
    if (!name) {
      hint.textContent = "";
      return;
    }
    try {
      const [near, exact] = await Promise.all([
        call("GET", at("collections", getCollection(), "names"), { query: { part: name, limit: MOST }, quiet: true }),
        call("GET", at("collections", getCollection(), "people"), { query: { name }, quiet: true }),
      ]);
      if (mine !== turn) return;
      fill(list, near.people.map((each) => el("option", { value: each.name })));
      const [known] = exact.people;
      hint.textContent = known ? `${known.name} is enrolled, with ${counted(known.photos, "photo")}.` : `${name} is new.`;
    } catch {
      // Suggestions only; what is wrong is said when the name is used.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
  if (value) look();
  return { input, node };
}
