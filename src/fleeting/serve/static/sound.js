/**
 * The recording's sound beside the decoded pictures. The picture leads; the sound is put right where it strays.
 */
import { say } from "./say.js";

const STRAY_S = 0.12; // lips and voice part visibly from here on
const SLOWEST = 0.25; // below, sound is only a rumble

/** Sound of one recording. */
export class Sound {
  constructor() {
    this.player = null;
    this.muted = false;
  }

  /** Take the sound of another recording; null: it has none. */
  open(result, path) {
    this.pause();
    this.player = null;
    if (!result) return;
    this.start = result.video.start_s ?? 0;
    this.player = document.createElement("video"); // never in the page: only its sound is wanted
    this.player.preload = "auto";
    this.player.src = result.sound ?? `${path}/video`;
    this.player.addEventListener("error", () => {
      this.player = null;
      say("The sound of this recording is in a format that this browser cannot play; the pictures are not affected.");
    }, { once: true });
  }

  get here() {
    return this.player !== null;
  }

  play(seconds, speed) {
    const { player } = this;
    if (!player || this.muted || speed < SLOWEST) return;
    player.playbackRate = speed;
    player.currentTime = Math.max(seconds - this.start, 0);
    player.play().catch((error) => error.name === "AbortError" || console.warn("no sound:", error.message));
  }

  /** Put the sound right where it is further from the picture than one notices. */
  keepTo(seconds, speed) {
    const { player } = this;
    if (!player || player.paused || player.seeking || speed < SLOWEST) return;
    const wanted = seconds - this.start;
    if (Math.abs(player.currentTime - wanted) > STRAY_S * Math.max(speed, 0.5)) player.currentTime = Math.max(wanted, 0);
  }

  pause() {
    this.player?.pause();
  }

  setMuted(muted) {
    this.muted = muted;
    if (muted) this.pause();
  }
}
