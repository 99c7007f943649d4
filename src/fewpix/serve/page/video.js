// Films: sent, and what became of each.

import { at, call, newOnce } from "./api.js";
import { TEMPLATES } from "./camera_form.js";
import { button, el, field, fill, tick } from "./dom.js";
import { RATES, SCORE } from "./identify.js";
import { badge, film, isOpen, share } from "./film.js";
import { empty, loading, problem, say } from "./notices.js";
import { dropZone } from "./pictures.js";
import { getCollection } from "./session.js";
import { upload } from "./upload.js";
import { when } from "./words.js";

const PAGE = 25;
const EVERY = 2000;

export const title = "Video";
export const needsCollection = true;

export function show(place, [id]) {
  return id ? film(place, id) : list(place);
}

function list(place) {
  const outcome = el("div");
  const rows = el("ul", { class: "roll films", "aria-label": "Films" });
  const more = el("div", { class: "more" }, loading());
  const rates = el("select", {}, RATES.filter(([value]) => value !== SCORE).map(([value, text]) => el("option", { value }, text)));
  const keep = tick("Keep the film as long as its result");
  const crops = tick("Keep up to three pictures of every face that is followed");
  const templates = tick(TEMPLATES);
  const zone = dropZone({ label: "A film", film: true, paste: false, take: ([file]) => send(file) });
  let timer = 0;
  let gone = false;
  let sending = null;

  async function send(file) {
    sending?.end();
    const bar = el("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
    const once = newOnce();
    const query = { fpir: rates.value, keep: keep.box.checked, store_crops: crops.box.checked, store_templates: templates.box.checked, name: file.name };
    const mine = upload(at("collections", getCollection(), "videos"), file, { query, once, progress: (part) => (bar.value = part) });
    sending = mine;
    fill(outcome, el("div", { class: "notice" }, el("p", {}, `Sending ${file.name}.`), bar, button("Break off", () => mine.end())));
    try {
      const job = await mine.answer;
      fill(outcome);
      say(`${file.name} is there.`);
      if (!gone) location.hash = `#/video/${job.id}`;
    } catch (error) {
      if (sending === mine) fill(outcome, problem(error, () => send(file)));
    }
  }

  async function read(cursor = null) {
    clearTimeout(timer);
    try {
      const page = await call("GET", "jobs", { query: { limit: PAGE, cursor } });
      if (gone) return;
      const made = page.jobs.filter((job) => job.kind === "video").map(row);
      if (cursor) rows.append(...made);
      else fill(rows, made);
      fill(more, page.next ? button("Show earlier films", () => read(page.next)) : rows.childElementCount ? null : empty("No film was sent yet.", el("p", {}, "Faces are followed through it, and each is named once.")));
      if (page.jobs.some(isOpen) && !cursor && rows.childElementCount <= PAGE) timer = setTimeout(read, EVERY);
    } catch (error) {
      if (!gone) fill(more, problem(error, () => read(cursor)));
    }
  }

  fill(
    place,
    el("h1", { tabindex: "-1" }, "Who is in a film?"),
    el("div", { class: "split" }, zone.node, el("div", { class: "stack" },
      field("Name a face when strangers are named in at most", rates, "The rarer, the fewer false names, and the more faces stay unknown."),
      keep.node, crops.node, templates.node)),
    outcome,
    el("section", { class: "part", "aria-label": "Films" }, el("h2", {}, "Films"), rows, more),
  );
  read();
  return () => {
    gone = true;
    clearTimeout(timer);
    sending?.end();
    zone.end();
  };
}

function row(job) {
  return el("li", {},
    el("a", { href: `#/video/${job.id}` }, job.name),
    job.state === "running" ? share(job) : null,
    badge(job),
    el("span", { class: "hint wide-only" }, when(job.created)));
}
