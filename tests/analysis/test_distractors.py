"""What is no micro-expression must not come out as one, and what is one must, from real video files.

Every clip is made here from a photograph: compressed, noisy, with a head that is never quite still. The
distractors move what people move all the time. The positive clips are made in the same way, so that a
spotter that finds nothing at all cannot pass.
"""

import pytest

from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, Talk, Turn

SWAY = HeadMotion(sway_percent=1.5, roll_deg=0.4, yaw_deg=0.5, pitch_deg=0.5, scale_percent=0.4)
GAZE = Life(gaze_s=(0.4, 1.3, 2.2), head=SWAY)
BLINKS = Life(blinks_s=(0.5, 1.4, 2.2), head=SWAY)
PHOTO = {"life": Life(), "duration_s": 2.0}
SLOW_TURNS = HeadMotion(
    sway_percent=2, yaw_deg=1, turns=(Turn(0.8, 0.5, yaw_deg=8), Turn(1.9, 0.6, pitch_deg=-7))
)
FAST_TURNS = HeadMotion(
    turns=(
        Turn(0.6, 0.3, roll_deg=5, shift_percent=(6, 2)),
        Turn(1.3, 0.3, yaw_deg=6),
        Turn(2.2, 0.3, pitch_deg=6),
    )
)
DRIFT = HeadMotion(sway_percent=4, roll_deg=1.5, yaw_deg=1.5, pitch_deg=1.5, scale_percent=1.5)
ROUGH = CameraSettings(noise=3, flicker=0.03, gradient=0.1, crf=28)

STILL = {
    "photograph": {**PHOTO, "camera": CameraSettings()},
    "noise": {**PHOTO, "camera": CameraSettings(noise=6)},
    "flicker": {**PHOTO, "camera": CameraSettings(noise=2, flicker=0.08)},
    "mains flicker": {**PHOTO, "camera": CameraSettings(noise=2, flicker=0.05, flicker_hz=10)},
    "wandering light": {**PHOTO, "camera": CameraSettings(noise=2, gradient=0.15, gradient_hz=1)},
    "strong compression": {**PHOTO, "camera": CameraSettings(noise=3, crf=38), "life": Life(head=SWAY)},
    "sway": {},
    "drift": {"life": Life(head=DRIFT)},
    "rough 1": {"camera": ROUGH, "seed": 1, "duration_s": 4.0},
    "rough 2": {"camera": ROUGH, "seed": 2, "duration_s": 4.0},
}
MOVING = {
    "blinks": {"life": BLINKS, "seed": 5},
    "blinks at 25 fps": {"life": BLINKS, "seed": 2, "fps": 25},
    "gaze": {"life": GAZE},
    "gaze at 25 fps": {"life": GAZE, "seed": 5, "fps": 25},
    "head turns": {"life": Life(head=SLOW_TURNS)},
    "fast head turns": {"life": Life(head=FAST_TURNS)},
    "talking softly": {"life": Life(talk=(Talk(0.2, 2.8, 5.0),), head=SWAY), "seed": 2},
    "talking": {"life": Life(talk=(Talk(0.0, 3.0),), head=SWAY), "seed": 1},
    "talking aloud": {"life": Life(talk=(Talk(0.0, 3.0, 10.0),), head=SWAY), "seed": 3},
}
# The same with other chances: more of the same question, so only in the long run of the tests.
AGAIN = {
    **{f"blinks {seed}": {"life": BLINKS, "seed": seed} for seed in (1, 6, 8)},
    **{f"blinks at 25 fps {seed}": {"life": BLINKS, "seed": seed, "fps": 25} for seed in (4, 7)},
    **{f"gaze {seed}": {"life": GAZE, "seed": seed} for seed in (2, 3)},
    **{f"gaze at 25 fps {seed}": {"life": GAZE, "seed": seed, "fps": 25} for seed in (1, 3, 6)},
    **{f"head turns {seed}": {"life": Life(head=SLOW_TURNS), "seed": seed} for seed in (2, 3)},
    **{f"fast head turns {seed}": {"life": Life(head=FAST_TURNS), "seed": seed} for seed in (2, 3)},
    **{f"rough {seed}": {"camera": ROUGH, "seed": seed, "duration_s": 4.0} for seed in (4, 5, 6)},
    **{f"talking {seed}": {"life": Life(talk=(Talk(0.0, 3.0),), head=SWAY), "seed": seed} for seed in (4, 5)},
}
PLANTS = {
    "12 left": ((12,), "left"),
    "12 right": ((12,), "right"),
    "4": ((4,), "both"),
    "1+2": ((1, 2), "both"),
    "14 right": ((14,), "right"),
    "15": ((15,), "both"),
}
AMONG = {
    "among blinks": {"life": Life(blinks_s=(0.4, 2.2), head=SWAY)},
    "among glances": {"life": Life(gaze_s=(0.2, 2.2), head=SWAY)},
    "in flicker": {"life": Life(), "camera": CameraSettings(noise=2, flicker=0.05)},
    "after a head turn": {"life": Life(head=HeadMotion(turns=(Turn(0.2, 0.6, yaw_deg=6),)))},
}
# What still fails, with what came out; strict, so that a mended one is noticed.
FAILS: dict[str, str] = {
    "14 right": "in shadow: 0.7 of the planted 4 % are seen, and stretched; other seeds find it",
}


def cases(table: dict) -> list:
    """Rows of a table as test cases, those that still fail marked."""
    marks = {name: [pytest.mark.xfail(strict=True, reason=why)] for name, why in FAILS.items()}
    return [pytest.param(table[name], id=name, marks=marks.get(name, [])) for name in table]


def told(report) -> list[str]:
    """What was found, one line each, so that a failing test says it."""
    return [
        f"{e.interval.kind} {e.interval.onset_frame}-{e.interval.apex_frame}-{e.interval.offset_frame} "
        + "+".join(f"{u.au}{u.side[0].upper()}" for u in e.action_units)
        + f" confidence {e.interval.score}"
        for e in report.expressions
    ]


def seen(report) -> bool:
    """Whether the face was there to be judged: nothing is found in a face that was lost."""
    return len(report.faces) == 1 and report.faces[0].coverage > 0.97


@pytest.mark.parametrize("clip", cases(STILL))
def test_a_still_face_shows_nothing(analysed, clip):
    report = analysed(**clip)
    assert seen(report)
    assert told(report) == []


@pytest.mark.parametrize("clip", cases(MOVING))
def test_everyday_movement_is_no_micro_expression(analysed, clip):
    report = analysed(**clip)
    assert seen(report)
    assert [line for line in told(report) if line.startswith("micro")] == []


@pytest.mark.slow
@pytest.mark.parametrize("clip", cases(AGAIN))
def test_everyday_movement_again(analysed, clip):
    report = analysed(**clip)
    assert seen(report)
    assert [line for line in told(report) if line.startswith("micro")] == []


def found(report, onset: int, offset: int):
    """The one micro-expression, which overlaps the planted frames by half or more (IoU)."""
    from fleeting.core import iou

    micro = [e for e in report.expressions if e.interval.kind == "micro"]
    assert len(micro) == 1, told(report)
    (one,) = micro
    assert iou((one.interval.onset_frame, one.interval.offset_frame), (onset, offset)) >= 0.5, told(report)
    return one


@pytest.mark.parametrize("what", cases(PLANTS))
def test_a_planted_one_is_found_with_unit_and_side(analysed, what):
    """4 % of the eye distance for a third of a second; frames 37 to 45 differ from rest."""
    aus, side = what
    report = analysed(Plant(aus, side, 4.0, 1.2, 0.33), duration_s=2.5)
    one = found(report, 37, 45)
    first = one.action_units[0]
    assert first.au in aus
    assert first.side == side
    assert abs(one.interval.apex_frame - 41) <= 2
    assert abs(one.interval.onset_frame - 37) <= 2
    assert abs(one.interval.offset_frame - 45) <= 2


@pytest.mark.parametrize("clip", cases(AMONG))
def test_a_planted_one_is_found_among_distractors(analysed, clip):
    report = analysed(Plant((12,), "left", 4.0, 1.4, 0.33), **clip)
    one = found(report, 43, 51)
    assert (one.action_units[0].au, one.action_units[0].side) == (12, "left")
