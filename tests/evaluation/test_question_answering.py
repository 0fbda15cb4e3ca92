"""Reading answers, and the scores of the two question-answering tasks."""

import json
import os
from pathlib import Path

import pytest

from fleeting.core import UsageError
from fleeting.evaluation import (
    COARSE,
    FINE,
    VQA_ACTION_UNITS,
    Answered,
    question_kind,
    read_action_units,
    read_count,
    read_event_type,
    read_label,
    score_lvqa,
    score_vqa,
)

COARSE_ASKED = "What is the coarse expression class?"
FINE_ASKED = "What is the fine-grained expression class?"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (COARSE_ASKED, "coarse"),
        (FINE_ASKED, "fine"),
        ("What is the action unit?", "action_units"),
        ("What are the action units?", "action_units"),
        ("Is the action unit cheek raiser shown on the face?", "yes_no"),
        ("Is the action unit brow lowerer located on the left or right face?", "side"),
        (
            "What is the action unit present, and based on it, what is the fine-grained expression and the "
            "coarse expression class?",
            "combined",
        ),
        (
            "What are the action units present, and based on them, what is the fine-grained expression and "
            "the coarse expression class?",
            "combined",
        ),
        ("Please analyse the micro-expression shown in this video in detail.", "analysis"),
        ("Provide a detailed analysis of the micro-expression observed in this clip.", "analysis"),
        ("Provide a comprehensive analysis of the facial micro-expression shown in this clip.", "analysis"),
        ("How many expression events appear in this video?", "count_all"),
        ("How many micro-expression events appear in this video?", "count_micro"),
        ("How many macro-expression events appear in this video?", "count_macro"),
        ("What distinct action units appear in this video?", "video_action_units"),
        ("What is the expression type of the 23-th expression event in this video?", "event_type"),
        ("What colour is the wall?", "other"),
    ],
)
def test_every_template_is_told_apart(question, kind):
    assert question_kind(question) == kind


@pytest.mark.parametrize(
    ("answer", "labels", "expected"),
    [
        ("negative", COARSE, "negative"),
        ("Negative.", COARSE, "negative"),
        ("The coarse class is: positive", COARSE, "positive"),
        ("positive or negative", COARSE, None),
        ("confused", COARSE, None),
        ("", COARSE, None),
        ("surprised", COARSE, None),
        ("non-negative", COARSE, None),
        ("Disgust!", FINE, "disgust"),
    ],
)
def test_labels(answer, labels, expected):
    assert read_label(answer, labels) == expected


@pytest.mark.parametrize(
    ("answer", "expected"), [("3", 3), ("There are 12 of 13", 12), ("0", 0), ("none", None)]
)
def test_counts(answer, expected):
    assert read_count(answer) == expected


def test_event_type_looks_for_micro_first():
    assert read_event_type("It is a Macro-expression") == "macro-expression"
    assert read_event_type("a micro- rather than a macro-expression") == "micro-expression"
    assert read_event_type("unclear") is None


@pytest.mark.parametrize(
    ("answer", "units", "unread"),
    [
        ("brow lowerer, lid tightener", {4, 7}, 0),
        ("Lip corner puller and cheek raiser.", {6, 12}, 0),
        ("AU4", {4}, 0),
        ("AU 4 (brow lowerer); au12", {4, 12}, 0),
        ("AU4L/AU7", {4, 7}, 0),
        ("4, 12", {4, 12}, 0),
        ("The action units are: 1) inner brow raiser, 2) outer brow raiser", {1, 2}, 0),
        ("AU4: brow lowerer, AU7: lid tightener", {4, 7}, 0),
        ("1. dimpler\n2. chin raiser", {14, 17}, 0),
        # A real answer of a model: the number outweighs the wrong name.
        ("The action units present are: AU1 (Brow Lowerer), AU12 (Lip Corner Puller)", {1, 12}, 0),
        ("blepharospasm", set(), 1),
        ("lower lidtightener, dimpler", {14}, 1),
        ("none", set(), 0),
        ("", set(), 0),
    ],
)
def test_action_units(answer, units, unread):
    found, rest = read_action_units(answer)
    assert set(found) == units
    assert len(rest) == unread


def test_vocabulary_reads_itself():
    for name, number in VQA_ACTION_UNITS.items():
        assert read_action_units(name) == (frozenset({number}), ())
    assert len(VQA_ACTION_UNITS) == 25


def test_vocabulary_agrees_with_the_facs_room():
    """Where the challenge writes a name as FACS does, the numbers are the same."""
    facs = pytest.importorskip("fleeting.facs")
    known = {unit.name: unit.number for unit in facs.action_units()}
    shared = set(known) & set(VQA_ACTION_UNITS)
    assert len(shared) >= 20
    assert all(known[name] == VQA_ACTION_UNITS[name] for name in shared)


def test_vqa_by_hand():
    scores = score_vqa(
        [
            Answered(COARSE_ASKED, "negative", "negative"),
            Answered(COARSE_ASKED, "positive", "I am confused"),
            Answered(FINE_ASKED, "disgust", "anger"),
            Answered("What are the action units?", "brow lowerer, lid tightener", "AU4, smile"),
            Answered("Is the action unit dimpler shown on the face?", "no", "No"),
        ]
    )
    assert scores.coarse.uf1 == pytest.approx(0.5)
    assert scores.coarse.uar == pytest.approx(0.5)
    assert scores.coarse.uf1_declared == pytest.approx(1 / 3)
    assert scores.fine.uf1 == 0
    assert scores.yes_no.accuracy == 1
    # {4, 7} against {4, "smile"}: 2 * 1 / 4 and 1 / 3.
    assert scores.action_units.f1 == pytest.approx(0.5)
    assert scores.action_units.jaccard == pytest.approx(1 / 3)
    assert scores.action_units.unread == 1
    assert scores.text.bleu4 == 0
    assert scores.text_open is None
    assert scores.n == 5


def test_open_answers_are_scored_apart():
    text = "The action unit present is: dimpler. Therefore, the coarse expression class is negative."
    asked = "What is the action unit present, and based on it, what is the coarse expression class?"
    scores = score_vqa([Answered(asked, text, text), Answered(COARSE_ASKED, "negative", "negative")])
    assert scores.text_open.bleu4 == pytest.approx(1)
    assert scores.text.bleu4 == pytest.approx(0.5)
    assert scores.text.rouge1_recall == pytest.approx(1)


def test_majority_floor_of_the_casme2_training_answers():
    """145 clips with 88 negative, 32 positive, 25 surprise; "negative" throughout: UF1 .252, UAR .333."""
    truth = ["negative"] * 88 + ["positive"] * 32 + ["surprise"] * 25
    scores = score_vqa([Answered(COARSE_ASKED, label, "negative") for label in truth])
    assert scores.coarse.uf1 == pytest.approx(0.252, abs=5e-4)
    assert scores.coarse.uar == pytest.approx(1 / 3)
    assert scores.coarse.accuracy == pytest.approx(0.607, abs=5e-4)


def test_further_fine_classes_of_the_training_sets_are_taken_in():
    scores = score_vqa([Answered(FINE_ASKED, "repression", "repression")])
    assert "repression" in scores.fine.labels
    with pytest.raises(UsageError, match="'repression'"):
        score_vqa([Answered(FINE_ASKED, "repression", "x")], fine_labels=FINE)


def test_lvqa_by_hand():
    asked = "How many {} events appear in this video?"
    kind = "What is the expression type of the {}-th expression event in this video?"
    scores = score_lvqa(
        [
            Answered(asked.format("expression"), "5", "3"),
            Answered(asked.format("expression"), "2", "many"),
            Answered(asked.format("micro-expression"), "1", "1"),
            Answered("What distinct action units appear in this video?", "dimpler, jaw drop", "dimpler"),
            Answered(kind.format(1), "micro-expression", "macro"),
            Answered(kind.format(2), "macro-expression", "macro-expression"),
        ]
    )
    assert scores.counts["count_all"].mae == pytest.approx(2)
    assert scores.counts["count_all"].unread == 1
    assert scores.counts["count_micro"].rmse == 0
    assert "count_macro" not in scores.counts
    assert scores.action_units.f1 == pytest.approx(2 / 3)
    assert scores.event_type.uar == pytest.approx(0.5)


def test_unusable_truth_is_named():
    with pytest.raises(UsageError, match="no number"):
        score_lvqa([Answered("How many expression events appear in this video?", "some", "1")])
    with pytest.raises(UsageError, match="'grim'"):
        score_vqa([Answered(COARSE_ASKED, "grim", "negative")])
    with pytest.raises(UsageError, match="no answers"):
        score_vqa([])


def test_real_answers_of_a_challenge_entrant_are_read():
    """`FLEETING_GOLDEN/Humphrey-0125+MEGC2025`: messy answers of real models."""
    files = sorted(
        Path(os.environ.get("FLEETING_GOLDEN", "nowhere")).glob("Humphrey-0125+MEGC2025/**/*_pred.jsonl")
    )
    if not files:
        pytest.skip("FLEETING_GOLDEN holds no Humphrey-0125+MEGC2025")
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines() if line.strip()]
    kinds = [question_kind(row["question"]) for row in rows]
    assert len(rows) >= 35
    assert set(kinds) <= {"coarse", "fine", "action_units", "yes_no", "combined", "analysis"}
    assert all(
        read_label(r["answer"], COARSE) for r, kind in zip(rows, kinds, strict=True) if kind == "coarse"
    )
    units = [r["answer"] for r, kind in zip(rows, kinds, strict=True) if kind == "action_units"]
    assert sum(bool(read_action_units(answer)[0]) for answer in units) >= len(units) / 2
