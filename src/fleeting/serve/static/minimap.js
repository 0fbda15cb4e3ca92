/**
 * The whole recording in one strip, with the window that the timeline shows.
 */
import { el, fill } from "./dom.js";
import { LEFT, RIGHT, SignalPlot } from "./plot.js";
import { on, state } from "./store.js";

/** Strip above the tracks; a press or drag moves the window. */
export class MiniMap {
  constructor(host, timeline) {
    this.timeline = timeline;
    this.host = host;
    this.plotHost = el("div", { class: "mapplot" });
    this.marks = el("div", { class: "mapmarks" });
    this.window = el("div", { class: "mapwindow" });
    this.head = el("div", { class: "maphead" });
    fill(host, this.plotHost, this.marks, this.window, this.head);
    this.plot = new SignalPlot(this.plotHost, { small: true });
    host.addEventListener("pointerdown", (event) => this.press(event));
    on("items", () => this.drawMarks());
  }

  get width() {
    return Math.max(this.host.clientWidth - LEFT - RIGHT, 1);
  }

  x(seconds) {
    return LEFT + (seconds / this.timeline.total) * this.width;
  }

  draw(signals) {
    this.plot.draw(signals, { from: 0, to: this.timeline.total });
    this.drawMarks();
  }

  drawMarks() {
    const { times } = this.timeline;
    if (!times) return;
    this.drawnWidth = this.width;
    this.plot.setRange();
    fill(this.marks, ...state.items.map((item) => this.mark(item, times)));
  }

  mark(item, times) {
    const left = this.x(times.now(item.onset));
    const width = Math.max(this.x(times.now(item.offset)) - left, 2);
    const style = `left:${left.toFixed(1)}px;width:${width.toFixed(1)}px`;
    return el("i", { class: `${item.kind} is-${item.verdict ?? "open"}`, style });
  }

  moveWindow() {
    if (this.drawnWidth !== this.width) this.drawMarks();
    const { from, to } = state.view;
    this.window.style.left = `${this.x(from)}px`;
    this.window.style.width = `${Math.max(this.x(to) - this.x(from), 4)}px`;
  }

  movePlayhead() {
    this.head.style.transform = `translateX(${this.x(state.time)}px)`;
  }

  press(event) {
    if (event.button !== 0 || !this.timeline.times) return;
    const left = this.host.getBoundingClientRect().left;
    const at = (x) => ((x - left - LEFT) / this.width) * this.timeline.total;
    const { from, to } = state.view;
    const inside = at(event.clientX) >= from && at(event.clientX) <= to;
    const grip = inside ? at(event.clientX) - from : (to - from) / 2;
    const move = (now) => this.timeline.setView(at(now.clientX) - grip, at(now.clientX) - grip + (to - from));
    move(event);
    addEventListener("pointermove", move);
    addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
  }
}
