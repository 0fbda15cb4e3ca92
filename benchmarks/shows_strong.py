"""Strong movements of still heads for networks on raw frames, with exact flow and landmarks beside them.

The people are those of `shows_plain`, more of them; a clip's frames are taken as filmed (128 x 128), evenly
from onset to offset. Flow and landmarks are what was planted, not what was measured. `python
benchmarks/shows_strong.py` draws them (minutes); a stopped run goes on with the next person.
"""

import itertools
from functools import partial
from typing import Any

import cv2
import numpy as np

from fleeting.core import Examples
from fleeting.facs import to_points68
from fleeting.motion import clip_to_flow_map
from fleeting.synth import PlantedClip, subject_clips
from fleeting.systems.recognition._mol_tasks import FLOW, LANDMARKS
from shows import FOLDER, examples
from shows_plain import CLASSES, STRENGTH, grey, settings

JUDGED, LEARNT_FROM, EACH = 24, 40, 6
TOLD = (
    f"`benchmarks/shows_strong.py`: {LEARNT_FROM} drawn people to learn from and {JUDGED} others to be judged"
    f" on, {EACH} clips each, strong movements (median {STRENGTH:g} % of the eye distance of 48 pixels) of"
    " still heads, hardly any noise"
)


def picked(row: dict[str, Any], count: int) -> np.ndarray:
    """Places of frames, even from onset to offset."""
    return np.round(np.linspace(row["onset"], row["offset"], count)).astype(int)


def points(planted: PlantedClip, time_s: float) -> np.ndarray:
    """Where the 68 points are at a time, pixels."""
    across, shift = planted.shape.to_pixels[:, :2], planted.shape.to_pixels[:, 2]
    rest = to_points68(planted.shape.points) @ across.T + shift
    return np.asarray(rest + planted.flow_at(rest, 0.0, time_s), np.float32)


def flow_between(planted: PlantedClip, start_s: float, end_s: float) -> np.ndarray:
    """Planted flow at the middles of blocks of 2 x 2 pixels, in between by straight lines; pixels.

    A quarter of the work of all pixels; enough to learn from at 64 pixels.
    """
    middles = np.arange(planted.size[0] // 2) * 2 + 0.5
    x, y = np.meshgrid(middles, middles)
    flow = planted.flow_at(np.stack([x, y], -1).reshape(-1, 2), start_s, end_s)
    return cv2.resize(flow.reshape(*x.shape, 2), planted.size[::-1], interpolation=cv2.INTER_LINEAR)


def one_clip(made: Any, exact: bool) -> dict[str, np.ndarray]:
    """All that networks take of a clip, and what was planted; exact flow at all pixels or `flow_between`."""
    planted, row = made.planted, made.row
    frames, at = grey(planted), picked(made.row, 8)
    times = planted.times[at]
    flow = planted.flow if exact else partial(flow_between, planted)
    return {
        "clip8": frames[at],
        "flowmap28": clip_to_flow_map(frames, row["onset"], row["apex"]),
        FLOW: np.stack([flow(a, b) for a, b in itertools.pairwise(times)]).astype(np.float16),
        LANDMARKS: np.stack([points(planted, one) for one in times[1:]]),
        "label": np.array(CLASSES.index(row["label_3"])),
    }


def person(index: int) -> dict[str, np.ndarray]:
    """A person's clips, drawn once; the first `JUDGED` people are those that are judged on."""
    path = FOLDER / "strong" / f"{index:02d}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        drawn = subject_clips(index, EACH, seed=53, settings=settings())
        made = [one_clip(one, exact=index < JUDGED) for one in drawn]
        part = path.with_suffix(".part.npz")
        np.savez(part, **{key: np.stack([one[key] for one in made]) for key in made[0]})
        part.rename(path)
        print("person", index, flush=True)
    with np.load(path) as stored:
        return {key: stored[key] for key in ("clip8", "flowmap28", FLOW, LANDMARKS, "label")}


def strong() -> Examples:
    """Rows with ``clip8``, its flow and landmarks, and ``flowmap28``; people in the order of `person`."""
    drawn = [person(index) for index in range(JUDGED + LEARNT_FROM)]
    found = {key: np.concatenate([one[key] for one in drawn]) for key in drawn[0]}
    found[FLOW] = found[FLOW].astype(np.float16)
    owners = np.repeat([f"strong/{index:03d}" for index in range(len(drawn))], EACH)
    return examples(found, found.pop("label"), CLASSES, owners)


if __name__ == "__main__":
    strong()
