"""BLEU, ROUGE-1, counts and sets, against NLTK, sacrebleu, rouge-score and hand-worked cases."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.evaluation import (
    bleu,
    count_errors,
    mean_bleu,
    plain_words,
    rouge1,
    set_f1,
    set_jaccard,
)

REFERENCE = "the action units present are brow lowerer and lid tightener"
ANSWER = "the action units present are brow lowerer and dimpler today maybe"


def test_bleu_by_hand():
    """10 words against 11: 8, 7, 6 and 5 matching n-grams of 11, 10, 9 and 8, no brevity penalty."""
    expected = exp((log(8 / 11) + log(7 / 10) + log(6 / 9) + log(5 / 8)) / 4)
    assert bleu([REFERENCE], [ANSWER]) == pytest.approx(expected)


def test_brevity_penalty_by_hand():
    """4 of 8 words, all right: exp(1 - 8/4)."""
    assert bleu(["a b c d e f g h"], ["a b c d"]) == pytest.approx(exp(-1))


def test_clipping():
    """Seven times "the": only two of the reference count (Papineni et al., 2002)."""
    assert bleu(["the cat is on the mat"], ["the " * 7], order=1) == pytest.approx(2 / 7)


@pytest.mark.parametrize("answer", ["", "negative", "brow lowerer", "lip corner puller"])
def test_short_answers_are_zero_unsmoothed_even_if_right(answer):
    assert bleu([answer], [answer]) == 0


def test_empty_and_wrong():
    assert bleu(["a b c d"], [""]) == 0
    assert bleu(["a b c d"], ["x y z w"], smoothing=0.1) == 0
    assert bleu([], []) == 0
    assert np.isnan(mean_bleu([], []))
    with pytest.raises(UsageError, match="as many"):
        bleu(["a"], [])
    with pytest.raises(UsageError, match="as many"):
        mean_bleu(["a"], [])


word = st.sampled_from(["brow", "lowerer", "lid", "tightener", "the", "unit", "is", "shown"])
sentence = st.lists(word, min_size=0, max_size=12).map(" ".join)


@settings(deadline=None, max_examples=80)
@given(sentence.filter(bool), sentence)
def test_nltk_method_1(reference, answer):
    """The smoothing of challenge entrants, sentence by sentence."""
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    expected = nltk.sentence_bleu(
        [reference.split()], answer.split(), smoothing_function=nltk.SmoothingFunction().method1
    )
    assert bleu([reference], [answer], smoothing=0.1) == pytest.approx(expected)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(sentence.filter(bool), sentence.filter(bool)), min_size=1, max_size=4))
def test_sacrebleu_corpus(rows):
    sacrebleu = pytest.importorskip("sacrebleu")
    references, answers = (list(column) for column in zip(*rows, strict=True))
    expected = sacrebleu.corpus_bleu(
        answers,
        [references],
        tokenize="none",
        lowercase=True,
        smooth_method="none",
        use_effective_order=False,
        force=True,
    )
    assert bleu(references, answers) == pytest.approx(expected.score / 100, abs=1e-9)


@settings(deadline=None, max_examples=80)
@given(sentence, sentence)
def test_rouge_score(reference, answer):
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rouge1"], use_stemmer=False)
    expected = scorer.score(reference, answer)["rouge1"]
    ours = rouge1(reference, answer, tokens=plain_words)
    assert (ours.recall, ours.precision, ours.f1) == pytest.approx(
        (expected.recall, expected.precision, expected.fmeasure)
    )


def test_rouge_flavours_differ_at_punctuation():
    """MEGC splits at blanks, so "lowerer," is another word; rouge-score strips the comma."""
    assert rouge1("brow lowerer, dimpler", "dimpler, brow lowerer").recall == pytest.approx(1 / 3)
    assert rouge1("brow lowerer, dimpler", "dimpler, brow lowerer", tokens=plain_words).recall == 1
    assert rouge1("", "") == rouge1("a", "") == rouge1("", "a")


def test_count_errors_by_hand():
    errors = count_errors([3, 0, 2], [1, 0, None])
    assert errors.mae == pytest.approx((2 + 0 + 2) / 3)
    assert errors.rmse == pytest.approx(np.sqrt((4 + 0 + 4) / 3))
    assert (errors.n, errors.unread) == (3, 1)
    assert np.isnan(count_errors([], []).mae)
    with pytest.raises(UsageError):
        count_errors([1], [])


numbers = st.sets(st.integers(0, 6))


@settings(deadline=None, max_examples=80)
@given(numbers, numbers)
def test_sets_against_scikit_learn(truth, found):
    metrics = pytest.importorskip("sklearn.metrics")
    flags = [[int(i in s) for i in range(7)] for s in (truth, found)]
    assert set_f1(truth, found) == pytest.approx(metrics.f1_score(*flags, zero_division=1))
    assert set_jaccard(truth, found) == pytest.approx(metrics.jaccard_score(*flags, zero_division=1))
    assert set_jaccard(truth, found) <= set_f1(truth, found)
