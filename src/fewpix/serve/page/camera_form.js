// What a camera is told: asked in front of everything else, for a new one and for one that is there.

import { at, call, newOnce } from "./api.js";
import { el, field, fill, tick } from "./dom.js";
import { open } from "./dialogs.js";
import { problem, say } from "./notices.js";
import { getCollection } from "./session.js";

const RATES = [
  ["", "as the service decides (1 of 100)"],
  ["0.1", "1 of 10 searches"],
  ["0.03", "1 of 33 searches"],
  ["0.01", "1 of 100 searches"],
  ["score", "decide by the score instead"],
];

/** What has to be known before templates are kept. */
export const TEMPLATES = "Keep templates (embeddings), to find unknown people again and to put names right. They identify people who were never asked";

/** Ask for a new camera and add it; the camera, or null. */
export async function addCamera(outcome) {
  const name = el("input", { type: "text", required: true, pattern: "[a-z0-9][a-z0-9_\\-]*", maxlength: 63, autocomplete: "off", spellcheck: "false" });
  const address = el("input", { type: "text", maxlength: 2000, autocomplete: "off", spellcheck: "false" });
  const how = options();
  const told = await open({
    title: "Add a camera",
    body: [
      field("Name (small letters, digits, - and _)", name),
      field("Address", address, "rtsp://user:password@host/stream or another URL, a device's number, or a file of the service's machine. Empty: frames are sent, as from this device's webcam."),
      el("p", { class: "hint" }, `People of the collection ${getCollection()} are looked for.`),
      how.node,
    ],
    action: "Add it",
    none: null,
    value: () => ({ name: name.value.trim(), address: address.value.trim() || null, collection: getCollection(), ...how.value() }),
  });
  if (!told) return null;
  try {
    const made = await call("POST", "cameras", { json: told, once: newOnce() });
    fill(outcome);
    say(`The camera ${made.name} is followed.`);
    return made;
  } catch (error) {
    fill(outcome, problem(error));
    return null;
  }
}

/** Ask what is to be another one; the camera as it is then, or null. */
export async function changeCamera(camera, outcome) {
  const address = el("input", { type: "text", maxlength: 2000, autocomplete: "off", spellcheck: "false", placeholder: camera.source ?? "" });
  const how = options(camera);
  const told = await open({
    title: `Change the camera ${camera.name}`,
    body: [
      camera.kind === "pushed" ? null : field("Another address", address, "Empty: it stays. The present one is not shown with its password."),
      how.node,
    ],
    action: "Change it",
    none: null,
    value: () => ({ ...(address.value.trim() ? { address: address.value.trim() } : {}), ...how.value() }),
  });
  if (!told) return null;
  try {
    const made = await call("PATCH", at("cameras", camera.name), { json: told, once: newOnce() });
    fill(outcome);
    say(`The camera ${made.name} was changed.`);
    return made;
  } catch (error) {
    fill(outcome, problem(error));
    return null;
  }
}

function options(camera = null) {
  const rate = el("select", {}, RATES.map(([value, text]) => el("option", { value }, text)));
  const least = el("input", { type: "number", min: -1, max: 1, step: 0.01, value: camera?.threshold ?? 0.5 });
  const byScore = field("Name a face when its score reaches", least);
  const days = el("input", { type: "number", min: 0.01, max: 3660, step: "any", required: true, value: camera ? Math.round(camera.retention_hours / 0.24) / 100 : 7 });
  const crops = tick("Keep up to three pictures of every face that is followed");
  const templates = tick(TEMPLATES);
  const adapt = tick("Learn how faces look in this camera (FaceBN)");
  if (camera) {
    crops.box.checked = camera.store_crops;
    templates.box.checked = camera.store_templates;
    adapt.box.checked = camera.adapt;
    rate.value = camera.threshold === null ? String(camera.fpir ?? "") : "score";
    if (rate.selectedIndex < 0) {
      rate.append(el("option", { value: String(camera.fpir) }, `FPIR ${camera.fpir}`));
      rate.value = String(camera.fpir);
    }
  }
  const look = () => (byScore.hidden = rate.value !== "score");
  rate.addEventListener("change", look);
  look();
  return {
    node: el("div", { class: "stack" },
      field("Name a face when strangers are named in at most", rate), byScore,
      field("Days that events are kept for", days), crops.node, templates.node, adapt.node),
    value: () => ({
      fpir: rate.value && rate.value !== "score" ? Number(rate.value) : null,
      threshold: rate.value === "score" ? Number(least.value) : null,
      retention_days: Number(days.value),
      store_crops: crops.box.checked,
      store_templates: templates.box.checked,
      adapt: adapt.box.checked,
    }),
  };
}
