// Elements without HTML text: what comes from outside is always a text node.

/**
 * Make an element.
 * @param {string} tag
 * @param {object} properties attributes; `on` maps events to functions, `style` CSS properties to values;
 *   null, undefined and false leave an attribute out.
 * @param {...(Node|string|null|Array)} children
 */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name === "style") for (const [part, to] of Object.entries(value)) made.style.setProperty(part, to);
    else if (name === "value") made.value = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...kept(children));
  return made;
}

/** Put other children into an element. */
export function fill(element, ...children) {
  element.replaceChildren(...kept(children));
  return element;
}

function kept(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

let numbers = 0;

/** An id that nothing else has. */
export const newId = (prefix) => `${prefix}-${++numbers}`;

/** A labelled field: the label above, the hint below. */
export function field(label, control, hint = null) {
  control.id ||= newId("field");
  const about = hint === null ? null : el("p", { class: "hint", id: `${control.id}-hint` }, hint);
  if (about) control.setAttribute("aria-describedby", about.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, about);
}

/** A box to tick, with its label. */
export function tick(label, properties = {}) {
  const box = el("input", { type: "checkbox", ...properties });
  return { box, node: el("label", { class: "tick" }, box, el("span", {}, label)) };
}

export function button(label, act, properties = {}) {
  return el("button", { type: "button", ...properties, on: { click: act } }, label);
}

/** Keep a button from being pressed again while it works. */
export async function during(pressed, work) {
  pressed.disabled = true;
  try {
    return await work();
  } finally {
    pressed.disabled = false;
  }
}
