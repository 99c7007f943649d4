// The newest frame of a camera, again and again, for as long as it is looked at.

import { at, bytes } from "./api.js";
import { asking } from "./asking.js";
import { el, fill } from "./dom.js";

const PAUSE = 400;
const REST = 500; // while nobody looks

/**
 * A camera's picture. Where it does not run, the text of `instead` stands in its place.
 * @param {string} name
 * @returns {{node: HTMLElement, show: function(object), rest: function(): Promise<void>, end: function}} `show` is
 *   given the camera as it is now; after `await rest()` no frame is asked for until the next `show`.
 */
export function live(name) {
  const image = el("img", { alt: `What the camera ${name} saw last` });
  const node = el("div", { class: "live" });
  let address = "";
  let runs = false;
  const frames = asking(async () => {
    if (document.hidden || !node.isConnected) return REST;
    await frame();
    return PAUSE;
  });

  async function frame() {
    try {
      const blob = await bytes(at("cameras", name, "frame"));
      if (!runs) return;
      const before = address;
      address = URL.createObjectURL(blob);
      image.src = address;
      if (image.parentNode !== node) fill(node, image);
      await image.decode().catch(() => {});
      if (before) URL.revokeObjectURL(before);
    } catch {
      // There is none yet, or the service is away: what the camera says tells which.
    }
  }

  function show(camera) {
    const before = runs;
    runs = camera.last_frame !== null && camera.state !== "stopped";
    if (runs && !before) frames.now();
    if (runs) return;
    rest();
    fill(node, el("p", {}, instead(camera)));
  }

  function rest() {
    runs = false;
    return frames.rest();
  }

  return {
    node,
    show,
    rest,
    end() {
      rest();
      if (address) URL.revokeObjectURL(address);
    },
  };
}

function instead(camera) {
  if (camera.state === "stopped") return "Stopped: nothing is looked at.";
  if (camera.state === "failed") return "No picture.";
  return camera.kind === "pushed" ? "No frame was sent yet." : "Waiting for the first frame.";
}
