// The service's key, asked for once and kept until the tab is closed.

import { el, field } from "./dom.js";
import { open } from "./dialogs.js";

let asking = null;

/**
 * Ask for a key.
 * @param {boolean} refused whether one was tried.
 * @returns {Promise<string>} empty where none was given.
 */
export function askKey(refused) {
  asking ??= ask(refused).finally(() => (asking = null));
  return asking;
}

function ask(refused) {
  const input = el("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true });
  return open({
    title: "This service wants a key",
    body: [
      refused ? el("p", { class: "notice bad" }, "The key is not valid, or was revoked.") : null,
      el("p", {}, "Whoever runs the service makes one: ", el("code", {}, "fewpix keys add NAME"), "."),
      field("Key", input, "It is kept until this tab is closed, and sent to this service only."),
    ],
    action: "Use the key",
    value: () => input.value.trim(),
    none: "",
  });
}
