// The service's interface: keys, problems, lists that come in pages.

import { askKey } from "./key.js";
import { getKey, setKey } from "./session.js";

const RETRIED = new Set(["busy", "too-many-requests"]);
const TRIES = 3;

/** What the service answered instead: the members of problem+json. */
export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    Object.assign(this, body);
  }
}

const LOST = {
  code: "lost",
  title: "The service does not answer",
  detail: "The service does not answer.",
  fix: "Look whether it still runs and whether this device reaches it, then try again.",
};

/**
 * Call an operation.
 * @param {string} method
 * @param {string} path below v1/, each part encoded by `at`.
 * @param {{query?: object, json?: object, files?: File[], once?: string, match?: string, whole?: boolean,
 *   quiet?: boolean}} options `once` is an idempotency key, `match` an ETag, `whole` gives {body, tag}, `quiet`
 *   asks for no key.
 * @throws {Problem}
 */
export async function call(method, path, options = {}) {
  const address = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, value);
  }
  for (let attempt = 1; ; attempt += 1) {
    const used = getKey();
    const response = await sent(method, address, options);
    if (response.ok) return options.whole ? { body: await response.json(), tag: response.headers.get("etag") } : response.json();
    const problem = await problemOf(response);
    if (problem.code === "no-key" && !options.quiet) {
      // Another request may have asked meanwhile; what it was told is used here too.
      const given = getKey() !== used ? getKey() : await askKey(used !== "");
      if (!given) throw problem;
      setKey(given);
    } else if (RETRIED.has(problem.code) && attempt < TRIES) {
      const seconds = Math.min(Number(response.headers.get("retry-after")) || 1, 10);
      await new Promise((done) => setTimeout(done, 1000 * seconds));
    } else throw problem;
  }
}

/** The bytes of a kept picture. */
export async function bytes(path) {
  const response = await sent("GET", new URL(`v1/${path}`, document.baseURI), {});
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

/** An answer that is read while it comes. */
export async function opened(path, query, signal) {
  const address = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const response = await sent("GET", address, { signal });
  if (!response.ok) throw await problemOf(response);
  return response.body;
}

async function sent(method, address, { json, files, once, match, signal }) {
  const headers = {};
  if (getKey()) headers.Authorization = `Bearer ${getKey()}`;
  if (once) headers["Idempotency-Key"] = once;
  if (match) headers["If-Match"] = match;
  let body;
  if (json) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  } else if (files) {
    body = new FormData();
    for (const file of files) body.append("picture", file, file.name);
  }
  try {
    return await fetch(address, { method, headers, body, signal, redirect: "error" });
  } catch {
    throw new Problem(LOST);
  }
}

async function problemOf(response) {
  try {
    return new Problem(await response.json());
  } catch {
    return new Problem({ ...LOST, detail: `The service answered ${response.status} without a reason.` });
  }
}

/** A path of parts, each encoded. */
export const at = (...parts) => parts.map(encodeURIComponent).join("/");

/** A new idempotency key; `crypto.randomUUID` is there on HTTPS and loopback only. */
export function newOnce() {
  const made = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(made, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
