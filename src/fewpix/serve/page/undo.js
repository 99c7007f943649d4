// The last change of a collection, taken back.

import { at, call, newOnce } from "./api.js";
import { fill } from "./dom.js";
import { done, problem, say } from "./notices.js";
import { getCollection } from "./session.js";

const WORDS = { enrol: "enrolment", rename: "rename", merge: "merge", move: "move of a photo" };

/** Take it back, tell the outcome in `place`, and call `after` where something changed. */
export async function takeBack(place, after) {
  try {
    const { undone } = await call("POST", at("collections", getCollection(), "undo"), { once: newOnce() });
    const text = `The last ${WORDS[undone]} was taken back.`;
    fill(place, done(text));
    say(text);
    await after();
  } catch (error) {
    fill(place, problem(error));
  }
}
