/**
 * What was imported beside our own: another tool's numbers as a line over the curve, foreign tiers as lanes.
 */
import { getJson, recordingPath, remove } from "./api.js";
import { el, visible } from "./dom.js";
import { sayError } from "./say.js";
import { state, tell } from "./store.js";

/** The imported tracks of the opened recording. */
export class Tracks {
  constructor() {
    this.chosen = null; // { track, column }
  }

  get series() {
    return (state.tracks ?? []).filter((track) => track.kind === "series");
  }

  /** The line of numbers that is shown over the curve, or null. */
  async line({ from, to }, points, signal) {
    if (!this.chosen || !this.series.some((track) => track.id === this.chosen.track)) return null;
    const { track, column } = this.chosen;
    return getJson(
      recordingPath(state.recording.id, `/tracks/${encodeURIComponent(track)}`, {
        columns: column,
        from,
        to,
        points: Math.round(points),
      }),
      { signal },
    );
  }

  /** The row in which a column of numbers is chosen; nothing where no table was imported. */
  row() {
    const { series } = this;
    if (!series.length) return null;
    const options = series.flatMap((track) =>
      track.columns.map((column) => ({
        track: track.id,
        column,
        text: `${visible(track.name)}: ${visible(column)}`,
      })),
    );
    const now = options.findIndex(
      (one) => one.track === this.chosen?.track && one.column === this.chosen?.column,
    );
    const choice = el(
      "select",
      {
        "aria-label": "Imported signal shown over the curve",
        onchange: () => {
          this.chosen = options[Number(choice.value)] ?? null;
          tell("tracks");
        },
      },
      el("option", { value: "-1", selected: now < 0 }, "no imported signal"),
      ...options.map((one, i) => el("option", { value: String(i), selected: i === now }, one.text)),
    );
    return el(
      "div",
      { class: "lanerow" },
      el("span", { class: "lanename" }, "imported"),
      choice,
      ...series.map((track) => this.dropper(track, `${visible(track.name)} ×`)),
    );
  }

  /** A button that takes a track away again; where there are several in a row it says which. */
  dropper(track, text = "×") {
    const title = `Take ${visible(track.name)} away`;
    return el(
      "button",
      {
        type: "button",
        class: "drop",
        title,
        "aria-label": title,
        onclick: () => this.drop(track).catch(sayError),
      },
      text,
    );
  }

  async drop(track) {
    await remove(recordingPath(state.recording.id, `/tracks/${encodeURIComponent(track.id)}`));
    state.tracks = state.tracks.filter((one) => one !== track);
    tell("tracks");
  }
}
