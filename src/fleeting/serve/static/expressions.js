/**
 * The list of expressions: each with its time, what the machine or the coder says, accept and reject.
 */
import { byId, el, fill, visible } from "./dom.js";
import { judge } from "./edits.js";
import { durationOf } from "./items.js";
import { choose, hidesMachine, on, state } from "./store.js";
import { auText, clock, length } from "./words.js";

const VERDICTS = { accepted: ["✓", "accepted"], rejected: ["✗", "rejected"] };

/** The list beside the picture. */
export class Expressions {
  constructor(timeline, go) {
    this.timeline = timeline;
    this.go = go;
    this.list = byId("expressions");
    on("items", () => this.draw());
    on("chosen", () => this.mark());
  }

  /** Draw the list anew; the focus stays on the same expression and button. */
  draw() {
    const focus = document.activeElement?.closest?.("#expressions li");
    const held = focus ? { id: focus.dataset.id, part: document.activeElement.dataset.part } : null;
    const rows = state.items.map((item, i) => this.row(item, i + 1));
    fill(this.list, ...(rows.length ? rows : [el("li", { class: "empty" }, this.emptyText())]));
    this.drawCounts();
    this.mark();
    if (held)
      this.rowOf(held.id)?.querySelector(`[data-part="${held.part}"]`)?.focus({ preventScroll: true });
  }

  emptyText() {
    if (hidesMachine())
      return "Blind: mark what you see with New (C). The machine's answer stays hidden until you reveal it.";
    return "No expression here yet. New (C) makes one at the frame that is shown.";
  }

  drawCounts() {
    const looked = state.items.filter((item) => item.mine).length;
    byId("counts").textContent = state.items.length ? `${looked} of ${state.items.length} looked at` : "";
  }

  rowOf(id) {
    return [...this.list.children].find((row) => row.dataset.id === id);
  }

  row(item, number) {
    const { times, total } = this.timeline;
    const [sign, verdict] = VERDICTS[item.verdict] ?? ["", item.mine ? "yours" : "open"];
    const when = times ? clock(times.now(item.onset), total) : "";
    const long = times ? length(durationOf(item, times)) : "";
    const what = [auText(item.aus), visible(item.emotion)].filter(Boolean).join(" · ");
    const verdictButton = (name, mark, title) =>
      el(
        "button",
        {
          type: "button",
          class: name,
          "data-part": name,
          "aria-pressed": String(item.verdict === name),
          title,
          "aria-label": `${title}: expression ${number}`,
          onclick: (event) => {
            event.stopPropagation();
            choose(item.id);
            judge(item, name);
          },
        },
        mark,
      );
    return el(
      "li",
      { "data-id": item.id, class: `${item.kind} is-${item.verdict ?? "open"}` },
      el(
        "button",
        {
          type: "button",
          class: "row",
          "data-part": "row",
          onclick: () => this.take(item),
          "aria-label": `Expression ${number}, ${item.kind}, at ${when}, ${long}, ${what || "no action unit"}, ${verdict}`,
        },
        el("span", { class: "number" }, String(number)),
        el("span", { class: `kind ${item.kind}` }, item.kind),
        el("span", { class: "when" }, when),
        el("span", { class: "long" }, long),
        el("span", { class: "what" }, what || "–"),
        el(
          "span",
          { class: `state ${item.verdict ?? (item.mine ? "mine" : "")}` },
          sign ? `${sign} ${verdict}` : verdict,
          item.note ? el("span", { class: "noted", title: visible(item.note) }, " ✎") : null,
        ),
      ),
      el(
        "span",
        { class: "verdicts" },
        verdictButton("accepted", "✓", "Accept (Y)"),
        verdictButton("rejected", "✗", "Reject (X)"),
      ),
    );
  }

  take(item) {
    choose(item.id);
    this.go(item.apex ?? item.onset);
    this.timeline.redraw();
  }

  mark() {
    for (const row of this.list.children) {
      const chosen = row.dataset.id === state.chosen;
      row.classList.toggle("chosen", chosen);
      row.querySelector(".row")?.setAttribute("aria-current", String(chosen));
      if (chosen) row.scrollIntoView({ block: "nearest" });
    }
  }

  /** Choose the next or previous expression: from the chosen one, or else from the frame shown. */
  move(by) {
    const { items } = state;
    if (!items.length) return;
    let at = items.findIndex((item) => item.id === state.chosen);
    if (at < 0) {
      const after = items.findIndex((item) => item.onset > state.frame);
      at = by > 0 ? (after < 0 ? items.length : after) - 1 : after < 0 ? items.length : after;
    }
    const next = Math.min(Math.max(at + by, 0), items.length - 1);
    this.take(items[next]);
    const { from, to } = state.view;
    const seconds = this.timeline.times.now(items[next].onset);
    if (seconds < from || seconds > to)
      this.timeline.setView(seconds - (to - from) / 2, seconds + (to - from) / 2);
  }
}
