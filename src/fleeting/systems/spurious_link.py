"""Invented recordings with a planted link that is no cause: what a spotter learns that takes it for one."""

import numpy as np

from fleeting.core import Interval, UsageError
from fleeting.systems.contract import SpottingRecording
from fleeting.systems.feature_recordings import ROI12

FRAMES, FPS = 900, 30.0
BROWS, CORNERS = slice(0, 6), (8, 10)  # of the twelve regions


def linked_recordings(people: int, link: float, *, seed: int = 0) -> list[SpottingRecording]:
    """Invent recordings in which faint movements of the brows are coded and strong ones of the mouth are not.

    Parameters
    ----------
    people
        How many, a recording of half a minute each.
    link
        How often the mouth moves with the brows, and is still without them: 0.5 says nothing, 1 always, 0
        never. What learns from a link above 0.5 and is tested below it is misled by the mouth.
    seed
        Same seed, same recordings.

    Returns
    -------
    list of SpottingRecording
        With ``roi12``, coded intervals and units.

    Raises
    ------
    UsageError
        Where ``link`` is outside 0..1.

    Examples
    --------
    >>> one, = linked_recordings(1, 1.0)
    >>> one.inputs["roi12"].shape, set(one.units)
    ((900, 12, 2), {(1, 2, 12)})
    """
    if not 0 <= link <= 1:
        raise UsageError(f"link: expected 0..1, got {link}")
    made = []
    for number in range(people):
        rng = np.random.default_rng([seed, number])
        way, found, units = 0.1 * rng.normal(size=(FRAMES, 12, 2)), [], []
        for step in range(30, FRAMES - 60, 60):
            start, length = step + int(rng.integers(0, 15)), int(rng.integers(8, 15))
            inside = slice(start, start + length)
            bump = np.hanning(length + 2)[1:-1]
            brow = rng.random() < 0.5
            mouth = brow if rng.random() < link else not brow
            if brow:
                way[inside, BROWS, 1] -= rng.uniform(0.4, 0.9, 6) * bump[:, None]
                found.append(Interval.from_frames(start, start + length - 1, fps=FPS, kind="micro"))
                units.append((1, 2, 12) if mouth else (1, 2))
            if mouth:
                way[inside, CORNERS, 1] -= rng.uniform(1.5, 2.5, 2) * bump[:, None]
        flow = np.diff(way, axis=0, prepend=way[:1]).astype(np.float32)
        name, times = f"linked/s{number}", np.arange(FRAMES) / FPS
        made.append(
            SpottingRecording(
                f"{name}/v", name, "linked", times, {ROI12: flow}, tuple(found), None, tuple(units)
            )
        )
    return made
