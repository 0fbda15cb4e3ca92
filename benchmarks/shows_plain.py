"""Clips as laboratories film them and better: a still head, hardly any noise, a truth for all that moves.

They are drawn by `fleeting.synth.subject_clips` with all but the expression switched off, at 128 pixels and
60 frames a second; marks, landmarks and flow are those that were planted. `python benchmarks/shows_plain.py`
makes them (minutes); a stopped run goes on with the next person.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from fleeting.core import Examples
from fleeting.facs import to_points68
from fleeting.synth import ClipSettings, Filming, subject_clips
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


def one_clip(made: Any) -> dict[str, np.ndarray]:
    """Grey frames (the last one repeated up to `LONGEST`), marks, and what MOL learns beside the class."""
    planted, row = made.planted, made.row
    frames = np.stack(
        [np.round(frame @ [0.299, 0.587, 0.114]).astype(np.uint8) for frame in planted.frames()]
    )
    if len(frames) > LONGEST:
        raise ValueError(f"a clip of {len(frames)} frames")
    marks = np.array([row["onset"], row["apex"], row["offset"]], np.int16)
    eight = np.round(np.linspace(marks[0], marks[2], 8)).astype(int)
    times = planted.times[eight]
    place = planted.shape.to_pixels
    mesh = planted.shape.points @ place[:, :2].T + place[:, 2]
    points = np.asarray(to_points68(np.column_stack([mesh, np.zeros(len(mesh))]))[:, :2], float)
    moved = [points + planted.flow_at(points, 0.0, float(at)) for at in times[1:]]
    flows = [planted.flow(float(a), float(b)) for a, b in itertools.pairwise(times)]
    padded = np.concatenate([frames, np.repeat(frames[-1:], LONGEST - len(frames), 0)])
    return {
        "frames": padded,
        "marks": marks,
        "label": np.array(CLASSES.index(row["label_3"])),
        "clip8": frames[eight],
        "clip8-flow": np.stack(flows).astype(np.float16),
        "clip8-landmarks": np.stack(moved).astype(np.float32),
    }


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


def plain(*inputs: str) -> Examples:
    """Rows: inputs of `one_clip`, or ``clip16``: 16 frames from onset to offset, 112 pixels."""
    drawn = list(people())
    found = {
        key: np.concatenate([one[key] for one in drawn])
        for key in drawn[0]
        if key in inputs or key == "label"
    }
    labels = found.pop("label")
    if "clip16" in inputs:
        found["clip16"] = np.concatenate([sixteen(one["frames"], one["marks"]) for one in drawn])
    if "clip8-flow" in found:
        found["clip8-flow"] = found["clip8-flow"].astype(np.float32)
    owners = np.repeat([f"plain/{index:02d}" for index in range(PEOPLE)], EACH)
    return examples(found, labels, CLASSES, owners)


def sixteen(frames: np.ndarray, marks: np.ndarray) -> np.ndarray:
    import cv2

    picked = [
        one[np.round(np.linspace(at[0], at[2], 16)).astype(int)]
        for one, at in zip(frames, marks, strict=True)
    ]
    small = [[cv2.resize(frame, (112, 112), interpolation=cv2.INTER_AREA) for frame in one] for one in picked]
    return np.array(small)


if __name__ == "__main__":
    for _ in people():
        pass
