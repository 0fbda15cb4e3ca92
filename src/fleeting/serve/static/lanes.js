/**
 * Intervals over the timeline: one lane for the machine, one for the coder; the chosen one has handles.
 */
import { el, fill, visible } from "./dom.js";
import { change } from "./edits.js";
import { fromMachine } from "./items.js";
import { LEFT } from "./plot.js";
import { choose, chosenItem, hidesMachine, state } from "./store.js";
import { auText, clock } from "./words.js";

const MOST = 400; // bars at once; more cannot be told apart anyway
const POINTS = ["onset", "apex", "offset"];

/** Bars and handles in the timeline. */
export class Lanes {
  constructor(timeline) {
    this.timeline = timeline;
    this.host = timeline.laneHost;
    this.drag = null;
    this.machine = el("div", { class: "lane" });
    this.own = el("div", { class: "lane" });
    this.shade = el("div", { class: "shade", hidden: true });
    this.handles = new Map(POINTS.map((point) => [point, this.makeHandle(point)]));
    this.extra = el("div", { class: "extra" });
    fill(
      this.host,
      el("div", { class: "lanerow" }, el("span", { class: "lanename" }, "machine"), this.machine),
      el("div", { class: "lanerow" }, (this.ownName = el("span", { class: "lanename" }, "you")), this.own),
      this.extra,
    );
    timeline.trackHost.append(this.shade, ...this.handles.values());
  }

  /** Draw all that the timeline shows now. */
  draw() {
    if (!this.timeline.times) return;
    this.ownName.textContent = state.coder || "you";
    const machine = hidesMachine() ? [] : (state.result?.expressions ?? []).map(fromMachine);
    fill(this.machine, ...this.bars(machine, false));
    fill(
      this.own,
      ...this.bars(
        state.items.filter((item) => item.mine),
        true,
      ),
    );
    this.drawTracks();
    this.drawChosen();
  }

  spanOf(item) {
    const { times } = this.timeline;
    return [times.now(item.onset), times.end(item.offset)];
  }

  bars(items, mine) {
    const { from, to } = state.view;
    const seen = items.filter((item) => {
      const [start, end] = this.spanOf(item);
      return end >= from && start <= to;
    });
    return seen.slice(0, MOST).map((item) => this.bar(item, mine));
  }

  bar(item, mine) {
    const [start, end] = this.spanOf(item);
    const left = Math.max(this.timeline.x(start), LEFT);
    const width = Math.max(Math.min(this.timeline.x(end), LEFT + this.timeline.width) - left, 2);
    const id = state.items.find(
      (one) => one.id === item.id || (item.source_key && one.source_key === item.source_key),
    )?.id;
    const text = auText(item.aus) || item.kind;
    const { total } = this.timeline;
    const when = `${clock(start, total)} to ${clock(end, total)}`;
    const verdict = item.verdict ? `, ${item.verdict}` : "";
    return el(
      "button",
      {
        type: "button",
        tabindex: "-1", // the list is the way without a mouse
        class: `bar ${item.kind} is-${item.verdict ?? "open"}${id === state.chosen ? " chosen" : ""}`,
        style: `left:${left - LEFT}px;width:${width}px`,
        title: `${mine ? state.coder : "machine"}: ${item.kind} ${when}${verdict}`,
        onclick: () => {
          choose(id ?? item.id);
          this.timeline.go(item.apex ?? item.onset);
        },
      },
      width > 34 ? text : "",
    );
  }

  drawTracks() {
    const { from, to } = state.view;
    const tiers = (state.tracks ?? []).filter(
      (track) => track.kind === "intervals" && track.intervals.length,
    );
    fill(
      this.extra,
      ...tiers.map((track) => {
        const seen = track.intervals
          .filter((one) => one.offset_s >= from && one.onset_s <= to)
          .slice(0, MOST);
        const bars = seen.map((one) => {
          const left = Math.max(this.timeline.x(one.onset_s), LEFT);
          const width = Math.max(
            Math.min(this.timeline.x(one.offset_s), LEFT + this.timeline.width) - left,
            3,
          );
          return el(
            "span",
            {
              class: "bar track",
              style: `left:${left - LEFT}px;width:${width}px`,
              title: visible(`${one.tier}: ${one.text}`),
            },
            width > 34 ? visible(one.text) : "",
          );
        });
        return el(
          "div",
          { class: "lanerow" },
          el("span", { class: "lanename", title: visible(track.name) }, visible(track.name)),
          el("div", { class: "lane" }, ...bars),
          this.timeline.tracks.dropper(track),
        );
      }),
      this.timeline.tracks.row(),
    );
  }

  makeHandle(point) {
    const handle = el(
      "div",
      {
        class: `handle ${point}`,
        role: "slider",
        tabindex: "0",
        hidden: true,
        "aria-label": point,
        "aria-orientation": "horizontal",
        "aria-valuemin": "0",
        onpointerdown: (event) => this.press(event, point),
        onkeydown: (event) => this.key(event, point),
      },
      el("b", {}, point),
    );
    return handle;
  }

  /** Shade the chosen interval and put its handles where they belong. */
  drawChosen() {
    const item = this.drag?.item ?? chosenItem();
    this.shade.hidden = !item;
    if (!item) {
      for (const handle of this.handles.values()) handle.hidden = true;
      return;
    }
    const { timeline } = this;
    const inside = (x) => Math.min(Math.max(x, LEFT), LEFT + timeline.width);
    const [start, end] = this.spanOf(item).map((seconds) => inside(timeline.x(seconds)));
    this.shade.className = `shade ${item.kind}`;
    this.shade.hidden = end <= start;
    Object.assign(this.shade.style, { left: `${start}px`, width: `${end - start}px` });
    for (const point of POINTS) this.placeHandle(point, item);
  }

  placeHandle(point, item) {
    const frame = item[point];
    const handle = this.handles.get(point);
    if (frame === null || frame === undefined) {
      handle.hidden = true;
      return;
    }
    const { times, total, width } = this.timeline;
    // The offset's frame belongs to the interval: its handle stands behind it.
    const seconds = point === "offset" ? times.end(frame) : times.now(frame);
    const x = this.timeline.x(seconds);
    handle.hidden = x < LEFT - 1 || x > LEFT + width + 1;
    handle.style.transform = `translateX(${x}px)`;
    handle.setAttribute("aria-valuenow", String(frame));
    handle.setAttribute("aria-valuemax", String(times.frames - 1));
    handle.setAttribute("aria-valuetext", `${point}: frame ${frame}, ${clock(times.now(frame), total)}`);
  }

  press(event, point) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    const handle = this.handles.get(point);
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const item = chosenItem();
    this.drag = { item: { ...item }, point };
    const shift = point === "offset" ? this.timeline.times.frameS : 0;
    const move = (now) =>
      this.moveTo(this.timeline.times.guess(this.timeline.at(now) - shift + this.timeline.times.frameS / 2));
    const up = () => {
      handle.removeEventListener("pointermove", move);
      const dragged = this.drag;
      this.drag = null;
      if (dragged && dragged.item[point] !== item[point]) change(item, this.fields(dragged.item, item));
      this.drawChosen();
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", up, { once: true });
  }

  /** Move what is dragged to a frame, never past its neighbours' limits. */
  moveTo(frame) {
    const { item, point } = this.drag;
    const next = limited(item, point, this.timeline.times.clamp(frame));
    if (next === item[point]) return;
    item[point] = next;
    this.drawChosen();
    this.timeline.go(next);
  }

  fields(now, before) {
    return Object.fromEntries(
      POINTS.filter((point) => now[point] !== before[point]).map((point) => [point, now[point]]),
    );
  }

  key(event, point) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    const by = (steps[event.key] ?? 0) * (event.shiftKey ? 10 : 1);
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const item = chosenItem();
    const next = limited(item, point, this.timeline.times.clamp(item[point] + by));
    if (next === item[point]) return;
    change(item, { [point]: next });
    this.timeline.go(next);
  }
}

/** A new place for one of the three frames that keeps onset <= apex <= offset. */
export function limited(item, point, frame) {
  const apex = item.apex ?? null;
  if (point === "onset") return Math.min(frame, apex ?? item.offset);
  if (point === "offset") return Math.max(frame, apex ?? item.onset);
  return Math.min(Math.max(frame, item.onset), item.offset);
}
