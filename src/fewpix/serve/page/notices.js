// What is said to the reader: problems with their fix, empty places, and what screen readers should hear.

import { button, el } from "./dom.js";
import { sentence } from "./words.js";

/** Tell what happened to who cannot see it. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = text));
}

/** A problem: what happened and what helps; with `again`, a button that tries once more. */
export function problem(error, again = null) {
  const known = typeof error.code === "string" && "fix" in error;
  if (!known) console.error(error);
  return el(
    "div",
    { class: "notice bad", role: "alert" },
    el("p", {}, el("strong", {}, known ? sentence(error.detail) : "This page has made a mistake.")),
    known ? el("p", {}, sentence(error.fix)) : el("p", {}, "Load it again; if that does not help, report it."),
    error.request_id ? el("p", { class: "hint" }, `Request ${error.request_id}, ${error.code}`) : null,
    again ? button("Try again", again) : null,
  );
}

/** Nothing is here, and what to do about it. */
export function empty(title, ...rest) {
  return el("div", { class: "empty" }, el("p", { class: "lead" }, title), rest);
}

export const loading = (text = "Loading.") => el("p", { class: "loading" }, text);

export const done = (text, ...more) => el("div", { class: "notice good", role: "status" }, el("p", {}, text), more);
