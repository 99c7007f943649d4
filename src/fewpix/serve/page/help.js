// What the page says, and how it is used without a mouse.

import { el, fill } from "./dom.js";

export const title = "Help";

const VERDICTS = [
  ["named", "One person scores high enough, and nobody else does. It is a hint: look at the pictures."],
  ["several people", "More than one person scores high enough, so none is named. They may be alike, or one person under two names."],
  ["unknown", "Nobody scores high enough at the rate that is asked for, or nothing is known of what scores are worth at this size. The person may not be enrolled, or the face may be too small."],
  ["forgotten", "Of an event: somebody was named who has been deleted since; neither name nor pictures are left."],
  ["ignored", "Of an event: somebody unknown whom a person chose to ignore under Review; neither pictures nor a template are kept."],
  ["not decided", "There is no rate and no threshold to decide by, since no calibration fits the model."],
];

const NUMBERS = [
  ["pixels", "How large a face is: the side of the square around it, in pixels of the picture. At 8 to 32 pixels names are rarer and more often wrong than at 100."],
  ["detail", "A blurred or enlarged face has fewer pixels' worth of detail than it is wide. This is the size by which it is judged."],
  ["quality", "0 to 1, from the detector's certainty, the detail and the direction of the face. It orders photos; it is no probability."],
  ["score", "How alike two faces are to the model, up to 1. Alone it decides nothing: what it is worth depends on size and collection."],
  ["drift", "Of a camera: in how much of the model its faces are unlike the faces of this size that the model was trained on. A camera that adapts measures it."],
  ["1 of 43 searches", "How often the best score of a stranger, somebody who is not in the collection, is as high as this one. The rarer, the more it means."],
  ["1 of 5,600 comparisons", "How often one stranger and one enrolled person score as high, whatever the collection's size."],
];

const KEYS = [
  ["Tab, Shift + Tab", "to the next thing that can be used, and back"],
  ["Enter, Space", "press what has the focus: a face on the picture leads to its verdict"],
  ["Escape", "leave a question without an answer"],
  ["Ctrl + V", "look at a picture from the clipboard, in Identify and Enrol"],
  ["Arrow keys", "scroll a table that has the focus"],
];

export function show(place) {
  const list = (rows, tag = "dt") => el("dl", { class: "facts long" }, rows.map(([name, text]) => el("div", {}, el(tag, {}, name), el("dd", {}, text))));
  fill(
    place,
    el("h1", { tabindex: "-1" }, "Help"),
    el("section", { class: "part" }, el("h2", {}, "Verdicts"), list(VERDICTS)),
    el("section", { class: "part" }, el("h2", {}, "Numbers"), list(NUMBERS)),
    el("section", { class: "part" }, el("h2", {}, "The small picture beside a verdict"),
      el("p", {}, "It is the face as it is compared: turned upright by its five points, at its own pixels, enlarged without smoothing. If you cannot tell who that is, a certain name deserves your doubt.")),
    el("section", { class: "part" }, el("h2", {}, "Good photos to enrol"),
      el("p", {}, "One face, from the front, sharp, at least 28 pixels wide in detail; several photos of different days help. What was enrolled decides every later search, so poor photos are refused with the reason.")),
    el("section", { class: "part" }, el("h2", {}, "Keyboard"), list(KEYS)),
    el("section", { class: "part" }, el("h2", {}, "What is kept"),
      el("p", {}, "Pictures that are identified or compared are not stored. A film is, until it has been looked at; its result stays for the days that the service keeps it. Frames of cameras are not stored; events of cameras are kept for as long as the camera says, pictures and templates of them only where that was asked for. Ignored people and corrections under Review stay until they are deleted there. Of enrolled photos the embeddings stay, and the face's pixels only where that was asked for. Deleting a person overwrites all of it. A key stays in this tab until it is closed.")),
    el("p", {}, "The interface for programs is described at ", el("a", { href: "v1/openapi.json" }, "v1/openapi.json"), "."),
  );
}
