/**
 * Rows of action units with side and intensity, and a field to add one as FACS writes it.
 */
import { el } from "./dom.js";
import { change } from "./edits.js";
import { say } from "./say.js";
import { state } from "./store.js";

const CODE = /^([LR])?\s*(?:AU)?\s*(\d{1,2})\s*([LR])?\s*([A-E])?\s*([LR])?$/i;
const SIDES = { L: "left", R: "right" };

/** The part of the editor for action units. */
export function unitRows(item) {
  const set = (aus) => change(item, { aus });
  const without = (i) => item.aus.filter((_, at) => at !== i);
  const put = (i, fields) => set(item.aus.map((unit, at) => (at === i ? { ...unit, ...fields } : unit)));
  return el(
    "fieldset",
    { class: "units" },
    el("legend", {}, "Action units"),
    ...item.aus.map((unit, i) => row(unit, i, put, () => set(without(i)))),
    adder((unit) => set([...item.aus.filter((one) => one.au !== unit.au || one.side !== unit.side), unit])),
  );
}

function row(unit, i, put, drop) {
  const known = state.words.aus.find((one) => one.number === unit.au);
  const name = `AU ${unit.au}`;
  const choice = (part, values, value, label) =>
    el(
      "select",
      {
        id: `au-${part}-${i}`,
        "aria-label": `${name}, ${label}`,
        onchange: (event) => put(i, { [part]: event.target.value || null }),
      },
      ...values.map(([key, text]) => el("option", { value: key, selected: key === (value ?? "") }, text)),
    );
  const sides = state.words.sides.map((side) => [side, side]);
  const grades = [["", "–"], ...state.words.intensities.map((grade) => [grade, grade])];
  return el(
    "div",
    { class: "unit" },
    el(
      "span",
      { class: "au", title: known?.name },
      el("b", {}, String(unit.au)),
      known ? ` ${known.name}` : "",
    ),
    choice("side", sides, unit.side, "side"),
    choice("intensity", grades, unit.intensity, "intensity"),
    el(
      "button",
      {
        type: "button",
        id: `au-drop-${i}`,
        "aria-label": `Take ${name} away`,
        title: `Take ${name} away`,
        onclick: drop,
      },
      "×",
    ),
  );
}

function adder(put) {
  const field = el("input", {
    id: "au-new",
    list: "aus",
    placeholder: "add, e.g. 4, 12RB or a name",
    autocomplete: "off",
    "aria-label": "Add an action unit, for instance 4 or 12RB",
    onchange: () => take(),
  });
  const take = () => {
    const text = field.value.trim();
    if (!text) return;
    const unit = readUnit(text);
    field.value = "";
    if (unit) put(unit);
    else
      say(
        `"${text}" is no action unit: write its number, ` +
          "if you like with L or R and A to E behind it, for instance 12RB.",
        "error",
      );
  };
  return el(
    "div",
    { class: "unit new" },
    field,
    el(
      "datalist",
      { id: "aus" },
      ...state.words.aus.map((unit) => el("option", { value: String(unit.number) }, unit.name)),
    ),
  );
}

/** Read `4`, `12RB`, `R12B`, `12BR`, `AU 4` or a unit's name; null where it is none. */
export function readUnit(text) {
  const { aus } = state.words;
  const match = CODE.exec(text);
  if (!match) {
    const named = aus.find((unit) => unit.name.toLowerCase() === text.toLowerCase());
    return named ? { au: named.number, side: "both", intensity: null } : null;
  }
  const au = Number(match[2]);
  if (aus.length && !aus.some((unit) => unit.number === au)) return null;
  const sides = [match[1], match[3], match[5]].filter(Boolean);
  if (sides.length > 1) return null;
  return {
    au,
    side: SIDES[sides[0]?.toUpperCase()] ?? "both",
    intensity: match[4]?.toUpperCase() ?? null,
  };
}
