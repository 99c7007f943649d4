// Whether pictures can be looked at already; asked again until they can.

import { call } from "./api.js";
import { el, fill } from "./dom.js";
import { sentence } from "./words.js";

const PAUSE = 1000;
const LONG = 15000;

export async function watch() {
  const place = document.getElementById("state");
  for (;;) {
    try {
      await call("GET", "ready", { quiet: true });
      fill(place);
      return;
    } catch (error) {
      fill(place, el("div", { class: "notice" }, el("p", {}, sentence(error.detail ?? "The service does not answer"))));
      const waits = error.code === "not-ready" && /load/.test(error.detail);
      await new Promise((done) => setTimeout(done, waits ? PAUSE : LONG));
    }
  }
}
