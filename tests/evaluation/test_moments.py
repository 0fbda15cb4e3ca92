"""What coders say of the moments that both marked: worked by hand, and against scikit-learn."""

import math

import numpy as np
import pytest

from fleeting.core import UsageError
from fleeting.evaluation import CodedUnit, Moment, moment_agreement


def at(onset: int, *units: CodedUnit, kind: str = "micro", emotion: str = "", length: int = 10) -> Moment:
    return Moment(onset, onset + length - 1, kind, units, emotion)


def test_a_film_by_hand() -> None:
    """Five moments of each; the fifth ones do not overlap, in the fourth Bea gave no units."""
    four, six = CodedUnit(4), CodedUnit(6)
    anna = [
        at(0, CodedUnit(12, "left", "B"), six, emotion="happiness"),
        at(100, four, emotion="anger"),
        at(200, four, kind="macro", emotion="fear"),
        at(300, four, emotion="fear"),
        at(400, four),
    ]
    bea = [
        at(0, CodedUnit(12, "left", "C"), emotion=" Happiness"),
        at(100, CodedUnit(4, "right"), six, emotion="disgust"),
        at(200, four, emotion="Fear"),
        at(300),
        at(450, four),
    ]
    (both,) = moment_agreement({"anna": {"film": anna, "own": anna}, "bea": {"film": bea}})
    assert (both.first, both.second, both.matched) == ("anna", "bea", 4)
    # micro/micro three times, macro/micro once: agreed .75, by chance .75 x 1
    assert (both.kind.compared, both.kind.same, both.kind.kappa) == (4, 3, pytest.approx(0.0))
    # happiness, fear alike, anger/disgust not: 2/3 agreed; by chance (1 x 1 + 1 x 1) / 9
    assert (both.emotion.compared, both.emotion.same) == (3, 2)
    assert both.emotion.kappa == pytest.approx((2 / 3 - 2 / 9) / (1 - 2 / 9))
    assert both.unit_moments == 3
    assert [(one.au, one.first_n, one.second_n, one.both) for one in both.units] == [
        (4, 2, 2, 2),
        (6, 1, 1, 0),
        (12, 1, 1, 1),
    ]
    assert [one.f1 for one in both.units] == [1.0, 0.0, 1.0]
    # AU6: agreed in 1 of 3; by chance 1/3 x 1/3 + 2/3 x 2/3
    assert [one.kappa for one in both.units] == pytest.approx([1.0, (1 / 3 - 5 / 9) / (1 - 5 / 9), 1.0])
    assert both.unit_f1 == pytest.approx(2 * 3 / (4 + 4))
    assert (both.side.compared, both.side.same) == (3, 2)  # 12 left, 4 both and right, 4 both
    assert (both.intensity.compared, both.intensity.same) == (1, 0)


def test_a_unit_named_twice_is_one() -> None:
    """12 on the left and on the right is 12 on both sides, as strong as its stronger side."""
    sides = at(0, CodedUnit(12, "left", "A"), CodedUnit(12, "right", "C"))
    (both,) = moment_agreement({"a": {"film": [sides]}, "b": {"film": [at(0, CodedUnit(12, "both", "C"))]}})
    assert (both.unit_f1, both.side.same, both.intensity.same) == (1.0, 1, 1)


def test_the_threshold_says_what_is_one_moment() -> None:
    codings = {"a": {"film": [at(0)]}, "b": {"film": [at(4)]}, "c": {"other": [at(0)]}}  # IoU 6/14
    assert [pair.matched for pair in moment_agreement(codings, threshold=0.4)] == [1, 0, 0]
    assert [pair.matched for pair in moment_agreement(codings, threshold=0.45)] == [0, 0, 0]
    for wrong in (0, 1.1, math.nan):
        with pytest.raises(UsageError, match=r"IoU in \(0, 1\]"):
            moment_agreement({}, threshold=wrong)


def test_what_nobody_said_is_nan_and_not_a_disagreement() -> None:
    (both,) = moment_agreement({"a": {"film": [at(0)]}, "b": {"film": [at(0, CodedUnit(4), emotion="fear")]}})
    assert (both.matched, both.emotion.compared, both.unit_moments, both.units) == (1, 0, 0, ())
    assert np.isnan([both.emotion.kappa, both.unit_f1, both.side.kappa, both.intensity.kappa]).all()


def test_kappas_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(5)
    letters, sides = np.array(list("ABCDE")), np.array(["both", "left", "right"])
    grade = rng.integers(0, 5, (2, 60))
    side = rng.integers(0, 3, (2, 60))
    has = rng.random((2, 60)) < 0.6  # AU4; AU12 is always there
    codings = {
        name: {
            "film": [
                at(
                    100 * i,
                    CodedUnit(12, sides[side[who, i]], letters[grade[who, i]]),
                    *[CodedUnit(4)] * int(has[who, i]),
                    emotion=str(sides[side[who, i]]),
                )
                for i in range(60)
            ]
        }
        for who, name in enumerate("ab")
    }
    (both,) = moment_agreement(codings)
    assert both.intensity.kappa == pytest.approx(metrics.cohen_kappa_score(*grade, weights="linear"))
    assert both.emotion.kappa == pytest.approx(metrics.cohen_kappa_score(*side))
    four = both.units[0]
    assert four.kappa == pytest.approx(metrics.cohen_kappa_score(*has))
    assert four.f1 == pytest.approx(metrics.f1_score(has[0], has[1]))
