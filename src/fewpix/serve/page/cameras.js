// All cameras, each with its newest frame.

import { at, call, newOnce } from "./api.js";
import { asking } from "./asking.js";
import { camera } from "./camera.js";
import { addCamera } from "./camera_form.js";
import { button, el, fill } from "./dom.js";
import { live } from "./live.js";
import { empty, loading, problem, say } from "./notices.js";
import { counted, px, sentence } from "./words.js";

const EVERY = 2000;

export const title = "Cameras";
export const needsCollection = true;

export function show(place, [name]) {
  return name ? camera(place, name) : list(place);
}

function list(place) {
  const outcome = el("div");
  const cards = el("div", {}, loading());
  const known = new Map();
  let drawn = false;
  let ended = false;
  const news = asking(async () => {
    try {
      const { cameras } = await call("GET", "cameras");
      if (!ended) draw(cameras);
    } catch (error) {
      drawn = false;
      if (!ended) fill(cards, problem(error, news.now));
      return null;
    }
    return EVERY;
  });

  function draw(cameras) {
    const names = cameras.map((each) => each.name);
    const same = drawn && known.size === names.length && names.every((name) => known.has(name));
    if (!same) {
      drawn = true;
      for (const each of known.values()) each.end();
      known.clear();
      for (const name of names) known.set(name, card(name));
      fill(cards, names.length ? el("div", { class: "cameras" }, [...known.values()].map((each) => each.node)) : nothing());
    }
    for (const each of cameras) known.get(each.name).show(each);
  }

  function nothing() {
    return empty("No camera is followed yet.",
      el("p", {}, "A stream of a camera, a device of the service's machine, or a webcam of this one. Whoever it sees becomes an event."),
      button("Add a camera", add, { class: "main" }));
  }

  function card(name) {
    const picture = live(name);
    const badge = el("span", { class: "badge" });
    const facts = el("p", { class: "hint" });
    const why = el("p", { class: "warning" });
    const act = button("", () => press(), {});
    let now = null;
    async function press() {
      const doing = now.state === "stopped" ? "start" : "stop";
      try {
        shown(await call("POST", at("cameras", name, doing), { once: newOnce() }));
        say(`The camera ${name} ${doing === "start" ? "is followed" : "was stopped"}.`);
      } catch (error) {
        fill(outcome, problem(error));
      }
    }
    function shown(found) {
      now = found;
      picture.show(found);
      badge.className = `badge ${found.state}`;
      badge.textContent = found.state;
      facts.textContent = factsOf(found);
      why.textContent = found.state !== "stopped" && found.why ? sentence(found.why) : "";
      act.textContent = found.state === "stopped" ? "Start" : "Stop";
      act.setAttribute("aria-label", `${act.textContent} the camera ${name}`);
    }
    const node = el("article", { class: "card", "aria-label": `Camera ${name}` },
      picture.node,
      el("div", { class: "row between" }, el("h2", {}, el("a", { href: `#/cameras/${name}` }, name)), badge),
      facts, why,
      el("div", { class: "row" }, act, el("a", { class: "button", href: `#/events/${name}`, "aria-label": `Events of ${name}` }, "Events")));
    return { node, show: shown, end: picture.end };
  }

  async function add() {
    const made = await addCamera(outcome);
    if (made) await news.now();
  }

  fill(place,
    el("div", { class: "row between" }, el("h1", { tabindex: "-1" }, "Cameras"), button("Add a camera", add, { class: "main" })),
    outcome, cards);
  news.now();
  return () => {
    ended = true;
    news.rest();
    for (const each of known.values()) each.end();
  };
}

/** How large and how fast it is, in a line. */
export function factsOf(found) {
  const parts = [
    found.width ? `${found.width} × ${px(found.height)}` : null,
    found.frames_per_second === null ? null : `${found.frames_per_second.toFixed(1)} frames a second`,
    found.dropped ? `${counted(found.dropped, "frame")} dropped` : null,
    found.tracks ? `${counted(found.tracks, "face")} now` : null,
  ];
  return parts.filter(Boolean).join(" · ") || `looks in ${found.collection}`;
}
