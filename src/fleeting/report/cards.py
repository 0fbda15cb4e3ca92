"""What the page says about one expression, ready for the template."""

import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from fleeting import facs
from fleeting.core import CROP, Expression, Report
from fleeting.report.plots import signal_plot
from fleeting.report.signals import region_motion
from fleeting.report.words import clock, direction, emotion_word, length, plain, unit_value

MOST_REGIONS = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar table: ``share`` (0..1) is the bar's length, ``angle`` the arrow's, in degrees."""

    name: str
    text: str
    share: float
    note: str = ""
    angle: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure of a card: a data URI or a drawing, its text for the blind, its caption."""

    role: str
    alt: str
    caption: str
    uri: str = ""
    drawing: Markup | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One expression in words, bars and pictures."""

    number: int
    face: int
    kind: str
    onset: str
    apex: str
    offset: str
    frames: tuple[int, int | None, int]
    duration: str
    score: str
    units: tuple[Bar, ...]
    units_text: str
    emotion: str
    emotion_word: str
    emotions: tuple[Bar, ...]
    regions: tuple[Bar, ...]
    more_regions: str
    pictures: tuple[Picture, ...]
    mesh: Markup | None
    plot: Markup | None


def card_of(report: Report, index: int, *, side: int = 320) -> Card:
    """Gather all that is known of one expression.

    Parameters
    ----------
    report
        The report.
    index
        Position of the expression; its number on the page is one more.
    side
        Largest side of the pictures, in pixels.
    """
    expression = report.expressions[index]
    interval = expression.interval
    total = report.video.duration_s
    names, motion = region_motion(report, index)
    lengths = np.linalg.norm(motion, axis=1) if len(names) else np.zeros(0)
    order = [
        int(i)
        for i in np.argsort(-np.nan_to_num(lengths, nan=-1.0), kind="stable")
        if np.isfinite(lengths[i])
    ]
    entry = report.pictures[index] if report.pictures else {}
    pictured = "onset" in entry and "apex" in entry
    emotion = expression.emotion
    return Card(
        number=index + 1,
        face=expression.face,
        kind=interval.kind,
        onset=clock(interval.onset_s, total),
        apex="not marked" if interval.apex_s is None else clock(interval.apex_s, total),
        offset=clock(interval.offset_s, total),
        frames=(interval.onset_frame, interval.apex_frame, interval.offset_frame),
        duration=length(interval.duration_s),
        score=f"{interval.score:.2f}",
        units=_unit_bars(expression),
        units_text=", ".join(unit_name(u.au, u.side) for u in expression.action_units),
        emotion="" if emotion is None else plain(emotion.label),
        emotion_word="" if emotion is None else emotion_word(emotion),
        emotions=_emotion_bars(expression),
        regions=_region_bars(names, motion, lengths, order),
        more_regions=_rest(names, lengths, order),
        pictures=_pictures(entry, index + 1, side) if pictured else (),
        mesh=None if pictured or not order else _mesh(names, motion, index + 1),
        plot=signal_plot(report, expression, [names[i] for i in order]),
    )


def unit_name(au: int, side: str) -> str:
    """Short name of an action unit with its side.

    Examples
    --------
    >>> unit_name(12, "left"), unit_name(4, "both")
    ('AU12 left', 'AU4')
    """
    return f"AU{au}" + ("" if side == "both" else f" {side}")


def _unit_bars(expression: Expression) -> tuple[Bar, ...]:
    out = []
    for unit in expression.action_units:
        word, value = unit_value(unit)
        side = "both sides" if unit.side == "both" else f"{unit.side} side"
        out.append(Bar(f"AU{unit.au}", f"{word} {value:.2f}", _share(value), f"{_unit_words(unit.au)}{side}"))
    return tuple(out)


def _unit_words(number: int) -> str:
    """Name of an action unit; a number that FACS does not know is shown bare."""
    known = {unit.number: unit.name for unit in facs.action_units()}
    return f"{known[number]}, " if number in known else ""


def _emotion_bars(expression: Expression) -> tuple[Bar, ...]:
    if expression.emotion is None:
        return ()
    ranked = sorted(expression.emotion.probabilities.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Bar(plain(name), f"{value:.2f}", _share(value)) for name, value in ranked)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0


def _long(pixels: float) -> str:
    """Write a length of the aligned crop in pixels and as a share of the eye distance."""
    return f"{pixels:.2f} px · {100 * pixels / CROP.iod:.1f} %"


def _region_bars(
    names: tuple[str, ...], motion: np.ndarray, lengths: np.ndarray, order: list[int]
) -> tuple[Bar, ...]:
    strongest = float(lengths[order[0]]) if order else 0.0
    out = []
    for i in order[:MOST_REGIONS]:
        dx, dy = float(motion[i, 0]), float(motion[i, 1])
        still = lengths[i] <= 0
        text = _long(float(lengths[i]))
        angle = None if still else round(math.degrees(math.atan2(dy, dx)), 1)
        share = float(lengths[i]) / strongest if strongest > 0 else 0.0
        out.append(Bar(plain(names[i]), text, share, "still" if still else direction(dx, dy), angle))
    return tuple(out)


def _rest(names: tuple[str, ...], lengths: np.ndarray, order: list[int]) -> str:
    rest, lost = order[MOST_REGIONS:], len(names) - len(order)
    parts = [f"{len(rest)} more regions moved at most {lengths[rest[0]]:.2f} px"] if rest else []
    parts += [f"{lost} regions were not seen"] if lost else []
    return "; ".join(parts)


def _mesh(names: tuple[str, ...], motion: np.ndarray, number: int) -> Markup:
    from fleeting.report.mesh import mesh_picture

    return mesh_picture(names, motion, f"Expression {number}: motion of the regions on a neutral face")


def _pictures(entry: dict[str, np.ndarray], number: int, side: int) -> tuple[Picture, ...]:
    from fleeting.report import pictures as draw  # needs OpenCV: only for a page with pictures

    onset, apex = draw.as_image(entry["onset"]), draw.as_image(entry["apex"])
    mask = draw.face_mask(onset.shape[:2], entry.get("landmarks"))
    change, gain = draw.amplified_difference(onset, apex, mask)
    out = [
        Picture("onset", f"Expression {number}: face at onset", "Onset", draw.data_uri(onset, side)),
        Picture("apex", f"Expression {number}: face at apex", "Apex", draw.data_uri(apex, side)),
        Picture("change", f"Expression {number}: difference of brightness, apex minus onset, times {gain}",
                f"Apex − onset, ×{gain} around mid-grey", draw.data_uri(change, side)),
    ]  # fmt: skip
    if "flow" in entry:
        label = f"Expression {number}: flow from onset to apex as arrows over the face"
        flow = np.asarray(entry["flow"], np.float32)
        drawn, arrows = draw.flow_picture(onset, flow, mask, label, side)
        longest = arrows.longest * CROP.width / flow.shape[1]  # pictures may be an enlarged view
        caption = f"Flow, arrows ×{arrows.gain}; longest {_long(longest)}"
        out.append(Picture("flow", label, caption, drawing=drawn))
    return tuple(out)
