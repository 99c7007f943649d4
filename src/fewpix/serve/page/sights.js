// Kept sights of faces, small, beside one another.

import { at, bytes } from "./api.js";
import { el, fill } from "./dom.js";

/**
 * Fetch sights one after the other and show them; what is not kept any more is left out.
 * @param {HTMLElement} place
 * @param {{event: string, number: number}[]} sights
 * @param {string} who they show, for who cannot see them.
 */
export async function showSights(place, sights, who) {
  fill(place);
  for (const [n, { event, number }] of sights.entries()) {
    try {
      const address = URL.createObjectURL(await bytes(at("events", event, "crops", number)));
      const image = el("img", { alt: `Sight ${n + 1} of ${who}` });
      image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
      image.src = address;
      place.append(image);
    } catch {
      return;
    }
  }
}
