// Who is in a picture.

import { at, call } from "./api.js";
import { el, field, fill } from "./dom.js";
import { offer } from "./enrol.js";
import { faceCard } from "./face_card.js";
import { cutOut } from "./geometry.js";
import { loading, problem, say } from "./notices.js";
import { dropZone, pixelsOf } from "./pictures.js";
import { portrait } from "./portrait.js";
import { getCollection } from "./session.js";
import { nameOf, ruleOf } from "./verdict.js";
import { counted, px, sentence } from "./words.js";

const PAUSE = 400;
export const SCORE = "score";
export const RATES = [
  ["", "as the service decides (1 of 100)"],
  ["0.1", "1 of 10 searches"],
  ["0.03", "1 of 33 searches"],
  ["0.01", "1 of 100 searches"],
  ["0.003", "1 of 330 searches"],
  ["0.001", "1 of 1,000 searches"],
  [SCORE, "decide by the score instead"],
];

// What was looked at last stays when another view is shown; nothing of it is stored.
const last = { file: null, picture: null, answer: null, collection: "", rule: "", least: 0.5 };
let turn = 0;

export const title = "Identify";
export const needsCollection = true;

export function show(place) {
  const result = el("div", { class: "result" });
  const take = ([file]) => {
    last.file = file;
    zone.node.classList.add("compact");
    return look(result);
  };
  const zone = dropZone({ label: "A picture with one face or many", take });
  const rates = el("select", {}, RATES.map(([value, text]) => el("option", { value }, text)));
  rates.value = last.rule;
  const least = el("input", { type: "number", min: -1, max: 1, step: 0.01, value: last.least });
  const byScore = field("Name a face when its score reaches", least, "What a score is worth depends on the model, the faces' size and the collection; a rate does not.");
  byScore.hidden = last.rule !== SCORE;
  const changed = () => {
    Object.assign(last, { rule: rates.value, least: least.value });
    byScore.hidden = last.rule !== SCORE;
    if (last.file) look(result);
  };
  rates.addEventListener("change", changed);
  // Not on "change": that comes when the field is left, and would draw anew what was just pressed.
  let timer = 0;
  least.addEventListener("input", () => {
    clearTimeout(timer);
    last.least = least.value;
    if (last.file && least.value && least.validity.valid) timer = setTimeout(changed, PAUSE);
  });
  fill(
    place,
    el("h1", { tabindex: "-1" }, "Who is in this picture?"),
    el("div", { class: "split" }, zone.node, el(
      "div",
      { class: "stack" },
      field("Name a face when strangers are named in at most", rates, "The rarer, the fewer false names, and the more faces stay unknown."),
      byScore,
    )),
    result,
  );
  zone.node.classList.toggle("compact", Boolean(last.file));
  if (last.file && last.collection === getCollection()) draw(result);
  else if (last.file) look(result);
  return () => {
    clearTimeout(timer);
    zone.end();
  };
}

async function look(result) {
  const mine = (turn += 1);
  const { file, rule, least } = last;
  const collection = getCollection();
  fill(result, loading(`Looking at ${file.name}.`));
  say("Looking at the picture.");
  const picture = pixelsOf(file);
  try {
    const query = { top: 3, ...(rule === SCORE ? { threshold: least } : { fpir: rule }) };
    const answer = await call("POST", at("collections", collection, "identify"), { query, files: [file] });
    const drawn = await picture;
    if (mine !== turn) return;
    Object.assign(last, { picture: drawn, answer, collection });
    draw(result);
    say(told(answer.pictures[0]));
  } catch (error) {
    if (mine !== turn) return;
    last.answer = null;
    fill(result, problem(error, () => look(result)));
  }
}

function draw(result) {
  const { answer, picture, file } = last;
  if (!answer) return;
  const [found] = answer.pictures;
  const size = `${file.name}, ${found.width} × ${found.height} pixels`;
  if (!found.faces.length) {
    fill(
      result,
      el("div", { class: "notice" }, el("p", {}, el("strong", {}, "No face was found.")),
        el("p", {}, "Faces from about 8 pixels on are looked for. A face that is turned away, covered or smaller is not seen.")),
      portrait(picture, found, { name: file.name, label: String, kind: () => "", press: () => {} }).node,
    );
    return;
  }
  const cards = found.faces.map((face, n) =>
    faceCard(picture, face, n, { enrol: picture ? () => pass(face) : null, look: () => shown.mark(n) }),
  );
  const shown = portrait(picture, found, {
    name: file.name,
    label: (face, n) => `Face ${n + 1}: ${nameOf(face)}, ${px(face.pixels)}`,
    kind: (face) => face.verdict,
    press: (n) => {
      cards[n].heading.focus({ preventScroll: true });
      cards[n].card.scrollIntoView({ block: "nearest", behavior: calm() });
      shown.mark(n);
    },
  });
  fill(
    result,
    el("div", { class: "split picture" },
      el("section", { class: "stay", "aria-label": "Picture" }, shown.node, el("p", { class: "hint" }, size)),
      el("section", { "aria-label": "Faces" },
        el("h2", {}, told(found)),
        el("p", { class: "hint" }, ruleOf(answer), answer.why ? ` ${sentence(answer.why)}` : ""),
        cards.map(({ card }) => card))),
  );
}

async function pass(face) {
  const { file, picture, answer } = last;
  const alone = answer.pictures[0].faces.length === 1;
  offer([alone ? file : await cutOut(picture, face, `${file.name.replace(/\.[^.]*$/, "")}-face.png`)]);
  location.hash = "#/enrol";
}

function told(found) {
  const named = found.faces.filter((face) => face.verdict === "named").length;
  if (!found.faces.length) return "No face was found";
  return `${counted(found.faces.length, "face")}, ${named ? `${counted(named, "is", "are")} named` : "none is named"}`;
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
