// Who changed what and when; names stand in the log as keyed digests only.

import { call } from "./api.js";
import { button, el, field, fill } from "./dom.js";
import { loading, problem } from "./notices.js";
import { getCollection } from "./session.js";
import { counted, when } from "./words.js";

const PAGE = 25;

export function audit() {
  const body = el("tbody");
  const more = el("div", { class: "more" }, loading());
  const here = el("select", {}, el("option", { value: "" }, "all"), el("option", { value: "here" }, "the one in use"));
  const person = el("input", { type: "search", maxlength: 200, autocomplete: "off" });
  let turn = 0;

  async function read(cursor = null) {
    const mine = cursor ? turn : (turn += 1);
    const only = person.value.trim();
    const query = { limit: PAGE, cursor, collection: here.value || only ? getCollection() : "", person: only };
    try {
      const page = await call("GET", "audit", { query });
      if (mine !== turn) return;
      if (!cursor) fill(body);
      body.append(...page.entries.map(row));
      fill(more, page.next ? button("Show earlier entries", () => read(page.next)) : body.childElementCount ? null : el("p", { class: "hint" }, "Nothing was changed yet."));
    } catch (error) {
      fill(more, problem(error, error.code === "scope" ? null : () => read(cursor)));
    }
  }

  here.addEventListener("change", () => read());
  person.addEventListener("change", () => read());
  read();
  return el("div", {},
    el("div", { class: "row bottom" }, field("Collection", here), field("About somebody named exactly", person)),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Entries" },
      el("table", {},
        el("thead", {}, el("tr", {}, ["When", "Key", "What", "Collection", "Outcome"].map((text) => el("th", { scope: "col" }, text)))), body)),
    more);
}

function row(entry) {
  const counts = Object.entries(entry.counts).filter(([, n]) => n).map(([what, n]) => (what === "people" ? counted(n, "person", "people") : what === "photos" ? counted(n, "photo") : `${n} ${what}`)).join(", ");
  return el("tr", {},
    el("td", {}, when(entry.time)),
    el("td", {}, entry.who),
    el("td", {}, entry.action.replace(".", ": ")),
    el("td", {}, entry.collection),
    el("td", { class: "wrap" }, entry.outcome === "begun" ? "begun, never ended" : entry.outcome, counts ? ` (${counts})` : ""));
}
