/**
 * The moving picture: steps, play at several speeds, loop, sound. Time is the server's; the picture shown
 * always carries its own frame index and time.
 */
import { recordingPath } from "./api.js";
import { Frames, drawPicture } from "./frames.js";
import { state, tell } from "./store.js";
import { sayError } from "./say.js";
import { Sound } from "./sound.js";

export const SPEEDS = [1, 0.5, 0.25, 0.1];
const PICTURES_PER_S = 30; // as many as are asked for in real time; steps are never skipped while stepping
const QUEUE = 45;
const SETTLED_MS = 150;

/** Plays and steps through the opened recording on one canvas. */
export class Player {
  constructor(canvas) {
    this.canvas = canvas;
    this.speed = 1;
    this.playing = false;
    this.looping = false;
    this.sound = new Sound();
    this.run = null;
    this.wanted = null;
    this.busy = false;
    this.shown = null; // the picture on the canvas, to draw it again after a resize
    new ResizeObserver(() => this.shown && drawPicture(canvas, this.shown.blob).catch(sayError)).observe(
      canvas,
    );
  }

  /** Open another recording at a frame. */
  open(id, video, width, times, frame = 0) {
    this.close();
    this.times = times;
    this.frames = new Frames(id, video.frames, width);
    this.fps = video.fps || 25;
    this.sound.open(state.result, recordingPath(id), times.now(0));
    tell("playing");
    this.show(frame);
  }

  /** Show nothing: the recording has no video here. */
  close() {
    this.stop();
    this.frames?.stopReading();
    this.frames = null;
    this.shown = null;
    this.wanted = null;
    this.sound.open(null);
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    delete this.canvas.dataset.frame;
    tell("playing");
  }

  /** Show a frame; while one is on its way only the newest wish is kept, so a held key never runs late. */
  show(frame) {
    if (!this.frames) return;
    this.pause();
    this.wanted = this.times.clamp(frame);
    state.frame = this.wanted;
    this.work();
  }

  async work() {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.wanted !== null) {
        const { frames, wanted } = this;
        this.wanted = null;
        if (!frames.has(wanted)) frames.stopReading();
        const picture = await frames.get(wanted);
        if (frames === this.frames) await this.draw(picture, wanted);
      }
      clearTimeout(this.settled);
      this.settled = setTimeout(() => this.rest(), SETTLED_MS);
    } catch (error) {
      sayError(error);
    } finally {
      this.busy = false;
    }
  }

  rest() {
    if (this.playing || this.busy || !this.frames) return; // closed meanwhile
    this.frames.readAhead(state.frame).catch((error) => error.name === "AbortError" || console.warn(error));
    tell("settled");
  }

  async draw(picture, frame) {
    await drawPicture(this.canvas, picture.blob);
    this.shown = picture;
    if (this.wanted !== null && !this.playing) return; // a newer wish has come: its number stands already
    state.frame = picture.frame ?? frame;
    state.time = picture.time ?? this.times.now(state.frame);
    this.canvas.dataset.frame = String(state.frame);
    tell("frame");
  }

  step(by) {
    this.show((this.wanted ?? state.frame) + by);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  setSpeed(speed) {
    this.speed = speed;
    const again = this.playing;
    this.pause();
    if (again) this.play();
    tell("playing");
  }

  setLooping(looping) {
    this.looping = looping;
    const again = this.playing;
    this.pause();
    if (again) this.play();
    tell("playing");
  }

  pause() {
    if (!this.playing) return;
    this.stop();
    tell("playing");
    tell("settled");
  }

  stop() {
    this.playing = false;
    this.run?.abort();
    this.run = null;
    this.sound.pause();
  }

  /** First and last frame to play; `loop` is a span or null, as the page knows it. */
  span() {
    const loop = this.looping ? this.loopSpan?.() : null;
    if (loop) return { from: this.times.clamp(loop.from), to: this.times.clamp(loop.to), again: true };
    const last = this.times.frames - 1;
    return { from: state.frame >= last ? 0 : state.frame, to: last, again: false };
  }

  async play() {
    if (!this.frames || this.playing) return;
    this.playing = true;
    this.frames.stopReading();
    const run = new AbortController();
    this.run = run;
    tell("playing");
    try {
      do {
        const { from, to, again } = this.span();
        await this.playOnce(from, to, run.signal);
        if (!again) break;
      } while (!run.signal.aborted);
    } catch (error) {
      sayError(error);
    }
    if (this.run === run) this.pause();
  }

  async playOnce(from, to, signal) {
    const step = Math.max(1, Math.round((this.fps * this.speed) / PICTURES_PER_S));
    const queue = new Queue(this.frames.between(from, to, step, signal));
    let start = null;
    for (;;) {
      let picture = await queue.next();
      if (!picture || signal.aborted) return;
      const seconds = picture.time ?? this.times.now(picture.frame);
      if (start === null || queue.ranDry) {
        start = { at: performance.now(), seconds };
        this.sound.play(seconds, this.speed);
        queue.ranDry = false;
      }
      picture = await this.inTime(picture, queue, start, signal);
      if (signal.aborted) return;
      await this.draw(picture, picture.frame);
      this.sound.keepTo(picture.time, this.speed);
    }
  }

  /** Wait until a picture's time has come; where it is late already take the newest that is due. */
  async inTime(picture, queue, start, signal) {
    const due = (one) => start.at + ((one.time - start.seconds) * 1000) / this.speed;
    while (due(picture) < performance.now() && queue.peek() && due(queue.peek()) <= performance.now()) {
      picture = queue.take();
    }
    const wait = due(picture) - performance.now();
    if (wait > 4) await sleep(wait, signal);
    return picture;
  }
}

function sleep(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        done();
      },
      { once: true },
    );
  });
}

/** Reads a stream a little ahead, and says when it could not keep up. */
class Queue {
  constructor(source) {
    this.held = [];
    this.ended = false;
    this.fault = null;
    this.ranDry = false;
    this.wake = () => undefined;
    this.fill(source);
  }

  async fill(source) {
    try {
      for await (const picture of source) {
        this.held.push(picture);
        this.wake();
        while (this.held.length >= QUEUE)
          await new Promise((done) => {
            this.taken = done;
          });
      }
    } catch (error) {
      this.fault = error;
    }
    this.ended = true;
    this.wake();
  }

  peek() {
    return this.held[0] ?? null;
  }

  take() {
    const picture = this.held.shift();
    this.taken?.();
    return picture;
  }

  async next() {
    while (!this.held.length && !this.ended) {
      this.ranDry = true;
      await new Promise((done) => {
        this.wake = done;
      });
    }
    if (!this.held.length && this.fault) throw this.fault;
    return this.held.length ? this.take() : null;
  }
}
