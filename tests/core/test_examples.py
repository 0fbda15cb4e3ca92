"""Rows for learners keep together, and a sealed fold shows no label."""

import numpy as np
import pytest

from fleeting.core import Examples, ShapeError, UsageError


def rows(count: int = 4, **changes: object) -> Examples:
    given = {
        "ids": np.array([f"d/s{i // 2}/{i}" for i in range(count)]),
        "subjects": np.array([f"d/s{i // 2}" for i in range(count)]),
        "datasets": np.array(["d"] * count),
        "labels": np.arange(count) % 2,
        "classes": ("negative", "positive"),
        "inputs": {"x": np.arange(count * 3).reshape(count, 3)},
        "fps": np.arange(count, dtype=float),
    }
    return Examples(**{**given, **changes})  # type: ignore[arg-type]


def test_take_keeps_rows_together_and_in_order() -> None:
    some = rows().take([3, 0])
    assert some.ids.tolist() == ["d/s1/3", "d/s0/0"]
    assert some.inputs["x"].tolist() == [[9, 10, 11], [0, 1, 2]]
    assert some.labels.tolist() == [1, 0]
    assert some.fps.tolist() == [3.0, 0.0]


def test_sealed_hides_labels_of_both_kinds() -> None:
    assert (rows().sealed().labels == -1).all()
    several = rows(labels=np.eye(4, 2, dtype=np.int64))
    assert (several.sealed().labels == -1).all()
    assert several.labels.max() == 1


def test_rows_that_differ_in_number_are_refused() -> None:
    with pytest.raises(ShapeError, match="x: expected 4 rows as there are ids, got 3"):
        rows(inputs={"x": np.zeros((3, 1))})


def test_unknown_label_and_repeated_id_are_refused() -> None:
    with pytest.raises(UsageError, match=r"labels: expected -1\.\.1, got 0\.\.2"):
        rows(labels=np.array([0, 1, 2, 0]))
    with pytest.raises(UsageError, match="unique"):
        rows(ids=np.array(["a", "a", "b", "c"]))
