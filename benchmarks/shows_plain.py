"""Clips as laboratories film them and better: a still head, hardly any noise, exact marks.

They are drawn by `fleeting.synth.subject_clips` with all but the expression switched off, at 128 pixels and
60 frames a second; marks are those that were planted. `python benchmarks/shows_plain.py`
makes them (minutes); a stopped run goes on with the next person.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fleeting.core import Examples
from fleeting.synth import ClipSettings, Filming, PlantedClip, subject_clips
from shows import FOLDER, examples

CLASSES = ("negative", "positive", "surprise")
SIZE, LONGEST = 128, 56
PEOPLE, EACH = 4, 12
STRENGTH = 10.0
"""Median of the greatest displacement, percent of the eye distance (48 pixels)."""
TOLD = (
    f"`benchmarks/shows_plain.py`: {PEOPLE} people, {EACH} clips each, strong movements (median"
    f" {STRENGTH:g} % of the eye distance) of still heads, hardly any noise"
)


def settings() -> ClipSettings:
    still = Filming(
        size=SIZE,
        fps=(60.0,),
        iod_px=(48.0, 48.0),
        noise=(0.5, 0.5),
        blur_px=(0.0, 0.0),
        flicker=(0.0, 0.0),
        gradient=(0.0, 0.0),
        basis="kernel",
    )
    return ClipSettings(
        filming=still,
        class_shares=(1, 1, 1, 0),
        strength_percent=(STRENGTH, 0.2),
        one_sided=0,
        rest_s=(0.1, 0.2),
        head_percent=0,
        blinks_per_minute=0,
        gaze_per_minute=0,
        talk_share=0,
        swallow_share=0,
    )


def grey(planted: PlantedClip) -> np.ndarray:
    """All frames of a clip, ``(T, H, W)`` uint8."""
    return np.stack([np.round(frame @ [0.299, 0.587, 0.114]).astype(np.uint8) for frame in planted.frames()])


def one_clip(made: Any) -> dict[str, np.ndarray]:
    """Grey frames (the last one repeated up to `LONGEST`), marks and class."""
    planted, row = made.planted, made.row
    frames = grey(planted)
    if len(frames) > LONGEST:
        raise ValueError(f"a clip of {len(frames)} frames")
    marks = np.array([row["onset"], row["apex"], row["offset"]], np.int16)
    padded = np.concatenate([frames, np.repeat(frames[-1:], LONGEST - len(frames), 0)])
    return {"frames": padded, "marks": marks, "label": np.array(CLASSES.index(row["label_3"]))}


def people() -> Iterator[dict[str, np.ndarray]]:
    """Each person's clips, drawn once."""
    folder = FOLDER / "plain-strong"
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(PEOPLE):
        path = folder / f"{index:02d}.npz"
        if not path.exists():
            drawn = subject_clips(index, EACH, seed=41, settings=settings())
            made = [one_clip(one) for one in drawn]
            np.savez(
                path.with_suffix(".part.npz"), **{key: np.stack([m[key] for m in made]) for key in made[0]}
            )
            path.with_suffix(".part.npz").rename(path)
            print("person", index, flush=True)
        with np.load(path) as stored:
            yield dict(stored)


def plain() -> Examples:
    """Rows with ``frames`` ``(N, T, 128, 128)`` and ``marks`` ``(N, 3)``."""
    drawn = list(people())
    found = {key: np.concatenate([one[key] for one in drawn]) for key in ("frames", "marks", "label")}
    labels = found.pop("label")
    owners = np.repeat([f"plain/{index:02d}" for index in range(PEOPLE)], EACH)
    return examples(found, labels, CLASSES, owners)


if __name__ == "__main__":
    for _ in people():
        pass
