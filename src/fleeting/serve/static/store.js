/**
 * What the page shows at the moment, in one place, and who wants to know when it changes.
 */

/** @type {Object} Everything that more than one part of the page needs. */
export const state = {
  words: { aus: [], emotions: [], sides: ["both", "left", "right"], intensities: ["A", "B", "C", "D", "E"] },
  recordings: [],
  recording: null, // the opened one, as the list has it
  result: null, // its result: video, faces, expressions, warnings
  notes: { revision: 0, annotations: [], can_undo: false, can_redo: false }, // the coder's, as the server has them
  items: [], // what the list shows: the coder's answers and those of the machine's that she has not touched
  chosen: null, // id of the chosen item
  frame: 0,
  time: 0,
  view: { from: 0, to: 1 }, // seconds that the timeline shows
  coder: "",
  blind: false,
  revealed: false,
};

const listeners = new Map();

/** Call `act` whenever one of the named things has changed. */
export function on(names, act) {
  for (const name of names.split(" ")) {
    if (!listeners.has(name)) listeners.set(name, []);
    listeners.get(name).push(act);
  }
}

/** Say that a thing has changed. */
export function tell(name) {
  for (const act of listeners.get(name) ?? []) act();
}

/** The chosen item, or null. */
export function chosenItem() {
  return state.items.find((item) => item.id === state.chosen) ?? null;
}

/** Choose an item (null: none). */
export function choose(id) {
  if (state.chosen === id) return;
  state.chosen = id;
  tell("chosen");
}

/** Whether the machine's answer is to stay hidden. */
export function hidesMachine() {
  return state.blind && !state.revealed;
}
