// A picture with its faces as buttons on it.

import { el } from "./dom.js";
import { drawFace, sideOf } from "./geometry.js";

/**
 * A picture with boxes.
 * @param {ImageBitmap|null} picture null where the browser cannot read it.
 * @param {{width: number, height: number, faces: object[]}} found
 * @param {{name: string, label: function(object, number): string, kind: function(object): string,
 *   press: function(number)}} options
 * @returns {{node: HTMLElement, mark: function(number)}} `mark` shows which face is meant.
 */
export function portrait(picture, found, { name, label, kind, press }) {
  const boxes = found.faces.map((face, n) => {
    const [x, y, width, height] = inside(face.box, found);
    const percent = (part, whole) => `${((100 * part) / whole).toFixed(3)}%`;
    return el(
      "button",
      {
        type: "button",
        class: `box ${kind(face)}${y < 0.08 * found.height ? " inner" : ""}`,
        "aria-label": label(face, n),
        style: {
          left: percent(x, found.width),
          top: percent(y, found.height),
          width: percent(width, found.width),
          height: percent(height, found.height),
        },
        on: { click: () => press(n) },
      },
      el("span", { "aria-hidden": "true" }, n + 1),
    );
  });
  const node = el(
    "div",
    { class: "portrait", style: { "--ratio": found.width / found.height }, role: "group", "aria-label": `${name} with its faces` },
    picture ? canvasOf(picture, name, found) : unreadable(found),
    boxes,
  );
  const mark = (n) => boxes.forEach((box, each) => box.classList.toggle("marked", each === n));
  return { node, mark };
}

/** The part of a box that lies in its picture. */
function inside([x, y, width, height], found) {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  return [left, top, Math.min(found.width, x + width) - left, Math.min(found.height, y + height) - top];
}

function canvasOf(picture, name, found) {
  // Large pictures are drawn as large as a screen needs them; small ones by whole pixels.
  const scale = Math.min(1, 1600 / Math.max(found.width, found.height));
  const canvas = el("canvas", { role: "img", "aria-label": name, class: found.width < 600 ? "coarse" : null });
  canvas.width = Math.max(1, Math.round(found.width * scale));
  canvas.height = Math.max(1, Math.round(found.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function unreadable(found) {
  return el(
    "div",
    { class: "blank", style: { "aspect-ratio": `${found.width} / ${found.height}` } },
    el("p", {}, "The service has read this picture; this browser cannot show its format."),
  );
}

/** A face as the student sees it, enlarged without smoothing. */
export function crop(picture, face) {
  const side = sideOf(face.pixels);
  const about = `The face as it is compared, ${side} by ${side} pixels, enlarged`;
  const canvas = el("canvas", { class: "crop", role: "img", "aria-label": about, title: about });
  if (picture) drawFace(canvas, picture, face);
  return canvas;
}
