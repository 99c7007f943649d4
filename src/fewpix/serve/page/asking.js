// What is asked again and again, for as long as somebody looks.

/**
 * Asks one time after the other, never two at once.
 * @param {function(): Promise<number | null>} once asks, shows the answer, and says in how many ms to ask again; null: no more.
 * @returns {{now: function(): Promise<void>, rest: function(): Promise<void>}} `now` asks at once and goes on;
 *   after `await rest()` nothing is on its way and nothing is asked until the next `now`. What is asked for must
 *   rest before it is deleted, or it is asked for when it is gone.
 */
export function asking(once) {
  let timer = 0;
  let turn = 0;
  let last = Promise.resolve();

  async function ask(mine) {
    await last.catch(() => {});
    if (mine !== turn) return;
    const wait = await once();
    if (mine === turn && wait !== null) timer = setTimeout(now, wait);
  }

  function now() {
    clearTimeout(timer);
    last = ask((turn += 1));
    return last;
  }

  async function rest() {
    clearTimeout(timer);
    turn += 1;
    await last.catch(() => {});
  }

  return { now, rest };
}
