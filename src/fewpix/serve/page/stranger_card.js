// One group of unknown sightings: what is known of it, and what can be done.

import { at, call, newOnce } from "./api.js";
import { button, el, tick } from "./dom.js";
import { confirm, open } from "./dialogs.js";
import { nameField } from "./name_field.js";
import { problem } from "./notices.js";
import { getCollection } from "./session.js";
import { showSights } from "./sights.js";
import { counted, moment } from "./words.js";

/** Where somebody was seen, and when last; a film does not know when it was. */
function places(group) {
  const films = group.films.length ? [counted(group.films.length, "film")] : [];
  const all = [...group.cameras, ...films].join(", ");
  if (!all) return "No event of them is kept any more.";
  return group.cameras.length ? `${all} · last ${moment(group.last)}` : `in ${all}`;
}

/**
 * @param {object} group
 * @param {{path: function, outcome: HTMLElement, looked: function, changed: function(string, string)}} around
 *   `looked` is called when it is selected, `changed` with its id and what was done when it is gone.
 * @returns {{node: HTMLElement, chosen: function(): boolean}}
 */
export function strangerCard(group, { path, outcome, looked, changed }) {
  const who = `unknown person ${group.id}`;
  const select = tick("Select", { "aria-label": `Select ${who}` });
  select.box.addEventListener("change", looked);
  const sights = el("div", { class: "sights" });

  async function act(work, told) {
    outcome.replaceChildren();
    try {
      changed(group.id, told(await work()));
    } catch (error) {
      outcome.replaceChildren(problem(error));
      outcome.scrollIntoView({ block: "nearest" });
    }
  }

  async function name() {
    const whose = nameField("Who is it?");
    const keep = tick("Keep the faces' pixels");
    const poor = tick("Take sights that are poor photos, too");
    const told = await open({
      title: "Name this person",
      body: [
        el("p", {}, group.crops.length ? `${counted(group.crops.length, "sight")} will be photos in ${getCollection()}, and ${counted(group.sightings, "event")} will have the name.` : "No picture of them is kept, so that no photo can be made: have the camera or the film keep pictures first."),
        whose.node, keep.node, poor.node],
      action: "Name",
      none: null,
      value: () => ({ name: whose.input.value.trim(), keep: keep.box.checked, accept_poor: poor.box.checked }),
      allowed: () => group.crops.length > 0 && whose.input.value.trim() !== "",
    });
    if (!told) return;
    await act(async () => {
      const { people: [known] } = await call("GET", at("collections", getCollection(), "people"), { query: { name: told.name } });
      const { name: given, ...options } = told;
      const json = known ? { person: known.id, ...options } : { name: given, ...options };
      return call("POST", path(group.id, "name"), { json, once: newOnce() });
    }, (done) => `${done.enrolled[0].person} was enrolled with ${counted(done.enrolled.length, "photo")}${done.refused.length ? `, ${done.refused.length} refused` : ""}; ${counted(done.events, "event")} ${done.events === 1 ? "has" : "have"} the name.`);
  }

  const ignore = () => act(
    () => call("PATCH", path(group.id), { json: { ignored: !group.ignored }, once: newOnce() }),
    () => (group.ignored ? "They are not ignored any more." : "They are ignored from now on; see “ignored” to take it back."),
  );

  async function remove() {
    const sure = await confirm({ title: "Delete this person's events?", text: `${counted(group.sightings, "event")} with pictures and templates are overwritten. This cannot be taken back.`, action: "Delete for ever" });
    if (sure) await act(() => call("DELETE", path(group.id), { once: newOnce() }), (gave) => `${counted(gave.events, "event")} ${gave.events === 1 ? "was" : "were"} deleted.`);
  }

  const node = el("li", { class: "card" },
    sights,
    el("div", { class: "told" },
      el("div", { class: "row between" },
        el("h2", { tabindex: "-1" }, `Seen ${group.sightings === 1 ? "once" : `${group.sightings} times`}`), select.node),
      el("p", {}, places(group)),
      group.cameras.length && group.sightings > 1 ? el("p", { class: "hint" }, `first ${moment(group.first)}`) : null,
      el("div", { class: "row" },
        button("Name", name, { class: "main", "aria-label": `Name ${who}` }),
        button(group.ignored ? "Ignore no longer" : "Ignore", ignore, { "aria-label": `${group.ignored ? "No longer ignore" : "Ignore"} ${who}` }),
        el("a", { class: "button", href: `#/events///${group.id}`, "aria-label": `Events of ${who}` }, "Events"),
        button("Delete", remove, { class: "danger", "aria-label": `Delete ${who}` }))));
  showSights(sights, group.crops, who);
  return { node, chosen: () => select.box.checked };
}
