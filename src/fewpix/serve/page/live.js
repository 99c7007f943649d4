// The newest frame of a camera, again and again, for as long as it is looked at.

import { at, bytes } from "./api.js";
import { el, fill } from "./dom.js";

const PAUSE = 400;
const LONG = 2000;

/**
 * A camera's picture. Where it does not run, the text of `instead` stands in its place.
 * @param {string} name
 * @returns {{node: HTMLElement, show: function(object), rest: function, end: function}} `show` is given the camera as it is now;
 *   from `rest` to the next `show` no frame is asked for.
 */
export function live(name) {
  const image = el("img", { alt: `What the camera ${name} saw last` });
  const node = el("div", { class: "live" });
  let address = "";
  let runs = false;
  let ended = false;

  async function again() {
    while (!ended) {
      const seen = runs && !document.hidden && node.isConnected;
      if (seen) await once();
      await new Promise((done) => setTimeout(done, seen ? PAUSE : LONG / 4));
    }
  }

  async function once() {
    try {
      const blob = await bytes(at("cameras", name, "frame"));
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
    runs = camera.last_frame !== null && camera.state !== "stopped";
    if (!runs) fill(node, el("p", {}, instead(camera)));
  }

  again();
  return {
    node,
    show,
    rest() {
      runs = false;
    },
    end() {
      ended = true;
      if (address) URL.revokeObjectURL(address);
    },
  };
}

function instead(camera) {
  if (camera.state === "stopped") return "Stopped: nothing is looked at.";
  if (camera.state === "failed") return "No picture.";
  return camera.kind === "pushed" ? "No frame was sent yet." : "Waiting for the first frame.";
}
