"""Draw the reliability diagrams of the models that ship, from their cards.

python benchmarks/draw_reliability.py --out docs/img/reliability.svg
"""

import argparse
import json
from pathlib import Path

from fleeting.evaluation import wilson_interval

HOME = Path(__file__).parents[1] / "src/fleeting/models/data"
SIDE, GAP, TOP = 190, 60, 34
INK, BLUE, GRID = "#222222", "#0072b2", "#dddddd"


def panels() -> list[tuple[str, list[dict]]]:
    recogniser = json.loads((HOME / "recognizers/default/model.json").read_text())
    detector = json.loads((HOME / "au_detectors/default/model.json").read_text())
    return [
        ("recogniser, synthetic people", recogniser["synthetic"]["bins"]),
        ("recogniser, real SMIC maps", recogniser["real SMIC maps"]["bins"]),
        ("none, synthetic people", recogniser["none"]["bins"]),
        ("AU detector, synthetic people", detector["synthetic"]["bins"]),
    ]


def draw_panel(title: str, bins: list[dict], left: float) -> str:
    """One diagram: what came over what was said, with the 95 % interval of each bin."""
    x = lambda share: f"{left + SIDE * share:.1f}"  # noqa: E731 - two scales, used on the next lines alone
    y = lambda share: f"{TOP + SIDE * (1 - share):.1f}"  # noqa: E731
    parts = [
        f'<text x="{left}" y="{TOP - 12}" font-size="13" fill="{INK}">{title}</text>',
        f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{GRID}"/>',
        f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="{GRID}" stroke-dasharray="4 3"/>',
    ]
    for tick in (0, 0.5, 1):
        parts.append(
            f'<text x="{x(tick)}" y="{TOP + SIDE + 16}" font-size="11" text-anchor="middle">{tick:g}</text>'
        )
        parts.append(f'<text x="{left - 6}" y="{y(tick)}" font-size="11" text-anchor="end">{tick:g}</text>')
    for one in bins:
        came = wilson_interval(round(one["came"] * one["n"]), one["n"])
        parts.append(f'<path d="M{x(one["said"])} {y(came.low)}V{y(came.high)}" stroke="{BLUE}"/>')
        parts.append(f'<circle cx="{x(one["said"])}" cy="{y(one["came"])}" r="3.5" fill="{BLUE}"/>')
    return "".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    drawn = [draw_panel(title, bins, 40 + at * (SIDE + GAP)) for at, (title, bins) in enumerate(panels())]
    width, height = 40 + len(drawn) * (SIDE + GAP), TOP + SIDE + 44
    said = (
        f'<text x="40" y="{height - 8}" font-size="12" fill="{INK}">across: said; up: came true, 95 %</text>'
    )
    parser.parse_args().out.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(drawn)}{said}</svg>\n'
    )


if __name__ == "__main__":
    main()
