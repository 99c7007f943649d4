// What cameras saw and films show: listed, chosen, and as it happens.

import { call } from "./api.js";
import { el, field, fill } from "./dom.js";
import { eventRow } from "./event_row.js";
import { listen } from "./listening.js";
import { empty, loading, problem, say } from "./notices.js";
import { counted } from "./words.js";

const PAGE = 50;
const VERDICTS = [
  ["", "all"],
  ["named", "named"],
  ["ambiguous", "several people"],
  ["unknown", "unknown"],
  ["undecided", "not decided"],
  ["forgotten", "forgotten"],
  ["ignored", "ignored"],
];

export const title = "Events";

export function show(place, [name, person, group, job]) {
  const cameras = el("select", {}, el("option", { value: "" }, "all"));
  const verdict = el("select", {}, VERDICTS.map(([value, text]) => el("option", { value }, text)));
  const since = el("input", { type: "datetime-local" });
  const until = el("input", { type: "datetime-local" });
  const connection = el("span", { class: "badge" });
  const count = el("p", { class: "hint", role: "status" });
  const outcome = el("div");
  const list = el("ul", { class: "events", "aria-label": "Events" });
  const more = el("div", { class: "more" });
  const rows = new Map();
  let turn = 0;
  let stop = () => {};
  let next = null;

  const query = () => ({
    camera: cameras.value,
    person: person ?? "",
    group: group ?? "",
    job: job ?? "",
    verdict: verdict.value,
    since: moment(since.value),
    until: moment(until.value),
  });

  async function begin() {
    const mine = (turn += 1);
    stop();
    next = null;
    rows.clear();
    fill(list);
    fill(more, loading("Reading events."));
    const position = await read(mine);
    if (mine === turn && position !== null) stop = listen(position, tell, connected);
  }

  async function read(mine = turn) {
    try {
      const page = await call("GET", "events", { query: { ...query(), limit: PAGE, cursor: next } });
      if (mine !== turn) return null;
      for (const event of page.events) put(event, false);
      next = page.next;
      fill(more, next ? el("button", { type: "button", on: { click: () => read() } }, "Show earlier events") : rows.size ? null : nothing());
      counting();
      return page.position;
    } catch (error) {
      if (mine === turn) fill(more, problem(error, begin));
      return null;
    }
  }

  function put(event, first) {
    const known = rows.get(event.id);
    if (known) {
      known.show(event);
      return;
    }
    const made = eventRow(event, { outcome, gone: () => drop(event.id), ofGroup: Boolean(group) });
    rows.set(event.id, made);
    if (first) list.prepend(made.node);
    else list.append(made.node);
  }

  function drop(id) {
    rows.get(id)?.node.remove();
    rows.delete(id);
    if (!rows.size && !next) fill(more, nothing());
    counting();
  }

  function tell(event) {
    const wanted = query();
    const fits = !wanted.job && (!wanted.camera || event.camera === wanted.camera)
      && (!wanted.verdict || event.verdict === wanted.verdict)
      && (!wanted.group || event.group === wanted.group)
      && (!wanted.person || event.person_id === wanted.person || event.early?.person_id === wanted.person)
      && (!wanted.since || event.end >= wanted.since) && (!wanted.until || event.start < wanted.until);
    if (!fits) return;
    if (!rows.size) fill(more);
    put(event, true);
    counting();
    if (event.stage === "named") say(`${event.camera}: ${event.early.decision}`);
    if (event.stage === "ended" && event.decision) say(`${event.camera}: ${event.decision} was there`);
  }

  function connected(stands) {
    connection.className = `badge ${stands ? "running" : "reconnecting"}`;
    connection.textContent = stands ? "live" : "not live";
  }

  const counting = () => (count.textContent = rows.size ? `${counted(rows.size, "event")} shown${next ? ", and there are more" : ""}` : "");

  async function choices() {
    try {
      const found = await call("GET", "cameras");
      cameras.append(...found.cameras.map((each) => el("option", { value: each.name }, each.name)));
      if (name) cameras.value = name;
    } catch {
      // The list of events says what is wrong.
    }
    await begin();
  }

  for (const each of [cameras, verdict, since, until]) each.addEventListener("change", begin);
  connected(false);
  fill(place,
    el("div", { class: "row between" }, el("h1", { tabindex: "-1" }, "Events"), connection),
    el("div", { class: "filters" }, field("Camera", cameras), field("Decision", verdict), field("Since", since), field("Until", until)),
    person ? el("p", {}, "Only events of one person. ", el("a", { href: "#/events" }, "Show all")) : null,
    group ? el("p", {}, "Only events of one unknown person. ", el("a", { href: "#/review" }, "Back to Review")) : null,
    job ? el("p", {}, "Only events of one film. ", el("a", { href: `#/video/${job}` }, "Back to the film")) : null,
    outcome, count, list, more);
  choices();
  return () => {
    turn += 1;
    stop();
  };
}

function nothing() {
  return empty("No event fits.", el("p", {}, "Everybody whom a camera follows becomes one; events are kept for as long as the camera says."),
    el("a", { class: "button", href: "#/cameras" }, "Cameras"));
}

/** A time of this device's clock as the service takes it. */
const moment = (text) => (text ? new Date(text).toISOString().replace("Z", "+00:00") : "");
