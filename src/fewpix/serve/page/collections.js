// Collections: made, chosen, deleted.

import { at, call, newOnce } from "./api.js";
import { changed } from "./chooser.js";
import { button, el, field, fill } from "./dom.js";
import { confirm } from "./dialogs.js";
import { done, empty, loading, problem, say } from "./notices.js";
import { getCollection, setCollection } from "./session.js";
import { counted, number } from "./words.js";

const MOST_COUNTED = 50;

export function collections() {
  const list = el("div", {}, loading());
  const outcome = el("div");

  async function read() {
    try {
      const { collections: names } = await call("GET", "collections");
      if (!names.length) {
        fill(list, empty("There is no collection yet.", el("p", {}, "A collection holds the people who can be named.")));
        return;
      }
      const rows = names.map((name) => row(name));
      fill(list, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All collections" },
        el("table", {},
          el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Name"), ["People", "Photos"].map((text) => el("th", { scope: "col", class: "number" }, text)), el("td"))),
          el("tbody", {}, rows))));
    } catch (error) {
      fill(list, problem(error, read));
    }
  }

  function row(name) {
    const people = el("td", { class: "number" });
    const photos = el("td", { class: "number" });
    const acts = el("td", {}, el("div", { class: "row" },
      name === getCollection() ? el("span", { class: "badge" }, "in use") : button("Use", () => use(name), { "aria-label": `Use ${name}` }),
      button("Delete", () => remove(name), { class: "danger", "aria-label": `Delete the collection ${name}` })));
    if (counting < MOST_COUNTED) {
      counting += 1;
      call("GET", at("collections", name)).then((found) => {
        people.textContent = number(found.people);
        photos.textContent = number(found.photos);
        if (found.fixed) acts.querySelector(".danger").replaceWith(el("span", { class: "hint" }, "lies elsewhere"));
      }, () => fill(people, el("span", { class: "hint" }, "cannot be read")));
    }
    return el("tr", {}, el("th", { scope: "row" }, name), people, photos, acts);
  }
  let counting = 0;

  async function use(name) {
    setCollection(name);
    await changed();
    say(`The collection ${name} is in use.`);
    counting = 0;
    await read();
  }

  async function remove(name) {
    try {
      const found = await call("GET", at("collections", name));
      const sure = await confirm({
        title: `Delete the collection ${name}?`,
        text: `${counted(found.people, "person", "people")} with ${counted(found.photos, "photo")} are overwritten. This cannot be taken back.`,
        action: "Delete for ever",
        typed: name,
      });
      if (!sure) return;
      const gave = await call("DELETE", at("collections", name), { once: newOnce() });
      fill(outcome, done(`The collection ${name} was deleted.`, gave.remains ? el("p", {}, `Not overwritten yet: ${gave.remains}.`) : null));
      say(`The collection ${name} was deleted.`);
      await changed();
      counting = 0;
      await read();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  read();
  return el("div", {}, list, outcome, makeCollection(async () => {
    counting = 0;
    await read();
  }));
}

/** A form that makes a collection and takes it into use; `after` is called then. */
export function makeCollection(after) {
  const outcome = el("div");
  const name = el("input", { type: "text", required: true, pattern: "[a-z0-9][a-z0-9_\\-]*", maxlength: 63, autocomplete: "off", spellcheck: "false" });
  async function make(event) {
    event.preventDefault();
    const wanted = name.value.trim();
    try {
      await call("POST", "collections", { json: { name: wanted }, once: newOnce() });
      setCollection(wanted);
      name.value = "";
      fill(outcome);
      await changed();
      say(`The collection ${wanted} was made.`);
      await after();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }
  return el("form", { class: "stack", on: { submit: make } },
    el("div", { class: "row bottom" }, field("New collection (small letters, digits, - and _)", name), el("button", { type: "submit" }, "Make it")), outcome);
}
