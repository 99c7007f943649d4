// The photos of somebody: looks where pixels were kept, quality, move and delete.

import { at, bytes, call, newOnce } from "./api.js";
import { button, el, fill } from "./dom.js";
import { confirm, open } from "./dialogs.js";
import { nameField } from "./name_field.js";
import { done, loading, problem, say } from "./notices.js";
import { getCollection } from "./session.js";
import { qualityWords, when } from "./words.js";

const PAGE = 50;

/**
 * @param {{id: string, name: string, photos: number}} owner
 * @param {{path: function, outcome: HTMLElement, again: function}} there
 */
export function photos(owner, { path, outcome, again }) {
  const grid = el("ul", { class: "photos" });
  const more = el("div", { class: "more" }, loading());
  const urls = [];
  let gone = false;

  async function read(cursor = null) {
    try {
      const page = await call("GET", path("photos"), { query: { limit: PAGE, cursor } });
      if (gone) return;
      grid.append(...page.photos.map(card));
      fill(more, page.next ? button("Show more photos", () => read(page.next)) : null);
    } catch (error) {
      fill(more, problem(error, () => read(cursor)));
    }
  }

  function card(photo) {
    const only = owner.photos === 1;
    return el(
      "li",
      { class: "card" },
      look(photo),
      el("p", { class: "file" }, photo.source),
      el("p", { class: "hint" }, `Quality ${qualityWords(photo.quality)}`),
      photo.quality === null ? null : el("meter", { min: 0, max: 1, value: photo.quality, "aria-label": "Quality" }),
      el("p", { class: "hint" }, when(photo.created)),
      el("div", { class: "row" },
        button("Move", () => move(photo), { "aria-label": `Move ${photo.source} to somebody else` }),
        button("Delete", () => remove(photo), {
          class: "danger",
          "aria-label": `Delete ${photo.source}`,
          disabled: only,
          title: only ? "A person has at least one photo; delete the person" : null,
        })),
    );
  }

  function look(photo) {
    const place = el("div", { class: "look" });
    if (!photo.kept) return fill(place, el("p", { class: "hint" }, "Pixels not kept"));
    bytes(path("photos", photo.id, "picture")).then(
      (blob) => {
        if (gone) return;
        const url = URL.createObjectURL(blob);
        urls.push(url);
        fill(place, el("img", { src: url, alt: `${owner.name}, ${photo.source}` }));
      },
      () => fill(place, el("p", { class: "hint" }, "Cannot be shown")),
    );
    return place;
  }

  async function move(photo) {
    const { input, node } = nameField("To whom");
    const name = await open({
      title: `Move ${photo.source}`,
      body: [
        el("p", {}, "Somebody who is enrolled, or a new name.", owner.photos === 1 ? ` It is the only photo of ${owner.name}, whose entry ends.` : ""),
        node,
      ],
      action: "Move",
      value: () => input.value.trim(),
      none: "",
    });
    if (!name) return;
    try {
      const known = await call("GET", at("collections", getCollection(), "people"), { query: { name } });
      const to = known.people.length ? { person: known.people[0].id } : { name };
      const after = await call("POST", path("photos", photo.id, "move"), { json: to, once: newOnce() });
      tell(`${photo.source} is ${after.name}'s now.`);
      await again();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  async function remove(photo) {
    const sure = await confirm({
      title: `Delete ${photo.source}?`,
      text: "The photo's embeddings and kept pixels are overwritten. This cannot be taken back.",
      action: "Delete the photo",
    });
    if (!sure) return;
    try {
      await call("DELETE", path("photos", photo.id), { once: newOnce() });
      tell(`${photo.source} was deleted.`);
      await again();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  function tell(text) {
    fill(outcome, done(text));
    say(text);
  }

  read();
  const end = () => {
    gone = true;
    urls.forEach((url) => URL.revokeObjectURL(url));
  };
  return { node: el("div", {}, grid, more), end };
}
