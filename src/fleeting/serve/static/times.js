/**
 * From frame index to seconds and back, as the server's decode says. Frame rates may vary, so nothing is
 * taken from n / fps: of a long recording the page knows the times of frames all over it from the start,
 * and every single one where somebody looks.
 */
import { getJson, recordingPath } from "./api.js";
import { say } from "./say.js";

const CHUNK = 5000; // frames whose times are asked for at once
const ANCHORS = 2000; // frames all over a long recording whose times are known from the start, about
const STEPS = [5, 10, 20, 50, 100, 250, 500, 1000, 2500, 5000]; // between them; all divide CHUNK
const CLOSE = 4; // chunks: a view that spans more cannot show single frames
const HAIR = 1e-6; // s: a time that was rounded on its way still means its own frame

/** The times of one recording's frames, fetched in parts when they are needed. */
export class FrameTimes {
  constructor(id, video) {
    this.id = id;
    this.frames = Math.max(video.frames, 1);
    this.frameS = video.fps > 0 ? 1 / video.fps : video.duration_s / this.frames || 0.04;
    this.parts = new Map();
    this.waiting = new Map();
    this.anchors = { step: CHUNK, times: [] };
    this.known = true; // whether the server can tell; else the mean frame rate must do
  }

  /** Nearest index that the recording has. */
  clamp(frame) {
    return Math.min(Math.max(Math.round(frame), 0), this.frames - 1);
  }

  /** Seconds of a frame: exact where its part has been fetched, else between its neighbours. */
  now(frame) {
    const n = this.clamp(frame);
    return this.parts.get(Math.floor(n / CHUNK))?.[n % CHUNK] ?? this.between(n);
  }

  between(n) {
    const { step, times } = this.anchors;
    const at = Math.floor(n / step);
    const [before, after] = [times[at], times[at + 1]];
    if (before === undefined) return n * this.frameS;
    const rest = n - at * step;
    return before + rest * (after === undefined ? this.frameS : (after - before) / step);
  }

  /** Seconds at which a frame ends: where the next begins. */
  end(frame) {
    const n = this.clamp(frame);
    return n + 1 < this.frames ? this.now(n + 1) : this.now(n) + this.frameS;
  }

  /** The frame that is on the screen at this time: the last one that begins at or before it. */
  async at(seconds) {
    await this.load(Math.floor(this.guess(seconds) / CHUNK));
    return this.guess(seconds);
  }

  /** As `at`, from what is here already; good enough while something is dragged. */
  guess(seconds) {
    let [low, high] = [0, this.frames - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.now(middle) <= seconds + HAIR) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Fetch times all over the recording, and of its beginning. */
  async prepare() {
    if (this.frames > CHUNK) {
      const step = STEPS.find((one) => this.frames / one <= ANCHORS) ?? CHUNK;
      const times = await this.ask(0, this.frames - 1, step);
      if (times) this.anchors = { step, times };
    }
    await this.load(0);
  }

  /** Fetch the times of all frames from one time to another, where they are few enough to be told apart. */
  async cover(from, to) {
    const [first, last] = [from, to].map((seconds) => Math.floor(this.guess(seconds) / CHUNK));
    if (last - first >= CLOSE) return;
    await Promise.all(Array.from({ length: last - first + 1 }, (_, i) => this.load(first + i)));
  }

  async load(part) {
    if (this.parts.has(part)) return;
    if (!this.waiting.has(part)) {
      const from = part * CHUNK;
      const asked = this.ask(from, Math.min(from + CHUNK, this.frames) - 1, 1)
        .then((times) => times && this.parts.set(part, times))
        .finally(() => this.waiting.delete(part));
      this.waiting.set(part, asked);
    }
    await this.waiting.get(part);
  }

  /** Times of every `step`-th frame, null where the server cannot tell: said once, then the mean rate does. */
  async ask(from, to, step) {
    if (!this.known) return null;
    try {
      return (await getJson(recordingPath(this.id, "/times", { from, to, step }))).times;
    } catch (error) {
      if (error.status !== 404) throw error;
      if (this.known) say(`Times are estimates. ${error.message}`, "error");
      this.known = false;
      return null;
    }
  }
}
