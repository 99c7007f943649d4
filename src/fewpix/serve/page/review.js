// Unknown people who come back, and names that were put right: a queue for somebody who looks at the pictures.

import { at, call, newOnce } from "./api.js";
import { corrections } from "./corrections.js";
import { button, el, field, fill } from "./dom.js";
import { done, empty, loading, problem, say } from "./notices.js";
import { getCollection } from "./session.js";
import { strangerCard } from "./stranger_card.js";
import { counted } from "./words.js";

const PAGE = 30;
const SHOWN = [
  ["2", "who came back"],
  ["1", "all"],
  ["ignored", "ignored"],
];

export const title = "Review";
export const needsCollection = true;

export function show(place) {
  const which = el("select", {}, SHOWN.map(([value, text]) => el("option", { value }, text)));
  const cameras = el("select", {}, el("option", { value: "" }, "all"));
  const outcome = el("div");
  const count = el("p", { class: "hint", role: "status" });
  const list = el("ul", { class: "strangers", "aria-label": "Unknown people" });
  const more = el("div", { class: "more" });
  const join = button("These are one person", merge, { disabled: true });
  const wrong = corrections(outcome);
  const cards = new Map();
  let turn = 0;
  let next = null;

  const path = (...parts) => at("collections", getCollection(), "groups", ...parts);
  const chosen = () => [...cards].filter(([, card]) => card.chosen()).map(([id]) => id);

  async function begin() {
    const mine = (turn += 1);
    next = null;
    cards.clear();
    fill(list);
    fill(more, loading("Reading unknown people."));
    await read(mine);
  }

  async function read(mine = turn) {
    const ignored = which.value === "ignored";
    const query = { camera: cameras.value, ignored, least: ignored ? 0 : which.value, limit: PAGE, cursor: next };
    try {
      const page = await call("GET", path(), { query });
      if (mine !== turn) return;
      for (const group of page.groups) put(group);
      next = page.next;
      fill(more, next ? button("Show more", () => read()) : cards.size ? null : nothing());
      counting();
    } catch (error) {
      if (mine === turn) fill(more, problem(error, begin));
    }
  }

  function put(group) {
    const card = strangerCard(group, { path, outcome, looked: counting, changed });
    cards.set(group.id, card);
    list.append(card.node);
  }

  /** A group is named, ignored or deleted: it is none of this list any more. */
  function changed(id, text) {
    const index = [...cards.keys()].indexOf(id);
    cards.get(id).node.remove();
    cards.delete(id);
    if (!cards.size && !next) fill(more, nothing());
    counting();
    fill(outcome, done(text));
    say(text);
    const following = [...cards.values()][Math.min(index, cards.size - 1)];
    (following?.node.querySelector("h2") ?? place.querySelector("h1")).focus();
  }

  async function merge() {
    const [into, ...groups] = chosen();
    try {
      await call("POST", path(into, "merge"), { json: { groups }, once: newOnce() });
      const text = `${counted(groups.length + 1, "group")} are one now.`;
      fill(outcome, done(text));
      say(text);
      await begin();
      cards.get(into)?.node.querySelector("h2").focus();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  function counting() {
    const selected = chosen().length;
    join.disabled = selected < 2;
    count.textContent = cards.size ? `${counted(cards.size, "unknown person", "unknown people")} shown${next ? ", and there are more" : ""}${selected ? `, ${selected} selected` : ""}` : "";
  }

  function nothing() {
    return empty(which.value === "ignored" ? "Nobody is ignored." : "Nobody unknown is waiting here.",
      el("p", {}, "Cameras and films that keep templates put unknown people who are alike into groups. A camera is told so when it is added or changed, a film when it is sent; nothing is kept otherwise."),
      el("a", { class: "button", href: "#/cameras" }, "Cameras"));
  }

  async function choices() {
    try {
      const found = await call("GET", "cameras");
      cameras.append(...found.cameras.map((each) => el("option", { value: each.name }, each.name)));
    } catch {
      // The list says what is wrong.
    }
    await begin();
  }

  for (const each of [which, cameras]) each.addEventListener("change", begin);
  fill(place,
    el("h1", { tabindex: "-1" }, "Review"),
    el("p", { class: "hint" }, "Whoever is put together here is alike to the model, and need not be one person: look at the pictures."),
    el("div", { class: "filters" }, field("Unknown people", which), field("Camera", cameras)),
    outcome,
    el("div", { class: "row bar" }, join, count),
    list, more, wrong.node);
  choices();
  return () => {
    turn += 1;
    wrong.end();
  };
}
