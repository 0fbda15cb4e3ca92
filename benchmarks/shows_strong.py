"""Strong movements of still heads for networks on raw frames, with exact flow and landmarks beside them.

The people are those of `shows_plain`, more of them; a clip's frames are taken as filmed (128 x 128), evenly
from onset to offset. Flow and landmarks are what was planted, not what was measured. `python
benchmarks/shows_strong.py` draws them (minutes); a stopped run goes on with the next person.
"""

import itertools
from typing import Any

import cv2
import numpy as np

from fleeting.core import Examples
from fleeting.facs import to_points68
from fleeting.motion import clip_to_flow_map
from fleeting.synth import PlantedClip, subject_clips
from fleeting.systems.recognition.mol import FLOW, LANDMARKS
from shows import FOLDER, examples
from shows_plain import CLASSES, STRENGTH, grey, settings

PEOPLE, EACH = 24, 6
TOLD = (
    f"`benchmarks/shows_strong.py`: {PEOPLE} drawn people, {EACH} clips each, strong movements (median"
    f" {STRENGTH:g} % of the eye distance of 48 pixels) of still heads, hardly any noise"
)


def picked(row: dict[str, Any], count: int) -> np.ndarray:
    """Places of frames, even from onset to offset."""
    return np.round(np.linspace(row["onset"], row["offset"], count)).astype(int)


def points(planted: PlantedClip, time_s: float) -> np.ndarray:
    """Where the 68 points are at a time, pixels."""
    across, shift = planted.shape.to_pixels[:, :2], planted.shape.to_pixels[:, 2]
    rest = to_points68(planted.shape.points) @ across.T + shift
    return np.asarray(rest + planted.flow_at(rest, 0.0, time_s), np.float32)


def one_clip(made: Any) -> dict[str, np.ndarray]:
    """All that networks take of a clip, and what was planted."""
    planted, row = made.planted, made.row
    frames, at = grey(planted), picked(made.row, 8)
    times = planted.times[at]
    small = [cv2.resize(frames[one], (112, 112), interpolation=cv2.INTER_AREA) for one in picked(row, 16)]
    return {
        "clip8": frames[at],
        "clip16": np.stack(small),
        "flowmap28": clip_to_flow_map(frames, row["onset"], row["apex"]),
        FLOW: np.stack([planted.flow(a, b) for a, b in itertools.pairwise(times)]),
        LANDMARKS: np.stack([points(planted, one) for one in times[1:]]),
        "label": np.array(CLASSES.index(row["label_3"])),
    }


def person(index: int) -> dict[str, np.ndarray]:
    """A person's clips, drawn once."""
    path = FOLDER / "strong" / f"{index:02d}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = [one_clip(one) for one in subject_clips(index, EACH, seed=53, settings=settings())]
        part = path.with_suffix(".part.npz")
        np.savez(part, **{key: np.stack([one[key] for one in made]) for key in made[0]})
        part.rename(path)
        print("person", index, flush=True)
    with np.load(path) as stored:
        return dict(stored)


def strong() -> Examples:
    """Rows with ``clip8``, its flow and landmarks, ``clip16`` and ``flowmap28``."""
    drawn = [person(index) for index in range(PEOPLE)]
    found = {key: np.concatenate([one[key] for one in drawn]) for key in drawn[0]}
    owners = np.repeat([f"strong/{index:02d}" for index in range(PEOPLE)], EACH)
    return examples(found, found.pop("label"), CLASSES, owners)


if __name__ == "__main__":
    strong()
