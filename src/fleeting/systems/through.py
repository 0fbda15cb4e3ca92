"""A recogniser that sees its rows through a change of its inputs: another descriptor, other key frames."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

import numpy as np

from fleeting.core import Examples

Change = Callable[[Examples, bool], Examples]
"""Rows, and whether they are trained on, to rows with other inputs."""


@dataclass
class Through:
    """Any recogniser, with its rows changed before it sees them.

    Parameters
    ----------
    inner
        A recogniser. It is saved and loaded as what it is: the change is code, and not in the file.
    change
        Given rows and whether they are trained on. It must not look at labels of rows to predict.

    Examples
    --------
    >>> from fleeting import systems
    >>> rows = systems.invented_examples(["flowmap28"], 6)
    >>> turned = lambda one, training: with_input(one, "flowmap28", 255 - one.inputs["flowmap28"])
    >>> made = Through(systems.create("majority"), turned).fit(rows)
    >>> made.predict(rows.sealed()).shape
    (6, 3)
    """

    inner: Any
    change: Change

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the recogniser inside."""
        return tuple(self.inner.classes)

    def fit(self, train: Examples, validation: Examples | None = None, **options: Any) -> Self:
        """Learn from changed rows."""
        held = None if validation is None else self.change(validation, False)  # noqa: FBT003
        self.inner.fit(self.change(train, True), held, **options)  # noqa: FBT003
        return self

    def predict(self, samples: Examples) -> np.ndarray:
        """Give ``(N, C)`` scores of changed rows."""
        return np.asarray(self.inner.predict(self.change(samples, False)))  # noqa: FBT003

    def save(self, folder: str | PathLike[str]) -> None:
        """Save the recogniser inside."""
        self.inner.save(folder)

    def load(self, folder: str | PathLike[str]) -> Self:
        """Load the recogniser inside."""
        self.inner.load(folder)
        return self


def with_input(examples: Examples, name: str, values: np.ndarray) -> Examples:
    """Give examples with one input set anew.

    Examples
    --------
    >>> from fleeting import systems
    >>> rows = systems.invented_examples(["flowmap28"], 2)
    >>> sorted(with_input(rows, "zeros", np.zeros((2, 1))).inputs)
    ['flowmap28', 'zeros']
    """
    return replace(examples, inputs={**examples.inputs, name: values})
