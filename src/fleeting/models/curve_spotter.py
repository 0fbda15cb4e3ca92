"""Exported networks that give every frame of a recording a score: run by onnxruntime, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fleeting.core import Curve, Kind, ModelUse, ShapeError
from fleeting.models._session import session, use_of
from fleeting.models.curves.kinds import road_of

NEEDED = ("road", "decodings", "row", "inputs")
"""What ``model.json`` says of such a spotter beside what every model says."""


@dataclass(frozen=True)
class Decoding:
    """How a curve becomes intervals.

    Parameters
    ----------
    kind
        Of the movements: ``micro`` or ``macro``.
    curve
        Name of the output of `CurveSpotter.outputs` that is decoded.
    method, parameters
        For `fleeting.decode`.
    least_score
        Intervals with a lower score are left out.
    with_rows
        Whether the decoder is also given the rows that the curve was computed from, as ``signals``.
    """

    kind: Kind
    curve: str
    method: str
    parameters: Mapping[str, Any]
    least_score: float
    with_rows: bool = False


class CurveSpotter:
    """A learnt spotter: rows of a recording in, a curve out.

    Parameters
    ----------
    data
        The ONNX file.
    card
        The facts of ``model.json``.

    Attributes
    ----------
    card
        What it learnt from, its licence.
    input
        Name of the rows that it takes: ``roi10``, ``roi36``, ``roi12``.
    decodings
        How its curves become intervals, one for each kind of movement that it was taught to find.
    """

    def __init__(self, data: bytes, card: Mapping[str, Any]) -> None:
        self._session = session(data)
        self.card = dict(card)
        self.input = str(card["inputs"][0])
        self.road = road_of(card["road"])
        self.decodings = tuple(_decoding(one) for one in card["decodings"])
        self._names = [one.name for one in self._session.get_inputs()]

    @property
    def use(self) -> ModelUse:
        """Name, hash, licence and training data, for a result's provenance."""
        return use_of(self.card)

    def outputs(self, rows: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
        """Give all that is said of each frame.

        Parameters
        ----------
        rows
            ``(T, ...)`` of ``input``; NaN where the face was not seen.
        times
            ``(T,)`` seconds, rising.

        Returns
        -------
        dict
            ``(T, ...)`` float32 by name, ``curve`` among them; NaN where the face was not seen.

        Raises
        ------
        ShapeError
            Where there is not one row a frame, or rows have another shape.
        """
        wanted = tuple(self.card["row"])
        if np.asarray(rows).shape[1:] != wanted:
            raise ShapeError(
                f"{self.input}: expected (T, {', '.join(map(str, wanted))}), got {np.shape(rows)}"
            )
        return self.road.outputs(rows, times, self._run)

    def curve(self, rows: np.ndarray, times: np.ndarray) -> Curve:
        """Give how likely a movement of its first kind is in each frame.

        Parameters
        ----------
        rows, times
            As for `outputs`.

        Raises
        ------
        ShapeError
            As `outputs`.

        Examples
        --------
        What ``fleeting train me-tst --out mine`` wrote finds its intervals by ``fleeting.decode``:

        >>> spotter = load_spotter("mine")  # doctest: +SKIP
        >>> curve, how = spotter.curve(rows, times), spotter.decodings[0]  # doctest: +SKIP
        >>> found = fleeting.decode(curve.values, curve.fps, how.method, **how.parameters)  # doctest: +SKIP
        >>> found = [one for one in found if one.score >= how.least_score]  # doctest: +SKIP
        """
        return Curve(self.outputs(rows, times)["curve"], np.asarray(times, float))

    def _run(self, *given: np.ndarray) -> list[np.ndarray]:
        arrays = [np.ascontiguousarray(one, np.float32) for one in given]
        return [
            np.asarray(one) for one in self._session.run(None, dict(zip(self._names, arrays, strict=True)))
        ]


def _decoding(told: Mapping[str, Any]) -> Decoding:
    parameters = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told["parameters"].items()
    }
    return Decoding(
        told["kind"],
        told["curve"],
        told["method"],
        parameters,
        float(told["least_score"]),
        bool(told.get("with_rows")),
    )
