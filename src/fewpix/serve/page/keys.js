// Keys: made, shown once, revoked.

import { at, call } from "./api.js";
import { button, el, field, fill } from "./dom.js";
import { confirm, open } from "./dialogs.js";
import { loading, problem, say } from "./notices.js";
import { getKey, setKey } from "./session.js";
import { when } from "./words.js";

const SCOPES = [
  ["read", "read: look and search"],
  ["enrol", "enrol: and add and change people"],
  ["admin", "admin: and delete, keys, audit log"],
];

export function keys() {
  const list = el("div", {}, loading());
  const outcome = el("div");
  const name = el("input", { type: "text", required: true, maxlength: 100, autocomplete: "off" });
  const scope = el("select", {}, SCOPES.map(([value, text]) => el("option", { value }, text)));
  let any = false;

  async function read() {
    try {
      const { keys: found } = await call("GET", "keys");
      any = found.length > 0;
      if (!any) scope.value = "admin";
      fill(list, any ? table(found) : el("p", {}, "There is no key: the service answers this machine only. From the first key on nobody gets in without one, so make the first one an admin key."));
    } catch (error) {
      fill(list, problem(error, error.code === "scope" ? null : read));
    }
  }

  function table(found) {
    return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All keys" },
      el("table", {},
        el("thead", {}, el("tr", {}, ["Name", "Scope", "Made", "Last used", "State"].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, found.map((key) => el("tr", {},
          el("th", { scope: "row" }, key.name),
          el("td", {}, key.scope),
          el("td", {}, when(key.created)),
          el("td", {}, key.last_used ? when(key.last_used) : "never"),
          el("td", {}, key.revoked ? `revoked ${when(key.revoked)}` : button("Revoke", () => revoke(key), { class: "danger", "aria-label": `Revoke the key ${key.name}` })))))));
  }

  async function make(event) {
    event.preventDefault();
    try {
      const made = await call("POST", "keys", { json: { name: name.value.trim(), scope: scope.value } });
      if (!getKey() && !any && made.scope === "admin") setKey(made.key);
      name.value = "";
      fill(outcome);
      await once(made);
      await read();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  async function revoke(key) {
    const sure = await confirm({
      title: `Revoke the key ${key.name}?`,
      text: "Whoever uses it is refused from now on. If it is the key of this tab, this page is, too; the command line makes another one.",
      action: "Revoke",
    });
    if (!sure) return;
    try {
      await call("DELETE", at("keys", key.id));
      say(`The key ${key.name} was revoked.`);
      await read();
    } catch (error) {
      fill(outcome, problem(error));
    }
  }

  read();
  return el("div", {}, list,
    el("form", { class: "row bottom", on: { submit: make } }, field("New key for", name), field("It may", scope), el("button", { type: "submit" }, "Make it")), outcome);
}

function once(made) {
  const shown = el("input", { type: "text", readonly: true, value: made.key, "aria-label": "The key", class: "secret", on: { focus: (event) => event.target.select() } });
  const copy = button("Copy", async () => {
    shown.select();
    try {
      await navigator.clipboard.writeText(made.key);
      copy.textContent = "Copied";
      say("Copied.");
    } catch {
      say("The key is selected; copy it with the keyboard.");
    }
  });
  return open({
    title: `The key for ${made.name}`,
    body: [el("p", {}, el("strong", {}, "It is shown this once.")), el("p", {}, "Only its digest is kept; who loses it needs another one."), el("div", { class: "row" }, shown, copy)],
    action: null,
    cancel: "I have kept it",
  });
}
