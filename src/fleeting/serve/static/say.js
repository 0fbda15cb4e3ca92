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

/** Show a banner over the desk, with buttons `{text: act}`; null takes it away. */
export function banner(text, buttons = {}) {
  const box = byId("banner");
  box.hidden = !text;
  if (!text) return fill(box);
  const made = Object.entries(buttons).map(([name, act]) =>
    el("button", { type: "button", onclick: act }, name),
  );
  fill(box, el("span", {}, text), ...made);
}
