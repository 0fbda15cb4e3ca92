/**
 * The timeline: curve, region signals, intervals, minimap.
 * What it shows can be zoomed from the whole recording to ten frames.
 */
import { getJson, recordingPath } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { Lanes } from "./lanes.js";
import { LEFT, RIGHT, SignalPlot, loadPlotly } from "./plot.js";
import { MiniMap } from "./minimap.js";
import { sayError } from "./say.js";
import { Tracks } from "./tracks.js";
import { chosenItem, hidesMachine, on, state, tell } from "./store.js";
import { clock } from "./words.js";

const FEWEST = 10; // frames
const QUIET_MS = 90; // of no movement before signals are fetched anew
const MOST_POINTS = 5000;
const MARGIN = 0.5; // of the window, fetched on each side, so that a pan shows something at once
const WHEEL = 1.0015;
const EDGE = 0.1; // of the window, kept between its edge and a frame that would leave it

/** The timeline of the opened recording. */
export class Timeline {
  /** @param {(frame: number) => void} go - Shows a frame. */
  constructor(go) {
    this.go = go;
    this.host = byId("timeline");
    this.build();
    this.plot = new SignalPlot(this.plotHost);
    this.tracks = new Tracks();
    this.lanes = new Lanes(this);
    this.map = new MiniMap(this.mapHost, this);
    this.asked = null;
    this.watchPointer();
    new ResizeObserver(() => this.redraw()).observe(this.trackHost);
    this.isPlaying = () => false;
    on("frame", () => this.follow());
    on("items chosen", () => this.lanes.draw());
    on("tracks", () => {
      this.lanes.draw();
      this.fetchView().catch(sayError);
    });
    on("signals", () => this.fetchAll().catch(sayError));
  }

  build() {
    const tool = (text, title, act) =>
      el("button", { type: "button", title, "aria-label": title, onclick: act }, text);
    this.mapHost = el("div", { class: "minimap" });
    this.plotHost = el("div", { class: "plot" });
    this.laneHost = el("div", { class: "lanes" });
    this.playhead = el("div", { class: "playhead" });
    this.pointer = el("div", { class: "pointer", hidden: true }, el("span"));
    this.hint = el(
      "p",
      { class: "hint", hidden: true },
      "Blind: the machine's answer and its curve are hidden until you reveal them.",
    );
    this.trackHost = el(
      "div",
      { class: "tracks" },
      this.laneHost,
      this.plotHost,
      this.hint,
      this.pointer,
      this.playhead,
    );
    fill(
      this.host,
      el(
        "div",
        { class: "maprow" },
        el(
          "div",
          { class: "zoom", role: "toolbar", "aria-label": "Zoom" },
          tool("−", "Show more time (-)", () => this.zoom(2)),
          tool("+", "Show less time (+)", () => this.zoom(0.5)),
          tool("all", "Show the whole recording (0)", () => this.showAll()),
          tool("one", "Show the chosen expression (G)", () => this.showChosen()),
        ),
        this.mapHost,
      ),
      this.trackHost,
    );
  }

  /** Open another recording; `view` is what to show of it, by default all. */
  async open(times, view = null) {
    this.times = times;
    this.total = Math.max(state.result.video.duration_s, times.frameS * FEWEST);
    this.setView(view?.from ?? 0, view?.to ?? this.total);
    await loadPlotly();
    await this.fetchAll();
  }

  async fetchAll() {
    this.hint.hidden = !hidesMachine();
    this.fetched = null;
    const whole = await this.ask(0, this.total, Math.max(this.width, 400));
    this.plot.scaleTo(whole);
    this.map.draw(whole);
    await this.fetchView();
  }

  ask(from, to, points, signal) {
    const blind = state.blind ? { blind: 1, coder: state.coder } : {};
    return getJson(
      recordingPath(state.recording.id, "/signals", {
        face: state.face ?? 0,
        from,
        to,
        points: Math.round(points),
        ...blind,
      }),
      { signal },
    );
  }

  async fetchView() {
    const { from, to } = state.view;
    const extra = (to - from) * MARGIN;
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    const wide = { from: Math.max(from - extra, 0), to: Math.min(to + extra, this.total) };
    const points = Math.min(this.width * (1 + 2 * MARGIN), MOST_POINTS);
    const [got, imported] = await Promise.all([
      this.ask(wide.from, wide.to, points, asked.signal),
      this.tracks.line(wide, points, asked.signal),
      this.times
        .cover(from, to)
        .then(() => this.lanes.draw())
        .catch(sayError),
    ]);
    if (this.asked === asked) this.plot.draw(got, state.view, imported);
  }

  get width() {
    return Math.max(this.trackHost.clientWidth - LEFT - RIGHT, 50);
  }

  /** Pixels from the left edge of the tracks. */
  x(seconds) {
    const { from, to } = state.view;
    return LEFT + ((seconds - from) / (to - from)) * this.width;
  }

  /** Seconds at so many pixels from the left edge of the tracks. */
  seconds(x) {
    const { from, to } = state.view;
    return from + ((x - LEFT) / this.width) * (to - from);
  }

  /** Show these seconds, as far as the recording has them. */
  setView(from, to) {
    const span = Math.min(Math.max(to - from, this.least((from + to) / 2)), this.total);
    const start = Math.min(Math.max(from + (to - from - span) / 2, 0), this.total - span);
    state.view = { from: start, to: start + span };
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.redraw();
    });
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.fetchView().catch(sayError), QUIET_MS);
    tell("view");
  }

  /** Seconds of the fewest frames that are shown around a moment. */
  least(seconds) {
    const { times } = this;
    const first = times.clamp(Math.min(times.guess(seconds) - FEWEST / 2, times.frames - FEWEST));
    return Math.max(times.end(first + FEWEST - 1) - times.now(first), times.frameS / 10);
  }

  zoom(factor, at = Math.min(Math.max(state.time, state.view.from), state.view.to)) {
    const { from, to } = state.view;
    this.setView(at - (at - from) * factor, at + (to - at) * factor);
  }

  pan(seconds) {
    this.setView(state.view.from + seconds, state.view.to + seconds);
  }

  showAll() {
    this.setView(0, this.total);
  }

  showChosen() {
    const item = chosenItem();
    if (!item) return;
    const [from, to] = [this.times.now(item.onset), this.times.end(item.offset)];
    const around = Math.max(to - from, 0.5);
    this.setView(from - around, to + around);
  }

  redraw() {
    if (!this.times) return;
    this.plot.setRange(state.view);
    this.lanes.draw();
    this.map.moveWindow();
    this.movePlayhead();
  }

  /** The window goes with the frame that is shown; while it plays, not where the coder has moved it away. */
  follow() {
    const { from, to } = state.view;
    const [span, { time }] = [to - from, state];
    if (this.times && (time < from || time > to) && (this.inside || !this.isPlaying())) {
      const far = time < from - span || time > to + span;
      const before = far ? 0.5 : time > to ? EDGE : 1 - EDGE; // share of the window before the frame
      this.setView(time - before * span, time + (1 - before) * span);
    }
    this.movePlayhead();
  }

  movePlayhead() {
    this.inside = state.time >= state.view.from && state.time <= state.view.to;
    const x = this.x(state.time);
    this.playhead.hidden = x < LEFT - 1 || x > LEFT + this.width + 1;
    this.playhead.style.transform = `translateX(${x}px)`;
    this.map.movePlayhead();
  }

  watchPointer() {
    const { trackHost } = this;
    trackHost.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    trackHost.addEventListener("pointerdown", (event) => this.press(event));
    trackHost.addEventListener("pointermove", (event) => this.hover(event));
    trackHost.addEventListener("pointerleave", () => {
      this.pointer.hidden = true;
    });
  }

  at(event) {
    return this.seconds(event.clientX - this.trackHost.getBoundingClientRect().left);
  }

  wheel(event) {
    event.preventDefault();
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
      this.pan((sideways / this.width) * (state.view.to - state.view.from));
    } else this.zoom(WHEEL ** event.deltaY, this.at(event));
  }

  hover(event) {
    const seconds = this.at(event);
    const inside = this.times && seconds >= state.view.from && seconds <= state.view.to;
    this.pointer.hidden = !inside;
    if (!inside) return;
    this.pointer.style.transform = `translateX(${this.x(seconds)}px)`;
    this.pointer.classList.toggle("left", this.x(seconds) > LEFT + this.width - 120);
    this.pointer.firstChild.textContent = clock(seconds, this.total, 2);
  }

  /** A press without movement goes to that frame, a movement pans. */
  press(event) {
    if (event.button !== 0 || !this.times || event.target.closest("button, [role=slider]")) return;
    const first = { x: event.clientX, view: { ...state.view }, seconds: this.at(event) };
    let moved = false;
    const move = (now) => {
      const by = now.clientX - first.x;
      moved ||= Math.abs(by) > 4;
      if (!moved) return;
      const seconds = (by / this.width) * (first.view.to - first.view.from);
      this.setView(first.view.from - seconds, first.view.to - seconds);
    };
    const up = () => {
      removeEventListener("pointermove", move);
      if (!moved)
        this.times
          .at(Math.min(Math.max(first.seconds, 0), this.total))
          .then(this.go)
          .catch(sayError);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up, { once: true });
  }
}
