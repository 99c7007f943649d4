// Names that somebody said to be wrong, which are used from then on, and can be taken back.

import { at, call, newOnce } from "./api.js";
import { button, el, fill } from "./dom.js";
import { done, problem, say } from "./notices.js";
import { getCollection } from "./session.js";
import { when } from "./words.js";

const PAGE = 50;

/** @returns {{node: HTMLElement, end: function}} a section, which is not shown as long as there is none. */
export function corrections(outcome) {
  const list = el("ul", { class: "history put-right", "aria-label": "Corrections" });
  const more = el("div", { class: "more" });
  const node = el("section", { class: "stack", "aria-label": "Corrections", hidden: true },
    el("h2", {}, "Names put right"),
    el("p", { class: "hint" }, "Whoever is more like one of these faces than like the person is not given the name."), list, more);
  const names = new Map();
  let ended = false;
  let next = null;

  async function nameOf(person) {
    if (!names.has(person)) {
      const found = call("GET", at("collections", getCollection(), "people", person)).then((each) => each.name, () => "somebody");
      names.set(person, found);
    }
    return names.get(person);
  }

  async function read() {
    try {
      const page = await call("GET", at("collections", getCollection(), "corrections"), { query: { limit: PAGE, cursor: next } });
      const shown = await Promise.all(page.corrections.map(async (each) => row(each, await nameOf(each.person_id))));
      if (ended) return;
      next = page.next;
      list.append(...shown);
      fill(more, next ? button("Show more corrections", read) : null);
      node.hidden = !list.childElementCount;
    } catch (error) {
      if (!ended) fill(outcome, problem(error));
    }
  }

  function row(correction, name) {
    const made = el("li", {},
      el("a", { href: `#/people/${correction.person_id}` }, `Not ${name}`),
      el("span", { class: "hint" }, `${correction.camera || "a film"}, ${when(correction.created)}`),
      button("Take back", () => takeBack(correction, name, made), { "aria-label": `Take back: not ${name}, ${when(correction.created)}` }));
    return made;
  }

  async function takeBack(correction, name, made) {
    try {
      await call("DELETE", at("collections", getCollection(), "corrections", correction.id), { once: newOnce() });
      made.remove();
      node.hidden = !list.childElementCount;
      const text = `The correction of ${name} was taken back.`;
      fill(outcome, done(text));
      say(text);
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  read();
  return { node, end: () => (ended = true) };
}
