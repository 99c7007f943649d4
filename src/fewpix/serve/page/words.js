// Numbers in words, as the command line has them.

const whole = new Intl.NumberFormat("en");

export const number = (value) => whole.format(value);

export const counted = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** A first letter and a full stop, as a sentence has them. */
export function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?)]$/.test(begun) ? begun : `${begun}.`;
}

/** "1 in 310", two digits; "62 %" where that is easier to read. */
export function oneIn(rate) {
  if (rate > 0.4) return `${Math.round(100 * rate)} %`;
  if (!(rate > 0)) return "none";
  const n = 1 / rate;
  const step = 10 ** Math.max(0, String(Math.trunc(n)).length - 2);
  return `1 in ${number(Math.round(n / step) * step)}`;
}

/** With what it is a share of: "1 of 43 searches", "62 % of searches". */
export function oneOf(rate, unit) {
  const said = oneIn(rate);
  return / in /.test(said) ? `${said.replace(" in ", " of ")} ${unit}` : `${said} of ${unit}`;
}

/** A rate of an answer in words, or "" where there is none: `name` is "fpir" or "fmr"; without `unit` short. */
export function rate(of, name, unit = "") {
  const value = of[name];
  if (value === null || value === undefined) return "";
  return `${of[`${name}_kind`] === "at most" ? "at most " : ""}${unit ? oneOf(value, unit) : oneIn(value)}`;
}

/** The interval of a rate in words, or "". */
export function interval(of, name, unit) {
  const ends = of[`${name}_range`];
  return ends ? `95 % interval: ${oneOf(ends[0], unit)} to ${oneOf(ends[1], unit)}` : "";
}

/** A quality, which orders faces and is no probability. */
export const qualityWords = (value) => (value === null || value === undefined ? "not known" : `${value.toFixed(2)} of 1`);

const dates = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** A time of the service for the reader's clock. */
export function when(text) {
  const time = new Date(text);
  return Number.isNaN(time.valueOf()) ? text : dates.format(time);
}

const moments = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/** The same to the second. */
export const moment = (text) => moments.format(new Date(text));

/** How long something took, of two times of the service. */
export function lasted(from, to) {
  const seconds = Math.max(0, (new Date(to) - new Date(from)) / 1000);
  return seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

export const px = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} px`;

/** Seconds as a film's clock has them: 7.4 s, 3:07, 2:03:07. */
export function clock(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
