"""The training-free spotter on invented region signals: pulses of known time, unit and side in noise.

Sizes are in eye distances. The patterns come from the table of ``facs``, as those that the spotter looks for
do; so each is also turned by 25 degrees and its regions are weighted anew, which is as far as a
face may differ from the table.
"""

import json
from dataclasses import asdict

import numpy as np
import pytest

from fleeting import facs
from fleeting.core import iou
from fleeting.motion import motion_regions
from fleeting.spotting import SpotterSettings, hypotheses, spot

NAMES = motion_regions()
UNITS = [(au, side) for au, side in hypotheses().units if au != 43]
NOISE = 0.0008  # what one frame of a face in a good video has; measured on the portrait: 0.0005 to 0.0009


def pattern(au: int, side: str, turn_deg: float = 0.0, seed: int | None = None) -> np.ndarray:
    """Motion ``(R, 2)`` of an action of size 1, turned (mirrored on the right) and weighted anew by half."""
    weigh = np.random.default_rng(seed)
    moved = np.zeros((len(NAMES), 2))
    for part in facs.au_motion()[au]:
        where = facs.region_side(part.region)
        if part.region not in NAMES or (side != "both" and where not in (side, "middle")):
            continue
        share = part.weight * (0.5 if side != "both" and where == "middle" else 1.0)
        share *= 1.0 if seed is None else weigh.uniform(0.5, 1.5)
        turn = np.radians(-turn_deg if where == "right" else turn_deg)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        moved[NAMES.index(part.region)] = share * matrix @ [part.dx, part.dy]
    return moved


class Invented:
    """Signals of a face that does nothing, to which movements are added."""

    def __init__(self, fps=50.0, seconds=6.0, *, seed=0, noise=NOISE, drift=0.003, times=None):
        rng = np.random.default_rng(seed)
        self.times = np.arange(round(fps * seconds)) / fps if times is None else times
        shape = (len(self.times), len(NAMES), 2)
        slow = 2 * np.pi * rng.uniform(0.02, 0.1, shape[1:]) * self.times[:, None, None]
        self.regions = noise * rng.normal(size=shape) + drift * np.sin(slow + rng.uniform(0, 6, shape[1:]))
        self.head = 0.0005 * rng.normal(size=(len(self.times), 4))
        self.openings = 1 + 0.005 * rng.normal(size=(len(self.times), 3))

    def add(self, moved: np.ndarray, at_s=3.0, duration_s=0.3, size=0.02, apex=0.5) -> "Invented":
        """Rise over the first part of the duration and fall over the rest, both as raised cosines."""
        x = (self.times - at_s) / duration_s
        level = np.clip(np.minimum(x / apex, (1 - x) / (1 - apex)), 0, 1)
        self.regions = self.regions + size * np.sin(np.pi / 2 * level)[:, None, None] ** 2 * moved
        return self

    def hide(self, first: int, last: int) -> "Invented":
        """The face is not seen in these frames."""
        for values in (self.regions, self.head, self.openings):
            values[first : last + 1] = np.nan
        return self

    def spot(self, **options):
        return spot(self.regions, self.head, self.openings, self.times, **options)


def spans(result) -> list[tuple[int, int]]:
    return [(s.interval.onset_frame, s.interval.offset_frame) for s in result.spotted]


def one_of(result):
    assert len(result.spotted) == 1, [(s.au, s.side, s.interval) for s in result.spotted]
    return result.spotted[0]


@pytest.mark.parametrize(("turn_deg", "seed"), [(0, None), (25, 1), (-25, 2)], ids=["table", "+25", "-25"])
@pytest.mark.parametrize(("au", "side"), UNITS, ids=lambda value: str(value))
def test_every_unit_is_found_on_its_side_at_its_time(au, side, turn_deg, seed):
    """0.3 s from 3 s at 50 frames/s: first frame of motion 151, strongest 157 or 158, last 164."""
    one = one_of(Invented().add(pattern(au, side, turn_deg, seed)).spot())
    assert (one.au, one.side) == (au, side)
    assert abs(one.interval.onset_frame - 151) <= 2
    assert abs(one.interval.apex_frame - 157.5) <= 2.5
    assert abs(one.interval.offset_frame - 164) <= 2
    assert one.interval.kind == "micro"
    assert one.candidate.size == pytest.approx(0.02, rel=0.55)


@pytest.mark.parametrize("fps", [25, 30, 60, 100, 200])
@pytest.mark.parametrize("duration_s", [0.2, 0.35, 0.5])
def test_the_interval_is_that_of_the_movement_at_any_frame_rate(fps, duration_s):
    """IoU of at least 0.5 in native frames is what counts as found; the apex is early, at 40 %."""
    face = Invented(fps).add(pattern(12, "both"), 2.5, duration_s, apex=0.4)
    one = one_of(face.spot())
    moving = np.flatnonzero((face.times > 2.5) & (face.times < 2.5 + duration_s))
    assert iou((one.interval.onset_frame, one.interval.offset_frame), (moving[0], moving[-1])) >= 0.7
    assert abs(one.interval.apex_s - (2.5 + 0.4 * duration_s)) <= max(0.04, 1 / fps)
    assert one.interval.kind == "micro"


@pytest.mark.parametrize("duration_s", [0.7, 1.0, 1.3, 2.0])
def test_long_movements_are_macro_from_end_to_end(duration_s):
    one = one_of(Invented(seconds=10).add(pattern(12, "both"), 3.0, duration_s, size=0.06).spot())
    assert one.interval.kind == "macro"
    assert abs(one.interval.onset_s - 3.0) <= 0.25 * duration_s
    assert abs(one.interval.offset_s - (3.0 + duration_s)) <= 0.25 * duration_s


def moves_once(times: np.ndarray, over_s: float) -> np.ndarray:
    return np.clip((times - 3.0) / max(over_s, 1e-9), 0, 1)


@pytest.mark.parametrize("over_s", [0.0, 0.1, 0.5, 2.0], ids=["step", "0.1 s", "0.5 s", "2 s"])
@pytest.mark.parametrize("au", [1, 4, 12, 15])
def test_what_does_not_return_is_no_movement(over_s, au):
    """A step of 5 % of the eye distance, at once or gradual: an expression that stays."""
    face = Invented()
    face.regions = face.regions + 0.05 * moves_once(face.times, over_s)[:, None, None] * pattern(au, "both")
    assert face.spot().spotted == ()


def test_drift_hides_nothing_and_is_nothing():
    """Each region wanders by 2 % of the eye distance, seven times as much as usual, in 10 to 50 s."""
    assert [s for s in Invented(drift=0.02).spot().spotted if s.interval.kind == "micro"] == []
    one = one_of(Invented(drift=0.02).add(pattern(12, "left")).spot())
    assert (one.au, one.side) == (12, "left")


@pytest.mark.parametrize("fps", [30, 50, 100])
def test_noise_alone_gives_no_micro_expression(fps):
    """Two minutes of noise as in a good video, in clips of ten seconds: none, at each frame rate."""
    found = [s for seed in range(12) for s in Invented(fps, 10, seed=seed).spot().spotted]
    assert [s for s in found if s.interval.kind == "micro"] == []


def test_strong_noise_gives_less_than_one_micro_expression_a_minute():
    """Of 0.002 eye distances in every frame, as in a noisy, strongly compressed video."""
    found = [s for seed in range(20) for s in Invented(30, 10, seed=seed, noise=0.002).spot().spotted]
    assert sum(s.interval.kind == "micro" for s in found) * 60 / 200 < 1


def mirrored(values: np.ndarray) -> np.ndarray:
    """Regions ``(T, R, 2)`` as in a mirror: left and right change places, x turns round."""
    swap = {"left": "right", "right": "left"}

    def other(name: str) -> str:
        start, _, side = name.rpartition("_")
        return f"{start}_{swap[side]}" if side in swap else name

    return values[:, [NAMES.index(other(name)) for name in NAMES]] * [-1.0, 1.0]


@pytest.mark.parametrize(
    ("au", "side"), [(12, "left"), (2, "right"), (4, "both"), (17, "both"), (20, "left")]
)
def test_a_mirrored_face_gives_mirrored_sides(au, side):
    face = Invented().add(pattern(au, side))
    before = one_of(face.spot())
    face.regions = mirrored(face.regions)
    face.head = face.head * [-1, 1, -1, 1]
    face.openings = face.openings[:, [1, 0, 2]]
    after = one_of(face.spot())
    assert after.interval == before.interval
    assert after.au == before.au
    assert after.side == {"left": "right", "right": "left", "both": "both"}[before.side]


@pytest.mark.parametrize("shift", [1, 7, 50])
def test_a_later_movement_is_found_later(shift):
    """The whole recording begins later, with a few more frames of the same noise in front."""
    face = Invented().add(pattern(12, "both"))
    before = one_of(face.spot())
    for name in ("regions", "head", "openings"):
        values = getattr(face, name)
        setattr(face, name, np.concatenate([values[:shift][::-1], values]))
    face.times = np.arange(len(face.regions)) / 50
    after = one_of(face.spot())
    assert abs(after.interval.onset_frame - shift - before.interval.onset_frame) <= 1
    assert abs(after.interval.offset_frame - shift - before.interval.offset_frame) <= 1
    assert (after.au, after.side) == (before.au, before.side)


def test_when_the_clock_begins_does_not_matter():
    face = Invented().add(pattern(12, "both"))
    before = face.spot()
    face.times = face.times + 1000
    after = face.spot()
    # to a frame: a time that falls between two frames may be rounded either way
    assert np.abs(np.array(spans(before)) - spans(after)).max() <= 1
    assert after.spotted[0].interval.onset_s == pytest.approx(
        before.spotted[0].interval.onset_s + 1000, abs=0.03
    )


def test_variable_frame_rate():
    """Frames stand for 15 to 45 ms; the interval holds the frames between 3.0 and 3.35 s."""
    times = np.cumsum(np.random.default_rng(4).uniform(0.015, 0.045, 220))
    face = Invented(times=times).add(pattern(12, "left"), 3.0, 0.35)
    one = one_of(face.spot())
    inside = np.flatnonzero((times > 3.0) & (times < 3.35))
    assert abs(one.interval.onset_frame - inside[0]) <= 2
    assert abs(one.interval.offset_frame - inside[-1]) <= 2
    assert one.interval.onset_s == times[one.interval.onset_frame]
    assert one.interval.apex_s == times[one.interval.apex_frame]
    assert one.interval.offset_s == times[one.interval.offset_frame]


@pytest.mark.parametrize("gap", [(100, 120), (155, 158), (160, 260), (0, 154), (158, 299)], ids=str)
def test_what_was_not_seen_is_in_no_interval(gap):
    face = Invented().add(pattern(12, "both")).hide(*gap)
    result = face.spot()
    for onset, offset in spans(result):
        assert not set(range(onset, offset + 1)) & set(range(gap[0], gap[1] + 1))
    hidden = np.isnan(face.regions[:, 0, 0])
    assert (np.isnan(result.curve.values) == hidden).all()
    assert len(result.spotted) == (gap == (100, 120)), "only the movement that is seen as a whole"


def test_a_face_seen_for_a_moment_is_not_judged():
    face = Invented().add(pattern(12, "both")).hide(0, 148).hide(154, 299)
    result = face.spot()
    assert result.spotted == ()
    assert np.isnan(result.curve.values).all(), "five frames are too few"


@pytest.mark.parametrize("frames", [0, 1, 2, 5, 8, 9, 20])
def test_short_recordings(frames):
    face = Invented(seconds=6)
    for name in ("regions", "head", "openings", "times"):
        setattr(face, name, getattr(face, name)[:frames])
    result = face.spot()
    assert result.spotted == ()
    assert len(result.curve.values) == frames


@pytest.mark.parametrize("at_s", [0.0, 0.1, 5.75, 5.9])
def test_intervals_lie_inside_the_video(at_s):
    """A movement at either end may be missed, but not reach beyond."""
    face = Invented().add(pattern(12, "both"), at_s)
    for onset, offset in spans(face.spot()):
        assert 0 <= onset <= offset < 300


@pytest.mark.parametrize("at_s", [30.0, 59.8, 60.0, 65.9, 119.9, 125.5])
def test_long_recordings_are_cut_into_windows_without_a_seam(at_s):
    """Two minutes and a bit: a movement where windows meet is found once, like any other."""
    face = Invented(25, 127, seed=3).add(pattern(12, "left"), at_s, 0.35)
    one = one_of(face.spot())
    assert (one.au, one.side) == (12, "left")
    assert abs(one.interval.onset_s - at_s) <= 0.08
    assert abs(one.interval.offset_s - (at_s + 0.35)) <= 0.08


def test_two_movements_of_different_parts_at_different_times_come_in_order():
    face = Invented().add(pattern(15, "both"), 4.2, 0.3).add(pattern(2, "left"), 1.5, 0.4)
    found = [(s.au, s.side) for s in face.spot().spotted]
    assert found == [(2, "left"), (15, "both")]


def blinking(face: Invented) -> np.ndarray:
    """The upper lids come down, the eye openings change, and the landmarks say that an eye was closed."""
    face.add(pattern(43, "both"), 3.0, 0.25, size=0.08)
    moving = (face.times > 3.0) & (face.times < 3.25)
    face.openings[moving, :2] *= 0.6
    return moving


def test_a_blink_is_refused_and_says_so():
    face = Invented()
    moving = blinking(face)
    result = face.spot(closed=moving)
    assert result.spotted == ()
    assert {why for why, _ in result.refused} == {"blink"}


def test_a_brow_during_a_blink_is_kept():
    face = Invented().add(pattern(2, "both"), 2.95, 0.35, size=0.03)
    moving = blinking(face)
    one = one_of(face.spot(closed=moving))
    assert (one.au, one.side) == (2, "both")


def talking(seed: int) -> Invented:
    """Syllables of 0.2 to 0.4 s, one running into the next: open, stretched, pursed, chin up."""
    rng = np.random.default_rng(seed)
    mouths = (
        pattern(26, "both", 10, 1) + pattern(25, "both", -10, 2),
        pattern(25, "both"),
        pattern(20, "both", 0, 3) + 0.6 * pattern(25, "both", 0, 4),
        0.5 * pattern(25, "both", 20, 6) - 0.7 * pattern(20, "both", 15, 5),
        0.6 * pattern(17, "both", 0, 7),
    )
    face, at = Invented(seconds=8, seed=seed), 0.2
    while at < 7.4:
        length = rng.uniform(0.17, 0.3)
        face.add(mouths[rng.integers(len(mouths))], at, 1.3 * length, size=0.03 * rng.uniform(0.5, 1))
        at += length
    return face


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_mouth_that_talks_gives_nothing(seed):
    result = talking(seed).spot()
    assert [s.au for s in result.spotted if s.interval.kind == "micro"] == []


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_brow_is_found_while_the_mouth_talks(seed):
    result = talking(seed).add(pattern(2, "right"), 4.0, 0.35, size=0.03).spot()
    assert (2, "right") in {(s.au, s.side) for s in result.spotted if 195 < s.interval.onset_frame < 206}


def test_a_strict_spotter_finds_less():
    face = Invented().add(pattern(12, "both"))
    z = one_of(face.spot()).candidate.z
    assert face.spot(settings=SpotterSettings(least_z=1.01 * z)).spotted == ()
    assert face.spot(settings=SpotterSettings(least_size=0.05)).spotted == ()
    assert len(face.spot(settings=SpotterSettings(least_z=0.99 * z)).spotted) == 1


def test_the_unit_of_the_signals_may_be_another():
    """Pixels of the crop, at 44 to the eye distance."""
    face = Invented().add(pattern(12, "both"))
    before = face.spot()
    face.regions = face.regions * 44
    after = face.spot(unit=1 / 44)
    assert spans(before) == spans(after)
    assert after.spotted[0].candidate.size == pytest.approx(before.spotted[0].candidate.size, rel=1e-4)


def test_the_curve_is_high_where_the_movement_is():
    face = Invented().add(pattern(12, "both"))
    result = face.spot()
    assert result.curve.times is not None
    assert (result.curve.times == face.times).all()
    assert 151 <= int(np.nanargmax(result.curve.values)) <= 164
    assert result.curve.values.max() == pytest.approx(result.spotted[0].candidate.z, rel=0.01)
    assert result.spotted[0].interval.score == result.spotted[0].candidate.z


def test_what_was_found_can_be_written_as_json():
    result = Invented().add(pattern(12, "both")).spot()
    row = asdict(one_of(result).interval)
    assert json.loads(json.dumps(row)) == row
    text = json.dumps({"au": result.spotted[0].au, "side": result.spotted[0].side}, allow_nan=False)
    assert json.loads(text) == {"au": 12, "side": "both"}


def test_the_same_signals_give_the_same_and_are_left_alone():
    face = Invented().add(pattern(12, "both"))
    before = face.regions.copy()
    first, second = face.spot(), face.spot()
    assert [s.interval for s in first.spotted] == [s.interval for s in second.spotted]
    assert (face.regions == before).all()
