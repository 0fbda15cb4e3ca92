/**
 * Decoded pictures of one recording from the server, with the ones that were seen kept for a second look.
 */
import { getPicture, getPictures, recordingPath } from "./api.js";

const KEPT = 600; // pictures, some 40 kB each
const AHEAD = { before: 6, after: 14 };
const WIDTHS = [480, 720, 960, 1280]; // few widths, so that a resized window does not empty what is kept

/** The next of the few widths that is enough for a canvas of so many pixels. */
export function pictureWidth(pixels, full) {
  return Math.min(WIDTHS.find((width) => width >= pixels) ?? WIDTHS.at(-1), full || WIDTHS.at(-1));
}

/** Pictures of one recording. */
export class Frames {
  constructor(id, total, width) {
    this.id = id;
    this.total = total;
    this.width = width;
    this.kept = new Map(); // frame -> picture, oldest look first
    this.reading = null;
  }

  /** One picture; from what is kept where possible. */
  async get(frame) {
    const old = this.kept.get(frame);
    if (old) return old;
    const path = recordingPath(this.id, `/frame/${frame}`, { width: this.width });
    return this.keep(await getPicture(path), frame);
  }

  has(frame) {
    return this.kept.has(frame);
  }

  keep(picture, frame = picture.frame) {
    this.kept.delete(frame);
    this.kept.set(frame, picture);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return picture;
  }

  /**
   * Pictures from one frame to another, both in, every `step`-th; kept ones are not asked for again.
   * @yields {{blob: Blob, frame: number, time: number}}
   */
  async *between(from, to, step, signal) {
    let next = from;
    for (; next <= to && this.has(next); next += step) yield this.kept.get(next);
    if (next > to) return;
    const path = recordingPath(this.id, "/frames", { from: next, to, step, width: this.width });
    for await (const picture of getPictures(path, { signal })) yield this.keep(picture);
  }

  /** Fetch the neighbours of a frame, so that the next steps are at once; a new call calls the old one off. */
  async readAhead(frame) {
    this.stopReading();
    const reading = new AbortController();
    this.reading = reading;
    const from = Math.max(frame - AHEAD.before, 0);
    const to = Math.min(frame + AHEAD.after, this.total - 1);
    for await (const picture of this.between(from, to, 1, reading.signal)) {
      if (reading.signal.aborted || !picture) return;
    }
  }

  stopReading() {
    this.reading?.abort();
    this.reading = null;
  }
}

/** Draw a picture as large as fits into its canvas, in the middle, at the screen's own resolution. */
export async function drawPicture(canvas, blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = window.devicePixelRatio || 1;
  const width = Math.max(Math.round(canvas.clientWidth * scale), 1);
  const height = Math.max(Math.round(canvas.clientHeight * scale), 1);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const fit = Math.min(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * fit, bitmap.height * fit];
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  bitmap.close();
}
