"""The small signal plot of one expression: the curve above, the strongest regions below."""

import numpy as np
from markupsafe import Markup

from fleeting.core import Expression, Report
from fleeting.report.decimate import keep_extremes
from fleeting.report.signals import FaceSignals, apex_time, face_signals, nearest, span_of
from fleeting.report.svg import (
    GREEN,
    INK,
    MACRO,
    MICRO,
    PURPLE,
    Axis,
    drawing,
    group,
    line_path,
    num,
    tag,
    time_axis,
)
from fleeting.report.words import clock, plain

WIDTH, LEFT, RIGHT = 640.0, 46.0, 128.0
CURVE_TOP, CURVE, GAP, REGIONS = 20.0, 40.0, 14.0, 120.0
COLUMNS = 240
# Colour and dash together, so that neither is needed alone; not the colours of micro and macro.
STYLES = ((INK, None), (GREEN, "7 3"), (PURPLE, "2 3"))


def window_of(report: Report, expression: Expression) -> tuple[float, float]:
    """Give the time span that the plot shows: the interval and some time before and after it."""
    interval = expression.interval
    around = max(0.4, 0.8 * interval.duration_s)
    start, stop = span_of(report)
    return max(start, interval.onset_s - around), min(stop, interval.offset_s + interval.frame_s + around)


def along_motion(signals: FaceSignals, expression: Expression, region: int) -> np.ndarray | None:
    """Project a region's displacement on its own direction from onset to apex.

    Parameters
    ----------
    signals
        Signals of the expression's face.
    expression
        The expression; its onset is zero, its apex positive.
    region
        Which region.

    Returns
    -------
    numpy.ndarray or None
        ``(T,)`` pixels of the aligned crop; ``None`` where the region was not seen at onset or apex, or
        stood still.
    """
    track = signals.regions[:, region].astype(float)
    onset = nearest(signals.times, expression.interval.onset_s)
    apex = nearest(signals.times, apex_time(expression))
    way = track[apex] - track[onset]
    distance = float(np.hypot(*way))
    if not np.isfinite(distance) or distance <= 0:
        return None
    return np.asarray((track - track[onset]) @ (way / distance))


def signal_plot(report: Report, expression: Expression, regions: list[str]) -> Markup | None:
    """Draw the curve and some regions around one expression.

    Parameters
    ----------
    report
        The report.
    expression
        One of its expressions.
    regions
        Names of the strongest regions, strongest first; those without a signal are passed over.

    Returns
    -------
    markupsafe.Markup or None
        An ``<svg>``; ``None`` where the report holds no samples of this stretch.
    """
    start, stop = window_of(report, expression)
    signals = face_signals(report, expression.face).between(start, stop)
    if not len(signals.times):
        return None
    axis = Axis(start, stop, LEFT, WIDTH - RIGHT)
    regions_top = CURVE_TOP + CURVE + GAP
    base = regions_top + REGIONS
    lines: list[tuple[str, np.ndarray]] = []
    for name in regions:
        if name in signals.names and len(lines) < len(STYLES):
            values = along_motion(signals, expression, signals.names.index(name))
            if values is not None:
                lines.append((name, values))
    parts = [
        _marks(report, expression, axis, base),
        _score(signals, axis),
        _lines(lines, signals.times, axis, regions_top, base),
        time_axis(axis, base, report.video.duration_s, most=6),
    ]
    label = "Curve of the spotter and displacement of the strongest regions around the expression"
    return drawing(WIDTH, base + 20, label, *parts)


def _marks(report: Report, expression: Expression, axis: Axis, base: float) -> Markup:
    interval = expression.interval
    colour = MICRO if interval.kind == "micro" else MACRO
    x, end = axis.at(interval.onset_s), axis.at(interval.offset_s)
    moments = [("onset", interval.onset_s, "end", -3.0), ("offset", interval.offset_s, "start", 3.0)]
    if interval.apex_s is not None:
        moments.insert(1, ("apex", interval.apex_s, "middle", 0.0))
    parts = [
        tag(
            "rect",
            x=x,
            y=CURVE_TOP,
            width=max(end - x, 1.0),
            height=base - CURVE_TOP,
            fill=colour,
            opacity=0.1,
        )
    ]
    for name, moment, anchor, shift in moments:
        at = axis.at(moment)
        y = 14.0 if name == "apex" else CURVE_TOP + 10
        text = tag("text", name, x=at + shift, y=y, text_anchor=anchor, class_="mark", fill=colour)
        line = tag(
            "path", d=f"M{num(at)} {num(CURVE_TOP)}V{num(base)}", stroke=colour, class_=f"moment {name}"
        )
        title = tag("title", f"{name} {clock(moment, report.video.duration_s)}")
        parts.append(group([title, line, text]))
    return group(parts)


def _score(signals: FaceSignals, axis: Axis) -> Markup:
    if not np.isfinite(signals.curve).any():
        return group([])
    times, values = keep_extremes(signals.times, signals.curve, COLUMNS)
    high = max(float(np.nanmax(values)), signals.threshold or 0.0) or 1.0
    up = Axis(min(0.0, float(np.nanmin(values))), high, CURVE_TOP + CURVE, CURVE_TOP + 2)
    parts = [tag("path", d=line_path(axis.all(times), up.all(values)), class_="curve")]
    if signals.threshold is not None:
        y = num(up.at(signals.threshold))
        parts.append(tag("path", d=f"M{num(axis.low)} {y}H{num(axis.high)}", class_="threshold"))
    parts.append(tag("text", "spotter's score", x=axis.high + 8, y=CURVE_TOP + CURVE / 2 + 4, class_="name"))
    return group(parts)


def _lines(
    lines: list[tuple[str, np.ndarray]], times: np.ndarray, axis: Axis, top: float, base: float
) -> Markup:
    if not lines:
        text = "no region signal in this stretch"
        return tag(
            "text",
            text,
            x=(axis.low + axis.high) / 2,
            y=(top + base) / 2,
            text_anchor="middle",
            class_="note",
        )
    every = np.concatenate([values[np.isfinite(values)] for _, values in lines])
    up = Axis(min(0.0, float(every.min())), float(every.max()) or 1.0, base - 4, top + 4)
    parts = [tag("path", d=f"M{num(axis.low)} {num(up.at(0))}H{num(axis.high)}", class_="zero")]
    for value in {0.0, up.start, up.stop}:
        if value == 0 or abs(value) > 0.15 * (up.stop - up.start):
            text = f"{value:.2g}" + (" px" if value == up.stop else "")
            parts.append(tag("text", text, x=LEFT - 5, y=up.at(value) + 4, text_anchor="end", class_="tick"))
    ends = []
    for (_, values), (colour, dash) in zip(lines, STYLES, strict=False):
        shown_times, shown = keep_extremes(times, values, COLUMNS)
        path = line_path(axis.all(shown_times), up.all(shown))
        parts.append(tag("path", d=path, stroke=colour, stroke_dasharray=dash, class_="signal"))
        seen = shown[np.isfinite(shown)]
        ends.append(up.at(float(seen[-1])))
    for (name, _), (colour, dash), y in zip(
        lines, STYLES, _apart(ends, 15.0, top + 8, base - 4), strict=False
    ):
        x = axis.high + 8
        parts.append(
            tag("path", d=f"M{num(x)} {num(y)}h16", stroke=colour, stroke_dasharray=dash, class_="signal")
        )
        parts.append(tag("text", plain(name), x=x + 20, y=y + 4, class_="name"))
    return group(parts)


def _apart(places: list[float], distance: float, low: float, high: float) -> list[float]:
    """Move label places apart, keeping their order and staying between ``low`` and ``high``."""
    order = np.argsort(places, kind="stable")
    placed = np.clip(np.asarray(places, float)[order], low, high)
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + distance)
    over = max(0.0, float(placed[-1]) - high)
    for i in range(len(placed) - 1, -1, -1):
        placed[i] = min(
            placed[i] - (over if i == len(placed) - 1 else 0),
            placed[i + 1] - distance if i + 1 < len(placed) else high,
        )
    out = np.empty(len(placed))
    out[order] = placed
    return [float(v) for v in out]
