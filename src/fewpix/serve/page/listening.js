// Events as they happen: Server-Sent Events, read by fetch, since EventSource sends no key.

import { opened } from "./api.js";

const AGAIN = 2000;

/**
 * Follow events until the returned function is called.
 * @param {number} after the position to go on from.
 * @param {function(object)} tell is given every event.
 * @param {function(boolean)} state is told whether the connection stands.
 */
export function listen(after, tell, state) {
  const ending = new AbortController();
  let at = after;

  async function read() {
    const body = await opened("events/stream", { after: at }, ending.signal);
    state(true);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines.filter((each) => each.startsWith("data: "))) {
        const event = JSON.parse(line.slice(6));
        at = event.sequence;
        tell(event);
      }
    }
  }

  async function follow() {
    while (!ending.signal.aborted) {
      try {
        await read();
      } catch {
        // It is asked for again: the service may be starting anew.
      }
      if (ending.signal.aborted) return;
      state(false);
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }

  follow();
  return () => ending.abort();
}
