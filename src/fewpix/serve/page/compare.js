// Two pictures: one person, or two?

import { call } from "./api.js";
import { el, field, fill } from "./dom.js";
import { cutOut } from "./geometry.js";
import { loading, problem, say } from "./notices.js";
import { dropZone, pixelsOf } from "./pictures.js";
import { crop, portrait } from "./portrait.js";
import { interval, oneOf, px, qualityWords, rate, sentence } from "./words.js";

const RATES = [0.1, 0.01, 0.001, 0.0001];
const WORDS = { same: "One person", different: "Two people", undecided: "Not decided" };

export const title = "Compare";

export function show(place) {
  const result = el("div", { class: "result" });
  const rates = el("select", {}, RATES.map((value) => el("option", { value }, `at most ${oneOf(value, "comparisons")}`)));
  rates.value = "0.001";
  rates.addEventListener("change", () => compare());
  const sides = [side("The first picture", changed), side("The other picture", changed)];
  let turn = 0;

  function changed() {
    fill(result);
    if (sides.every((each) => each.chosen())) compare();
  }

  async function compare() {
    const both = sides.map((each) => each.chosen());
    if (!both.every(Boolean)) return;
    const mine = (turn += 1);
    fill(result, loading("Comparing."));
    try {
      const files = await Promise.all(sides.map((each) => each.file()));
      const found = await call("POST", "verify", { query: { fmr: rates.value }, files });
      if (mine !== turn) return;
      fill(result, outcome(found, sides));
      say(`${WORDS[found.decision]}, score ${found.score.toFixed(3)}`);
    } catch (error) {
      if (mine === turn) fill(result, problem(error, compare));
    }
  }

  fill(
    place,
    el("h1", { tabindex: "-1" }, "Do two pictures show one person?"),
    field("Two people may be taken for one in", rates, "The rarer, the more alike the faces have to be."),
    el("div", { class: "pair" }, sides.map((each) => each.node)),
    result,
  );
  return () => sides.forEach((each) => each.end());
}

/** One of the pictures: found faces, of which one is chosen. */
function side(label, changed) {
  const shown = el("div");
  const zone = dropZone({ label, paste: false, take: ([file]) => look(file) });
  const now = { file: null, picture: null, faces: [], at: -1 };
  let turn = 0;

  async function look(file) {
    const mine = (turn += 1);
    Object.assign(now, { file: null, faces: [], at: -1 });
    changed();
    fill(shown, loading(`Looking at ${file.name}.`));
    try {
      const [picture, answer] = await Promise.all([pixelsOf(file), call("POST", "detect", { files: [file] })]);
      if (mine !== turn) return;
      const [found] = answer.pictures;
      Object.assign(now, { file, picture, faces: found.faces, at: found.faces.length ? largest(found.faces) : -1 });
      draw(found);
      changed();
    } catch (error) {
      if (mine === turn) fill(shown, problem(error, () => look(file)));
    }
  }

  function draw(found) {
    const choose = (n) => {
      now.at = n;
      drawn.mark(n);
      changed();
    };
    const drawn = portrait(now.picture, found, {
      name: now.file.name,
      label: (face, n) => `Compare face ${n + 1}, ${px(face.pixels)}`,
      kind: () => "found",
      press: choose,
    });
    drawn.mark(now.at);
    const several = found.faces.length > 1 ? "The marked face is compared; press another one to choose it." : "";
    const none = found.faces.length ? null : el("div", { class: "notice bad" }, el("p", {}, el("strong", {}, "No face was found.")), el("p", {}, "Choose a picture with a visible face."));
    fill(shown, none, drawn.node, el("p", { class: "hint" }, now.file.name, several ? `. ${several}` : ""));
  }

  return {
    node: el("section", { class: "stack", "aria-label": label }, zone.node, shown),
    end: zone.end,
    chosen: () => (now.at < 0 ? null : now.faces[now.at]),
    crop: () => crop(now.picture, now.faces[now.at]),
    file: async () => (now.faces.length === 1 || !now.picture ? now.file : cutOut(now.picture, now.faces[now.at], now.file.name.replace(/\.[^.]*$/, ".png"))),
  };
}

const largest = (faces) => faces.reduce((best, face, n) => (face.pixels > faces[best].pixels ? n : best), 0);

function outcome(found, sides) {
  const often = rate(found, "fmr", "comparisons");
  const about = sides.map((each) => {
    const face = each.chosen();
    return el("figure", {}, each.crop(), el("figcaption", {}, `${px(face.pixels)}, quality ${qualityWords(face.quality)}`));
  });
  return el(
    "section",
    { class: `card verdict ${found.decision}`, "aria-label": "Result" },
    el("div", { class: "row" }, about),
    el("div", {},
      el("h2", {}, WORDS[found.decision]),
      el("p", {}, `Score ${found.score.toFixed(3)}. `, often ? el("span", { title: interval(found, "fmr", "comparisons") }, `Two people score so in ${often} at ${px(Math.min(...found.routed_pixels))}.`) : null),
      found.reason ? el("p", {}, sentence(found.reason)) : null,
      found.fix ? el("p", { class: "fix" }, el("span", {}, "What helps: "), sentence(found.fix)) : null),
  );
}
