// Somebody enrolled: photos, name, history, and the end of the entry.

import { at, call, newOnce } from "./api.js";
import { button, el, field, fill } from "./dom.js";
import { confirm, open } from "./dialogs.js";
import { offer } from "./enrol.js";
import { done, loading, problem, say } from "./notices.js";
import { photos } from "./photos.js";
import { getCollection } from "./session.js";
import { takeBack } from "./undo.js";
import { counted, when } from "./words.js";

const ACTIONS = { enrol: "Enrolled", rename: "Renamed", merge: "Merged", move: "Photo moved", remove: "Photo removed" };

export function person(place, id) {
  const outcome = el("div");
  const body = el("div", { class: "stack" }, loading());
  const back = el("a", { href: "#/people" }, "All people");
  const heading = el("h1", { tabindex: "-1" }, "Person");
  fill(place, el("p", { class: "trail" }, back), heading, outcome, body);
  const path = (...more) => at("collections", getCollection(), "people", id, ...more);
  let gone = false;
  let end = () => {};

  async function read() {
    try {
      const { body: found, tag } = await call("GET", path(), { whole: true });
      if (gone) return;
      end();
      heading.textContent = found.name;
      document.title = `${found.name} – fewpix`;
      const list = photos(found, { path, outcome, again: read });
      end = list.end;
      fill(
        body,
        el("p", { class: "hint" }, `${counted(found.photos, "photo")} · enrolled ${when(found.created)}`),
        el("div", { class: "row bar" },
          button("Add photos", () => add(found)),
          button("Rename", () => rename(found, tag)),
          el("a", { class: "button", href: `#/events//${id}` }, "Seen by cameras"),
          button("Undo the last change", () => takeBack(outcome, read)),
          button("Delete this person", () => remove(found, tag), { class: "danger" })),
        el("section", { "aria-label": "Photos" }, el("h2", {}, "Photos"), list.node),
        el("section", { "aria-label": "History" }, el("h2", {}, "History"), history(found.history)),
      );
    } catch (error) {
      if (gone) return;
      fill(body, problem(error, error.code === "no-person" ? null : read));
    }
  }

  function add(found) {
    offer([], found.name);
    location.hash = "#/enrol";
  }

  async function rename(found, tag) {
    const input = el("input", { type: "text", value: found.name, maxlength: 200, required: true, autocomplete: "off" });
    const name = await open({
      title: `Rename ${found.name}`,
      body: [field("New name", input, "Nobody else may have it; to join two entries, merge them.")],
      action: "Rename",
      value: () => input.value.trim(),
      none: "",
    });
    if (!name || name === found.name) return;
    await change(() => call("PATCH", path(), { json: { name }, match: tag }), (after) => `${found.name} is called ${after.name} now.`);
  }

  async function remove(found, tag) {
    const sure = await confirm({
      title: `Delete ${found.name}?`,
      text: `${counted(found.photos, "photo")}, their embeddings, kept pixels and the history are overwritten. This cannot be taken back.`,
      action: "Delete for ever",
    });
    if (!sure) return;
    try {
      const gave = await call("DELETE", path(), { once: newOnce(), match: tag });
      say(`${found.name} was deleted.`);
      heading.textContent = `${found.name} was deleted`;
      fill(outcome, done("Photos, embeddings, kept pixels and history are gone.", gave.remains ? el("p", {}, `Not overwritten yet: ${gave.remains}.`) : null));
      fill(body, el("a", { class: "button main", href: "#/people" }, "All people"));
      heading.focus();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  async function change(work, told) {
    try {
      const text = told(await work());
      fill(outcome, done(text));
      say(text);
      await read();
    } catch (error) {
      fill(outcome, problem(error));
      if (error.code === "changed") await read();
    }
  }

  read();
  return () => {
    gone = true;
    end();
  };
}

function history(events) {
  if (!events.length) return el("p", { class: "hint" }, "Nothing was done to this entry since it was made.");
  return el(
    "ol",
    { class: "history" },
    events.map((event) => el("li", {}, el("span", {}, `${ACTIONS[event.action] ?? event.action}: ${event.detail}`), el("span", { class: "hint" }, when(event.created)))),
  );
}
