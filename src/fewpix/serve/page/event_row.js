// One event in the list; it may still grow.

import { at, call, newOnce } from "./api.js";
import { button, el, fill } from "./dom.js";
import { confirm } from "./dialogs.js";
import { problem, say } from "./notices.js";
import { showSights } from "./sights.js";
import { nameOf, strangers, titleOf } from "./verdict.js";
import { clock, interval, lasted, moment, px, qualityWords, sentence } from "./words.js";

/**
 * @param {object} first the event as it is now.
 * @param {{outcome: HTMLElement, gone: function, ofGroup: boolean}} options `gone` is called when it is none of the
 *   list any more; `ofGroup`: the list is of one unknown person.
 * @returns {{node: HTMLElement, show: function(object)}}
 */
export function eventRow(first, { outcome, gone, ofGroup = false }) {
  const sights = el("div", { class: "sights" });
  const told = el("div", { class: "told" });
  const node = el("li", { class: "card" }, sights, told);
  let pictures = 0;

  function show(event) {
    const grows = event.stage !== "ended";
    node.classList.toggle("growing", grows);
    const when = event.job ? `${clock(event.first)} to ${clock(event.last)}`
      : `${moment(event.start)}${grows ? "" : ` · ${lasted(event.start, event.end)}`}`;
    const often = grows ? "" : strangers(event);
    fill(told,
      el("div", { class: "row between" }, el("h2", {}, title(event)),
        el("span", { class: `badge ${grows ? (event.early ? "named" : "") : event.verdict}` }, grows ? "is there" : titleOf(event))),
      el("p", {}, event.job ? el("a", { href: `#/video/${event.job}` }, event.path) : event.camera, ` · ${when}`),
      event.pixels ? el("p", { class: "hint" }, `${px(event.pixels)} · quality ${qualityWords(event.quality)} · ${event.frames} frames`) : null,
      event.ambiguous.length ? el("p", {}, `It may be ${event.ambiguous.map((each) => each.name).join(", ")}.`) : null,
      !grows && event.reason ? el("p", {}, sentence(event.reason)) : null,
      often ? el("p", { title: interval(event, "fpir", "searches") }, sentence(often)) : null,
      early(event),
      grows ? null : el("div", { class: "row" },
        event.template && event.decision ? button(`This is not ${event.decision}`, () => deny(event), { "aria-label": `Event ${event.id}: this is not ${event.decision}` }) : null,
        ofGroup && event.group ? button("Somebody else", () => split(event), { "aria-label": `Event ${event.id} is somebody else` }) : null,
        button("Delete", () => remove(event), { class: "danger", "aria-label": `Delete the event ${event.id}` })));
    if (event.crops !== pictures) look(event);
  }

  function look(event) {
    pictures = event.crops;
    const all = Array.from({ length: event.crops }, (_, number) => ({ event: event.id, number }));
    showSights(sights, all, title(event, false));
  }

  async function deny(event) {
    const sure = await confirm({
      title: `This is not ${event.decision}?`,
      text: "The name goes out of the event, and whoever is more like this face is not given the name from now on. It can be taken back under Review.",
      action: "It is somebody else",
    });
    if (!sure) return;
    try {
      const made = await call("POST", at("events", event.id, "deny"), { once: newOnce() });
      show(made.event);
      say("The name was taken out.");
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  async function split(event) {
    try {
      await call("POST", at("collections", event.collection, "groups", event.group, "split"), { json: { events: [event.id] }, once: newOnce() });
      say("The event is of another unknown person now.");
      gone();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  async function remove(event) {
    const sure = await confirm({ title: "Delete this event?", text: "Its names and pictures are overwritten. This cannot be taken back.", action: "Delete for ever" });
    if (!sure) return;
    try {
      await call("DELETE", at("events", event.id), { once: newOnce() });
      say("The event was deleted.");
      gone();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  show(first);
  return { node, show };
}

/** Who it is, linked to their page where somebody is named. */
function title(event, linked = true) {
  const who = event.stage === "ended" ? { name: event.decision, id: event.person_id } : { name: event.early?.decision, id: event.early?.person_id };
  if (!who.name) return event.stage === "ended" ? nameOf(event) : "Somebody";
  return linked ? el("a", { href: `#/people/${who.id}` }, who.name) : who.name;
}

function early(event) {
  if (!event.early || event.stage !== "ended" || event.early.decision === event.decision) return null;
  return el("p", { class: "warning" }, `${event.early.decision} was named early, and is no longer.`);
}
