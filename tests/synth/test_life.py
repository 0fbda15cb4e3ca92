"""Blinks, gaze, talking: where they come, and what they move."""

import itertools

import numpy as np
import pytest

from fleeting.core import UsageError
from fleeting.synth import Life, Plant, Talk, plant
from fleeting.synth.life import plan_events

LONG = 120.0


def starts(events, what):
    return [event.at_s for event in events if event.what == what]


def test_blinks_come_at_the_rate_asked_for():
    counts = [len(starts(plan_events([], Life(blinks_per_minute=15), LONG, s), "blink")) for s in range(20)]
    assert 24 < np.mean(counts) < 32  # 30 drawn, a few dropped for being too close


def test_random_motion_keeps_off_plants_that_move_the_lids():
    plants = [Plant((7,), at_s=t, duration_s=0.5) for t in np.arange(1, 100, 4.0)]
    for seed in range(5):
        life = Life(blinks_per_minute=40, gaze_per_minute=40)
        events = plan_events(plants, life, LONG, seed)
        others = [e for e in events if e.what in ("blink", "gaze")]
        assert len(others) > 30
        for event in others:
            for one in plants:
                end, stop = event.at_s + event.duration_s, one.at_s + one.duration_s
                assert end < one.at_s or event.at_s > stop
        spans = sorted((e.at_s, e.at_s + e.duration_s) for e in others)
        assert all(a[1] < b[0] for a, b in itertools.pairwise(spans))


def test_plants_that_move_no_lid_change_nothing_else():
    life = Life(blinks_per_minute=20, gaze_per_minute=20, talk=(Talk(2, 30),))
    with_plant = plan_events([Plant((12,), at_s=3)], life, LONG, 5)
    assert with_plant[1:] == plan_events([], life, LONG, 5)
    assert with_plant[1:] != plan_events([], life, LONG, 6)[0:]


def test_talk_has_syllables_at_its_rate_and_mouth_units_only():
    events = plan_events([], Life(talk=(Talk(1, 60, 8, 5.0),)), LONG, 1)
    assert 4.2 < len(events) / 60 < 5.8
    assert {au for e in events for au in e.key.aus} <= {17, 18, 20, 25, 26}
    assert min(e.at_s for e in events) >= 1
    assert max(e.at_s + e.duration_s for e in events) <= 61 + 1e-9
    assert max(e.strength for e in events) <= 0.08


def test_talk_without_a_duration_lasts_to_the_end():
    events = plan_events([], Life(talk=(Talk(),)), 20.0, 1)
    assert 18.5 < max(e.at_s + e.duration_s for e in events) <= 20.0
    longer = plan_events([], Life(talk=(Talk(),)), 40.0, 1)
    assert longer[: len(events) - 1] == events[:-1]


def test_blink_closes_the_eye_and_darkens_what_is_left(marks):
    flat = np.full((168, 152, 3), 150, np.uint8)  # on a flat picture only light can be seen
    clip = plant(flat, fps=50, duration_s=0.5, landmarks=marks, life=Life(blinks_s=(0.04,)))
    event = clip.events[0]
    shut = round((event.at_s + event.apex * event.duration_s) * 50)
    frames = list(clip.frames())
    for upper, lower in ((159, 145), (386, 374)):
        gap = marks[lower, 1] - marks[upper, 1]
        points = marks[[upper, lower], :2].astype(float)
        moved = clip.flow_at(points, 0.0, float(clip.times[shut]))
        left = gap + moved[1, 1] - moved[0, 1]
        assert 0 < left < 0.35 * gap
    dark = np.argwhere(frames[shut][..., 0] < 100)
    assert len(dark) > 10
    eyes = marks[[33, 133, 362, 263, 145, 374]][:, ::-1]
    assert np.all(dark >= eyes.min(0) - 2)
    assert np.all(dark <= eyes.max(0) + 2)
    assert np.array_equal(frames[-1], flat)  # and opens again
    small = plant(flat, [Plant((43,), strength_percent=3, at_s=0.0)], fps=50, duration_s=0.4, landmarks=marks)
    assert all(np.array_equal(made, flat) for made in small.frames())


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0)])
def test_gaze_moves_the_iris_and_no_lid(direction, picture, marks):
    life = Life(gaze_s=(0.1,), gaze_percent=4)
    seed = next(s for s in range(99) if plan_events([], life, 1.0, s)[0].key.gaze == direction)
    clip = plant(picture, fps=50, duration_s=1.0, landmarks=marks, life=life, seed=seed)
    event = clip.events[0]
    time = event.at_s + event.duration_s / 2
    centres = marks[[[159, 145], [386, 374]]].mean(1)
    iris = clip.flow_at(centres, 0.0, time)
    axis = int(direction[1])
    assert np.all(np.sign(iris[:, axis]) == np.sign(event.strength))
    assert np.ptp(iris[:, axis]) < (0.1, 0.25)[axis] * np.abs(iris).max()  # both eyes together
    assert np.abs(iris[:, axis]).min() > (0.8, 0.7)[axis] * abs(event.strength) * clip.iod_px
    rest = marks[[33, 133, 362, 263, 336, 107, 4, 61, 291]]
    assert np.abs(clip.flow_at(rest, 0.0, time)).max() < 1e-9
    lids = marks[[159, 386, 145, 374]]
    assert np.abs(clip.flow_at(lids, 0.0, time)).max() < 0.25 * np.abs(iris).max()


def test_wrong_life():
    with pytest.raises(UsageError, match="syllables"):
        Talk(0, 1, syllables_hz=40)
    with pytest.raises(UsageError, match="gaze"):
        Life(gaze_percent=20)
    with pytest.raises(UsageError, match="blinks"):
        Life(blinks_per_minute=500)
