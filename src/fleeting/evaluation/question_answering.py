"""Scores of the ME-VQA and ME-LVQA tasks from questions, true answers and predicted answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import COARSE, UsageError
from fleeting.evaluation.answers import (
    EVENT_TYPES,
    FINE,
    question_kind,
    read_action_units,
    read_count,
    read_event_type,
    read_label,
)
from fleeting.evaluation.confusion import RecognitionScores, score_recognition
from fleeting.evaluation.language import (
    SMOOTHING,
    CountErrors,
    count_errors,
    mean_bleu,
    plain_words,
    rouge1,
    set_f1,
    set_jaccard,
)

COUNTS = ("count_all", "count_micro", "count_macro")


@dataclass(frozen=True, slots=True)
class Answered:
    """One question with its true and its predicted answer; ``dataset`` groups the results."""

    question: str
    truth: str
    prediction: str
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class TextScores:
    """Mean scores of ``n`` answers.

    ``bleu4`` unsmoothed (MEGC 2025), ``bleu4_smoothed`` with 0.1 for missing orders, ``rouge1_recall`` on
    words split at blanks (MEGC 2025), ``rouge1_recall_plain`` on words without punctuation.
    """

    n: int
    bleu4: float
    bleu4_smoothed: float
    rouge1_recall: float
    rouge1_recall_plain: float


@dataclass(frozen=True, slots=True)
class UnitSetScores:
    """Mean F1 and Jaccard index of ``n`` sets of units; ``unread`` answers had unreadable parts."""

    n: int
    f1: float
    jaccard: float
    unread: int


@dataclass(frozen=True, slots=True)
class VqaScores:
    """Short-clip question answering.

    ``coarse`` and ``fine``: UF1 and UAR; answers that name no declared class, or several, are wrong. ``None``
    where no such question was asked. ``text`` is over all answers and ``text_open`` over combined and
    analysis questions only: answers of up to three words have an unsmoothed BLEU-4 of 0.
    """

    n: int
    coarse: RecognitionScores | None
    fine: RecognitionScores | None
    yes_no: RecognitionScores | None
    action_units: UnitSetScores | None
    text: TextScores
    text_open: TextScores | None


@dataclass(frozen=True, slots=True)
class LvqaScores:
    """Long-video question answering; ``None`` or no entry where nothing of a kind was asked."""

    n: int
    counts: dict[str, CountErrors]
    action_units: UnitSetScores | None
    event_type: RecognitionScores | None


def score_vqa(
    answers: Sequence[Answered],
    *,
    fine_labels: Sequence[str] | None = None,
    names: Mapping[str, int] | None = None,
) -> VqaScores:
    """Score ME-VQA answers (MEGC 2025; MEGC 2026 adds the analysis questions).

    Parameters
    ----------
    answers
        All questions of one table; filter by dataset for scores of each.
    fine_labels
        Declared fine classes; by default the six of the challenge and what else the truth holds.
    names
        Names of action units, see `read_action_units`.

    Returns
    -------
    VqaScores

    Raises
    ------
    UsageError
        Where there is nothing to score or a true answer is no declared class.

    Examples
    --------
    >>> asked = "What is the coarse expression class?"
    >>> first, second = Answered(asked, "negative", "Negative."), Answered(asked, "positive", "negative")
    >>> scores = score_vqa([first, second])
    >>> round(scores.coarse.uf1, 4), scores.coarse.uar, round(scores.coarse.uf1_declared, 4)
    (0.3333, 0.5, 0.2222)
    """
    kinds = _by_kind(answers)
    fine = kinds.get("fine", [])
    extra = {a.truth.strip().lower() for a in fine} - set(FINE)
    declared = tuple(fine_labels) if fine_labels is not None else FINE + tuple(sorted(extra))
    opened = kinds.get("combined", []) + kinds.get("analysis", [])
    return VqaScores(
        len(answers),
        _labels(kinds.get("coarse", []), COARSE),
        _labels(fine, declared),
        _labels(kinds.get("yes_no", []), ("no", "yes")),
        _unit_sets(kinds.get("action_units", []), names),
        score_text(answers),
        score_text(opened) if opened else None,
    )


def score_lvqa(answers: Sequence[Answered], *, names: Mapping[str, int] | None = None) -> LvqaScores:
    """Score ME-LVQA answers (MEGC 2026): counts, sets of action units, types of events.

    Arguments and errors as in `score_vqa`.

    Examples
    --------
    >>> asked = "How many micro-expression events appear in this video?"
    >>> score_lvqa([Answered(asked, "3", "2 events")]).counts["count_micro"].mae
    1.0
    """
    kinds = _by_kind(answers)
    counts = {
        kind: count_errors(
            [_true_count(a) for a in kinds[kind]], [read_count(a.prediction) for a in kinds[kind]]
        )
        for kind in COUNTS
        if kind in kinds
    }
    types = kinds.get("event_type", [])
    return LvqaScores(
        len(answers),
        counts,
        _unit_sets(kinds.get("video_action_units", []), names),
        _labels(types, EVENT_TYPES, lambda text, _: read_event_type(text)),
    )


def score_text(answers: Sequence[Answered]) -> TextScores:
    """Mean BLEU-4 and ROUGE-1 of answers, both flavours of each.

    Examples
    --------
    >>> scores = score_text([Answered("?", "brow lowerer, dimpler", "dimpler")])
    >>> scores.bleu4, round(scores.rouge1_recall, 3)
    (0.0, 0.333)
    """
    true, found = [a.truth for a in answers], [a.prediction for a in answers]
    pairs = list(zip(true, found, strict=True))
    return TextScores(
        len(answers),
        mean_bleu(true, found),
        mean_bleu(true, found, smoothing=SMOOTHING),
        _mean([rouge1(one, two).recall for one, two in pairs]),
        _mean([rouge1(one, two, tokens=plain_words).recall for one, two in pairs]),
    )


def _by_kind(answers: Sequence[Answered]) -> dict[str, list[Answered]]:
    if not answers:
        raise UsageError("no answers: nothing can be scored")
    kinds: dict[str, list[Answered]] = {}
    for answer in answers:
        kinds.setdefault(question_kind(answer.question), []).append(answer)
    return kinds


def _labels(
    answers: Sequence[Answered],
    labels: Sequence[str],
    read: Callable[[str, Sequence[str]], str | None] = read_label,
) -> RecognitionScores | None:
    if not answers:
        return None
    truth = [read(a.truth, labels) for a in answers]
    for answer, label in zip(answers, truth, strict=True):
        if label is None:
            raise UsageError(
                f"true answer {answer.truth!r} to {answer.question!r} is none of {', '.join(labels)}"
            )
    return score_recognition(truth, [read(a.prediction, labels) for a in answers], labels, outside=True)


def _unit_sets(answers: Sequence[Answered], names: Mapping[str, int] | None) -> UnitSetScores | None:
    if not answers:
        return None
    pairs, unread = [], 0
    for answer in answers:
        true, odd = read_action_units(answer.truth, names)
        found, rest = read_action_units(answer.prediction, names)
        unread += bool(rest)
        # What cannot be read stays in the set as text: it matches its like, and costs precision elsewhere.
        pairs.append((true | frozenset(odd), found | frozenset(rest)))
    return UnitSetScores(
        len(pairs),
        _mean([set_f1(*pair) for pair in pairs]),
        _mean([set_jaccard(*pair) for pair in pairs]),
        unread,
    )


def _true_count(answer: Answered) -> int:
    number = read_count(answer.truth)
    if number is None:
        raise UsageError(f"true answer {answer.truth!r} to {answer.question!r} holds no number")
    return number


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
