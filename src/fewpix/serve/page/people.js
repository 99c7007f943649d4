// The people of a collection: a list that goes on as it is read, search, and several entries made one.

import { at, call, newOnce } from "./api.js";
import { button, el, fill, tick } from "./dom.js";
import { open } from "./dialogs.js";
import { done, empty, loading, problem, say } from "./notices.js";
import { person } from "./person.js";
import { getCollection } from "./session.js";
import { takeBack } from "./undo.js";
import { counted, when } from "./words.js";

const PAGE = 100;
const PAUSE = 200;

export const title = "People";
export const needsCollection = true;

export function show(place, [id]) {
  return id ? person(place, id) : list(place);
}

function list(place) {
  const chosen = new Map();
  const search = el("input", { type: "search", autocomplete: "off", placeholder: "A part of a name", "aria-label": "Search people by name" });
  const count = el("p", { class: "hint", role: "status" });
  const outcome = el("div");
  const rows = el("ul", { class: "roll", "aria-label": "People" });
  const more = el("div", { class: "more" });
  const merging = button("Merge the chosen", () => merge(), { disabled: true });
  const undoing = button("Undo the last change", () => takeBack(outcome, begin));
  let reading = 0;
  let next = null;
  let shown = 0;
  let timer = 0;
  let busy = false;

  const watcher = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && next && read(), { rootMargin: "400px" });

  async function begin() {
    reading += 1;
    next = null;
    shown = 0;
    busy = false;
    chosen.clear();
    merging.disabled = true;
    fill(rows);
    await read();
  }

  async function read() {
    if (busy) return;
    busy = true;
    const mine = reading;
    const text = search.value.trim();
    const path = at("collections", getCollection(), text ? "names" : "people");
    fill(more, loading("Reading names."));
    try {
      const page = await call("GET", path, { query: { limit: PAGE, cursor: next, part: text } });
      if (mine !== reading) return;
      next = page.next;
      shown += page.people.length;
      rows.append(...page.people.map(row));
      fill(more, next ? button("Show more", read) : null);
      if (!shown) fill(more, nobody(text));
      count.textContent = shown ? `${counted(shown, "person", "people")} shown${next ? ", and there are more" : ""}` : "";
      if (next) watcher.observe(more);
      else watcher.unobserve(more);
    } catch (error) {
      if (mine === reading) fill(more, problem(error, read));
    } finally {
      if (mine === reading) busy = false;
    }
    // The end may still be in sight after a short page; the watcher tells changes only.
    if (mine === reading && next && more.isConnected && more.getBoundingClientRect().top < innerHeight + 400) await read();
  }

  function row(each) {
    const { box, node } = tick(el("span", { class: "unseen" }, `Choose ${each.name}`));
    box.addEventListener("change", () => {
      if (box.checked) chosen.set(each.id, each);
      else chosen.delete(each.id);
      merging.disabled = chosen.size < 2;
      merging.textContent = chosen.size > 1 ? `Merge the ${chosen.size} chosen` : "Merge the chosen";
    });
    return el(
      "li",
      {},
      node,
      el("a", { href: `#/people/${each.id}` }, each.name),
      el("span", { class: "hint number" }, counted(each.photos, "photo")),
      el("span", { class: "hint wide-only" }, when(each.created)),
    );
  }

  async function merge() {
    const people = [...chosen.values()];
    const kept = el("select", {}, people.map((each) => el("option", { value: each.id }, `${each.name} (${counted(each.photos, "photo")})`)));
    const into = await open({
      title: `Merge ${people.length} entries`,
      body: [
        el("p", {}, "They are one person: all photos and the history go to one entry, and the others end."),
        el("label", { class: "field" }, "The entry that stays", kept),
      ],
      action: "Merge",
      value: () => kept.value,
      none: "",
    });
    if (!into) return;
    const ending = people.filter((each) => each.id !== into).map((each) => each.id);
    try {
      const after = await call("POST", at("collections", getCollection(), "people", into, "merge"), { json: { people: ending }, once: newOnce() });
      fill(outcome, done(`${after.name} has ${counted(after.photos, "photo")} now.`));
      say(`Merged into ${after.name}.`);
      await begin();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(begin, PAUSE);
  });
  fill(
    place,
    el("div", { class: "row between" }, el("h1", { tabindex: "-1" }, "People"), el("a", { class: "button main", href: "#/enrol" }, "Enrol somebody")),
    el("div", { class: "row bar" }, search, merging, undoing),
    outcome,
    count,
    rows,
    more,
  );
  begin();
  return () => {
    reading += 1;
    clearTimeout(timer);
    watcher.disconnect();
  };
}

function nobody(text) {
  if (text) return empty(`Nobody's name contains "${text}".`, el("p", {}, "A part of the name is enough; capitals do not matter."));
  return empty("Nobody is enrolled in this collection yet.", el("a", { class: "button main", href: "#/enrol" }, "Enrol somebody"));
}
