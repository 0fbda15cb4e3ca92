/**
 * What the page says to the coder: short notes that go, and a banner that stays until it is answered.
 */
import { byId, el, fill } from "./dom.js";

const STAY_MS = 7000;

/** Say something that was done or went wrong; it goes by itself. */
export function say(text, kind = "note") {
  const box = byId("says");
  const line = el(
    "p",
    { class: kind },
    text,
    el("button", { type: "button", "aria-label": "Close this note", onclick: () => line.remove() }, "×"),
  );
  for (const old of box.children) if (old.firstChild.data === text) old.remove();
  box.append(line);
  setTimeout(() => line.remove(), kind === "error" ? 2 * STAY_MS : STAY_MS);
}

/** Say an error in the page; what was only called off is no error. */
export function sayError(error) {
  if (error?.name === "AbortError") return;
  console.warn(error);
  say(error?.message || "Something went wrong in the page.", "error");
}

const banners = new Map();

/**
 * Show a line over the desk that stays, with buttons `{text: act}`; no text takes it away.
 * @param {string} about - What it is about: there is one line for each, and none takes away another's.
 */
export function banner(about, text, buttons = {}) {
  if (text) banners.set(about, { text, buttons });
  else banners.delete(about);
  const made = ([name, act]) => el("button", { type: "button", onclick: act }, name);
  const line = (one) => el("p", {}, el("span", {}, one.text), ...Object.entries(one.buttons).map(made));
  const box = byId("banner");
  box.hidden = !banners.size;
  fill(box, ...[...banners.values()].map(line));
}
