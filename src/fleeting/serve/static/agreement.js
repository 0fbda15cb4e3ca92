/**
 * The page of agreement: between coders, and between coder and machine, as the server counted it.
 */
import { getJson } from "./api.js";
import { open } from "./dialogs.js";
import { el, fill, visible } from "./dom.js";
import { hidesMachine, state } from "./store.js";

const QUIET_MS = 250; // after the last change of the threshold
const MARKED = [
  ["cohen_kappa", "Cohen's κ", "frame by frame: none, micro or macro", 2],
  ["f1", "F1", "of intervals that match one to one", 2],
  ["mean_iou", "mean IoU", "of the intervals that match", 2],
  ["frame_jaccard", "frames in common", "frames that both marked among those that either marked", 2],
  ["matched", "matched", "intervals that match", 0],
  ["first_n", "of first", "intervals of the first", 0],
  ["second_n", "of second", "intervals of the second", 0],
  ["recordings", "recordings", "that both coded; each face counts for itself", 0],
];
const SEEN = [
  ["kind", "micro or macro", "of all matched intervals"],
  ["emotion", "emotion", "where both named one"],
  ["side", "side", "of the action units that both saw"],
  ["intensity", "intensity", "of the action units that both graded A to E; κ with linear weights"],
];

/** Show how far the coders and the machine agree. */
export async function showAgreement() {
  const figures = el("div", {});
  const fault = el("p", { class: "wrong", role: "alert", hidden: true });
  const csv = el("a", { download: "", id: "agreement-csv" }, "The same as CSV");
  const threshold = el("input", {
    id: "agreement-threshold",
    type: "number",
    min: "0.05",
    max: "1",
    step: "0.05",
    value: "0.5",
    required: true,
  });
  let asked = 0;
  const show = async () => {
    asked += 1;
    const mine = asked;
    try {
      const wanted = threshold.valueAsNumber; // the steps of 0.05 are for the arrows; any number may be typed
      if (!(wanted > 0 && wanted <= 1)) throw new Error("Give an overlap above 0 and up to 1.");
      const query = queryOf(threshold.value);
      const found = await getJson(`/api/agreement?${query}`);
      if (mine !== asked) return;
      csv.href = `/api/agreement.csv?${query}`;
      fault.hidden = true;
      fill(figures, ...layOut(found));
      figures.dataset.threshold = found.threshold;
    } catch (error) {
      if (mine !== asked) return;
      fault.textContent = error.message;
      fault.hidden = false;
    }
  };
  let quiet = null;
  threshold.addEventListener("input", () => {
    clearTimeout(quiet);
    quiet = setTimeout(show, QUIET_MS);
  });
  await show();
  return open(
    "Agreement",
    () =>
      el(
        "div",
        { class: "agreement" },
        el(
          "p",
          { class: "line" },
          el("label", { htmlFor: "agreement-threshold" }, "Two intervals match from an overlap (IoU) of"),
          threshold,
          el("span", { class: "gap" }),
          csv,
        ),
        fault,
        figures,
      ),
    { wide: true },
  );
}

function queryOf(threshold) {
  const query = new URLSearchParams({ threshold, coder: state.coder });
  if (state.blind) query.set("blind", "1");
  return query;
}

function layOut(found) {
  const told = [
    found.hidden
      ? `Blind: in ${found.hidden} of ${found.recordings.length} recordings the machine is left out until its answer is revealed there.`
      : null,
    found.note,
  ].filter(Boolean);
  if (!found.pairs.length) {
    const why = hidesMachine()
      ? "There is nothing to compare yet: agreement needs the answers of two coders, or the machine's, which is hidden."
      : "There is nothing to compare yet: agreement needs the answers of two, coders or coder and machine.";
    return [el("p", {}, why)];
  }
  return [
    marked(found),
    together(found),
    seen(found),
    ...found.moments.filter((pair) => pair.units.length).map(units),
    ...told.map((text) => el("p", { class: "soft" }, visible(text))),
  ];
}

function number(value, decimals) {
  return Number.isFinite(value) ? value.toFixed(decimals) : "–";
}

function cell(value, decimals) {
  return el("td", {}, number(value, decimals));
}

function pairOf(pair) {
  return [el("th", { scope: "row" }, visible(pair.first)), el("td", { class: "name" }, visible(pair.second))];
}

function table(title, heads, rows, id) {
  const head = ([name, why, columns]) =>
    el("th", { scope: columns > 1 ? "colgroup" : "col", title: why ?? "", colSpan: columns ?? 1 }, name);
  return el(
    "div",
    { class: "scroll" },
    el(
      "table",
      { class: "figures", id },
      title ? el("caption", {}, title) : null,
      el("thead", {}, el("tr", {}, ...heads.map(head))),
      el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells))),
    ),
  );
}

function marked(found) {
  const heads = [["first"], ["second"], ...MARKED.map(([, name, why]) => [name, why])];
  const rows = found.pairs.map((pair) => [
    ...pairOf(pair),
    ...MARKED.map(([key, , , decimals]) => cell(pair[key], decimals)),
  ]);
  return table("Which moments were marked", heads, rows, "agreement-marked");
}

function together(found) {
  const part = (one) =>
    el(
      "li",
      {},
      `${one.who[0].toUpperCase()}${one.who.slice(1)} together: Fleiss' κ `,
      el("b", {}, number(one.fleiss_kappa, 2)),
      " over what all of them coded, Krippendorff's α ",
      el("b", {}, number(one.krippendorff_alpha, 2)),
      " over what at least two coded.",
    );
  return el("ul", { class: "together" }, ...found.together.map(part));
}

function seen(found) {
  const heads = [
    ["first"],
    ["second"],
    ["units F1", "action units that both saw, twice, among all that either gave; where both gave any"],
    ...SEEN.map(([, name, why]) => [name, why, 2]),
  ];
  const rows = found.moments.map((pair) => [
    ...pairOf(pair),
    cell(pair.unit_f1, 2),
    ...SEEN.flatMap(([key]) => labels(pair[key])),
  ]);
  return table("What was seen in moments that match", heads, rows, "agreement-seen");
}

function labels({ compared, same, kappa }) {
  return [
    el("td", {}, compared ? `${same} of ${compared}` : "–"),
    el("td", { class: "kappa" }, compared ? `κ ${number(kappa, 2)}` : ""),
  ];
}

function units(pair) {
  const moments = `${pair.unit_moments} ${pair.unit_moments === 1 ? "moment" : "moments"}`;
  const names = new Map(state.words.aus.map((unit) => [unit.number ?? unit.au, unit.name]));
  const heads = [["action unit"], ["name"], ["both"], ["first"], ["second"], ["F1"], ["κ"]];
  const rows = pair.units.map((unit) => [
    el("th", { scope: "row" }, `AU${unit.au}`),
    el("td", { class: "name" }, visible(names.get(unit.au) ?? "")),
    cell(unit.both, 0),
    cell(unit.first_n, 0),
    cell(unit.second_n, 0),
    cell(unit.f1, 2),
    cell(unit.kappa, 2),
  ]);
  return el(
    "details",
    { class: "units" },
    el("summary", {}, visible(`Action units one by one: ${pair.first} and ${pair.second}, ${moments}`)),
    table(null, heads, rows, null),
  );
}
