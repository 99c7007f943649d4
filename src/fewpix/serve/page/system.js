// What the service is made of, and who may use it.

import { call } from "./api.js";
import { audit } from "./audit.js";
import { collections } from "./collections.js";
import { button, el, fill } from "./dom.js";
import { keys } from "./keys.js";
import { loading, problem } from "./notices.js";
import { getKey, setKey } from "./session.js";
import { number, oneOf, sentence } from "./words.js";

export const title = "System";

const STATES = {
  loading: "The models are being loaded.",
  ready: "Ready: pictures can be looked at.",
  failed: "The models could not be loaded.",
  ended: "The service is ending.",
};

const LIMITS = {
  picture_bytes: ["Size of a picture file", (n) => `${number(n / 1e6)} MB`],
  request_bytes: ["Size of a request", (n) => `${number(n / 1e6)} MB`],
  pictures: ["Pictures in a request", number],
  pixels: ["Size of a picture", (n) => `${number(n / 1e6)} megapixels`],
  faces: ["Faces in a picture", number],
  seconds: ["Time of a request", (n) => `${number(n)} s`],
  at_once: ["Requests worked on at once", number],
  waiting: ["Requests waiting", number],
  per_client: ["Requests of one client", number],
  memory_bytes: ["Requests in memory", (n) => `${number(n / 1e6)} MB`],
  film_bytes: ["Size of a film", (n) => `${number(n / 1e6)} MB`],
  gallery_bytes: ["Size of an import", (n) => `${number(n / 1e6)} MB`],
  jobs: ["Films waiting", number],
};

export function show(place) {
  const models = el("div", {}, loading());
  const parts = [
    ["Service", models],
    ["Collections", collections()],
    ["Keys", keys()],
    ["Audit log", audit()],
  ];
  fill(
    place,
    el("h1", { tabindex: "-1" }, "System"),
    parts.map(([name, node]) => el("section", { class: "part", "aria-label": name }, el("h2", {}, name), node)),
  );
  read(models);
}

async function read(models) {
  try {
    fill(models, told(await call("GET", "system")));
  } catch (error) {
    fill(models, problem(error, () => read(models)));
  }
}

function told(system) {
  const { calibration } = system;
  return [
    el("div", { class: `notice ${system.state === "ready" ? "good" : system.state === "failed" ? "bad" : ""}` }, el("p", {}, STATES[system.state]),
      system.state === "failed" ? el("p", {}, "The reason stands in the service's log.") : null),
    el("dl", { class: "facts" },
      row("Version", system.version),
      row("Embedding space", system.space ? el("code", {}, system.space) : "not known yet"),
      calibration ? row("Calibration", rates(calibration)) : null),
    system.models.length ? modelTable(system.models) : null,
    el("p", {}, system.use),
    el("details", {}, el("summary", {}, "Limits"), el("dl", { class: "facts" }, Object.entries(system.limits).map(([name, value]) => {
      const [label, write] = LIMITS[name] ?? [name, number];
      return row(label, write(value));
    }))),
    getKey() ? button("Forget the key in this tab", (event) => {
      setKey("");
      event.currentTarget.remove();
    }) : null,
  ];
}

function rates(calibration) {
  if (!calibration.in_use) return `None: ${calibration.why ?? "nobody measured what scores are worth"}. So nobody is named.`;
  const by = calibration.default_fpir === null ? sentence(calibration.why ?? "A rate has to be asked for") : `A face is named at ${oneOf(calibration.default_fpir, "searches")} unless something else is asked for.`;
  return `Measured for collections of up to ${number(calibration.people)} people. ${by}`;
}

const row = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));

function modelTable(models) {
  const heads = ["Model", "Faces from", "Runs on", "Terms of its weights"];
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Models" },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, models.map((each) => el("tr", {},
        el("th", { scope: "row", title: each.sha256 }, each.name),
        el("td", {}, !each.from_pixels ? "any size" : `${each.from_pixels} px`),
        el("td", {}, `${each.runtime}, ${each.device}`),
        el("td", { class: "wrap" }, each.terms))))));
}
