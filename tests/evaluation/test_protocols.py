"""Folds: every row tested once, nobody in two parts, balanced, seeded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.evaluation import (
    Fold,
    check_apart,
    fixed_split,
    inner_split,
    kfold,
    leave_one_dataset_out,
    loso,
    make_folds,
)

SUBJECTS = ["c/1", "c/2", "s/1", "c/1", "s/2", "s/1", "m/9"]


def test_loso_by_hand():
    folds = loso(SUBJECTS)
    assert [fold.name for fold in folds] == ["c/1", "c/2", "m/9", "s/1", "s/2"]
    assert folds[0].test.tolist() == [0, 3]
    assert folds[0].train.tolist() == [1, 2, 4, 5, 6]
    assert all(len(fold.validation) == 0 for fold in folds)


def test_the_same_number_in_two_datasets_is_two_people():
    assert len(loso(["c/1", "s/1"])) == 2


def test_leave_one_dataset_out():
    folds = leave_one_dataset_out([name.split("/")[0] for name in SUBJECTS])
    assert {fold.name: fold.test.tolist() for fold in folds} == {"c": [0, 1, 3], "m": [6], "s": [2, 4, 5]}


def test_fixed():
    fold = fixed_split(["train", "test", "validation", "", "train"])
    assert (fold.train.tolist(), fold.test.tolist(), fold.validation.tolist()) == ([0, 4], [1], [2])
    with pytest.raises(UsageError, match="dev"):
        fixed_split(["train", "test", "dev"])
    with pytest.raises(UsageError, match="nothing to test on"):
        fixed_split(["train", "train"])


def test_kfold_is_balanced_by_rows():
    """Ten subjects of 1 to 10 rows in five folds: 11 rows each is possible and found."""
    subjects = [f"d/{i}" for i in range(1, 11) for _ in range(i)]
    assert [len(fold.test) for fold in kfold(subjects, 5)] == [11] * 5


def test_kfold_balances_classes():
    """Each subject holds one class; every fold must get two of the rare ones."""
    subjects = [f"d/{i:02d}" for i in range(30)]
    labels = ["rare" if i < 10 else "common" for i in range(30)]
    for fold in kfold(subjects, 5, labels=labels, seed=3):
        assert sorted(labels[i] for i in fold.test) == ["common"] * 4 + ["rare"] * 2


def test_seed():
    subjects = [f"d/{i}" for i in range(20)]
    one, again, other = ([f.test.tolist() for f in kfold(subjects, 4, seed=s)] for s in (1, 1, 2))
    assert one == again != other


def test_inner_split_takes_only_training_subjects():
    subjects = np.array([f"d/{i // 4}" for i in range(80)])
    fold = loso(subjects)[0]
    inner = inner_split(fold, subjects, share=0.15, seed=5)
    assert inner.test.tolist() == fold.test.tolist()
    assert sorted([*inner.train, *inner.validation]) == fold.train.tolist()
    assert 0.1 <= len(inner.validation) / len(fold.train) <= 0.2
    check_apart(inner, subjects)
    assert inner_split(inner, subjects, share=0.15, seed=5).validation.tolist() == inner.validation.tolist()


def test_inner_split_never_reads_test_labels():
    """Other labels in the test rows leave the split as it is."""
    subjects = [f"d/{i // 3}" for i in range(30)]
    labels = np.arange(30) % 3
    fold = loso(subjects)[2]
    changed = labels.copy()
    changed[fold.test] = 7
    splits = [inner_split(fold, subjects, labels=values).validation.tolist() for values in (labels, changed)]
    assert splits[0] == splits[1]


def test_protocols_by_name():
    datasets = [name.split("/")[0] for name in SUBJECTS]
    assert len(make_folds("loso", subjects=SUBJECTS)) == 5
    assert len(make_folds("kfold", subjects=SUBJECTS, k=3)) == 3
    assert [f.name for f in make_folds("cross-dataset", subjects=SUBJECTS, datasets=datasets)] == [
        "c",
        "m",
        "s",
    ]
    parts = ["train", "test", "train", "train", "", "train", "validation"]
    assert make_folds("fixed", subjects=SUBJECTS, parts=parts)[0].test.tolist() == [1]
    with pytest.raises(UsageError, match="needs datasets"):
        make_folds("cross-dataset", subjects=SUBJECTS)
    with pytest.raises(UsageError, match="unknown protocol 'lovo'"):
        make_folds("lovo", subjects=SUBJECTS)
    with pytest.raises(UsageError, match="'c/1' is in two parts"):
        make_folds("fixed", subjects=SUBJECTS, parts=["train", "train", "", "test", "", "", ""])


def test_parts_that_overlap_are_refused():
    with pytest.raises(UsageError, match="in two parts"):
        Fold("x", np.array([0, 1]), np.array([1]))
    with pytest.raises(UsageError, match="'a' is in two parts"):
        check_apart(Fold("x", np.array([0]), np.array([1])), ["a", "a"])
    with pytest.raises(UsageError, match="nothing to train on"):
        Fold("x", np.array([], int), np.array([1]))


def test_a_fold_cannot_be_written_to():
    fold = loso(SUBJECTS)[0]
    with pytest.raises(ValueError, match="read-only"):
        fold.test[0] = 5


def test_making_a_fold_leaves_the_callers_array_alone():
    rows = np.array([3, 1])
    Fold("x", rows, np.array([0]))
    rows[0] = 9
    assert rows.tolist() == [9, 1]


def test_wrong_input_is_named():
    with pytest.raises(UsageError, match="at least two subjects"):
        loso(["a", "a"])
    with pytest.raises(UsageError, match="2 to 3"):
        kfold(["a", "b", "c"], 4)
    with pytest.raises(UsageError, match="labels"):
        kfold(["a", "b"], 2, labels=[1])
    with pytest.raises(UsageError, match="share"):
        inner_split(loso(SUBJECTS)[0], SUBJECTS, share=0.9)
    with pytest.raises(UsageError, match="one training subject"):
        inner_split(loso(["a", "b"])[0], ["a", "b"])


people = st.lists(st.integers(0, 9), min_size=2, max_size=40).filter(lambda rows: len(set(rows)) > 1)


@settings(deadline=None, max_examples=60)
@given(people, st.integers(0, 5), st.data())
def test_every_row_is_tested_once_and_nobody_is_in_two_parts(rows, seed, data):
    subjects = [f"d/{i}" for i in rows]
    k = data.draw(st.integers(2, len(set(rows))))
    labels = data.draw(st.lists(st.sampled_from("ab"), min_size=len(rows), max_size=len(rows)))
    for folds in (
        loso(subjects),
        kfold(subjects, k, seed=seed),
        kfold(subjects, k, labels=labels, seed=seed),
    ):
        assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(rows)))
        for fold in folds:
            check_apart(fold, subjects)
            assert sorted([*fold.train, *fold.test]) == list(range(len(rows)))
