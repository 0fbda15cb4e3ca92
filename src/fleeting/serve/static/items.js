/**
 * What the list shows: the coder's annotations, and those of the machine's expressions that she has not touched.
 */
import { hidesMachine, state } from "./store.js";

/** @returns {Object[]} Items by onset; `id` stays the same when a machine's expression becomes the coder's. */
export function makeItems() {
  const { annotations } = state.notes;
  const touched = new Set(annotations.map((note) => note.source_key).filter(Boolean));
  const machine = hidesMachine() ? [] : (state.result?.expressions ?? []);
  const used = new Set();
  const own = annotations.map((note) => {
    const id = note.source_key && !used.has(note.source_key) ? note.source_key : note.key;
    used.add(id);
    return { ...note, id, mine: true };
  });
  const left = machine.filter((found) => !touched.has(found.key)).map(fromMachine);
  return [...own, ...left].sort((a, b) => a.onset - b.onset || a.offset - b.offset);
}

/** A machine's expression in the form of an annotation. */
export function fromMachine(found) {
  return {
    id: found.key,
    key: null,
    source_key: found.key,
    mine: false,
    face: found.face,
    kind: found.kind,
    verdict: null,
    note: "",
    onset: found.onset_frame,
    apex: found.apex_frame,
    offset: found.offset_frame,
    onset_s: found.onset_s,
    apex_s: found.apex_s,
    offset_s: found.offset_s,
    aus: (found.action_units ?? []).map(({ au, side }) => ({ au, side: side ?? "both", intensity: null })),
    emotion: found.emotion?.label ?? "",
    confidence: found.confidence ?? null,
  };
}

/** How a request names an item: by its own key, or by the machine's that it starts from. */
export function nameOf(item) {
  return item.mine ? { key: item.key } : { source_key: item.source_key };
}

/** The chosen item's id after the list has changed: the same, or the one that it became. */
export function follow(id, items) {
  if (id === null) return null;
  if (items.some((item) => item.id === id)) return id;
  return items.find((item) => item.key === id || item.source_key === id)?.id ?? null;
}

/** Frames shown around an interval in a loop and when the timeline goes to it. */
export const AROUND = 5;

/** Length in seconds, both ends counted. */
export function durationOf(item, times) {
  return times.end(item.offset) - times.now(item.onset);
}
