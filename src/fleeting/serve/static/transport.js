/**
 * The row under the picture: play, step, speed, loop, next and previous, sound; and where the picture is.
 */
import { byId, el, fill } from "./dom.js";
import { AROUND } from "./items.js";
import { SPEEDS } from "./player.js";
import { say } from "./say.js";
import { chosenItem, on, state } from "./store.js";
import { clock } from "./words.js";

/** Buttons for the player. */
export class Transport {
  constructor(player, list, timeline) {
    this.player = player;
    this.timeline = timeline;
    player.loopSpan = () => this.span();
    player.frameNow = () => state.frame;
    this.build(list);
    on("playing", () => this.draw());
    on("items", () => this.draw());
    on("chosen", () => this.followChosen());
    on("frame", () => this.drawWhere());
  }

  build(list) {
    const { player } = this;
    const button = (text, title, act, rest = {}) =>
      el("button", { type: "button", title, "aria-label": title, onclick: act, ...rest }, text);
    this.play = button("▶", "Play or pause (Space)", () => player.toggle(), { id: "play", class: "main" });
    this.speeds = SPEEDS.map((speed, i) =>
      button(`${speed}×`, `Speed ${speed} (${i + 1})`, () => player.setSpeed(speed), { "data-speed": speed }),
    );
    this.loop = button("Loop", "Loop the chosen expression (L)", () => this.toggleLoop(), {
      id: "loop",
      "aria-pressed": "false",
    });
    this.sound = button(
      "Sound",
      "Sound on or off",
      () => {
        player.sound.setMuted(!player.sound.muted);
        this.draw();
      },
      { id: "sound", hidden: true },
    );
    fill(
      byId("playing"),
      button("◀ prev", "Previous expression (P)", () => list.move(-1)),
      button("−1", "One frame back (←)", () => player.step(-1), { id: "back" }),
      this.play,
      button("+1", "One frame on (→)", () => player.step(1), { id: "on" }),
      button("next ▶", "Next expression (N)", () => list.move(1)),
      el("span", { class: "speeds", role: "group", "aria-label": "Speed" }, ...this.speeds),
      this.loop,
      this.sound,
    );
    this.draw();
  }

  /** Loop the chosen expression with a little around it, or stop looping. */
  toggleLoop() {
    if (!this.player.looping && !chosenItem())
      return say("Choose an expression first: the loop goes around it.");
    this.player.setLooping(!this.player.looping);
    if (this.player.looping && !this.player.playing) this.player.play();
    return undefined;
  }

  /** A loop that runs goes around what is chosen now. */
  followChosen() {
    const { player } = this;
    if (!player.looping || !player.playing) return;
    player.pause();
    player.play();
  }

  span() {
    const item = chosenItem();
    return item ? { from: item.onset - AROUND, to: item.offset + AROUND } : null;
  }

  draw() {
    const { player } = this;
    this.play.textContent = player.playing ? "❚❚" : "▶";
    this.play.setAttribute("aria-pressed", String(player.playing));
    this.loop.setAttribute("aria-pressed", String(player.looping));
    this.speeds.forEach((button) =>
      button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === player.speed)),
    );
    this.sound.hidden = !player.sound.here;
    this.sound.setAttribute("aria-pressed", String(!player.sound.muted));
  }

  drawWhere() {
    const { total, times } = this.timeline;
    if (!times) return;
    byId("where").textContent =
      `frame ${state.frame} of ${times.frames - 1} · ${clock(state.time, total, 3)}`;
    byId("video").setAttribute("aria-label", `Video, frame ${state.frame}, ${clock(state.time, total, 3)}`);
  }
}
