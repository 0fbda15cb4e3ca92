/**
 * The list of recordings, and what is told about the opened one.
 */
import { byId, el, fill, visible } from "./dom.js";
import { state } from "./store.js";
import { count, length, rate } from "./words.js";

/** Draw the list; `open` is called with the id of the one that is chosen. */
export function drawRecordings(open) {
  const rows = state.recordings.map((one) => row(one, open));
  fill(
    byId("recordings"),
    ...(rows.length
      ? rows
      : [
          el(
            "li",
            { class: "empty" },
            "No results in this folder. Make some with `fleeting analyze VIDEO --out DIR`.",
          ),
        ]),
  );
}

function row(one, open) {
  const { video } = one;
  const chosen = one.id === state.recording?.id;
  const marks = [];
  if (one.error)
    marks.push(el("span", { class: "mark missing", title: visible(one.error) }, "cannot be read"));
  else if (!video.found)
    marks.push(el("span", { class: "mark missing", title: visible(video.why ?? "") }, "video not found"));
  const warnings = one.warnings?.length ?? 0;
  if (warnings && !one.error) marks.push(el("span", { class: "mark warn" }, count(warnings, "warning")));
  const done =
    `${one.reviewed?.[state.coder] ?? 0} looked at` +
    (one.expressions && !state.blind ? `, ${one.expressions} found` : "");
  return el(
    "li",
    {},
    el(
      "button",
      {
        type: "button",
        class: chosen ? "chosen" : null,
        "aria-current": chosen ? "true" : null,
        "data-id": one.id,
        onclick: () => open(one.id),
      },
      el("b", {}, visible(one.name)),
      el("span", { class: "soft" }, `${length(video.duration_s)}, ${rateText(video)}`),
      el("span", { class: "soft" }, done),
      ...marks,
    ),
  );
}

/** Say in the head of the page what is open, with its warnings. */
export function drawOpened() {
  const { result, recording } = state;
  const { video } = result;
  const warnings = (result.warnings ?? []).map((one) =>
    el("li", {}, visible(one.message), " ", el("code", {}, visible(one.code))),
  );
  fill(
    byId("opened"),
    el("b", {}, visible(recording.name)),
    el(
      "span",
      { class: "soft" },
      ` ${length(video.duration_s)} · ${count(video.frames, "frame")} · ${rateText(video)}`,
    ),
    warnings.length
      ? el(
          "details",
          { class: "warnings" },
          el("summary", {}, count(warnings.length, "warning")),
          el("ul", {}, ...warnings),
        )
      : null,
  );
  document.title = `${visible(recording.name)} – fleeting viewer`;
}

function rateText(video) {
  return rate(video.fps) + (video.variable_rate ? ", variable" : "");
}
