/**
 * From frame index to seconds and back, as the server's decode says. Frame rates may vary, so nothing is
 * taken from n / fps once the true times of that part are here.
 */
import { getJson, recordingPath } from "./api.js";

const CHUNK = 5000; // frames asked for at a time

/** The times of one recording's frames, fetched in parts when they are needed. */
export class FrameTimes {
  /** @param {boolean} here - Whether the video is there to be asked; else the mean frame rate must do. */
  constructor(id, video, here = true) {
    this.here = here;
    this.id = id;
    this.frames = Math.max(video.frames, 1);
    this.frameS = video.fps > 0 ? 1 / video.fps : video.duration_s / this.frames || 0.04;
    this.parts = new Map();
    this.waiting = new Map();
  }

  /** Nearest index that the recording has. */
  clamp(frame) {
    return Math.min(Math.max(Math.round(frame), 0), this.frames - 1);
  }

  /** Seconds of a frame: exact where its part has been fetched, else by the mean frame rate. */
  now(frame) {
    const n = this.clamp(frame);
    const part = this.parts.get(Math.floor(n / CHUNK));
    return part?.[n % CHUNK] ?? n * this.frameS;
  }

  /** Seconds of a frame, exact. */
  async of(frame) {
    const n = this.clamp(frame);
    await this.load(Math.floor(n / CHUNK));
    return this.now(n);
  }

  /** The frame that is on the screen at this time: the last one that begins at or before it. */
  async at(seconds) {
    if (!this.here) return this.guess(seconds);
    const answer = await getJson(recordingPath(this.id, "/times", { at: Math.max(seconds, 0) }));
    return this.clamp(answer.frame);
  }

  /** As `at`, from what is here already; good enough while something is dragged. */
  guess(seconds) {
    let n = this.clamp(Math.floor(seconds / this.frameS + 1e-6));
    for (let tries = 0; tries < CHUNK; tries += 1) {
      if (n + 1 < this.frames && this.now(n + 1) <= seconds + 1e-6) n += 1;
      else if (n > 0 && this.now(n) > seconds + 1e-6) n -= 1;
      else break;
    }
    return n;
  }

  async load(part) {
    if (!this.here || this.parts.has(part)) return;
    if (!this.waiting.has(part)) {
      const from = part * CHUNK;
      const to = Math.min(from + CHUNK, this.frames) - 1;
      const asked = getJson(recordingPath(this.id, "/times", { from, to }))
        .then((answer) => this.parts.set(part, answer.times))
        .finally(() => this.waiting.delete(part));
      this.waiting.set(part, asked);
    }
    await this.waiting.get(part);
  }
}
