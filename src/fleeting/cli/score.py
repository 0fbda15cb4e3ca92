"""``fleeting score``: the metrics of this package on tables of anybody's results."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fleeting.cli._score_view import Section

# One line for each paragraph, because rich keeps line breaks; tables at most 76 wide.
_PARAGRAPHS = (
    "Score predictions against the truth, from two tables (CSV with a header, UTF-8).",
    "You need nothing else of fleeting for this: write your own results in one of these layouts, one row for "
    "each sample, interval or answer, and get numbers that others compute in the same way.",
    "\b\n"
    "recognition  truth: sample,dataset,subject,label\n"
    "             predictions: sample,prediction\n"
    "spotting     both: subject,video,onset,offset,type[,score][,apex]\n"
    "str          both: as spotting, with emotion (spot, then recognise)\n"
    "au           both: sample,subject,au_1,au_2,... with 0 and 1\n"
    "vqa, lvqa    both: JSON lines with video_id, question, answer\n"
    "gaze         both: recording,row,x,y",
    "Frames are zero-based and an interval holds both its ends. For spotting and str the predictions can be "
    "the CSV that `fleeting analyze` wrote, or the folder of such files.",
    "\b\n"
    "Examples:\n"
    "  fleeting score spotting --truth truth.csv --predictions results/\n"
    "  fleeting score recognition --truth truth.csv --predictions mine.csv",
    "Numbers in brackets are 95 % bootstrap intervals over subjects. The exit code is 0, or 2 if a table "
    "cannot be used.",
)
HELP = "\n\n".join(_PARAGRAPHS).replace("[", "\\[")

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    short_help="Score predictions against the truth.",
    rich_markup_mode="rich",
)

Truth = Annotated[Path, typer.Option("--truth", help="Table of the truth.", show_default=False)]
Predictions = Annotated[Path, typer.Option("--predictions", help="Table of predictions.", show_default=False)]
Spans = Annotated[
    Path, typer.Option("--predictions", help="Table of predictions, or a folder of them.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object.")]
Labels = Annotated[
    str,
    typer.Option(
        "--labels", help="Classes in order, with commas; by default all that occur.", show_default=False
    ),
]
RuleName = Annotated[
    str,
    typer.Option(
        "--rule",
        help="How intervals are matched: strict, or a published rule to check an old number: "
        "mean, slswin, megc2020, auwgcn, map-str, strs-script.",
    ),
]
Iou = Annotated[float, typer.Option("--iou", help="Overlap that a match needs.")]
Resamples = Annotated[
    int, typer.Option("--resamples", min=0, help="Bootstrap resamples; 0 for no intervals.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")]


class VideoSet(StrEnum):
    """Which videos count."""

    all = "all"
    with_target = "with_target"


VideoSetName = Annotated[
    VideoSet,
    typer.Option("--video-set", help="with_target leaves out videos without a true interval of that type."),
]
Against = Annotated[
    Path | None,
    typer.Option("--against", help="Predictions of a second system, for a paired test over subjects."),
]


def _run(work: Callable[[], tuple[dict[str, Any], list["Section"], list[str]]], as_json: bool) -> None:
    """Do the work and show it; what the user can mend is one line on stderr and exit code 2."""
    from fleeting.cli._say import complain
    from fleeting.cli._score_view import show
    from fleeting.core import FleetingError

    try:
        report, sections, warnings = work()
    except FleetingError as error:
        complain(str(error))
        raise typer.Exit(2) from error
    show(report, sections, warnings, as_json=as_json)


@app.command()
def recognition(
    truth: Truth,
    predictions: Predictions,
    labels: Labels = "",
    against: Against = None,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Score emotion classes: UF1, UAR, accuracy, weighted F1, from one pooled confusion matrix.

    Tables: sample,dataset,subject,label and sample,prediction.
    """
    from fleeting.cli import _score_labels

    _run(
        lambda: _score_labels.recognition(truth, predictions, _names(labels), against, resamples, seed),
        as_json,
    )


@app.command()
def spotting(
    truth: Truth,
    predictions: Spans,
    rule: RuleName = "strict",
    iou: Iou = 0.5,
    video_set: VideoSetName = VideoSet.all,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", min=1e-9, help="Length of all footage, for false alarms per minute."),
    ] = None,
    against: Against = None,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Score intervals: F1 of micro, macro and overall, average precision, errors of onset and offset.

    Both tables: subject,video,onset,offset,type and, if there, score, apex, dataset.
    """
    from fleeting.cli import _score_spans

    options = _score_spans.Options(rule, iou, video_set.value, resamples, seed)
    _run(lambda: _score_spans.spotting(truth, predictions, options, minutes, against), as_json)


@app.command(name="str")
def spot_then_recognise(
    truth: Truth,
    predictions: Spans,
    labels: Labels = "",
    rule: RuleName = "strict",
    iou: Iou = 0.5,
    video_set: VideoSetName = VideoSet.all,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Score spot-then-recognise: F1 of spotting, F1 of analysis, their product STRS, and F1_DR.

    Both tables: subject,video,onset,offset,emotion and, if there, type, score, dataset.
    """
    from fleeting.cli import _score_spans

    options = _score_spans.Options(rule, iou, video_set.value, resamples, seed)
    _run(lambda: _score_spans.spot_then_recognise(truth, predictions, _names(labels), options), as_json)


@app.command()
def au(
    truth: Truth,
    predictions: Predictions,
    threshold: Annotated[
        float, typer.Option("--threshold", help="From here on a prediction means shown.")
    ] = 0.5,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Score action units: F1 of each, macro and micro.

    Both tables: sample,subject,au_1,au_2,... with 0 and 1; an empty cell of the truth is "not coded".
    """
    from fleeting.cli import _score_labels

    _run(lambda: _score_labels.units(truth, predictions, threshold, resamples, seed), as_json)


@app.command()
def vqa(truth: Truth, predictions: Predictions, as_json: AsJson = False) -> None:
    """Score answers on short clips (ME-VQA): UF1 and UAR of coarse and fine classes, BLEU-4, ROUGE-1.

    Both files: JSON lines with video_id (or id), question, answer.
    """
    from fleeting.cli import _score_answers

    _run(lambda: _score_answers.vqa(truth, predictions), as_json)


@app.command()
def lvqa(truth: Truth, predictions: Predictions, as_json: AsJson = False) -> None:
    """Score answers on long videos (ME-LVQA): counts, action unit sets, event types.

    Both files: JSON lines with video_id (or id), question, answer.
    """
    from fleeting.cli import _score_answers

    _run(lambda: _score_answers.lvqa(truth, predictions), as_json)


@app.command()
def gaze(
    truth: Truth,
    predictions: Predictions,
    rate: Annotated[
        float, typer.Option("--rate", min=1e-9, help="Rows a second, for the jitter metric.")
    ] = 100.0,
    as_json: AsJson = False,
) -> None:
    """Score gaze points: mean distance, share within 1, 3, 5 and 10 pixels, jitter metric.

    Both tables: recording,row,x,y in pixels of the same grid.
    """
    from fleeting.cli import _score_answers

    _run(lambda: _score_answers.gaze(truth, predictions, rate), as_json)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
