"""Who is trained on and who is tested: folds as arrays of row positions, always apart by subject."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from fleeting.core import UsageError


def _nobody() -> np.ndarray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Fold:
    """One split of the rows of a table.

    Parameters
    ----------
    name
        Held-out subject or dataset, or the fold's number.
    train, test, validation
        Positions of rows, ``(N,)`` int64, rising; no row is in two parts. ``validation`` may be empty.

    Raises
    ------
    UsageError
        Where parts overlap, or train or test is empty.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    validation: np.ndarray = field(default_factory=_nobody)

    def __post_init__(self) -> None:
        parts = [np.unique(np.asarray(p, np.int64)) for p in (self.train, self.test, self.validation)]
        if not len(parts[0]) or not len(parts[1]):
            raise UsageError(f"fold {self.name!r}: nothing to {'test on' if len(parts[0]) else 'train on'}")
        if len(np.unique(np.concatenate(parts))) != sum(map(len, parts)):
            raise UsageError(f"fold {self.name!r}: a row is in two parts")
        for name, part in zip(("train", "test", "validation"), parts, strict=True):
            part.flags.writeable = False
            object.__setattr__(self, name, part)


def loso(subjects: Sequence[str] | np.ndarray) -> list[Fold]:
    """Leave one subject out: one fold for each subject, sorted by name.

    Parameters
    ----------
    subjects
        ``(N,)``, written ``dataset/subject``: the number "01" is somebody else in each dataset. The composite
        LOSO of MEGC 2019 is this over the rows of all three sets.

    Returns
    -------
    list of Fold

    Examples
    --------
    >>> [fold.test.tolist() for fold in loso(["a/1", "a/2", "a/1"])]
    [[0, 2], [1]]
    """
    return _one_out(subjects, "subject")


def leave_one_dataset_out(datasets: Sequence[str] | np.ndarray) -> list[Fold]:
    """Leave one dataset out (HDE of MEGC 2018, CD6ME): one fold for each dataset, sorted by name.

    Parameters
    ----------
    datasets
        ``(N,)`` dataset of each row. Some datasets filmed the same people (CAS(ME)^2 and CASME II, SAMM-LV
        and SAMM): give such a pair one name.

    Examples
    --------
    >>> [fold.name for fold in leave_one_dataset_out(["samm", "smic", "samm"])]
    ['samm', 'smic']
    """
    return _one_out(datasets, "dataset")


def _one_out(groups: Sequence[str] | np.ndarray, what: str) -> list[Fold]:
    names = np.asarray(groups, str)
    if names.ndim != 1 or len(set(names.tolist())) < 2:
        raise UsageError(f"expected at least two {what}s, got {sorted(set(names.ravel().tolist()))}")
    return [
        Fold(str(name), np.flatnonzero(names != name), np.flatnonzero(names == name))
        for name in np.unique(names)
    ]


def kfold(
    subjects: Sequence[str] | np.ndarray,
    k: int,
    *,
    labels: Sequence[Hashable] | np.ndarray | None = None,
    seed: int = 0,
) -> list[Fold]:
    """Split into ``k`` folds by subject, of even size and, with labels, even classes.

    Subjects are dealt out from the largest to the smallest, each to the fold that stays most even (greedy;
    equal subjects in random order by ``seed``).

    Parameters
    ----------
    subjects
        ``(N,)``, written ``dataset/subject``.
    k
        From 2 to the number of subjects.
    labels
        ``(N,)`` classes to balance.
    seed
        Same seed, same folds.

    Returns
    -------
    list of Fold
        Named ``fold-1`` and so on; every row is tested once.

    Examples
    --------
    >>> folds = kfold(["a", "a", "b", "c", "c", "d"], 2)
    >>> sorted(len(fold.test) for fold in folds)
    [3, 3]
    """
    names = np.asarray(subjects, str)
    people, owner = np.unique(names, return_inverse=True)
    if not 2 <= k <= len(people):
        raise UsageError(f"k: expected 2 to {len(people)}, the number of subjects, got {k}")
    dealt = _deal(owner, _class_table(owner, labels), k, seed)
    home = dealt[owner]
    return [Fold(f"fold-{i + 1}", np.flatnonzero(home != i), np.flatnonzero(home == i)) for i in range(k)]


def _class_table(owner: np.ndarray, labels: Sequence[Hashable] | np.ndarray | None) -> np.ndarray:
    """How many rows of each class every subject has, ``(S, C)``, each class scaled to the sum 1."""
    if labels is None:
        classes = np.zeros(len(owner), np.int64)
    elif len(labels) != len(owner):
        raise UsageError(f"labels: expected one for each of {len(owner)} rows, got {len(labels)}")
    else:
        place = {label: i for i, label in enumerate(dict.fromkeys(labels))}
        classes = np.array([place[label] for label in labels])
    table = np.zeros((owner.max() + 1, classes.max() + 1))
    np.add.at(table, (owner, classes), 1)
    return table / table.sum(0)


def _deal(owner: np.ndarray, table: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Fold of each subject: largest first, to where the sum of squared class shares grows least."""
    sizes = np.bincount(owner)
    shuffled = np.random.default_rng(seed).permutation(len(table))
    load, people = np.zeros((k, table.shape[1])), np.zeros(k, int)
    dealt = np.zeros(len(table), np.int64)
    left = len(table)
    for subject in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        cost = ((load + table[subject]) ** 2 - load**2).sum(1)
        if left == int(np.sum(people == 0)):  # each fold that is still empty needs one of the rest
            cost[people > 0] = np.inf
        best = np.flatnonzero(cost <= cost.min() + 1e-12)
        chosen = int(best[np.argmin(people[best])])
        dealt[subject] = chosen
        load[chosen] += table[subject]
        people[chosen] += 1
        left -= 1
    return dealt


def make_folds(
    protocol: str,
    *,
    subjects: Sequence[str] | np.ndarray,
    datasets: Sequence[str] | np.ndarray | None = None,
    labels: Sequence[Hashable] | np.ndarray | None = None,
    parts: Sequence[str] | np.ndarray | None = None,
    k: int = 5,
    seed: int = 0,
) -> list[Fold]:
    """Make the folds of a protocol by name.

    Parameters
    ----------
    protocol
        ``loso``, ``kfold``, ``cross-dataset`` or ``fixed``.
    subjects, datasets, labels, parts
        ``(N,)``; ``cross-dataset`` needs ``datasets``, ``fixed`` ``parts``; ``labels`` balance ``kfold``.
    k, seed
        For ``kfold``.

    Returns
    -------
    list of Fold
        No subject is in two parts of a fold; this is checked.

    Raises
    ------
    UsageError
        For an unknown name, or where the column that a protocol needs is missing.

    Examples
    --------
    >>> [fold.name for fold in make_folds("loso", subjects=["a/1", "a/2"])]
    ['a/1', 'a/2']
    """
    if protocol == "loso":
        folds = loso(subjects)
    elif protocol == "kfold":
        folds = kfold(subjects, k, labels=labels, seed=seed)
    elif protocol == "cross-dataset" and datasets is not None:
        folds = leave_one_dataset_out(datasets)
    elif protocol == "fixed" and parts is not None:
        folds = [fixed_split(parts)]
    elif protocol in ("cross-dataset", "fixed"):
        needed = "datasets" if protocol == "cross-dataset" else "parts"
        raise UsageError(f"protocol {protocol!r} needs {needed}: say for each row where it belongs")
    else:
        raise UsageError(f"unknown protocol {protocol!r}; available: cross-dataset, fixed, kfold, loso")
    for fold in folds:
        check_apart(fold, subjects)
    return folds


def fixed_split(parts: Sequence[str] | np.ndarray, *, name: str = "fixed") -> Fold:
    """Take a split that a dataset publishes.

    Parameters
    ----------
    parts
        ``(N,)`` of ``train``, ``validation``, ``test`` or empty (not used).
    name
        What to call it.

    Examples
    --------
    >>> fixed_split(["train", "test", "train", ""]).train.tolist()
    [0, 2]
    """
    names = np.asarray(parts, str)
    unknown = set(names.tolist()) - {"train", "validation", "test", ""}
    if unknown:
        raise UsageError(f"parts: expected train, validation, test or empty, got {sorted(unknown)}")
    rows = {part: np.flatnonzero(names == part) for part in ("train", "test", "validation")}
    return Fold(name, rows["train"], rows["test"], rows["validation"])


def inner_split(
    fold: Fold,
    subjects: Sequence[str] | np.ndarray,
    *,
    share: float = 0.15,
    labels: Sequence[Hashable] | np.ndarray | None = None,
    seed: int = 0,
) -> Fold:
    """Carve a validation part out of the training part, by subject.

    Parameters
    ----------
    fold
        Its test part is not touched.
    subjects
        ``(N,)`` of all rows of the table.
    share
        Wanted share of the training rows, in (0, 0.5].
    labels
        ``(N,)`` of all rows, to keep the classes even; only those of training rows are read.
    seed
        Same seed, same split.

    Returns
    -------
    Fold
        With a validation part of about ``share`` of the former training part; one already there is
        dealt anew.

    Raises
    ------
    UsageError
        Where the training part has fewer than two subjects.

    Examples
    --------
    >>> subjects = ["a", "b", "c", "d", "e"]
    >>> inner = inner_split(loso(subjects)[0], subjects, share=0.25)
    >>> len(inner.train), len(inner.validation), inner.test.tolist()
    (3, 1, [0])
    """
    if not 0 < share <= 0.5:
        raise UsageError(f"share: expected a number in (0, 0.5], got {share}")
    rows = np.sort(np.concatenate([fold.train, fold.validation]))
    own = np.asarray(subjects, str)[rows]
    count = len(set(own.tolist()))
    if count < 2:
        raise UsageError(f"fold {fold.name!r}: one training subject cannot be split by subject")
    picked = None if labels is None else [labels[i] for i in rows]
    part = kfold(own, int(np.clip(round(1 / share), 2, count)), labels=picked, seed=seed)[0]
    return Fold(fold.name, rows[part.train], fold.test, rows[part.test])


def check_apart(fold: Fold, subjects: Sequence[str] | np.ndarray) -> None:
    """Raise UsageError where a subject is in two parts of a fold.

    Examples
    --------
    >>> check_apart(Fold("1", np.array([0]), np.array([1])), ["a", "b"])
    """
    names = np.asarray(subjects, str)
    seen = [set(names[part].tolist()) for part in (fold.train, fold.validation, fold.test)]
    for one, two in ((0, 1), (0, 2), (1, 2)):
        shared = seen[one] & seen[two]
        if shared:
            raise UsageError(f"fold {fold.name!r}: subject {min(shared)!r} is in two parts")
