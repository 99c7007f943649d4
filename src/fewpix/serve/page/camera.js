// One camera: live, what it does, what it has learned.

import { at, call, newOnce } from "./api.js";
import { asking } from "./asking.js";
import { changeCamera } from "./camera_form.js";
import { sender } from "./camera_sender.js";
import { factsOf } from "./cameras.js";
import { button, during, el, fill } from "./dom.js";
import { confirm } from "./dialogs.js";
import { live } from "./live.js";
import { done, loading, problem, say } from "./notices.js";
import { counted, moment, number, percent, sentence } from "./words.js";

const EVERY = 1000;

export function camera(place, name) {
  const outcome = el("div");
  const picture = live(name);
  const badge = el("span", { class: "badge" });
  const line = el("p", { class: "hint" }, loading());
  const facts = el("dl", { class: "facts" });
  const learned = el("dl", { class: "facts" });
  const notes = el("div", { class: "stack" });
  const sending = sender(name, outcome);
  const toggle = button("Stop", (event) => during(event.currentTarget, () => act(now.state === "stopped" ? "start" : "stop")));
  const adapt = button("Adapt now", (event) => during(event.currentTarget, () => act("adapt", "A state was learned.")));
  const reset = button("Forget the state", (event) => during(event.currentTarget, () => act("reset", "What was learned is forgotten.")));
  let now = null;
  let ended = false;
  const news = asking(async () => {
    try {
      draw(await call("GET", at("cameras", name)));
    } catch (error) {
      if (!ended) fill(outcome, problem(error, error.code === "no-camera" ? null : news.now));
      return null;
    }
    return EVERY;
  });

  async function act(what, told = "") {
    try {
      draw(await call("POST", at("cameras", name, what), { once: newOnce() }));
      fill(outcome, told ? done(told) : null);
      say(told || `The camera ${name} ${what === "start" ? "is followed" : "was stopped"}.`);
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  function draw(found) {
    if (ended) return;
    now = found;
    picture.show(found);
    badge.className = `badge ${found.state}`;
    badge.textContent = found.state;
    line.textContent = factsOf(found);
    toggle.textContent = found.state === "stopped" ? "Start" : "Stop";
    sending.node.hidden = found.kind !== "pushed" || found.state === "stopped";
    fill(facts, rows([
      ["State", `${found.state} since ${moment(found.since)}`],
      ["Why", found.why && sentence(found.why)],
      ["Address", found.source ?? "frames are sent to it"],
      ["Looks for people of", found.collection],
      ["Names by", found.rule && sentence(found.rule)],
      ["Frames", `${number(found.frames)} looked at, ${number(found.dropped)} dropped${found.reconnects ? `, ${counted(found.reconnects, "reconnect")}` : ""}`],
      ["Last frame", found.last_frame && moment(found.last_frame)],
      ["Events", `kept for ${counted(Math.round(found.retention_hours / 2.4) / 10, "day")}, ${found.store_crops ? "with up to three pictures each" : "without pictures"}, ${found.store_templates ? "with templates" : "without templates"}`],
    ]));
    drawLearned(found);
  }

  function drawLearned({ adapt: wanted, adaptation: is }) {
    fill(learned, rows([
      ["State", is.state ? `${is.state}, learned ${moment(is.learned)} from ${counted(is.learned_from, "face")}` : "none"],
      ["In use", is.state ? (is.in_use ? "yes: faces are embedded under it" : "no") : null],
      ["Drift", is.drift === null ? null : `${percent(is.drift)} of the model's channels see other faces than in training`],
      ["Guard", is.refused ? `refused: ${is.refused}` : is.forced.length ? `overridden: ${is.forced.join("; ")}` : null],
      ["Learning", is.learning ? `${counted(is.faces, "face")} so far, the next try at ${number(is.due)}` : wanted ? "not now" : "off; change the camera to turn it on"],
    ]));
    fill(notes, is.why ? el("p", { class: "hint" }, sentence(is.why)) : null);
    adapt.disabled = !is.learning;
    reset.disabled = !is.state;
  }

  async function change() {
    const made = await changeCamera(now, outcome);
    if (made) draw(made);
  }

  async function remove() {
    const sure = await confirm({
      title: `Delete the camera ${name}?`,
      text: "Its events, their pictures and what it has learned are overwritten. This cannot be taken back.",
      action: "Delete for ever",
      typed: name,
    });
    if (!sure) return;
    await news.rest();
    await picture.rest();
    try {
      const gave = await call("DELETE", at("cameras", name), { once: newOnce() });
      say(`The camera ${name} was deleted with ${counted(gave.events, "event")}.`);
      location.hash = "#/cameras";
    } catch (error) {
      fill(outcome, problem(error));
      news.now();
    }
  }

  fill(place,
    el("p", { class: "trail" }, el("a", { href: "#/cameras" }, "All cameras")),
    el("div", { class: "row between" }, el("h1", { tabindex: "-1" }, name), badge),
    outcome,
    el("div", { class: "split picture" },
      el("section", { class: "stay", "aria-label": "Live" }, picture.node, line, sending.node),
      el("div", { class: "stack" },
        el("div", { class: "row bar" }, toggle, button("Change", change), el("a", { class: "button", href: `#/events/${name}` }, "Events"), button("Delete this camera", remove, { class: "danger" })),
        el("section", { class: "stack", "aria-label": "State" }, el("h2", {}, "State"), facts),
        el("section", { class: "stack", "aria-label": "Adaptation" }, el("h2", {}, "Adaptation"), learned, notes, el("div", { class: "row" }, adapt, reset)))));
  news.now();
  return () => {
    ended = true;
    news.rest();
    picture.end();
    sending.end();
  };
}

function rows(pairs) {
  return pairs.filter(([, text]) => text).map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text)));
}
