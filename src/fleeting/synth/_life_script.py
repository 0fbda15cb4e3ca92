"""What happens in a long recording, and when: expressions, and everything that is none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleeting.core import Kind
from fleeting.synth._clip_expressions import (
    MACRO_PERCENT,
    Expression,
    bearable,
    draw_duration,
    draw_emotion,
    draw_side,
    draw_strength,
    make_plant,
)
from fleeting.synth._clip_people import Sitter
from fleeting.synth._shape import FaceShape
from fleeting.synth.head import HeadMotion, Turn
from fleeting.synth.life import Life, Talk

if TYPE_CHECKING:
    from fleeting.synth.recordings import RecordingSettings

_MARGIN_S = 1.0  # at both ends of a recording
_GAP_S = 0.6  # between expressions, words and swallows
_TRIES = 60  # places tried for an event before it is left out


@dataclass(frozen=True, slots=True)
class Script:
    """Expressions by their start, and what else moves."""

    expressions: tuple[Expression, ...]
    life: Life


class _Calendar:
    """Stretches of time that are taken."""

    def __init__(self, length_s: float) -> None:
        self.length_s = length_s
        self.taken: list[tuple[float, float]] = []

    def book(self, rng: np.random.Generator, duration_s: float) -> float | None:
        """Find a free stretch by chance and take it; None where there is none."""
        latest = self.length_s - _MARGIN_S - duration_s
        if latest <= _MARGIN_S:
            return None
        for start in rng.uniform(_MARGIN_S, latest, _TRIES):
            end = start + duration_s
            if all(start > b + _GAP_S or end < a - _GAP_S for a, b in self.taken):
                self.taken.append((float(start), float(end)))
                return float(start)
        return None


def write_script(
    rng: np.random.Generator, sitter: Sitter, wanted: "RecordingSettings", length_s: float
) -> Script:
    """Draw what happens in a recording.

    Micro- and macro-expressions come by chance at the settings' rates (Poisson), one at a time, and so do
    stretches of talk and swallows. Blinks, gaze shifts and turns of the head come at any time; only an
    expression that moves the lids is kept free of blinks and gaze shifts.

    Parameters
    ----------
    rng
        Source of chance.
    sitter
        Who is filmed.
    wanted
        Rates and strengths.
    length_s
        Of the recording, seconds.
    """
    calendar = _Calendar(length_s)
    minutes = length_s / 60
    shape = FaceShape.from_landmarks(sitter.landmarks)
    found: list[Expression] = []
    # long ones first: they find a place while there is one
    counts = [("macro", wanted.macro_per_minute), ("micro", wanted.micro_per_minute)]
    for kind, rate in counts:
        for _ in range(int(rng.poisson(rate * minutes))):
            one = _draw_expression(rng, sitter, shape, wanted, kind, calendar)  # type: ignore[arg-type]
            if one is not None:
                found.append(one)
    talks = []
    for _ in range(int(rng.poisson(wanted.talks_per_minute * minutes))):
        length = float(rng.uniform(*wanted.talk_s))
        strength = round(float(rng.uniform(2.5, 6.0)), 3)
        at = calendar.book(rng, length)
        if at is not None:
            hertz = round(float(rng.uniform(3, 6)), 3)
            talks.append(Talk(round(at, 6), round(length, 6), strength, hertz))
    swallows = [
        calendar.book(rng, 1.0) for _ in range(int(rng.poisson(wanted.swallows_per_minute * minutes)))
    ]
    life = Life(
        head=_head(rng, wanted, length_s),
        blinks_per_minute=wanted.blinks_per_minute * float(rng.uniform(0.4, 1.6)),
        gaze_per_minute=wanted.gaze_per_minute * float(rng.uniform(0.4, 1.6)),
        talk=tuple(sorted(talks, key=lambda talk: talk.at_s)),
        swallows_s=tuple(sorted(round(at, 6) for at in swallows if at is not None)),
    )
    return Script(tuple(sorted(found, key=lambda one: one.plant.at_s)), life)


def _draw_expression(
    rng: np.random.Generator,
    sitter: Sitter,
    shape: FaceShape,
    wanted: "RecordingSettings",
    kind: Kind,
    calendar: _Calendar,
) -> Expression | None:
    label, emotion, aus = draw_emotion(rng, (*wanted.class_shares, 0.0), wanted.tables)
    side = draw_side(rng, wanted.one_sided)
    usual = wanted.strength_percent if kind == "micro" else MACRO_PERCENT[:2]
    strength = draw_strength(rng, kind, *usual, sitter.lively)
    strength = min(strength, bearable(shape, aus, side, wanted.filming.basis, sitter.person))
    length = draw_duration(rng, kind, sitter.fps)
    at = calendar.book(rng, length)
    if at is None:
        return None
    movement = make_plant(rng, aus, side, strength, at_s=at, duration_s=length, kind=kind)
    return Expression(emotion, label, movement)


def _head(rng: np.random.Generator, wanted: "RecordingSettings", length_s: float) -> HeadMotion:
    drift = wanted.head_percent * float(np.exp(rng.normal(0, 0.4)))
    count = int(rng.poisson(wanted.turns_per_minute * length_s / 60))
    turns: list[Turn] = []
    for at in sorted(rng.uniform(0.5, max(length_s - 4.0, 0.6), count)):
        length = float(rng.uniform(1.5, 3.5))
        yaw, pitch, roll = rng.normal(0, [4.0, 3.0, 2.0]).clip(-8, 8)
        shift = rng.normal(0, 2.0, 2).clip(-6, 6)
        free = not turns or at > turns[-1].at_s + turns[-1].duration_s + 0.3
        if free and at + length < length_s:
            y, p, r, right, down = (round(float(v), 3) for v in (yaw, pitch, roll, *shift))
            turns.append(Turn(round(float(at), 6), round(length, 6), y, p, r, (right, down)))
    return HeadMotion(
        sway_percent=round(min(drift, 8.0), 4),
        roll_deg=round(min(0.4 * drift, 4.0), 4),
        yaw_deg=round(min(0.6 * drift, 4.0), 4),
        pitch_deg=round(min(0.5 * drift, 4.0), 4),
        scale_percent=round(min(0.4 * drift, 4.0), 4),
        turns=tuple(turns),
    )
