// How pictures come in: dropped, pasted, chosen, or taken with the webcam.

import { button, el, newId } from "./dom.js";
import { takePicture } from "./webcam.js";

/**
 * A place for pictures.
 * @param {{label: string, many?: boolean, take: function(File[]), paste?: boolean, film?: boolean}} options `film`
 *   takes films instead.
 * @returns {{node: HTMLElement, end: function}} `end` when the place is gone.
 */
export function dropZone({ label, many = false, take, paste = true, film = false }) {
  const id = newId("files");
  const input = el("input", { type: "file", id, class: "unseen", accept: film ? "video/*,.mkv,.ts,.avi,.dav" : "image/*", multiple: many });
  const give = (files) => {
    const found = Array.from(files).filter((file) => film || file.type.startsWith("image/") || !file.type);
    if (found.length) take(many ? found : found.slice(0, 1));
  };
  input.addEventListener("change", () => {
    give(input.files);
    input.value = "";
  });
  const node = el(
    "div",
    { class: "drop", role: "group", "aria-label": label },
    el("p", { class: "lead" }, label),
    el("p", { class: "hint" }, paste ? "Drop here, paste, or" : "Drop here, or"),
    el(
      "div",
      { class: "row" },
      input,
      el("label", { for: id, class: "button main" }, film ? "Choose a film" : many ? "Choose pictures" : "Choose a picture"),
      film ? [] : button("Use the webcam", async () => {
        const file = await takePicture();
        if (file) give([file]);
      }),
    ),
  );
  let inside = 0;
  const mark = (by) => {
    inside = Math.max(0, inside + by);
    node.classList.toggle("over", inside > 0);
  };
  node.addEventListener("dragenter", () => mark(1));
  node.addEventListener("dragleave", () => mark(-1));
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-inside);
    give(event.dataTransfer.files);
  });
  const pasted = (event) => {
    if (!document.querySelector("dialog[open]") && event.clipboardData?.files.length) give(event.clipboardData.files);
  };
  if (paste) document.addEventListener("paste", pasted);
  return { node, end: () => document.removeEventListener("paste", pasted) };
}

/** A file's pixels, turned as its EXIF data say; null where this browser cannot read it. */
export async function pixelsOf(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    return null;
  }
}

/** A small picture of a file. */
export function thumbnail(file, label) {
  const canvas = el("canvas", { class: "thumb", width: 1, height: 1, role: "img", "aria-label": label });
  pixelsOf(file).then((picture) => {
    if (!picture) return;
    const scale = Math.min(1, 192 / Math.max(picture.width, picture.height));
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
  });
  return canvas;
}
