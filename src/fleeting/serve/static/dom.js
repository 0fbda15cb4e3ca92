/**
 * Elements without markup from data: text becomes text nodes, never HTML.
 */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "htmlFor", "open", "selected"]);

/**
 * Make an element.
 * @param {string} name - Tag name.
 * @param {Object} [attributes] - `class`, `aria-label`, ...; `onclick` and its like are listeners; null leaves out.
 * @param {...(Node|string|number|null|false)} children - Text and elements; null and false are left out.
 * @returns {HTMLElement}
 */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || (value === false && !PROPERTIES.has(key))) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (PROPERTIES.has(key)) made[key] = value;
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** The element with this id; a missing one is a fault of the page and said at once. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found;
}

/** Put these children in place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children.filter((child) => child !== null && child !== undefined && child !== false),
  );
}

// Control characters and those that turn the reading direction or hide: a name could pose as another with them.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Spell out characters that cannot be seen, so that a name shows what it is. */
export function visible(text) {
  return String(text ?? "").replace(HIDDEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Last part of a path of any system. */
export function fileName(path) {
  const parts = String(path ?? "")
    .replaceAll("\\", "/")
    .split("/")
    .filter(Boolean);
  return visible(parts.at(-1) ?? path);
}

/** Whether a key press goes into a field where letters are text. */
export function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) &&
    !["checkbox", "radio", "button"].includes(target.type)
  );
}
