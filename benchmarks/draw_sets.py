"""Pictures of docs/synthesis.md: made clips, and what happens in a made recording.

python benchmarks/draw_sets.py docs/img [--seed 77]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from fleeting.synth import ClipSettings, Filming, RecordingSettings, subject_clips, subject_recordings

CELL, CLIPS = 150, 8
INK, GREY, PAPER = (40, 40, 40), (210, 210, 210), (255, 255, 255)
LANES = (
    ("micro", (196, 60, 40)),
    ("macro", (224, 150, 40)),
    ("talk", (60, 120, 190)),
    ("swallow", (110, 80, 160)),
    ("blink", (90, 90, 90)),
    ("gaze", (60, 150, 110)),
    ("turn", (150, 110, 80)),
)


def text(canvas: np.ndarray, told: str, x: float, y: float, size: float = 0.42) -> None:
    cv2.putText(canvas, told, (round(x), round(y)), cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)


def draw_clips(seed: int) -> np.ndarray:
    """A row for each clip: before onset, at the apex, at the offset, and what changed at the apex."""
    settings = ClipSettings(
        class_shares=(1, 1, 1, 0), filming=Filming(size=256, iod_px=(56, 56), fps=(60.0,), noise=(0.5, 1.5))
    )
    rows = []
    for index in range(CLIPS):
        (one,) = subject_clips(index, 1, seed=seed, settings=settings)
        wanted = [one.row["onset"] - 1, one.row["apex"], one.row["offset"]]
        frames = {i: image for i, image in enumerate(one.planted.frames()) if i in wanted}
        rest, apex, offset = (frames[i] for i in wanted)
        change = np.clip(128 + 4 * (apex.astype(int) - rest), 0, 255).astype(np.uint8)
        cells = [
            cv2.resize(image, (CELL, CELL), interpolation=cv2.INTER_AREA)
            for image in (rest, apex, offset, change)
        ]
        label = np.full((22, 4 * CELL, 3), 255, np.uint8)
        text(
            label,
            f"{one.row['label']}: {one.row['aus']}, {one.row['strength']:.1f} % of the eye distance",
            6,
            15,
        )
        rows.append(np.vstack([label, np.hstack(cells)]))
    half = len(rows) // 2
    gap = np.full((half * (CELL + 22), 12, 3), 255, np.uint8)
    return np.hstack([np.vstack(rows[:half]), gap, np.vstack(rows[half:])])


def draw_recording(seed: int) -> np.ndarray:
    """Lanes over a minute: what is truth above, what is not below."""
    settings = RecordingSettings(filming=Filming(fps=(30.0,)))
    (one,) = subject_recordings(3, 1, seed=seed, settings=settings)
    events = [(e.what, e.at_s, e.duration_s) for e in one.planted.events if e.what != "plant"]
    events += [("turn", t.at_s, t.duration_s) for t in one.planted.life.head.turns]
    left, wide, high = 76, 1100, 26
    canvas = np.full((high * len(LANES) + 40, left + wide + 16, 3), 255, np.uint8)
    seconds = float(one.planted.times[-1])

    def x_of(time_s: float) -> int:
        return round(left + wide * time_s / seconds)

    for lane, (name, colour) in enumerate(LANES):
        top = 8 + lane * high
        text(canvas, name, 8, top + 17)
        cv2.line(canvas, (left, top + high - 3), (left + wide, top + high - 3), GREY, 1)
        spans = [(a, d, "") for what, a, d in events if what == name]
        spans += [
            (r["onset_s"], r["offset_s"] - r["onset_s"], r["aus"]) for r in one.rows if r["kind"] == name
        ]
        for at, length, told in spans:
            cv2.rectangle(
                canvas, (x_of(at), top + 4), (max(x_of(at + length), x_of(at) + 2), top + 19), colour, -1
            )
            if told:
                text(canvas, told, x_of(at + length) + 3, top + 17, 0.36)
    for at in range(0, 61, 10):
        text(canvas, f"{at} s", x_of(min(at, seconds)) - 10, canvas.shape[0] - 8)
    return canvas


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=77, help="of the clips")
    parser.add_argument("--recording", type=int, default=72, help="seed of the recording")
    asked = parser.parse_args()
    for name, picture in (
        ("synth_clips.jpg", draw_clips(asked.seed)),
        ("synth_recording.png", draw_recording(asked.recording)),
    ):
        cv2.imwrite(str(asked.folder / name), picture[..., ::-1])


if __name__ == "__main__":
    main()
