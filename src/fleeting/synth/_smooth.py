"""Smooth one-dimensional shapes that the motion fields are built from."""

import numpy as np


def bump(radius2: np.ndarray) -> np.ndarray:
    """Hill ``(1 - r^2)^3`` of a squared radius: 1 at 0, exactly 0 from 1 on, twice differentiable.

    Examples
    --------
    >>> bump(np.array([0.0, 0.5, 1.0, 4.0])).tolist()
    [1.0, 0.125, 0.0, 0.0]
    """
    return np.clip(1.0 - radius2, 0.0, None) ** 3


def step(t: np.ndarray) -> np.ndarray:
    """Rise from 0 (``t <= 0``) to 1 (``t >= 1``), twice differentiable: ``t^3 (10 - 15 t + 6 t^2)``.

    Examples
    --------
    >>> step(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    t = np.clip(t, 0.0, 1.0)
    return t * t * t * (10.0 + t * (6.0 * t - 15.0))


def ramp(x: np.ndarray, rounding: float) -> np.ndarray:
    """``max(x, 0)`` with its corner rounded over ``-rounding..rounding``; once differentiable.

    Examples
    --------
    >>> ramp(np.array([-1.0, 0.0, 1.0]), 0.2).round(3).tolist()
    [0.0, 0.05, 1.0]
    """
    t = np.clip(x + rounding, 0.0, 2.0 * rounding)
    return t * t / (4.0 * rounding) + np.clip(x - rounding, 0.0, None)


def polyline(
    x: np.ndarray, nodes: list[np.ndarray | float], values: list[float], rounding: float
) -> np.ndarray:
    """Line through ``(nodes, values)`` with rounded corners, zero outside.

    Parameters
    ----------
    x
        Where to evaluate, ``(N,)``.
    nodes
        Rising positions, each a number or ``(N,)`` (a position that changes from point to point).
    values
        As many; the first and the last are 0.
    rounding
        Half length of each rounded corner, in the unit of ``x``.

    Returns
    -------
    numpy.ndarray
        ``(N,)``.

    Examples
    --------
    >>> polyline(np.array([0.0, 0.5, 1.0, 3.0]), [0.0, 1.0, 2.0], [0.0, 1.0, 0.0], 0.1).round(3).tolist()
    [0.025, 0.5, 0.95, 0.0]
    """
    slopes = [
        (after - before) / (right - left)
        for left, right, before, after in zip(nodes, nodes[1:], values, values[1:], strict=False)
    ]
    total = np.zeros_like(np.asarray(x, float))
    for node, before, after in zip(nodes, [0.0, *slopes], [*slopes, 0.0], strict=True):
        total = total + (after - before) * ramp(x - node, rounding)
    last = nodes[-1] + rounding
    return np.where(x >= last, 0.0, total)  # the sum of ramps ends at zero up to rounding only
