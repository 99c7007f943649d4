// What was decided about a face, in words.

import { oneOf, rate } from "./words.js";

const TITLES = { named: "named", ambiguous: "several people", unknown: "unknown", undecided: "not decided", forgotten: "forgotten", ignored: "ignored" };

export const titleOf = (face) => TITLES[face.verdict] ?? face.verdict;

/** Who it is, or what is said instead. */
export function nameOf(face) {
  if (face.verdict === "named") return face.decision;
  if (face.verdict === "ambiguous") return "Several people";
  if (face.verdict === "forgotten") return "Somebody who was deleted";
  if (face.verdict === "ignored") return "Unknown, ignored";
  return face.verdict === "unknown" ? "Unknown" : "Not decided";
}

/** How often strangers score so in this collection; "" where that is not known or is the reason already. */
export function strangers(face) {
  const often = rate(face, "fpir", "searches");
  return often && !face.reason?.startsWith("strangers score so in") ? `Strangers score so in ${often} of a collection of this size` : "";
}

/** By which rule names were given. */
export function ruleOf(answer) {
  if (answer.fpir !== null) {
    return `A face is named when strangers score as high in at most ${oneOf(answer.fpir, "searches")}.`;
  }
  if (answer.threshold !== null) return `A face is named when its score reaches ${answer.threshold}.`;
  return "Nobody is named: there is no rule to decide by.";
}
