// The face as the student sees it: the five-point similarity to the template, at the face's own pixels.

const SIDE = 112;
// Right eye, left eye, nose, corners of the mouth in the 112 px template (fewpix.image.align.TEMPLATE).
const TEMPLATE = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

const mean = (points) => [0, 1].map((i) => points.reduce((sum, point) => sum + point[i], 0) / points.length);

/** The least-squares similarity from five points to the template: z ↦ turn·z + move, as [re, im] each. */
export function similarity(points) {
  const from = mean(points);
  const to = mean(TEMPLATE);
  let [spread, re, im] = [0, 0, 0];
  points.forEach(([x, y], n) => {
    const [u, v] = [x - from[0], y - from[1]];
    const [s, t] = [TEMPLATE[n][0] - to[0], TEMPLATE[n][1] - to[1]];
    spread += u * u + v * v;
    re += u * s + v * t;
    im += u * t - v * s;
  });
  const [a, b] = [re / spread, im / spread];
  return { turn: [a, b], move: [to[0] - a * from[0] + b * from[1], to[1] - b * from[0] - a * from[1]] };
}

/** Pixels at which a face is drawn: its own, and at most those of the template. */
export const sideOf = (pixels) => Math.max(1, Math.min(SIDE, Math.round(pixels)));

/**
 * Draw an aligned face at its own pixels into a canvas, as fewpix.image.align cuts it: sampled at least as
 * densely as the picture's pixels, then averaged; what lies outside the picture repeats its border.
 */
export function drawFace(canvas, picture, face) {
  const side = sideOf(face.pixels);
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  if (!face.points) {
    pen.drawImage(picture, 0, 0, side, side);
    return;
  }
  const part = around(picture, face);
  const factor = Math.max(1, Math.ceil(face.pixels / side - 1e-6));
  const { turn: [a, b], move } = similarity(face.points);
  const size = a * a + b * b;
  const sum = new Float64Array(3);
  const made = pen.createImageData(side, side);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      sum.fill(0);
      for (let j = 0; j < factor; j += 1) {
        for (let i = 0; i < factor; i += 1) {
          // A pixel's centre is at whole coordinates of the template, its edge at a half.
          const u = ((column + (i + 0.5) / factor) * SIDE) / side - 0.5 - move[0];
          const v = ((row + (j + 0.5) / factor) * SIDE) / side - 0.5 - move[1];
          sample(part, (a * u + b * v) / size, (a * v - b * u) / size, sum);
        }
      }
      for (let c = 0; c < 3; c += 1) made.data[4 * (row * side + column) + c] = sum[c] / factor ** 2;
      made.data[4 * (row * side + column) + 3] = 255;
    }
  }
  pen.putImageData(made, 0, 0);
}

/** The pixels that a face's square may touch, with where they begin. */
function around(picture, face) {
  const [x, y] = mean(face.points);
  const reach = face.pixels + 4;
  const left = clamp(Math.floor(x - reach), picture.width);
  const top = clamp(Math.floor(y - reach), picture.height);
  const width = clamp(Math.ceil(x + reach), picture.width) + 1 - left;
  const height = clamp(Math.ceil(y + reach), picture.height) + 1 - top;
  const brush = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  brush.drawImage(picture, -left, -top);
  return { left, top, width, height, data: brush.getImageData(0, 0, width, height).data };
}

/** Add the colour between four pixels to `sum`. */
function sample(part, x, y, sum) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  for (const [column, row, share] of [
    [left, top, (left + 1 - x) * (top + 1 - y)],
    [left + 1, top, (x - left) * (top + 1 - y)],
    [left, top + 1, (left + 1 - x) * (y - top)],
    [left + 1, top + 1, (x - left) * (y - top)],
  ]) {
    const at = 4 * (clamp(row - part.top, part.height) * part.width + clamp(column - part.left, part.width));
    for (let c = 0; c < 3; c += 1) sum[c] += share * part.data[at + c];
  }
}

const clamp = (value, size) => Math.max(0, Math.min(size - 1, value));

/** A face with its surroundings as a file of its own, without loss. */
export async function cutOut(picture, face, name) {
  const [x, y, width, height] = face.box;
  const half = 1.1 * Math.max(width, height, face.pixels);
  const left = Math.max(0, Math.floor(x + width / 2 - half));
  const top = Math.max(0, Math.floor(y + height / 2 - half));
  const right = Math.min(picture.width, Math.ceil(x + width / 2 + half));
  const bottom = Math.min(picture.height, Math.ceil(y + height / 2 + half));
  const canvas = new OffscreenCanvas(right - left, bottom - top);
  canvas.getContext("2d").drawImage(picture, -left, -top);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return new File([blob], name, { type: "image/png" });
}
