"""Models as ONNX files, run by onnxruntime; each is checked against the sha256 that its card names."""

import hashlib
import json
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError, ShapeError, UnknownNameError, UsageError

SCHEMA = "fleeting.model/1"
MODEL_FILE, FACTS_FILE = "model.onnx", "model.json"
MAPS = "flowmap28"
_HINT = "give a folder that `fleeting train` wrote"


class Recognizer:
    """Names the emotion of flow maps.

    Attributes
    ----------
    labels
        Names of the columns of `predict`.
    card
        The facts of ``model.json``: what it learnt from, its licence, its numbers.
    """

    def __init__(self, data: bytes, card: dict[str, Any]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # same sums on every machine
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.card = card
        self.labels: tuple[str, ...] = tuple(card["classes"])

    def predict(self, maps: np.ndarray) -> np.ndarray:
        """Say how likely each class is.

        Parameters
        ----------
        maps
            ``(N, 28, 28, 3)`` uint8: u, v, strain from onset to apex, each scaled to 0..255 per picture,
            as the field's public maps are.

        Returns
        -------
        numpy.ndarray
            ``(N, C)`` float32 in 0..1, columns as ``labels``; rows sum to 1.

        Raises
        ------
        ShapeError
            For another shape or type.

        Examples
        --------
        >>> model = load_recognizer("default")
        >>> model.labels, model.predict(np.zeros((2, 28, 28, 3), np.uint8)).shape
        (('negative', 'positive', 'surprise'), (2, 3))
        """
        given = np.asarray(maps)
        if given.ndim != 4 or given.shape[1:] != (28, 28, 3) or given.dtype != np.uint8:
            raise ShapeError(f"maps: expected (N, 28, 28, 3) uint8, got {given.shape} {given.dtype}")
        if not len(given):
            return np.zeros((0, len(self.labels)), np.float32)
        return np.asarray(self._session.run(None, {MAPS: np.ascontiguousarray(given)})[0])


def shipped() -> list[str]:
    """Names of the recognisers that ship with the package.

    Examples
    --------
    >>> shipped()
    ['default']
    """
    return sorted(one.name for one in _home().iterdir() if (one / FACTS_FILE).is_file())


def load_recognizer(name: str | PathLike[str] = "default") -> Recognizer:
    """Load a recogniser that ships, or one that was exported.

    Parameters
    ----------
    name
        One of `shipped`, or a folder with ``model.onnx`` and ``model.json``.

    Raises
    ------
    UnknownNameError
        For a name that is neither.
    InputError
        Where files are missing, damaged, or not those that the card names.
    UsageError
        Where the model takes something other than flow maps.
    """
    folder = _home() / str(name) if str(name) in shipped() else Path(name)
    if not folder.is_dir():
        raise UnknownNameError(
            f"no recogniser {str(name)!r}: no such folder; shipped: {', '.join(shipped())}"
        )
    try:
        card = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        data = (folder / MODEL_FILE).read_bytes()
        wanted, inputs, classes = card["sha256"], list(card["inputs"]), list(card["classes"])
    except FileNotFoundError as error:
        raise InputError(error.filename, "no such file", _HINT) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(folder / FACTS_FILE, "is no card of a model", _HINT) from error
    if card.get("schema") != SCHEMA or not classes:
        raise InputError(folder / FACTS_FILE, f"has schema {card.get('schema')!r}, not {SCHEMA}", _HINT)
    if hashlib.sha256(data).hexdigest() != wanted:
        raise InputError(folder / MODEL_FILE, "is not the file that model.json names", "copy it again")
    if inputs != [MAPS] or card.get("several"):
        raise UsageError(f"{folder}: takes {', '.join(inputs)}; a recogniser here takes {MAPS} alone")
    return Recognizer(data, card)


def _home() -> Path:
    return Path(str(files("fleeting.models"))) / "data" / "recognizers"
