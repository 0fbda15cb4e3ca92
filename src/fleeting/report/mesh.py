"""The evidence on a neutral face that is nobody's: for reports that must not show the person."""

from functools import lru_cache

import numpy as np
from markupsafe import Markup

from fleeting import facs
from fleeting.report.svg import BLUE, HEAT, arrow_path, num, tag

WIRES = "neutral-mesh"
ARROW = 42.0  # length of the longest arrow, in hundredths of the eye distance
WEAKEST = 0.25  # regions below this share of the strongest get no arrow


@lru_cache(maxsize=1)
def neutral_points() -> np.ndarray:
    """Take the neutral mesh as seen from the front: ``(468, 2)``, hundredths of the eye distance."""
    return np.asarray(facs.neutral_mesh(), float)[:, :2] * 100


def mesh_picture(names: tuple[str, ...], motion: np.ndarray, label: str) -> Markup:
    """Draw region motion as shaded patches and arrows on the neutral mesh.

    Parameters
    ----------
    names, motion
        Regions ``(R,)`` and their motion ``(R, 2)`` in pixels, x right, y down. Regions that the mesh does
        not know, and motion that is not known, are left out.
    label
        Text for those who do not see the drawing.

    Returns
    -------
    markupsafe.Markup
        An ``<svg>`` without any picture in it.
    """
    points, rings = neutral_points(), facs.regions()
    low, high = points.min(axis=0) - 12, points.max(axis=0) + 12
    known = [
        (points[list(rings[name])], vector)
        for name, vector in zip(names, motion, strict=True)
        if name in rings and np.isfinite(vector).all()
    ]
    longest = max((float(np.linalg.norm(v)) for _, v in known), default=0.0) or 1.0
    strong = [(ring, vector) for ring, vector in known if np.linalg.norm(vector) >= WEAKEST * longest]
    tails = np.array([(ring.min(axis=0) + ring.max(axis=0)) / 2 for ring, _ in strong]).reshape(-1, 2)
    vectors = np.array([vector for _, vector in strong]).reshape(-1, 2)
    arrows = arrow_path(tails, vectors * (ARROW / longest), head=9)
    return tag(
        "svg",
        tag("title", label),
        *[_patch(ring, float(np.linalg.norm(vector)) / longest) for ring, vector in known],
        tag("use", href=f"#{WIRES}"),
        tag("path", d=arrows, stroke="#fff", stroke_width=4.5, class_="arrows"),
        tag("path", d=arrows, stroke=BLUE, stroke_width=2.2, class_="arrows"),
        viewBox=" ".join(num(v) for v in (*low, *(high - low))),
        class_="mesh",
        role="img",
        aria_label=label,
    )


def _patch(ring: np.ndarray, share: float) -> Markup:
    """Shade a region ``(N, 2)`` by its share (0..1) of the strongest motion."""
    level = min(int(share * len(HEAT)) - 1, len(HEAT) - 2)  # the darkest shade would hide the arrow
    if level < 0:
        return Markup("")
    return tag("path", d=_outline(ring), fill=HEAT[level])


def _outline(ring: np.ndarray) -> str:
    return "M" + "L".join(f"{num(x)} {num(y)}" for x, y in ring) + "z"


def mesh_wires() -> Markup:
    """Draw the lines of the mesh once for the page; every mesh picture refers to them."""
    triangles = np.asarray(facs.triangles())
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    at = [f"{x:.1f} {y:.1f}" for x, y in neutral_points()]
    lines = "".join(f"M{at[a]}L{at[b]}" for a, b in np.unique(np.sort(pairs, axis=1), axis=0))
    rings = facs.regions()
    eyes_and_mouth = "".join(
        _outline(neutral_points()[list(rings[name])]) for name in facs.region_names("opening")
    )
    drawn = tag(
        "g", tag("path", d=lines, class_="wires"), tag("path", d=eyes_and_mouth, class_="outlines"), id=WIRES
    )
    return tag("svg", drawn, class_="shared", aria_hidden="true")
