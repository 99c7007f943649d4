// Photos into the collection, each with its verdict at once.

import { at, call, newOnce } from "./api.js";
import { button, el, fill, tick } from "./dom.js";
import { enrolRow } from "./enrol_row.js";
import { nameField } from "./name_field.js";
import { problem, say } from "./notices.js";
import { dropZone } from "./pictures.js";
import { getCollection } from "./session.js";
import { takeBack } from "./undo.js";
import { counted } from "./words.js";

let offered = { files: [], name: "" };

/** Photos, and to whom, for the next time that this view is shown. */
export function offer(files, name = "") {
  offered = { files, name };
}

export const title = "Enrol";
export const needsCollection = true;

export function show(place) {
  const { files, name } = offered;
  offered = { files: [], name: "" };
  const who = nameField("Whom do the photos show?", name);
  const keep = tick("Keep the faces' pixels, so that this page can show them and another model can embed them later");
  const largest = tick("Of several faces in a photo take the largest");
  const poor = tick("Take photos with too little detail, too, with a warning");
  const waiting = el("ul", { class: "enrolled", "aria-label": "Photos" });
  const tally = el("p", { class: "hint", role: "status" });
  const outcome = el("div");
  const rows = [];
  let gone = false;
  let running = false;

  const send = el("button", { type: "submit", class: "main" }, "Enrol");
  const retry = button("Try the refused ones again", () => {
    rows.filter((row) => row.state === "refused").forEach((row) => row.wait());
    count();
    run();
  }, { hidden: true });
  const undo = button("Undo the last photo", () => takeBack(outcome, async () => {
    rows.filter((row) => row.state === "enrolled").at(-1)?.undone();
    count();
  }), { hidden: true });

  const zone = dropZone({ label: "Photos with one face each", many: true, take: add });
  const form = el(
    "form",
    { class: "stack", on: { submit: (event) => (event.preventDefault(), run()) } },
    who.node,
    el("fieldset", {}, el("legend", {}, "How photos are taken"), keep.node, largest.node, poor.node),
    el("div", { class: "row" }, send, retry, undo),
  );

  function add(more) {
    for (const file of more) {
      const row = enrolRow(file, () => {
        rows.splice(rows.indexOf(row), 1);
        count();
      });
      rows.push(row);
      waiting.append(row.node);
    }
    count();
    if (!who.input.value.trim()) who.input.focus();
  }

  function count() {
    const of = (state) => rows.filter((row) => row.state === state).length;
    const said = [["waiting", "waiting"], ["enrolled", "enrolled"], ["there", "there already"], ["refused", "refused"]];
    tally.textContent = rows.length ? said.filter(([state]) => of(state)).map(([state, text]) => `${of(state)} ${text}`).join(", ") : "";
    send.disabled = running || !of("waiting");
    send.textContent = of("waiting") ? `Enrol ${counted(of("waiting"), "photo")}` : "Enrol";
    retry.hidden = !of("refused") || running;
    undo.hidden = !of("enrolled") || running;
  }

  async function run() {
    const person = who.input.value.trim();
    if (running || !person) return;
    running = true;
    fill(outcome);
    for (let row; !gone && (row = rows.find((each) => each.state === "waiting")); ) {
      row.work();
      count();
      try {
        const query = { name: person, keep: keep.box.checked, largest: largest.box.checked, accept_poor: poor.box.checked };
        const path = at("collections", getCollection(), "photos");
        const { enrolled: [done] } = await call("POST", path, { query, files: [row.file], once: newOnce() });
        row.taken(done);
      } catch (error) {
        row.refused(error);
        if (!("fix" in error) || ["no-key", "scope", "lost", "not-ready", "no-collection", "space"].includes(error.code)) {
          // The others would fare no better.
          fill(outcome, problem(error));
          row.wait();
          break;
        }
      }
    }
    running = false;
    count();
    say(tally.textContent);
  }

  fill(
    place,
    el("h1", { tabindex: "-1" }, "Enrol photos"),
    el("div", { class: "split" }, zone.node, form),
    outcome,
    el("section", { "aria-label": "Photos and their verdicts" }, tally, waiting),
  );
  add(files);
  count();
  return () => {
    gone = true;
    zone.end();
  };
}
