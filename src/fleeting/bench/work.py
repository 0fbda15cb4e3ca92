"""What runs in a worker: fit a system on the training part of a fold, let it answer the held-out part."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np

from fleeting.bench.plan import Piece, rows_in_order
from fleeting.core import Examples, ShapeError, UsageError

TOLERANCE = 1e-3  # of the sum of a row of probabilities

_pretrained: dict[tuple[object, ...], Any] = {}  # of this process: what was learnt first is learnt once


@dataclass(frozen=True)
class Shared:
    """What all pieces need, sent to each worker once and to a Ray cluster once.

    Parameters
    ----------
    data
        Name -> rows, every label withheld: those that a piece may learn from come with the piece.
    preset, oracle_epoch
        As in `BenchSettings`.
    imports
        Modules to import first: they register systems of the user's own.
    pretrain
        Rows to learn from first, of other people, with labels.
    pretrained
        Fingerprint of those rows.
    commit
        Of the code, for the record.
    """

    data: Mapping[str, Examples]
    preset: str = "small"
    oracle_epoch: bool = False
    imports: tuple[str, ...] = ()
    pretrain: Examples | None = None
    pretrained: str = ""
    commit: str = ""


def run_piece(shared: Shared, piece: Piece) -> dict[str, Any]:
    """Do one piece of work.

    The held-out rows that a system gets have no labels, no names (some sets write the emotion into the
    name of a clip), only the inputs that its card names, and an order that says nothing.

    Parameters
    ----------
    shared, piece
        See there.

    Returns
    -------
    dict
        ``probabilities`` ``[M][C]`` in the order of ``piece.view.test``; ``epochs`` ``[E][M]`` with the class
        answered after each epoch, or ``None``; ``fit_s``, ``predict_s``, ``train`` (rows), ``commit``.

    Raises
    ------
    UsageError, ShapeError
        Where the system answers something that is no prediction.
    """
    from fleeting import systems

    for name in shared.imports:
        import_module(name)
    spec, view = piece.spec, piece.view
    rows = shared.data[piece.data]
    train = with_labels(rows.take(view.train), view.train_labels)
    validation = (
        with_labels(rows.take(view.validation), view.validation_labels) if len(view.validation) else None
    )
    order = rows_in_order(len(view.test), piece.seed)
    made = spec.create(shared.preset, piece.seed)
    test = hide(rows.take(view.test[order]), wanted_inputs(made, systems.card(spec.name).inputs))
    with one_torch_thread():
        _start(made, shared, piece, train.classes)
        epochs: list[list[int]] = []
        options: dict[str, Any] = {}
        if shared.oracle_epoch and "progress" in signature(made.fit).parameters:
            options["progress"] = lambda _: epochs.append(
                _unsort(answers(made, test, train.classes).argmax(1), order).tolist()
            )
        began = time.perf_counter()
        made.fit(train, validation, **options)
        fitted = time.perf_counter()
        scores = answers(made, test, train.classes)
        ended = time.perf_counter()
    return {
        "probabilities": _unsort(scores, order).tolist(),
        "epochs": epochs or None,
        "fit_s": fitted - began,
        "predict_s": ended - fitted,
        "train": len(train),
        "commit": shared.commit,
    }


def wanted_inputs(made: Any, of_card: tuple[str, ...]) -> tuple[str, ...]:
    """Name what a made system takes: a switch may leave out an input that its card names.

    Examples
    --------
    >>> wanted_inputs(object(), ("flowmap28",))
    ('flowmap28',)
    """
    return tuple(getattr(made, "inputs", ())) or of_card


def with_labels(rows: Examples, labels: tuple[Any, ...]) -> Examples:
    """Give rows the labels that may be learnt from."""
    return replace(rows, labels=np.array(labels, np.int64))


def hide(rows: Examples, inputs: tuple[str, ...]) -> Examples:
    """Give held-out rows without labels, without names, with the named inputs alone.

    Examples
    --------
    >>> rows = Examples(np.array(["d/s/s_ne_1"]), np.array(["d/s"]), np.array(["d"]), np.array([0]),
    ...                 ("no", "yes"), {"map": np.zeros((1, 2)), "truth": np.zeros(1)})
    >>> hidden = hide(rows, ("map",))
    >>> hidden.ids.tolist(), hidden.labels.tolist(), list(hidden.inputs)
    (['row-0'], [-1], ['map'])
    """
    missing = [name for name in inputs if name not in rows.inputs]
    if missing:
        have = ", ".join(rows.inputs) or "none"
        raise UsageError(
            f"the data have no {missing[0]!r} (they have: {have}); choose a system that takes it"
        )
    kept = {name: rows.inputs[name] for name in inputs}
    return replace(rows.sealed(), ids=np.array([f"row-{at}" for at in range(len(rows))]), inputs=kept)


def answers(made: Any, test: Examples, classes: tuple[str, ...]) -> np.ndarray:
    """Let a system answer, and check what it says: ``(N, C)`` float64, columns as ``classes``.

    Raises
    ------
    UsageError
        Where it knows other classes.
    ShapeError
        Where rows or columns are missing, or a row is no set of probabilities.
    """
    scores = np.asarray(made.predict(test), float)
    known = tuple(made.classes)
    if set(known) != set(classes):
        raise UsageError(f"the system knows the classes {known}, the data have {classes}")
    if scores.shape != (len(test), len(classes)):
        raise ShapeError(f"predict: expected {(len(test), len(classes))}, got {scores.shape}")
    if len(scores) and not (scores.min() >= -TOLERANCE and np.all(np.abs(scores.sum(1) - 1) <= TOLERANCE)):
        raise ShapeError("predict: expected rows of numbers in 0..1 that sum to 1")
    return scores[:, [known.index(name) for name in classes]]


def _start(made: Any, shared: Shared, piece: Piece, classes: tuple[str, ...]) -> None:
    """Let a system learn from the other set first; once a process where it can hand its weights on."""
    if shared.pretrain is None or not hasattr(made, "pretrain"):
        return
    from fleeting.training import match_classes

    first = match_classes(shared.pretrain, classes)
    if not hasattr(made, "start_from"):
        made.pretrain(first)
        return
    spec = piece.spec
    name = (spec.label, shared.preset, piece.seed, classes, shared.pretrained)
    if name not in _pretrained:
        _pretrained[name] = spec.create(shared.preset, piece.seed)
        _pretrained[name].pretrain(first)
    made.start_from(_pretrained[name])


def _unsort(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    back = np.empty_like(values)
    back[order] = values
    return back


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch to one thread, where it is loaded: several workers share a machine, and sums round alike."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
