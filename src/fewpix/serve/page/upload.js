// A large file on its way: sent from the disk, with how much of it is there.

import { call, Problem } from "./api.js";
import { getKey } from "./session.js";

/**
 * Send a file as the body of a request.
 * @param {string} path below v1/.
 * @param {File} file
 * @param {{query: object, once: string, progress: function(number)}} options `progress` is told the share, 0 to 1.
 * @returns {{answer: Promise<object>, end: function}} `end` breaks it off.
 * @throws {Problem}
 */
export function upload(path, file, { query, once, progress }) {
  const address = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, value);
  }
  const sending = new XMLHttpRequest();
  const answer = new Promise((done, failed) => {
    const lost = (detail, fix) => failed(new Problem({ code: "lost", detail, fix }));
    sending.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    sending.addEventListener("error", () => lost("The film did not arrive.", "Look whether the service still runs, then send it again."));
    sending.addEventListener("abort", () => lost("Sending was broken off.", "Choose the film again."));
    sending.addEventListener("load", () => {
      let body;
      try {
        body = JSON.parse(sending.responseText);
      } catch {
        lost(`The service answered ${sending.status} without a reason.`, "Send it again.");
        return;
      }
      if (sending.status < 300) done(body);
      else failed(new Problem(body));
    });
  });
  // A cheap request before, so that a key that is needed is asked for now.
  const begun = call("GET", "jobs", { query: { limit: 1 } }).then(() => {
    sending.open("POST", address);
    if (getKey()) sending.setRequestHeader("Authorization", `Bearer ${getKey()}`);
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.setRequestHeader("Idempotency-Key", once);
    sending.send(file);
    return answer;
  });
  return { answer: begun, end: () => sending.abort() };
}
