"""A judge that decides which possible movements count: what it is told, and that it is obeyed."""

from itertools import pairwise

import numpy as np
import pytest

from fleeting.core import iou
from fleeting.spotting import FACTS, SpotterSettings, hypotheses, possible_facts, spot

PLACE = {name: at for at, name in enumerate(FACTS)}


def _face(fps=50.0, seconds=6.0, *, au=12, at_s=3.0, duration_s=0.3, size=0.02):
    """Regions, head, openings, times: noise, and one movement as a raised cosine."""
    rng, times = np.random.default_rng(0), np.arange(round(fps * seconds)) / fps
    pattern = hypotheses().patterns[hypotheses().units.index((au, "both"))]
    level = np.clip(1 - np.abs((times - at_s) / duration_s - 0.5) * 2, 0, 1)
    regions = size * np.sin(np.pi / 2 * level)[:, None, None] ** 2 * pattern
    regions = regions + 0.0008 * rng.normal(size=regions.shape)
    return (
        regions,
        0.0005 * rng.normal(size=(len(times), 4)),
        1 + 0.005 * rng.normal(size=(len(times), 3)),
        times,
    )


def _spot(face, judge, *, closed=None, **settings):
    return spot(*face, SpotterSettings(**settings), judge=judge, closed=closed)


def test_a_judge_that_wants_the_strongest_finds_what_the_rules_find():
    face = _face()
    found = _spot(face, lambda facts: (facts[:, 0] > np.log(6)).astype(np.float32))
    (one,) = found.spotted
    (ruled,) = spot(*face).spotted
    assert (one.au, one.side) == (12, "both") == (ruled.au, ruled.side)
    ends = [(i.interval.onset_frame, i.interval.offset_frame) for i in (one, ruled)]
    assert iou(*ends) == 1.0 and one.interval.score == 1.0
    assert (
        found.curve.values.max() == 1.0 and found.curve.values[155] == 1.0 and found.curve.values[100] == 0.0
    )


def test_a_judge_that_wants_nothing_leaves_nothing_and_says_so():
    found = _spot(_face(), lambda facts: np.full(len(facts), 0.4, np.float32))
    assert not found.spotted
    assert {why for why, _ in found.refused if why != "weak"} == {"unlikely"}
    assert _spot(_face(), lambda facts: np.full(len(facts), 0.4, np.float32), least_score=0.3).spotted


def test_of_movements_at_one_time_the_best_stays():
    found = _spot(_face(), lambda facts: np.linspace(0.9, 0.6, len(facts), dtype=np.float32))
    spans = sorted((one.interval.onset_frame, one.interval.offset_frame) for one in found.spotted)
    assert all(a[1] - b[0] <= 0.3 * (a[1] - a[0] + 1) + 1 for a, b in pairwise(spans))


def test_with_a_closed_eye_it_is_a_blink_whatever_the_judge_says():
    face = _face(au=43, size=0.03)
    closed = np.abs(face[-1] - 3.15) < 0.1
    found = _spot(face, lambda facts: np.ones(len(facts), np.float32), closed=closed)
    assert any(why == "blink" for why, _ in found.refused)
    assert not any(140 < one.interval.apex_frame < 170 and one.au in (5, 7, 43) for one in found.spotted)


@pytest.mark.parametrize("fps", [25.0, 30.0, 100.0])
def test_facts_do_not_depend_on_the_frame_rate(fps):
    facts, intervals = possible_facts(*_face(fps))
    strongest = facts[0]
    assert facts.shape[1] == len(FACTS) and np.isfinite(facts).all()
    assert strongest[PLACE["both sides"]] == 1 and strongest[PLACE["mouth"]] == 1
    assert np.exp(strongest[PLACE["log size"]]) == pytest.approx(0.02, rel=0.25)
    assert strongest[PLACE["duration"]] == pytest.approx(0.3, abs=0.08)
    assert intervals[0].onset_s == pytest.approx(3.0, abs=0.06)


def test_a_long_movement_shows_in_the_facts_of_its_top():
    """A second-long movement: what is larger when one looks for longer."""
    tops, _ = possible_facts(*_face(seconds=8.0, duration_s=1.2, size=0.03))
    short, _ = possible_facts(*_face())
    larger = PLACE["log larger when longer"]
    assert tops[0, larger] > np.log(1.3) > 0 >= short[0, larger]


def test_too_short_a_recording_holds_nothing():
    facts, intervals = possible_facts(*_face(30.0, 0.3))
    assert facts.shape == (0, len(FACTS)) and intervals == []
