/**
 * Everything about the chosen expression that a coder may set. Each change is saved when it is made.
 */
import { byId, el, fill, visible } from "./dom.js";
import { change, judge, remove, split } from "./edits.js";
import { durationOf } from "./items.js";
import { limited } from "./lanes.js";
import { say } from "./say.js";
import { chosenItem, on, state } from "./store.js";
import { unitRows } from "./units.js";
import { clock, length } from "./words.js";

const POINTS = [
  ["onset", "Q"],
  ["apex", "W"],
  ["offset", "E"],
];
const SURE = [
  ["", "not said"],
  ["0.2", "1 – guessed"],
  ["0.4", "2 – unsure"],
  ["0.6", "3 – fairly sure"],
  ["0.8", "4 – sure"],
  ["1", "5 – certain"],
];
const PAUSE_MS = 900; // of typing, before a note is saved

/** The form under the list. */
export class Editor {
  constructor(timeline, go) {
    this.timeline = timeline;
    this.go = go;
    this.form = byId("editor");
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.shown = null;
    on("chosen items", () => this.draw());
  }

  /** Draw the form for the chosen item; a field that is being typed in is left alone. */
  draw() {
    const item = chosenItem();
    this.form.hidden = !item || !this.timeline.times;
    if (this.form.hidden) return;
    const before = this.shown;
    const now = JSON.stringify(item);
    if (before?.id === item.id && before.text === now) return;
    this.flushNote();
    const focus =
      before?.id === item.id && this.form.contains(document.activeElement) ? document.activeElement.id : null;
    this.shown = { id: item.id, text: now };
    const top = this.form.scrollTop;
    fill(
      this.form,
      this.head(item),
      this.points(item),
      unitRows(item),
      this.meaning(item),
      this.note(item),
      this.verbs(item),
    );
    this.form.scrollTop = top;
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }

  head(item) {
    const kinds = ["micro", "macro"].map((kind) =>
      el(
        "label",
        { class: `kind ${kind}` },
        el("input", {
          type: "radio",
          name: "kind",
          id: `kind-${kind}`,
          value: kind,
          checked: item.kind === kind,
          onchange: () => change(item, { kind }),
        }),
        kind,
      ),
    );
    const from = item.source_key
      ? item.mine
        ? "from the machine's answer"
        : "the machine's answer"
      : "your own";
    return el(
      "fieldset",
      { class: "head" },
      el("legend", {}, `${from}, ${length(durationOf(item, this.timeline.times))}`),
      ...kinds,
    );
  }

  points(item) {
    const { times, total } = this.timeline;
    const rows = POINTS.map(([point, key]) => {
      const frame = item[point];
      const set = (value) => this.setPoint(point, value);
      return el(
        "div",
        { class: "point" },
        el("label", { htmlFor: `at-${point}` }, point),
        el("input", {
          id: `at-${point}`,
          type: "number",
          min: "0",
          max: String(times.frames - 1),
          step: "1",
          value: frame ?? "",
          onchange: (event) => this.typePoint(point, event.target.value),
        }),
        el(
          "span",
          { class: "soft" },
          frame === null || frame === undefined ? "none" : clock(times.now(frame), total, 3),
        ),
        el(
          "button",
          {
            type: "button",
            title: `Set the ${point} to the frame that is shown (${key})`,
            onclick: () => set(state.frame),
          },
          "here",
        ),
        el(
          "button",
          {
            type: "button",
            title: `Show the ${point}`,
            "aria-label": `Show the ${point}`,
            disabled: frame === null,
            onclick: () => this.go(frame),
          },
          "▸",
        ),
      );
    });
    return el("fieldset", { class: "points" }, el("legend", {}, "Frames"), ...rows);
  }

  /** Take what was typed into a field of a frame; an apex may be taken away, onset and offset may not. */
  typePoint(point, text) {
    const item = chosenItem();
    if (text === "" && point === "apex") return item?.apex === null ? null : change(item, { apex: null });
    return this.setPoint(point, text === "" ? NaN : Number(text));
  }

  /** Set onset, apex or offset of the chosen item; the order of the three is kept. */
  setPoint(point, frame) {
    const item = chosenItem();
    if (!item) return;
    const next = Number.isFinite(frame)
      ? limited(item, point, this.timeline.times.clamp(frame))
      : (item[point] ?? null);
    if (next !== frame)
      say(`The ${point} is at frame ${next}: it stays in the recording, and onset, apex and offset in order.`);
    if (next !== item[point]) change(item, { [point]: next });
    else byId(`at-${point}`).value = String(next ?? "");
  }

  meaning(item) {
    const listed = state.words.emotions.map((name) => el("option", { value: name }));
    const sure = item.mine && item.confidence !== null ? String(item.confidence) : "";
    const known = SURE.some(([value]) => value === sure);
    return el(
      "fieldset",
      { class: "meaning" },
      el("legend", {}, "Meaning"),
      el("label", { htmlFor: "emotion" }, "emotion"),
      el("input", {
        id: "emotion",
        list: "emotions",
        value: visible(item.emotion ?? ""),
        autocomplete: "off",
        maxlength: "80",
        onchange: (event) => change(item, { emotion: event.target.value.trim() }),
      }),
      el("datalist", { id: "emotions" }, ...listed),
      el("label", { htmlFor: "confidence" }, "how sure"),
      el(
        "select",
        {
          id: "confidence",
          onchange: (event) =>
            change(item, { confidence: event.target.value === "" ? null : Number(event.target.value) }),
        },
        ...SURE.map(([value, name]) => el("option", { value, selected: value === sure }, name)),
        known ? null : el("option", { value: sure, selected: true }, `${Math.round(100 * Number(sure))} %`),
      ),
      !item.mine && item.confidence !== null
        ? el("span", { class: "soft machine" }, `the machine's score: ${Number(item.confidence).toFixed(2)}`)
        : null,
    );
  }

  note(item) {
    const area = el("textarea", {
      id: "note",
      rows: "2",
      maxlength: "4000",
      value: item.note ?? "",
      oninput: () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.flushNote(), PAUSE_MS);
      },
      onchange: () => this.flushNote(),
    });
    this.noteField = { area, item };
    return el("fieldset", {}, el("legend", {}, el("label", { htmlFor: "note" }, "Note")), area);
  }

  /** Save a note that was typed and not saved yet. */
  flushNote() {
    clearTimeout(this.typing);
    const { area, item } = this.noteField ?? {};
    if (!area || area.value === (item.note ?? "")) return;
    const now = state.items.find((one) => one.id === item.id);
    this.noteField = { area, item: { ...item, note: area.value } };
    if (now) change(now, { note: area.value });
  }

  verbs(item) {
    const verb = (id, text, title, act) => el("button", { type: "button", id, title, onclick: act }, text);
    const pressed = (button, verdict) => {
      button.setAttribute("aria-pressed", String(item.verdict === verdict));
      button.classList.add(verdict);
      return button;
    };
    return el(
      "div",
      { class: "verbs" },
      pressed(
        verb("accept", "✓ Accept", "Accept (Y)", () => judge(item, "accepted")),
        "accepted",
      ),
      pressed(
        verb("reject", "✗ Reject", "Reject (X)", () => judge(item, "rejected")),
        "rejected",
      ),
      verb("split", "Split", "Split at the frame that is shown (S)", () => split(chosenItem(), state.frame)),
      item.mine ? verb("delete", "Delete", "Delete your answer (Delete)", () => remove(item)) : null,
    );
  }
}
