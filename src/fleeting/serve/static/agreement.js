/**
 * The page of agreement: between coders, and between coder and machine, as the server counted it.
 */
import { getJson } from "./api.js";
import { open } from "./dialogs.js";
import { el, visible } from "./dom.js";

const COLUMNS = [
  ["cohen_kappa", "Cohen's κ", 2],
  ["f1", "F1 of intervals", 2],
  ["mean_iou", "mean IoU", 2],
  ["frame_jaccard", "frames in common", 2],
  ["matched", "matched", 0],
  ["first_n", "first's", 0],
  ["second_n", "second's", 0],
  ["recordings", "recordings", 0],
];

/** Show how far the coders and the machine agree. */
export async function showAgreement() {
  const found = await getJson("/api/agreement");
  return open(
    "Agreement",
    () =>
      el(
        "div",
        {},
        found.pairs.length
          ? table(found)
          : el(
              "p",
              {},
              "There is nothing to compare yet: agreement needs the answers of two, coders or coder and machine.",
            ),
        found.pairs.length ? whole(found) : null,
        found.note ? el("p", { class: "soft" }, visible(found.note)) : null,
        el(
          "p",
          {},
          el("a", { href: "/api/agreement.csv", download: "", id: "agreement-csv" }, "The same as CSV"),
        ),
      ),
    { wide: true },
  );
}

function number(value, decimals) {
  return Number.isFinite(value) ? value.toFixed(decimals) : "–";
}

function table(found) {
  const heads = ["first", "second", ...COLUMNS.map(([, name]) => name)];
  const rows = found.pairs.map((pair) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, visible(pair.first)),
      el("td", { class: "name" }, visible(pair.second)),
      ...COLUMNS.map(([key, , decimals]) =>
        el("td", {}, number(Array.isArray(pair[key]) ? pair[key].length : pair[key], decimals)),
      ),
    ),
  );
  return el(
    "div",
    { class: "scroll" },
    el(
      "table",
      { class: "figures" },
      el("thead", {}, el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows),
    ),
  );
}

function whole(found) {
  return el(
    "p",
    {},
    "All coders together: Fleiss' κ ",
    el("b", {}, number(found.fleiss_kappa, 2)),
    ", Krippendorff's α ",
    el("b", {}, number(found.krippendorff_alpha, 2)),
    ".",
  );
}
