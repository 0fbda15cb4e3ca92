/**
 * The second picture: the face, aligned, in the ways that help to decide (all made by the server).
 */
import { getPicture, getPictures, recordingPath } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { drawPicture } from "./frames.js";
import { say, sayError } from "./say.js";
import { chosenItem, on, state } from "./store.js";

const FLICKER_MS = 625; // 1.6 changes a second: well under the three flashes a second that can harm
const GAINS = [5, 10, 20, 40];
const AROUND = 8; // frames before and after the interval in the magnified film

/** What can be looked at: key, button, and what the picture then shows. */
export const WAYS = [
  { id: "face", key: "A", name: "Face", says: "the face, aligned" },
  { id: "flicker", key: "F", name: "Flicker", says: "onset and apex in turn" },
  {
    id: "difference",
    key: "D",
    name: "Difference",
    says: "apex minus onset, amplified",
    scaled: (x) => `apex minus onset, × ${x}`,
  },
  {
    id: "flow",
    key: "V",
    name: "Flow",
    says: "motion from onset to apex",
    scaled: (x) => `motion from onset to apex, × ${x}`,
  },
  {
    id: "heat",
    key: "H",
    name: "Regions",
    says: "how far each region moved",
    scaled: (x) => `motion of regions: violet 0, yellow ${x} px`,
  },
  { id: "magnified", key: "M", name: "Magnify", says: "the interval with its motion magnified" },
];

/** Shows the face in one of several ways. */
export class Looking {
  constructor(speed) {
    this.canvas = byId("face");
    this.caption = byId("face-says");
    this.speed = speed;
    this.way = WAYS[0];
    this.gain = 10;
    this.kept = new Map();
    this.run = 0;
    this.shown = null;
    this.build();
    on("settled", () => this.way.id === "face" && this.look());
    on("chosen", () => this.look());
    on("items", () => this.way.id !== "face" && this.signature() !== this.last && this.look());
    new ResizeObserver(() => this.shown && drawPicture(this.canvas, this.shown).catch(sayError)).observe(
      this.canvas,
    );
  }

  build() {
    this.buttons = WAYS.map((way) =>
      el(
        "button",
        {
          type: "button",
          "data-way": way.id,
          "aria-pressed": String(way === this.way),
          title: `${way.says} (${way.key})`,
          onclick: () => this.choose(way.id),
        },
        way.name,
      ),
    );
    this.gainChoice = el(
      "select",
      {
        "aria-label": "How much the motion is magnified",
        hidden: true,
        onchange: () => {
          this.gain = Number(this.gainChoice.value);
          this.look();
        },
      },
      ...GAINS.map((gain) =>
        el("option", { value: String(gain), selected: gain === this.gain }, `× ${gain}`),
      ),
    );
    fill(byId("looking"), ...this.buttons, this.gainChoice);
  }

  /** Begin with another recording; without its video there is nothing to look at. */
  open(found = true) {
    this.found = found;
    this.kept.clear();
    this.choose("face");
  }

  /** Look in this way; the same way again goes back to the plain face. */
  choose(id) {
    const next = id === this.way.id ? "face" : id;
    if (next !== "face" && !chosenItem())
      return say("Choose an expression first: this compares its onset with its apex.");
    this.way = WAYS.find((way) => way.id === next);
    this.buttons.forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.way === next)),
    );
    this.gainChoice.hidden = next !== "magnified";
    this.look();
  }

  signature() {
    const item = chosenItem();
    return item ? `${this.way.id} ${item.face} ${item.onset} ${item.apex} ${item.offset}` : this.way.id;
  }

  /** Fetch and show what is chosen now. */
  async look() {
    if (!state.result) return;
    if (!this.found) {
      this.clear();
      this.say("no video, no face");
      return;
    }
    this.run += 1;
    const run = this.run;
    clearTimeout(this.timer);
    this.last = this.signature();
    const item = chosenItem();
    const way = item ? this.way : WAYS[0];
    this.canvas.dataset.way = way.id;
    try {
      if (way.id === "face") await this.showFace(run, item?.face ?? state.face ?? 0);
      else if (way.id === "flicker") await this.flicker(run, item);
      else if (way.id === "magnified") await this.magnify(run, item);
      else await this.compare(run, item, way);
    } catch (error) {
      if (run !== this.run) return;
      this.say(error.message, true);
      this.clear();
    }
  }

  say(text, wrong = false) {
    this.caption.textContent = text;
    this.caption.classList.toggle("wrong", wrong);
    this.canvas.setAttribute("aria-label", text);
  }

  clear() {
    this.shown = null;
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  async show(blob, run) {
    if (run !== this.run) return;
    this.shown = blob;
    await drawPicture(this.canvas, blob);
  }

  async get(path) {
    if (!this.kept.has(path)) {
      if (this.kept.size > 200) this.kept.delete(this.kept.keys().next().value);
      this.kept.set(path, await getPicture(path));
    }
    return this.kept.get(path);
  }

  /** The aligned face; with a reference held still on that frame, so that only the face's own motion is seen. */
  crop(frame, face, reference = null) {
    return this.get(recordingPath(state.recording.id, `/crop/${frame}`, { face, reference }));
  }

  async showFace(run, face) {
    const { frame } = state;
    const picture = await this.crop(frame, face);
    await this.show(picture.blob, run);
    if (run === this.run) this.say(`the face, aligned, frame ${frame}`);
  }

  async flicker(run, item) {
    const apex = apexOf(item);
    const pair = await Promise.all(
      [item.onset, apex].map((frame) => this.crop(frame, item.face, item.onset)),
    );
    const names = [`onset, frame ${item.onset}`, `apex, frame ${apex}`];
    let turn = 0;
    const swap = () => {
      if (run !== this.run) return;
      this.show(pair[turn].blob, run).catch(sayError);
      this.say(names[turn]);
      this.canvas.dataset.turn = String(turn);
      turn = 1 - turn;
      this.timer = setTimeout(swap, FLICKER_MS);
    };
    swap();
  }

  async compare(run, item, way) {
    this.say("working …");
    const { onset, face } = item;
    const picture = await this.get(
      recordingPath(state.recording.id, "/compare", { onset, apex: apexOf(item), kind: way.id, face }),
    );
    await this.show(picture.blob, run);
    if (run === this.run)
      this.say(picture.scale ? way.scaled(Number(picture.scale.toPrecision(2))) : way.says);
  }

  async magnify(run, item) {
    this.say("magnifying on the server …");
    const onset = Math.max(item.onset - AROUND, 0);
    const offset = Math.min(item.offset + AROUND, state.result.video.frames - 1);
    const path = recordingPath(state.recording.id, "/magnified", {
      onset,
      offset,
      gain: this.gain,
      face: item.face,
    });
    const film = [];
    const asked = new AbortController();
    for await (const picture of getPictures(path, { signal: asked.signal })) {
      if (run !== this.run) return asked.abort();
      film.push(picture);
      await this.show(picture.blob, run);
      this.say(`magnified × ${this.gain}: ${film.length} of ${offset - onset + 1} frames`);
    }
    if (film.length) this.playFilm(film, run);
    return undefined;
  }

  /** Play the magnified film over and over, at the speed that is chosen for the video. */
  playFilm(film, run) {
    let at = 0;
    const next = () => {
      if (run !== this.run) return;
      const picture = film[at];
      this.show(picture.blob, run).catch(sayError);
      this.say(`magnified × ${this.gain}, frame ${picture.frame}`);
      const after = film[at + 1];
      const wait = after ? (after.time - picture.time) * 1000 : 400;
      at = (at + 1) % film.length;
      this.timer = setTimeout(next, Math.max(wait / this.speed(), 15));
    };
    next();
  }
}

/** The apex, or the middle where none is set. */
function apexOf(item) {
  return item.apex ?? Math.round((item.onset + item.offset) / 2);
}
