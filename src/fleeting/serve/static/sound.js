/**
 * The recording's sound beside the decoded pictures. The picture leads; the sound is put right where it strays.
 */
import { say } from "./say.js";

const STRAY_S = 0.12; // lips and voice part visibly from here on
const SLOWEST = 0.25; // below, sound is only a rumble
const PIECE_S = 60; // of sound that the server is asked for, where the browser cannot play the file itself

/** Sound of one recording. */
export class Sound {
  constructor() {
    this.player = null;
    this.muted = false;
  }

  /**
   * Take the sound of another recording.
   * @param {Object|null} result - The recording's result; null or without sound: there is none.
   * @param {string} path - Address of the recording.
   * @param {number} first - Time of the first frame in seconds: files need not begin at 0.
   */
  open(result, path, first) {
    this.pause();
    this.player = null;
    if (!result?.has_sound) return;
    this.player = document.createElement("video"); // never in the page: only its sound is wanted
    this.player.preload = "auto";
    this.player.addEventListener("error", () => this.fail(result));
    this.pieces = result.playable ? null : { path: result.sound, end: result.video.duration_s };
    this.piece = null;
    this.start = this.first = first;
    if (!this.pieces) this.player.src = `${path}/video`;
  }

  /** What the browser cannot play is asked for as plain sound, piece by piece; if that fails too it is said. */
  fail(result) {
    if (!this.pieces && result.sound) {
      this.pieces = { path: result.sound, end: result.video.duration_s };
      return;
    }
    this.player = null;
    say("The sound of this recording cannot be played; the pictures are not affected.");
  }

  get here() {
    return this.player !== null;
  }

  play(seconds, speed) {
    const { player } = this;
    if (!player || this.muted || speed < SLOWEST) return;
    if (this.pieces) this.fetchPiece(seconds);
    player.playbackRate = speed;
    player.currentTime = Math.max(seconds - this.start, 0);
    player.play().catch((error) => error.name === "AbortError" || console.warn("no sound:", error.message));
  }

  fetchPiece(seconds) {
    const { piece, pieces } = this;
    if (piece && seconds >= piece.from && (seconds < piece.to - 1 || piece.to === pieces.end)) return;
    // From a round time on: where the picture stumbles and starts anew, the same piece serves, half loaded or not.
    const from = Math.max(this.first, Math.floor(seconds / (PIECE_S / 2)) * (PIECE_S / 2), 0);
    this.piece = { from, to: Math.min(from + PIECE_S, pieces.end) };
    this.start = from;
    this.player.src = `${pieces.path}?from=${this.piece.from}&to=${this.piece.to}`;
  }

  /** Put the sound right where it is further from the picture than one notices. */
  keepTo(seconds, speed) {
    const { player } = this;
    if (!player || player.seeking || speed < SLOWEST) return;
    if (this.pieces && this.piece && seconds >= this.piece.to && seconds < this.pieces.end)
      this.play(seconds, speed);
    if (player.paused) return;
    const wanted = seconds - this.start;
    if (Math.abs(player.currentTime - wanted) > STRAY_S * Math.max(speed, 0.5))
      player.currentTime = Math.max(wanted, 0);
  }

  pause() {
    this.player?.pause();
  }

  setMuted(muted) {
    this.muted = muted;
    if (muted) this.pause();
  }
}
