// The collection in use, chosen in the head of the page.

import { call } from "./api.js";
import { el, fill } from "./dom.js";
import { getCollection, setCollection } from "./session.js";

const select = document.getElementById("collection");

/** Read which collections there are; the one in use is kept where it is still there. */
export async function changed() {
  const { collections: names } = await call("GET", "collections");
  if (!names.includes(getCollection())) setCollection(names[0] ?? "");
  fill(select, names.length ? names.map((name) => el("option", { value: name }, name)) : el("option", { value: "" }, "none yet"));
  select.value = getCollection();
  select.disabled = !names.length;
  return names;
}

/** Call `act` when another one is chosen. */
export function onChoice(act) {
  select.addEventListener("change", () => {
    setCollection(select.value);
    act();
  });
}
