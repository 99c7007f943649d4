// One film: how far it is, and its tracks as they come.

import { at, call, newOnce } from "./api.js";
import { asking } from "./asking.js";
import { button, el, fill } from "./dom.js";
import { confirm } from "./dialogs.js";
import { candidates, why } from "./face_card.js";
import { loading, problem, say } from "./notices.js";
import { nameOf, ruleOf, titleOf } from "./verdict.js";
import { clock, counted, px, qualityWords, sentence, when } from "./words.js";

const EVERY = 1000;
const PAGE = 200;
const WORDS = { waiting: "waiting", running: "looked at now", done: "done", failed: "failed", cancelled: "cancelled" };
const KINDS = { waiting: "", running: "there", done: "named", failed: "refused", cancelled: "" };

export const isOpen = (job) => job.state === "waiting" || job.state === "running";

export const badge = (job) => el("span", { class: `badge ${KINDS[job.state]}` }, WORDS[job.state]);

/** How far a film is. */
export function share(job) {
  const part = job.progress?.share;
  return el("progress", { max: 1, value: part ?? null, "aria-label": `${job.name}: ${part === null || part === undefined ? "begun" : `${Math.round(100 * part)} %`}` });
}

export function film(place, id) {
  const heading = el("h1", { tabindex: "-1" }, "Film");
  const head = el("div", { class: "stack" }, loading());
  const outcome = el("div");
  const tracks = el("ol", { class: "stack", "aria-label": "Tracks" });
  const none = el("div");
  const path = (...more) => at("jobs", id, ...more);
  let cursor = null;
  let attempts = 0;
  let gone = false;
  let seen = 0;

  const news = asking(async () => {
    try {
      const job = await call("GET", path());
      const page = await call("GET", path("result"), { query: { limit: PAGE, cursor } });
      if (gone) return null;
      if (page.attempts !== attempts) {
        attempts = page.attempts;
        if (tracks.childElementCount) {
          cursor = null;
          seen = 0;
          fill(tracks);
          return 0;
        }
      }
      const before = seen;
      for (const line of page.lines.filter((each) => each.event === "ended")) tracks.append(track(line, (seen += 1)));
      cursor = page.next ?? cursor;
      draw(job);
      if (seen > before) say(`${counted(seen, "track")} so far.`);
      // The job may have ended between the two answers.
      if (page.next || isOpen(job)) return page.lines.length === PAGE ? 0 : EVERY;
    } catch (error) {
      if (!gone) fill(outcome, problem(error, error.code === "no-job" ? null : news.now));
    }
    return null;
  });

  function draw(job) {
    heading.textContent = job.name;
    document.title = `${job.name} – fewpix`;
    const open = isOpen(job);
    fill(head,
      el("div", { class: "row" }, badge(job), el("span", { class: "hint" }, `${job.collection} · sent ${when(job.created)}`)),
      open ? progress(job) : null,
      job.problem ? el("div", { class: "notice bad" }, el("p", {}, el("strong", {}, sentence(job.problem.detail))), el("p", {}, sentence(job.problem.fix))) : null,
      job.outcome ? told(job.outcome) : null,
      el("div", { class: "row bar" },
        open ? button("Cancel", () => act("POST", path("cancel"))) : null,
        job.options.store_crops || job.options.store_templates ? el("a", { class: "button", href: `#/events////${id}` }, "Events") : null,
        button("Delete", remove, { class: "danger" }),
        job.kept_until ? el("span", { class: "hint" }, `kept until ${when(job.kept_until)}`) : null));
    fill(none, !tracks.childElementCount && !open && job.state !== "failed" ? el("p", {}, "No face was followed in this film.") : null);
  }

  async function act(method, where) {
    try {
      await call(method, where, { once: newOnce() });
      await news.now();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  async function remove() {
    const sure = await confirm({ title: "Delete this film and its result?", text: "This cannot be taken back.", action: "Delete for ever" });
    if (!sure) return;
    await news.rest();
    try {
      await call("DELETE", path(), { once: newOnce() });
      say("The film was deleted.");
      location.hash = "#/video";
    } catch (error) {
      fill(outcome, problem(error));
      news.now();
    }
  }

  fill(place, el("p", { class: "trail" }, el("a", { href: "#/video" }, "All films")), heading, head, outcome,
    el("section", { class: "part", "aria-label": "Tracks" }, el("h2", {}, "Tracks"), none, tracks));
  news.now();
  return () => {
    gone = true;
    news.rest();
  };
}

function progress(job) {
  if (!job.progress) return el("p", { class: "loading" }, "It waits for its turn.");
  const { frames, eta } = job.progress;
  return el("div", { class: "stack" }, share(job),
    el("p", { class: "hint" }, counted(frames, "frame"), eta === null ? "" : `, about ${clock(eta)} still`));
}

function told(outcome) {
  return [
    el("p", {}, `${counted(outcome.tracks, "track")} in ${counted(outcome.frames.looked, "frame")}. ${ruleOf(outcome)}`),
    outcome.why ? el("p", {}, sentence(outcome.why)) : null,
    outcome.error ? el("div", { class: "notice bad" }, el("p", {}, sentence(outcome.error))) : null,
  ];
}

function track(line, n) {
  const time = `${clock(line.first)} to ${clock(line.last)}`;
  if (line.erased) return el("li", { class: "card told" }, el("h3", {}, `${n}. Removed`), el("p", { class: "hint" }, `${time}. Somebody whom this named was deleted.`));
  return el("li", { class: `card told ${line.verdict}` },
    el("div", { class: "row between" }, el("h3", {}, `${n}. ${nameOf(line)}`), el("span", { class: `badge ${line.verdict}` }, titleOf(line))),
    el("p", { class: "hint" }, `${time} · ${counted(line.frames, "frame")} · ${px(line.pixels)} · quality ${qualityWords(line.quality)}`),
    why(line),
    candidates(line, n - 1));
}
