"""Invented recordings to learn from: each of another person, under conditions drawn anew."""

import numpy as np

from fleeting.systems.contract import SpottingRecording
from fleeting.systems.feature_recordings import FeatureSettings, feature_recordings


def varied_recordings(people: int, *, seconds: float | None = None, seed: int = 0) -> list[SpottingRecording]:
    """Invent recordings to learn from, each of another person under other conditions.

    Noise, what is left of head motion, how much and how loudly somebody talks, rates of blinks, lengths of
    smiles: all are drawn anew for each, in ranges that hold more than one finds in films of faces.

    Parameters
    ----------
    people
        How many.
    seconds
        Length of each; drawn from 3 to 20 by default: in a short one there is little to compare with.
    seed
        Same seed, same recordings.

    Returns
    -------
    list of SpottingRecording
        As `feature_recordings`.

    Examples
    --------
    >>> [len(one.times) for one in varied_recordings(2, seconds=4)]
    [120, 120]
    """
    found = []
    for person in range(people):
        rng = np.random.default_rng([seed, person, 0])

        def between(low: float, high: float, rng: np.random.Generator = rng) -> float:
            return float(np.exp(rng.uniform(np.log(low), np.log(high))))

        length = between(3.0, 20.0) if seconds is None else seconds
        settings = FeatureSettings(
            seconds=length,
            fps=float(rng.choice([25.0, 30.0, 60.0], p=[0.45, 0.45, 0.1])),
            micro_per_minute=12.0,
            macro_per_minute=0.0 if length < 8 and rng.random() < 0.6 else 3.0,
            micro_strength=(1.0, 6.0),
            macro_strength=(2.0, 16.0),
            hold=0.8,
            steps_per_minute=float(rng.uniform(0, 4)),
            talking=0.0 if rng.random() < 0.3 else float(rng.uniform(0.2, 1.0)),
            talk_strength=(1.0, float(rng.uniform(3, 9))),
            speech_px=between(0.2, 3.0),
            blinks_per_minute=float(rng.uniform(5, 25)),
            noise_px=between(0.03, 0.25),
            head_px=between(0.1, 1.0),
            unlike_px=between(0.05, 1.0),
        )
        one_seed = int(rng.integers(2**31))
        found += feature_recordings(1, 1, settings=settings, seed=one_seed, name=f"varied/p{person:04d}")
    return found
