// Questions in front of everything else. <dialog> keeps the focus inside and gives it back afterwards.

import { button, el, newId } from "./dom.js";

/**
 * Ask something.
 * @param {{title: string, body: Array, action?: string, danger?: boolean, value?: function, none?: any,
 *   cancel?: string, allowed?: function, wide?: boolean, ended?: function}} question `value` gives the answer,
 *   `none` is the answer of who leaves, `allowed` says whether the action may be pressed, `action` null shows no action.
 */
export function open({ title, body, action = "Yes", danger = false, value = () => true, none = false, cancel = "Cancel", allowed = null, wide = false, ended = null }) {
  return new Promise((done) => {
    const id = newId("title");
    const yes = action && el("button", { type: "submit", class: danger ? "danger" : "main" }, action);
    const form = el(
      "form",
      { method: "dialog" },
      el("h2", { id }, title),
      body,
      el("div", { class: "row end" }, button(cancel, () => dialog.close()), yes),
    );
    const dialog = el("dialog", { "aria-labelledby": id, class: wide ? "wide" : null }, form);
    let answer = none;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = value();
      dialog.close();
    });
    if (allowed && yes) {
      const look = () => (yes.disabled = !allowed());
      form.addEventListener("input", look);
      look();
    }
    dialog.addEventListener("close", () => {
      dialog.remove();
      ended?.();
      done(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A clear confirmation; with `typed`, this text has to be written first. */
export function confirm({ title, text, action, typed = null }) {
  const input = typed === null ? null : el("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  const label = input && el("label", { class: "field" }, el("span", {}, "Write ", el("strong", {}, typed), " to confirm"), input);
  return open({
    title,
    body: [el("p", {}, text), label],
    action,
    danger: true,
    allowed: input && (() => input.value === typed),
  });
}
