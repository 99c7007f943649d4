// One face of a picture: what is seen, what was decided, who comes near.

import { button, el, newId } from "./dom.js";
import { crop } from "./portrait.js";
import { nameOf, strangers, titleOf } from "./verdict.js";
import { interval, px, qualityWords, rate, sentence } from "./words.js";

/**
 * @param {ImageBitmap|null} picture
 * @param {object} face as the service answers.
 * @param {number} n its place, from 0.
 * @param {{enrol: function|null, look: function}} acts `look` is called when the card is looked at.
 */
export function faceCard(picture, face, n, { enrol, look }) {
  const id = newId("face");
  const heading = el("h3", { id, tabindex: "-1" }, `${n + 1}. ${nameOf(face)}`);
  const card = el(
    "article",
    { class: `card face ${face.verdict}`, "aria-labelledby": id, on: { pointerenter: look, focusin: look } },
    el("div", { class: "seen" }, crop(picture, face), el("p", { class: "hint" }, px(face.pixels))),
    el(
      "div",
      { class: "told" },
      el("div", { class: "row between" }, heading, el("span", { class: `badge ${face.verdict}` }, titleOf(face))),
      why(face),
      facts(face),
      candidates(face, n),
      enrol ? button("Enrol this face", enrol, { "aria-label": `Enrol this face (${n + 1})` }) : null,
    ),
  );
  return { card, heading };
}

/** Why it was decided so, and what helps. */
export function why(face) {
  const rateText = strangers(face);
  return [
    face.ambiguous.length ? el("p", {}, `It may be ${face.ambiguous.join(", ")}.`) : null,
    face.reason ? el("p", {}, sentence(face.reason)) : null,
    rateText ? el("p", { title: interval(face, "fpir", "searches") }, sentence(rateText)) : null,
    face.fix ? el("p", { class: "fix" }, el("span", {}, "What helps: "), sentence(face.fix)) : null,
  ];
}

function facts(face) {
  const pose = face.pose && Math.abs(face.pose.yaw) >= 10 ? ` · turned ${Math.round(Math.abs(face.pose.yaw))}°` : "";
  const compared = face.matched_px ? ` · compared with photos at ${face.matched_px} px, too` : "";
  return el(
    "p",
    { class: "hint" },
    `${px(face.pixels)} · detail of ${px(face.effective_pixels)} · quality ${qualityWords(face.quality)}${pose}${compared}`,
  );
}

/** Who comes near, as a table. */
export function candidates(face, n) {
  if (!face.candidates.length) return null;
  const rows = face.candidates.map((each) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, each.person_id ? el("a", { href: `#/people/${each.person_id}` }, each.name) : each.name),
      el("td", { class: "number" }, each.score.toFixed(3)),
      el(
        "td",
        { title: interval(each, "fmr", "comparisons") || each.fmr_reason || "" },
        rate(each, "fmr") || "not measured",
      ),
    ),
  );
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `Candidates for face ${n + 1}` },
    el(
      "table",
      { class: "candidates" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Candidate"), el("th", { scope: "col", class: "number" }, "Score"), el("th", { scope: "col" }, "Two people score so"))),
      el("tbody", {}, rows),
    ),
  );
}
