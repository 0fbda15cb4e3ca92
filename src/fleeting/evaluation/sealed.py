"""A test fold that nobody can select on: its labels come out only against predictions."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation.protocols import Fold, check_apart


@dataclass(frozen=True, slots=True)
class TrainingView:
    """All that a system may see of a fold: plain data, safe to send to a worker process.

    ``train``, ``validation`` and ``test`` are row positions; ``train_labels`` and ``validation_labels``
    belong to the first two. There are no test labels here, so none can leak.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    train_labels: tuple[Hashable, ...]
    validation_labels: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class OpenedFold:
    """A fold after the hand-in: ``test`` rows ``(M,)``, their ``truth``, and what was handed in."""

    name: str
    test: np.ndarray
    truth: tuple[Hashable, ...]
    predictions: np.ndarray


class SealedFold:
    """Keeps the test labels of one fold until predictions for all its test rows are handed in, once.

    Send ``view`` to whatever trains; bring its predictions to ``open``. What measures the inflation by
    choosing the epoch on the test fold hands in the predictions of every epoch at once, ``(M, E)``, and
    marks the outcome "not a result". The object cannot be pickled or copied: it stays with the judge.

    Parameters
    ----------
    fold
        The split.
    labels
        ``(N,)`` of all rows of the table.
    subjects
        ``(N,)``; with them it is checked that no subject is in two parts.

    Raises
    ------
    UsageError
        Where a subject is in two parts.

    Examples
    --------
    >>> labels, subjects = ["neg", "pos", "neg"], ["a", "b", "c"]
    >>> sealed = SealedFold(Fold("c", np.array([0, 1]), np.array([2])), labels, subjects)
    >>> sealed.view.train_labels
    ('neg', 'pos')
    >>> sealed.open(np.array(["pos"])).truth
    ('neg',)
    >>> sealed.open(np.array(["neg"]))
    Traceback (most recent call last):
    ...
    fleeting.core.errors.UsageError: fold 'c' was opened before: its labels are known, no second hand-in
    """

    __slots__ = ("_judge", "view")

    def __init__(
        self,
        fold: Fold,
        labels: Sequence[Hashable] | np.ndarray,
        subjects: Sequence[str] | np.ndarray | None = None,
    ) -> None:
        if subjects is not None:
            check_apart(fold, subjects)
        rows = [tuple(labels[i] for i in part) for part in (fold.train, fold.validation, fold.test)]
        self.view = TrainingView(fold.name, fold.train, fold.validation, fold.test, rows[0], rows[1])
        self._judge = _judge(self.view, rows[2])

    def open(self, predictions: np.ndarray) -> OpenedFold:
        """Hand predictions in and get them back beside the truth.

        Parameters
        ----------
        predictions
            ``(M, ...)``, one row for each row of ``view.test`` in that order, no NaN.

        Returns
        -------
        OpenedFold
            With a copy of the predictions that cannot be written to.

        Raises
        ------
        ShapeError
            Where rows are missing or not finite; the seal then holds.
        UsageError
            At a second call.
        """
        return self._judge(predictions)

    def __repr__(self) -> str:
        return f"SealedFold({self.view.name!r})"

    def __reduce__(self) -> NoReturn:
        raise UsageError(f"fold {self.view.name!r} is sealed and stays here; send its view")


def _judge(view: TrainingView, truth: tuple[Hashable, ...]) -> Callable[[np.ndarray], OpenedFold]:
    """Hold the labels where no attribute leads to them: the one way in is a full set of predictions."""
    opened = False

    def judge(predictions: np.ndarray) -> OpenedFold:
        nonlocal opened
        handed = np.array(predictions)
        if opened:
            raise UsageError(f"fold {view.name!r} was opened before: its labels are known, no second hand-in")
        if handed.ndim < 1 or len(handed) != len(view.test):
            raise ShapeError(f"fold {view.name!r}: expected {len(view.test)} predictions, got {handed.shape}")
        if np.issubdtype(handed.dtype, np.floating) and not np.all(np.isfinite(handed)):
            raise ShapeError(f"fold {view.name!r}: some predictions are NaN or infinite")
        opened = True
        handed.flags.writeable = False
        return OpenedFold(view.name, view.test, truth, handed)

    return judge
