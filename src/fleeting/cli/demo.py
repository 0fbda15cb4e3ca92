"""``fleeting demo``: plant micro-expressions in a portrait, analyse the clip, show planted and found."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleeting.cli._progress import watching
from fleeting.cli._say import one_line
from fleeting.cli._tables import print_table

if TYPE_CHECKING:
    import numpy as np

    from fleeting.core import Expression
    from fleeting.synth import PlantedClip, PlantedInterval

STEM = "portrait"
FPS, LENGTH_S, SEED = 50.0, 10.0, 1
HEAD = (slice(0, 320), slice(64, 384))  # of the 512 x 512 photograph
# Action units, side, strength in percent of the eye distance, start and length in seconds.
PLANTED = (
    ((4,), "both", 4.0, 0.8, 0.30),
    ((12,), "left", 5.0, 2.4, 0.40),
    ((1, 2), "both", 3.5, 4.0, 0.26),
    ((9,), "both", 4.0, 5.6, 0.30),
    ((14,), "right", 4.0, 7.2, 0.36),
    ((15,), "both", 3.0, 8.8, 0.40),
)
BLINKS_S = (2.0, 6.6)
LEAST_IOU = 0.5
NOTHING = "–"


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the clip and its results.")] = Path(
        "demo-out"
    ),
) -> None:
    """Plant micro-expressions in a portrait, analyse the clip, and show what was planted and what found."""
    picture = portrait()
    from fleeting.analysis import AnalysisSettings, analyze_many
    from fleeting.io import validate_folder
    from fleeting.synth import write_planted

    validate_folder(out)
    clip = planted_clip(picture)
    typer.echo(f"planting {len(clip.truth)} micro-expressions and {len(BLINKS_S)} blinks in a portrait")
    paths = write_planted(clip, out / "planted", STEM, flows="none")
    with watching(1) as watch:
        (outcome,) = analyze_many([paths.video], out, AnalysisSettings(), overwrite=True, on_event=watch)
    if outcome.report is None:
        raise typer.Exit(1)
    show(clip, outcome.report.expressions)
    for path in (paths.video, paths.truth, *outcome.files.values()):
        typer.echo(one_line(str(path)))


def portrait() -> "np.ndarray":
    """Give the head of scikit-image's public-domain photograph of the astronaut Eileen Collins.

    Returns
    -------
    numpy.ndarray
        ``(320, 320, 3)`` uint8 RGB.

    Raises
    ------
    UsageError
        Where scikit-image is not installed.
    """
    import numpy as np

    from fleeting.core import UsageError

    try:
        from skimage.data import astronaut
    except ModuleNotFoundError as error:
        raise UsageError(
            "the demo needs scikit-image for its portrait; get it with: pip install 'fleeting[demo]'"
        ) from error
    return np.ascontiguousarray(astronaut()[HEAD])


def planted_clip(picture: "np.ndarray") -> "PlantedClip":
    """Plant what the demo shows: noise, slight head motion and blinks go with it; always the same."""
    from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant

    plants = [Plant(aus, side, *rest) for aus, side, *rest in PLANTED]  # type: ignore[arg-type]
    head = HeadMotion(sway_percent=0.5, roll_deg=0.2)
    return plant(
        picture,
        plants,
        fps=FPS,
        duration_s=LENGTH_S,
        seed=SEED,
        camera=CameraSettings(noise=1.5),
        life=Life(head=head, blinks_s=BLINKS_S),
    )


def show(clip: "PlantedClip", found: "Sequence[Expression]") -> None:
    """Print planted beside found, and the recall and precision that follow."""
    from fleeting.evaluation import Span, score_spotting

    truth = [Span.from_interval(one.interval, STEM) for one in clip.truth]
    spans = [Span.from_interval(one.interval, STEM) for one in found]
    scores = score_spotting(truth, spans, threshold=LEAST_IOU)
    rows = planted_rows(clip.truth, found, {g: p for p, g in scores.pairs})
    rows += alarm_rows(clip, found, {p for p, _ in scores.pairs})
    columns = ["planted", "side", "strength", "frames", "found", "IoU", "said to be", "kind", ""]
    print_table(columns, rows, left=(0, 1, 6, 7, 8))
    counts = scores.counts()
    typer.echo(
        f"recall {counts.recall:.2f} ({counts.tp} of {counts.tp + counts.fn}), "
        f"precision {counts.precision:.2f} ({counts.tp} of {counts.tp + counts.fp}) "
        f"at IoU >= {LEAST_IOU}, rule {scores.rule}"
    )


def planted_rows(
    truth: "Sequence[PlantedInterval]", found: "Sequence[Expression]", pairs: dict[int, int]
) -> list[list[object]]:
    """Give a row for each plant: what it was, and the found interval that matches or comes nearest."""
    from fleeting.core import iou

    rows: list[list[object]] = []
    for place, one in enumerate(truth):
        true = (one.interval.onset_frame, one.interval.offset_frame)
        near = pairs.get(place)
        if near is None:
            free = [p for p in range(len(found)) if p not in pairs.values()]
            near = max(free, key=lambda p: iou(true, frames_of(found[p])), default=None)
        share = 0.0 if near is None else iou(true, frames_of(found[near]))
        seen = [NOTHING] * 4 if near is None or not share else found_cells(found[near], f"{share:.2f}")
        what = ["AU " + "+".join(str(au) for au in one.aus), one.plant.side]
        strength = f"{one.plant.strength_percent:g} %"
        rows.append([*what, strength, f"{true[0]}-{true[1]}", *seen, "found" if place in pairs else "MISSED"])
    return rows


def alarm_rows(clip: "PlantedClip", found: "Sequence[Expression]", matched: set[int]) -> list[list[object]]:
    """Give a row for each found interval that matches no plant; says so where it lies on a blink."""
    rows: list[list[object]] = []
    blinks = [event for event in clip.events if event.what == "blink"]
    for place, expression in enumerate(found):
        if place in matched:
            continue
        i = expression.interval
        on_blink = any(i.onset_s < e.at_s + e.duration_s and e.at_s < i.offset_s for e in blinks)
        verdict = "FALSE ALARM" + (" (blink)" if on_blink else "")
        rows.append([NOTHING] * 4 + found_cells(expression, NOTHING) + [verdict])
    return rows


def found_cells(expression: "Expression", share: str) -> list[object]:
    """Give the cells of a found interval."""
    from fleeting.io import action_units_text

    first, last = frames_of(expression)
    said = action_units_text(expression.action_units[:2]) or NOTHING
    return [f"{first}-{last}", share, said, expression.interval.kind]


def frames_of(expression: "Expression") -> tuple[int, int]:
    """Give onset and offset frame."""
    return expression.interval.onset_frame, expression.interval.offset_frame
