// A photo on its way into the collection.

import { button, el, fill } from "./dom.js";
import { thumbnail } from "./pictures.js";
import { px, qualityWords, sentence } from "./words.js";

const BADGES = {
  waiting: "waiting",
  working: "being looked at",
  enrolled: "enrolled",
  there: "there already",
  refused: "refused",
  undone: "taken back",
};

/**
 * @param {File} file
 * @param {function} drop called when it is taken off the list.
 */
export function enrolRow(file, drop) {
  const badge = el("span", { class: "badge" });
  const said = el("div", { class: "said" });
  const off = button("Take off", () => {
    row.node.remove();
    drop();
  }, { "aria-label": `Take ${file.name} off the list` });
  const node = el(
    "li",
    { class: "card" },
    thumbnail(file, file.name),
    el("div", { class: "told" }, el("div", { class: "row between" }, el("strong", { class: "file" }, file.name), badge), said),
    off,
  );

  function become(state, ...children) {
    row.state = state;
    node.className = `card ${state}`;
    badge.textContent = BADGES[state];
    badge.className = `badge ${state}`;
    off.hidden = state === "working" || state === "enrolled";
    fill(said, children);
  }

  const row = {
    file,
    node,
    state: "waiting",
    wait: () => become("waiting"),
    work: () => become("working"),
    taken: (done) => become(done.new ? "enrolled" : "there", facts(done)),
    refused: (error) =>
      become("refused", el("p", {}, sentence(error.detail ?? "It could not be sent")), error.fix ? el("p", { class: "fix" }, el("span", {}, "What helps: "), sentence(error.fix)) : null),
    undone: () => become("undone"),
  };
  row.wait();
  return row;
}

function facts(done) {
  return [
    el("p", {}, "As ", el("a", { href: `#/people/${done.person_id}` }, done.person), `: ${px(done.pixels)}, detail of ${px(done.effective_pixels)}, quality ${qualityWords(done.quality)}`),
    el("meter", { min: 0, max: 1, value: done.quality, "aria-label": "Quality" }),
    done.warnings.map((text) => el("p", { class: "warning" }, sentence(text))),
  ];
}
