// Which view is shown: the part of the address after #.

import * as cameras from "./cameras.js";
import { changed, onChoice } from "./chooser.js";
import { makeCollection } from "./collections.js";
import * as compare from "./compare.js";
import { el, fill } from "./dom.js";
import * as enrol from "./enrol.js";
import * as events from "./events.js";
import * as help from "./help.js";
import * as identify from "./identify.js";
import { empty, loading, problem } from "./notices.js";
import * as people from "./people.js";
import { watch } from "./readiness.js";
import * as review from "./review.js";
import { getCollection, getTheme, setTheme } from "./session.js";
import * as system from "./system.js";
import * as video from "./video.js";

const VIEWS = { identify, video, cameras, events, review, people, enrol, compare, system, help };

const main = document.getElementById("main");
let end = null;
let begun = false;

function route(focus = true) {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decode);
  if (location.hash === "#main") return;
  const view = VIEWS[name] ?? identify;
  const shown = VIEWS[name] ? name : "identify";
  end?.();
  end = null;
  document.title = `${view.title} – fewpix`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = el("div", { class: "view" });
  fill(main, place);
  if (view.needsCollection && !getCollection()) first(place);
  else end = view.show(place, rest) ?? null;
  if (focus) {
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
}

/** Without a collection there is nothing to look in. */
function first(place) {
  fill(place, el("h1", { tabindex: "-1" }, "Make a collection"),
    empty("A collection holds the people who can be named.", el("p", {}, "Make the first one, then enrol somebody."), makeCollection(() => route())));
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

async function begin() {
  fill(main, loading());
  try {
    await changed();
    if (!begun) addEventListener("hashchange", () => route());
    begun = true;
    route(false);
  } catch (error) {
    fill(main, el("h1", { tabindex: "-1" }, "fewpix"), problem(error, begin));
  }
}

const theme = document.getElementById("theme");
theme.value = getTheme();
theme.addEventListener("change", () => setTheme(theme.value));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
// A picture that misses its place must not replace the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
onChoice(() => {
  // Somebody's own page is of the collection before.
  if (/^#\/people\/./.test(location.hash)) location.hash = "#/people";
  else route(false);
});
watch();
begin();
