"""Action units of a movement and the emotion they speak for, by hand."""

from dataclasses import fields

import numpy as np
import pytest

from fleeting import facs
from fleeting.analysis.describe import MOST_UNITS, action_units, emotion
from fleeting.core import ActionUnit, Interval
from fleeting.spotting import Candidate, Spotted, hypotheses, side_channels

UNITS = hypotheses().units
CHANNELS = len(side_channels())


def pattern(au: int, side: str = "both") -> np.ndarray:
    """Motion ``(R, 2)`` of a unit, of length 1."""
    moved = hypotheses().patterns[UNITS.index((au, side))]
    return moved / np.linalg.norm(moved)


def spotted(moved: np.ndarray, au: int, side: str = "both", scale: np.ndarray | None = None) -> Spotted:
    """A movement that the spotter took for one unit; what does not matter here is zero."""
    given = {"au": au, "side": side, "vector": moved, "scale": np.ones(CHANNELS) if scale is None else scale}
    candidate = Candidate(**{**{f.name: 0 for f in fields(Candidate)}, **given})
    return Spotted(Interval.from_frames(0, 9, fps=30, apex=4), au, side, candidate)


def said(moved: np.ndarray, au: int, side: str = "both", **options) -> list[tuple[int, str, float]]:
    return [(u.au, u.side, round(u.score, 3)) for u in action_units(spotted(moved, au, side, **options))]


@pytest.mark.parametrize(("au", "side"), UNITS, ids=lambda value: str(value))
def test_a_pure_unit_is_that_unit_alone(au, side):
    assert said(0.02 * pattern(au, side), au, side) == [(au, side, 1.0)]


def test_two_units_that_share_no_region():
    """Brow and mouth corner: 0.8 and 0.6 of the length are 0.64 and 0.36 of the movement."""
    moved = 0.01 * (0.8 * pattern(4) + 0.6 * pattern(15))
    assert np.vdot(pattern(4), pattern(15)) == 0
    assert said(moved, 4) == [(4, "both", 0.8), (15, "both", 0.6)]
    assert said(moved, 15) == [(15, "both", 0.6), (4, "both", 0.8)], "what the spotter saw comes first"


def test_units_that_are_never_coded_together_are_not_named_together():
    """2+15 was never coded in the sheets that the table comes from."""
    assert frozenset({2, 15}) in facs.unit_pairs("never_seen")
    assert said(0.8 * pattern(2) + 0.6 * pattern(15), 2) == [(2, "both", 0.8)]


def test_what_explains_little_is_not_named():
    """0.2 of the length is 4 % of the movement."""
    moved = np.sqrt(0.96) * pattern(4) + 0.2 * pattern(15)
    assert said(moved, 4) == [(4, "both", 0.98)]


def test_the_score_is_the_cosine():
    """As much again of motion that no pattern has: 45 degrees."""
    rest = np.random.default_rng(0).normal(size=pattern(12).shape)
    patterns = hypotheses().patterns.reshape(len(UNITS), -1)
    flat = rest.ravel() - patterns.T @ np.linalg.lstsq(patterns.T, rest.ravel(), rcond=None)[0]
    moved = pattern(12) + (flat / np.linalg.norm(flat)).reshape(rest.shape)
    assert said(moved, 12) == [(12, "both", 0.707)]


@pytest.mark.parametrize("side", ["left", "right"])
def test_sides_are_told_apart(side):
    moved = 0.8 * pattern(12, side) + 0.6 * pattern(2, side)
    assert [(au, s) for au, s, _ in said(moved, 12, side)] == [(12, side), (2, side)]


def test_smile_and_cheek():
    moved = 0.8 * pattern(12) + 0.6 * pattern(6)
    assert {au for au, *_ in said(moved, 12)} == {6, 12}


def test_what_a_channel_does_all_the_time_does_not_count():
    """A restless chin would hide the brow; in units of its own restlessness it does not."""
    moved = 0.01 * pattern(1) + 0.05 * pattern(17)
    restless = np.abs(side_channels() @ pattern(17).ravel()) > 1e-9
    assert said(moved, 1)[0][2] < 0.3
    scale = np.where(restless, 1.0, 0.001)
    first = said(moved, 1, scale=scale)
    assert [(au, side) for au, side, _ in first] == [(1, "both")]
    assert first[0][2] > 0.9


def test_no_more_than_three_and_none_that_exclude_each_other():
    rng = np.random.default_rng(7)
    apart = {*facs.unit_pairs("anatomical"), *facs.unit_pairs("never_seen")}
    counts = set()
    for _ in range(60):
        chosen = rng.choice(len(UNITS), 4, replace=False)
        moved = sum(rng.uniform(0.5, 1) * pattern(*UNITS[k]) for k in chosen)
        found = action_units(spotted(moved, *UNITS[chosen[0]]))
        counts.add(len(found))
        named = [u.au for u in found]
        assert len(named) == len(set(named)) <= MOST_UNITS
        assert not any(frozenset({a, b}) in apart for a in named for b in named if a != b)
        assert all(0 <= u.score <= 1 and u.probability is None for u in found)
    assert max(counts) == MOST_UNITS


def test_no_motion_at_all_has_no_units():
    assert action_units(spotted(np.zeros_like(pattern(12)), 12)) == ()


@pytest.mark.parametrize(
    ("aus", "label"),
    [
        ((12,), "positive"),
        ((6, 12), "positive"),
        ((4,), "negative"),
        ((9,), "negative"),
        ((15,), "negative"),
        ((1, 2), "surprise"),
        ((1, 2, 5), "surprise"),
    ],
)
def test_the_emotion_that_units_speak_for(aus, label):
    made = emotion(tuple(ActionUnit(au, "both", 0.95) for au in aus))
    assert made.label == label
    assert sum(made.probabilities.values()) == pytest.approx(1)
    assert made.probabilities[label] == max(made.probabilities.values())
    assert not made.calibrated


def test_weak_evidence_is_unclear_and_none_is_no_emotion():
    assert emotion((ActionUnit(12, "both", 0.05),)).label == "unclear"
    assert emotion(()) is None
