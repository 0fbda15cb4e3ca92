"""SVG by hand: escaped tags, short numbers, paths, a time axis. Strings in, Markup out."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from fleeting.report.words import clock, visible

Child = str | Markup

# The colour-blind safe palette of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
INK = "#1c2126"
MICRO, MACRO = VERMILLION, BLUE
# One hue from light to dark (Okabe-Ito green), so that it still reads in grey print.
HEAT = ("#d9efe7", "#a6dbc8", "#66c2a3", "#2aa37e", "#0b7d5c", "#04523b")

_STEPS_S = (
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14400,
)


def num(value: float) -> str:
    """Write a coordinate with at most two decimals.

    Examples
    --------
    >>> num(1.0), num(2.345), num(-0.001)
    ('1', '2.35', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def tag(name: str, *children: Child, **attributes: str | float | None) -> Markup:
    """Make one element; text and attribute values are escaped, Markup children are not.

    Parameters
    ----------
    name
        Element name.
    children
        Text or Markup.
    attributes
        ``_`` becomes ``-`` and a trailing one is dropped (``class_``); ``None`` leaves the attribute out.

    Examples
    --------
    >>> tag("text", "a < b", x=1.5, class_="t")
    Markup('<text x="1.5" class="t">a &lt; b</text>')
    """
    parts = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(v) if isinstance(v, str) else num(v))}"'
        for key, v in attributes.items()
        if v is not None
    ]
    inner = Markup("").join(c if isinstance(c, Markup) else escape(visible(c)) for c in children)
    return Markup("<{}{}>{}</{}>").format(Markup(name), Markup("".join(parts)), inner, Markup(name))


def group(children: Iterable[Markup], **attributes: str | float | None) -> Markup:
    """Put elements into a ``<g>``.

    Examples
    --------
    >>> group([tag("path", d="M0 0")], class_="grid")
    Markup('<g class="grid"><path d="M0 0"></path></g>')
    """
    return tag("g", *children, **attributes)


def drawing(width: float, height: float, label: str, *children: Markup, class_: str = "plot") -> Markup:
    """Make a drawing that scales to the width it is given, with a text for those who do not see it.

    Examples
    --------
    >>> drawing(10, 5, "nothing")[:29]
    Markup('<svg viewBox="0 0 10 5" class')
    """
    return tag(
        "svg",
        tag("title", label),
        *children,
        viewBox=f"0 0 {num(width)} {num(height)}",
        class_=class_,
        role="group",
        aria_label=label,
    )


def line_path(x: np.ndarray, y: np.ndarray) -> str:
    """Write a line through points; a NaN lifts the pen, a point alone becomes a dot.

    Examples
    --------
    >>> line_path(np.array([0, 1, 2, 3.0]), np.array([5, 6, np.nan, 7.0]))
    'M0 5L1 6M3 7h0'
    """
    out: list[str] = []
    points = np.column_stack([x, y])
    seen = np.isfinite(points).all(axis=1)
    for index in np.flatnonzero(seen):
        starts = index == 0 or not seen[index - 1]
        ends = index == len(seen) - 1 or not seen[index + 1]
        here = f"{points[index, 0]:.1f} {points[index, 1]:.1f}".replace(".0 ", " ").removesuffix(".0")
        out.append(("M" if starts else "L") + here + ("h0" if starts and ends else ""))
    return "".join(out)


def arrow_path(tails: np.ndarray, motion: np.ndarray, head: float) -> str:
    """Write arrows as one SVG path: a shaft and an open head of at most ``head`` units each.

    Examples
    --------
    >>> arrow_path(np.array([[0.0, 0.0]]), np.array([[4.0, 0.0]]), 2)
    'M0 0L4 0M2.4 1.2L4 0L2.4 -1.2'
    """
    out = []
    for (x, y), (dx, dy) in zip(tails, motion, strict=True):
        long = float(np.hypot(dx, dy))
        barb = min(head, 0.6 * long) / (long or 1)
        bx, by = dx * barb, dy * barb
        tip = f"{num(x + dx)} {num(y + dy)}"
        left = f"{num(x + dx - 0.8 * bx - 0.6 * by)} {num(y + dy - 0.8 * by + 0.6 * bx)}"
        right = f"{num(x + dx - 0.8 * bx + 0.6 * by)} {num(y + dy - 0.8 * by - 0.6 * bx)}"
        out.append(f"M{num(x)} {num(y)}L{tip}M{left}L{tip}L{right}")
    return "".join(out)


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight map from data (``start`` to ``stop``) to the drawing (``low`` to ``high``).

    Examples
    --------
    >>> Axis(0, 10, 100, 200).at(5)
    150.0
    """

    start: float
    stop: float
    low: float
    high: float

    def at(self, value: float) -> float:
        """Place one value."""
        return self.low + (value - self.start) / ((self.stop - self.start) or 1) * (self.high - self.low)

    def all(self, values: np.ndarray) -> np.ndarray:
        """Place many."""
        span = (self.stop - self.start) or 1
        return self.low + (np.asarray(values, float) - self.start) / span * (self.high - self.low)


def time_ticks(start: float, stop: float, most: int = 10) -> list[float]:
    """Choose round times inside a span.

    Examples
    --------
    >>> time_ticks(0, 3600, 6)
    [0, 900, 1800, 2700, 3600]
    >>> time_ticks(12.3, 12.9, 8)
    [12.3, 12.4, 12.5, 12.6, 12.7, 12.8, 12.9]
    """
    span = max(stop - start, 1e-6)
    step = next((s for s in _STEPS_S if span / s < most), _STEPS_S[-1])
    while span / step > most:
        step *= 2
    first, last = int(np.ceil(start / step - 1e-9)), int(np.floor(stop / step + 1e-9))
    return [round(k * step, 6) for k in range(first, last + 1)]


def time_axis(axis: Axis, y: float, total: float, most: int = 10) -> Markup:
    """Draw ticks and times under a plot; ``total`` decides the form of the times, see ``clock``.

    Examples
    --------
    >>> time_axis(Axis(0, 1, 0, 100), 50, 1, most=4).count("<text")
    3
    """
    ticks = time_ticks(axis.start, axis.stop, most)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    decimals = 0 if step >= 1 else 1 if step >= 0.1 - 1e-9 else 2
    parts = [tag("path", d=f"M{num(axis.low)} {num(y)}H{num(axis.high)}", class_="axis")]
    for tick in ticks:
        x = axis.at(tick)
        parts.append(tag("path", d=f"M{num(x)} {num(y)}v4", class_="axis"))
        text = clock(tick, total, decimals=decimals)
        parts.append(tag("text", text, x=x, y=y + 15, text_anchor="middle", class_="tick"))
    return group(parts)
