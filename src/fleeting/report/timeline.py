"""The whole recording on one drawing: intervals, curve, time, and how much each region moved."""

import numpy as np
from markupsafe import Markup

from fleeting.core import CROP, Expression, Report
from fleeting.report.decimate import block_medians, keep_extremes, peak_columns
from fleeting.report.signals import FaceSignals, apex_time, face_signals, span_of
from fleeting.report.svg import HEAT, MACRO, MICRO, Axis, drawing, group, line_path, num, tag, time_axis
from fleeting.report.words import clock, length, plain

WIDTH, LEFT, RIGHT = 960.0, 112.0, 22.0
LANES, BAR = {"micro": 16.0, "macro": 44.0}, 11.0  # numbers stand above the bars
TOP, CURVE = 60.0, 120.0
STRIP, ROW = TOP + CURVE + 28.0, 11.0
COLOURS = {"micro": MICRO, "macro": MACRO}
CURVE_COLUMNS, HEAT_COLUMNS = 1000, 424  # 2 px of the drawing a column of the strip
BASELINE_S = 3.0  # displacements are chained: only differences over a second or so mean anything
FAINTEST = 0.01  # eye distances
PALEST = 0.25  # of the full scale: what moved less stays blank

Numbered = tuple[int, Expression]


def timeline(report: Report, face: int, expressions: list[Numbered]) -> Markup:
    """Draw one face through the whole recording.

    Parameters
    ----------
    report
        The report.
    face
        Which face.
    expressions
        Its expressions with their numbers on the page.

    Returns
    -------
    markupsafe.Markup
        An ``<svg>``; every interval is a link to ``#expression-<number>``.
    """
    signals = face_signals(report, face)
    axis = Axis(*span_of(report), LEFT, WIDTH - RIGHT)
    total = report.video.duration_s
    stripped = bool(signals.names) and bool(np.isfinite(signals.regions).any())
    height = STRIP + ROW * len(signals.names) if stripped else TOP + CURVE + 20
    seen = _seen(signals, axis)
    parts = [
        _unseen(
            seen | (len(signals.times) == 0),
            axis,
            face,
            (TOP, CURVE),
            (STRIP, height - STRIP if stripped else 0.0),
        ),
        *_lanes(expressions, axis),
        _curve(signals, axis, seen),
        _intervals(expressions, axis, total),
        time_axis(axis, TOP + CURVE, total),
    ]
    if stripped:
        parts.append(_strip(signals, axis))
    label = f"Face {face}: curve of the spotter with {len(expressions)} marked intervals over {length(total)}"
    return drawing(WIDTH, height, label, *parts, class_="plot timeline")


def _seen(signals: FaceSignals, axis: Axis) -> np.ndarray:
    """Say for each column of the strip whether the face was seen in it ``(HEAT_COLUMNS,)`` bool."""
    if not len(signals.times):
        return np.zeros(HEAT_COLUMNS, bool)
    best = peak_columns(signals.times, signals.curve, axis.start, axis.stop, HEAT_COLUMNS)
    return np.isfinite(best)


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """List the stretches of true as ``(first, one past the last)``.

    Examples
    --------
    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    steps = np.diff(np.concatenate([[0], np.asarray(flags, int), [0]]))
    return [
        (int(a), int(b)) for a, b in zip(np.flatnonzero(steps > 0), np.flatnonzero(steps < 0), strict=True)
    ]


def _unseen(seen: np.ndarray, axis: Axis, face: int, *bands: tuple[float, float]) -> Markup:
    """Hatch the stretches without a face in each band ``(top, height)``."""
    width = (axis.high - axis.low) / len(seen)
    lines = tag("path", d="M0 6L6 0", stroke="#b9bec4", stroke_width=1.0)
    name = f"unseen-{face}"
    pattern = tag("pattern", lines, id=name, width=6.0, height=6.0, patternUnits="userSpaceOnUse")
    gaps = [(axis.low + a * width, (b - a) * width) for a, b in runs(~seen)]
    boxes = [
        tag("rect", tag("title", "face not seen"), x=x, y=y, width=w, height=h, fill=f"url(#{name})")
        for y, h in bands
        for x, w in gaps
    ]
    return group([tag("defs", pattern), *boxes], opacity=0.7)


def _label(text: str, y: float) -> Markup:
    """Write into the left margin."""
    return tag("text", text, x=LEFT - 8, y=y, text_anchor="end", class_="name")


def _lanes(expressions: list[Numbered], axis: Axis) -> list[Markup]:
    """Draw the two lanes, micro above macro, so that the kind can be read without colour."""
    parts = []
    for kind, y in LANES.items():
        found = sum(e.interval.kind == kind for _, e in expressions)
        parts.append(tag("rect", x=axis.low, y=y, width=axis.high - axis.low, height=BAR, class_="lane"))
        parts.append(_label(f"{kind} ({found})", y + BAR - 2))
    return parts


def _intervals(expressions: list[Numbered], axis: Axis, total: float) -> Markup:
    parts: list[Markup] = []
    free = dict.fromkeys(LANES, 0.0)  # where a lane's last number ends: numbers must not overlap
    for number, expression in sorted(expressions, key=lambda item: item[1].interval.onset_s):
        interval = expression.interval
        kind, colour, y = interval.kind, COLOURS[interval.kind], LANES[interval.kind]
        x = axis.at(interval.onset_s)
        wide = max(axis.at(interval.offset_s + interval.frame_s) - x, 3.0)  # so that it can be seen
        x = min(x, axis.high - wide)
        apex = f"M{num(axis.at(apex_time(expression)))} {num(TOP)}v{num(CURVE)}"
        when = f"{clock(interval.onset_s, total)} to {clock(interval.offset_s, total)}"
        marks = [
            tag("title", f"{number}: {kind}, {when}, {length(interval.duration_s)}"),
            tag("rect", x=x, y=TOP, width=wide, height=CURVE, fill=colour, opacity=0.16),
            tag("path", d=apex, stroke=colour, opacity=0.55, class_="apex"),
            tag("rect", x=x, y=y, width=wide, height=BAR, rx=1.5, fill=colour),
        ]
        middle, half = x + wide / 2, 3.5 * len(str(number)) + 1
        if middle - half >= free[kind]:
            text = str(number)
            marks.append(
                tag("text", text, x=middle, y=y - 4, text_anchor="middle", fill=colour, class_="number")
            )
            free[kind] = middle + half
        parts.append(tag("a", *marks, href=f"#expression-{number}"))
    return group(parts, class_="intervals")


def _curve(signals: FaceSignals, axis: Axis, seen: np.ndarray) -> Markup:
    base = TOP + CURVE
    if not seen.any():
        text = "the face was not seen in this recording" if len(signals.times) else "no curve was kept"
        middle = (axis.low + axis.high) / 2
        return tag("text", text, x=middle, y=TOP + CURVE / 2, text_anchor="middle", class_="note")
    times, values = keep_extremes(signals.times, signals.curve, CURVE_COLUMNS)
    limits = [0.0, float(np.nanmin(values)), float(np.nanmax(values))]
    limits += [] if signals.threshold is None else [signals.threshold * 1.15]
    up = Axis(min(limits), max(limits) or 1.0, base, TOP + 4)
    parts = [tag("path", d=line_path(axis.all(times), up.all(values)), class_="curve")]
    y = base
    if signals.threshold is not None:
        y = up.at(signals.threshold)
        parts.append(tag("path", d=f"M{num(axis.low)} {num(y)}H{num(axis.high)}", class_="threshold"))
        parts.append(_label("threshold", y + 4))
    if y - TOP > 28:  # else the two would overlap
        parts.append(_label(f"{up.stop:.3g}", TOP + 10))
    parts.append(_label("score", base - 2 if base - y > 14 else base + 10))
    return group(parts)


def heat_levels(signals: FaceSignals, start: float, stop: float, columns: int) -> tuple[np.ndarray, float]:
    """Sort the motion of every region into levels, column by column.

    Parameters
    ----------
    signals
        Signals of a face with ``R`` regions.
    start, stop, columns
        The span in seconds and its number of columns.

    Returns
    -------
    levels
        ``(R, columns)`` int: -1 not seen or too weak to draw, else 0 (weak) to 5 (strong).
    full
        The displacement in pixels at the end of the scale.

    Notes
    -----
    A region's displacement is taken against its own slow baseline (medians of 3 s), since a head that
    has settled elsewhere is not moving. The scale ends at the 99.5th percentile, so that one jump does
    not blanch the rest, and not below 1 % of the eye distance, so that noise alone stays pale.
    """
    times = signals.times
    centres, medians = block_medians(times, signals.regions.reshape(len(times), -1), BASELINE_S)
    rows = []
    for region in range(len(signals.names)):  # one at a time: an hour of all regions is large
        x, y = (
            signals.regions[:, region, i] - _joined(times, centres, medians[:, 2 * region + i])
            for i in (0, 1)
        )
        rows.append(peak_columns(times, np.hypot(x, y), start, stop, columns))
    peaks = np.array(rows).reshape(len(rows), columns)
    seen = peaks[np.isfinite(peaks)]
    full = max(float(np.percentile(seen, 99.5)) if len(seen) else 0.0, FAINTEST * CROP.iod)
    share = (np.nan_to_num(peaks / full, nan=0.0) - PALEST) / (1 - PALEST)
    return np.clip(np.floor(share * len(HEAT)).astype(int), -1, len(HEAT) - 1), full


def _joined(times: np.ndarray, centres: np.ndarray, medians: np.ndarray) -> np.ndarray:
    """Join block medians by straight lines; NaN where the signal was never seen."""
    known = np.isfinite(medians)
    return np.interp(times, centres[known], medians[known]) if known.any() else np.full(len(times), np.nan)


def _strip(signals: FaceSignals, axis: Axis) -> Markup:
    levels, full = heat_levels(signals, axis.start, axis.stop, HEAT_COLUMNS)
    width = (axis.high - axis.low) / HEAT_COLUMNS
    title = f"Motion of each region over time; the scale ends at {full:.2g} px of the aligned crop"
    parts = [tag("title", title), tag("path", d=_cells(levels >= -1, axis.low, width), class_="row")]
    for level, colour in enumerate(HEAT):
        path = _cells(levels == level, axis.low, width)
        if path:
            parts.append(tag("path", d=path, fill=colour))
    for row, name in enumerate(signals.names):
        y = STRIP + row * ROW + 8
        parts.append(tag("text", plain(name), x=LEFT - 8, y=y, text_anchor="end", class_="region"))
    return group(parts, class_="strip")


def _cells(flags: np.ndarray, left: float, width: float) -> str:
    """Write the flagged cells ``(R, columns)`` of the strip as one path of boxes."""
    return "".join(
        f"M{num(left + a * width)} {num(STRIP + row * ROW)}h{num((b - a) * width)}v10h{num((a - b) * width)}z"
        for row in range(len(flags))
        for a, b in runs(flags[row])
    )
