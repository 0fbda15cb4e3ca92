"""Clips as laboratories film them and better: a still head, exact marks; strong, or weak and with noise.

They are drawn by `fleeting.synth.subject_clips` with all but the expression switched off, at 128 pixels and
60 frames a second; marks are those that were planted. `python benchmarks/shows_plain.py`
makes them (minutes); a stopped run goes on with the next person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fleeting.core import Examples
from fleeting.synth import ClipSettings, Filming, PlantedClip, subject_clips
from shows import FOLDER, examples

CLASSES = ("negative", "positive", "surprise")
SIZE, LONGEST = 128, 56


@dataclass(frozen=True)
class Plain:
    """A set: people with so many clips each, median and log deviation of the strength in percent of the eye
    distance (48 pixels), sensor noise in grey levels."""

    name: str
    people: int
    each: int
    strength: tuple[float, float]
    noise: float
    seed: int

    def told(self) -> str:
        """Tell of the set."""
        return (
            f"`benchmarks/shows_plain.py`: {self.people} people, {self.each} clips each, movements of still"
            f" heads, median {self.strength[0]:g} % of the eye distance, noise of {self.noise:g} grey levels"
        )


STRENGTH = 10.0
STRONG = Plain("plain-strong", 4, 12, (STRENGTH, 0.2), 0.5, 41)
WEAK = Plain("plain-weak", 24, 8, (2.0, 0.4), 3.0, 78)
"""Strength and noise were chosen on the same with seed 77."""


def settings(of: Plain = STRONG) -> ClipSettings:
    still = Filming(
        size=SIZE,
        fps=(60.0,),
        iod_px=(48.0, 48.0),
        noise=(of.noise, of.noise),
        blur_px=(0.0, 0.0),
        flicker=(0.0, 0.0),
        gradient=(0.0, 0.0),
        basis="kernel",
    )
    return ClipSettings(
        filming=still,
        class_shares=(1, 1, 1, 0),
        strength_percent=of.strength,
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
    """Grey frames (the last one repeated up to `LONGEST`), how many there are, marks and class."""
    planted, row = made.planted, made.row
    frames = grey(planted)
    if len(frames) > LONGEST:
        raise ValueError(f"a clip of {len(frames)} frames")
    marks = np.array([row["onset"], row["apex"], row["offset"]], np.int16)
    padded = np.concatenate([frames, np.repeat(frames[-1:], LONGEST - len(frames), 0)])
    told = {"length": np.array(len(frames)), "label": np.array(CLASSES.index(row["label_3"]))}
    return {"frames": padded, "marks": marks, **told}


def people(of: Plain) -> Iterator[dict[str, np.ndarray]]:
    """Each person's clips, drawn once."""
    folder = FOLDER / of.name
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(of.people):
        path = folder / f"{index:02d}.npz"
        if not path.exists():
            drawn = subject_clips(index, of.each, seed=of.seed, settings=settings(of))
            made = [one_clip(one) for one in drawn]
            np.savez(
                path.with_suffix(".part.npz"), **{key: np.stack([m[key] for m in made]) for key in made[0]}
            )
            path.with_suffix(".part.npz").rename(path)
            print("person", index, flush=True)
        with np.load(path) as stored:
            yield dict(stored)


def plain(of: Plain = STRONG) -> Examples:
    """Rows with ``frames`` ``(N, T, 128, 128)`` and ``marks`` ``(N, 3)``; `lengths` tells where clips end."""
    drawn = list(people(of))
    found = {key: np.concatenate([one[key] for one in drawn]) for key in ("frames", "marks", "label")}
    labels = found.pop("label")
    owners = np.repeat([f"plain/{index:02d}" for index in range(of.people)], of.each)
    return examples(found, labels, CLASSES, owners)


def lengths(of: Plain) -> np.ndarray:
    """Frames of each clip before the last one is repeated."""
    return np.concatenate([one["length"] for one in people(of)])


if __name__ == "__main__":
    for wanted in (STRONG, WEAK):
        for _ in people(wanted):
            pass
