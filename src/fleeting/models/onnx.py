"""Models as ONNX files, run by onnxruntime; each is checked against the sha256 that its card names."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError, ModelUse, ShapeError, UnknownNameError, UsageError
from fleeting.models._session import session, use_of
from fleeting.models.curve_spotter import NEEDED, CurveSpotter

SCHEMA = "fleeting.model/1"
MODEL_FILE, FACTS_FILE = "model.onnx", "model.json"
NONE = "none"
MOVEMENT_FACTS = "movement-facts"
_HINT = "give a folder that `fleeting train` wrote"
_TYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}


class Model:
    """A network with named inputs that gives a score in 0..1 for each class.

    Parameters
    ----------
    data
        The ONNX file.
    card
        The facts of ``model.json``.

    Attributes
    ----------
    card
        What it learnt from, its licence, its numbers.
    inputs
        Names of the representations that it takes, in order; see `fleeting.motion.find_input`.
    """

    def __init__(self, data: bytes, card: Mapping[str, Any]) -> None:
        self._session = session(data)
        self.card = dict(card)
        self.inputs: tuple[str, ...] = tuple(card["inputs"])
        self._wanted = {
            one.name: ((None, *one.shape[1:]), _TYPES[one.type]) for one in self._session.get_inputs()
        }
        if tuple(self._wanted) != self.inputs:
            raise UsageError(
                f"the file takes {', '.join(self._wanted)}; its card says {', '.join(self.inputs)}"
            )

    @property
    def use(self) -> ModelUse:
        """Name, hash, licence and training data, for a result's provenance."""
        return use_of(self.card)

    def scores(self, given: np.ndarray | Mapping[str, np.ndarray]) -> np.ndarray:
        """Run the network.

        Parameters
        ----------
        given
            Rows of its only input, or rows of every input by name. Maps that are no uint8 yet, such as flow
            and strain in pixels, are stretched to 0..255 channel by channel where the network wants that.

        Returns
        -------
        numpy.ndarray
            ``(N, C)`` float32 in 0..1.

        Raises
        ------
        ShapeError
            For another shape or type, or where an input is missing.
        """
        if not isinstance(given, Mapping):
            if len(self.inputs) > 1:
                raise ShapeError(f"expected arrays by name for {', '.join(self.inputs)}, got one array")
            given = {self.inputs[0]: given}
        missing = [name for name in self.inputs if name not in given]
        if missing:
            raise ShapeError(f"expected rows of {', '.join(self.inputs)}; missing: {', '.join(missing)}")
        rows = {name: self._checked(name, np.asarray(given[name])) for name in self.inputs}
        if len({len(one) for one in rows.values()}) > 1:
            raise ShapeError(f"expected as many rows of each of {', '.join(self.inputs)}")
        if not len(rows[self.inputs[0]]):
            return np.zeros((0, len(self.card["classes"])), np.float32)
        return np.asarray(self._session.run(None, rows)[0])

    def _checked(self, name: str, given: np.ndarray) -> np.ndarray:
        shape, dtype = self._wanted[name]
        like = given.ndim == len(shape) and given.shape[1:] == shape[1:]
        if like and dtype == np.uint8 and given.dtype.kind == "f" and np.isfinite(given).all():
            return stretched(given)
        if not like or given.dtype != dtype:
            told = f"(N, {', '.join(str(size) for size in shape[1:])}) {np.dtype(dtype).name}"
            raise ShapeError(f"{name}: expected {told}, got {given.shape} {given.dtype}")
        return np.ascontiguousarray(given)


class Recognizer(Model):
    """Names the emotion of a movement.

    Attributes
    ----------
    labels
        Names of the columns of `predict`.
    """

    def __init__(self, data: bytes, card: Mapping[str, Any]) -> None:
        super().__init__(data, card)
        classes = list(card["classes"])
        self._none = classes.index(NONE) if NONE in classes else None
        self.labels: tuple[str, ...] = tuple(name for name in classes if name != NONE)

    def predict(self, given: np.ndarray | Mapping[str, np.ndarray]) -> np.ndarray:
        """Say how likely each class is, given that there is an expression.

        Parameters
        ----------
        given
            For the shipped recogniser ``(N, 28, 28, 3)``: u, v, strain from onset to apex, either uint8, each
            scaled to 0..255 per picture, as the field's public maps are, or float in pixels. See `scores`.

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
        scores = self.scores(given)
        if self._none is None:
            return scores
        rest = np.delete(scores, self._none, axis=1)
        sums = rest.sum(1, keepdims=True)
        even = np.float32(1 / rest.shape[1])  # where nothing is left to share out
        return np.where(sums > 1e-12, rest / np.maximum(sums, 1e-12), even)

    def none(self, given: np.ndarray | Mapping[str, np.ndarray]) -> np.ndarray:
        """Say how likely there is no expression at all, ``(N,)``; 0 where the model does not know that class.

        Examples
        --------
        >>> load_recognizer("default").none(np.zeros((2, 28, 28, 3), np.uint8)).shape
        (2,)
        """
        scores = self.scores(given)
        return np.zeros(len(scores), np.float32) if self._none is None else scores[:, self._none]


class AuDetector(Model):
    """Says which action units act.

    Attributes
    ----------
    units
        Numbers of the units, in the order of the columns of `predict`.
    """

    def __init__(self, data: bytes, card: Mapping[str, Any]) -> None:
        super().__init__(data, card)
        self.units: tuple[int, ...] = tuple(int(str(name).removeprefix("AU")) for name in card["classes"])

    def predict(self, given: np.ndarray | Mapping[str, np.ndarray]) -> np.ndarray:
        """Say for each unit how likely it acts; several may.

        Parameters
        ----------
        given
            As for `Recognizer.predict`.

        Returns
        -------
        numpy.ndarray
            ``(N, K)`` float32 in 0..1, columns as ``units``.

        Raises
        ------
        ShapeError
            For another shape or type.

        Examples
        --------
        >>> model = load_au_detector("default")
        >>> model.units, model.predict(np.zeros((2, 28, 28, 3), np.uint8)).shape
        ((1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17), (2, 12))
        """
        return self.scores(given)


class Spotter(Model):
    """Says which of the movements that a face makes count.

    Attributes
    ----------
    least_score
        Least score of a movement to report, chosen on held-out synthetic people.
    """

    def __init__(self, data: bytes, card: Mapping[str, Any]) -> None:
        super().__init__(data, card)
        self.least_score = float(card["least_score"])

    def judge(self, facts: np.ndarray) -> np.ndarray:
        """Score possible movements; goes to ``fleeting.spotting.spot`` as ``judge``.

        Parameters
        ----------
        facts
            ``(N, F)`` float32, columns as ``fleeting.spotting.FACTS``.

        Returns
        -------
        numpy.ndarray
            ``(N,)`` float32 in 0..1.

        Raises
        ------
        ShapeError
            For another shape or type.

        Examples
        --------
        >>> spotter = load_spotter("learnt")
        >>> isinstance(spotter, Spotter) and spotter.judge(np.zeros((2, 30), np.float32)).shape
        (2,)
        """
        return self.scores(facts)[:, 0]


def stretched(maps: np.ndarray) -> np.ndarray:
    """Stretch each channel of each map to 0..255, as the field's public maps are: ``(N, H, W, C)`` uint8.

    A channel without contrast becomes 0.

    Examples
    --------
    >>> stretched(np.array([[[[-1.0], [0.0], [1.0]]]])).ravel().tolist()
    [0, 128, 255]
    """
    low = maps.min((1, 2), keepdims=True)
    reach = maps.max((1, 2), keepdims=True) - low
    return np.round((maps - low) / np.where(reach > 1e-9, reach, np.inf) * 255).astype(np.uint8)


def shipped(kind: str = "recognizer") -> list[str]:
    """Names of the models that ship with the package.

    Parameters
    ----------
    kind
        ``recognizer``, ``au_detector`` or ``spotter``.

    Examples
    --------
    >>> shipped(), shipped("au_detector"), shipped("spotter")
    (['default'], ['default'], ['learnt'])
    """
    return sorted(one.name for one in _home(kind).iterdir() if (one / FACTS_FILE).is_file())


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
        Where the model says something other than one emotion.
    """
    data, card = _read(name, "recognizer")
    if card.get("several") or card.get("task") != "recognition":
        raise UsageError(
            f"{name}: is made for {card.get('task')!r}; a recogniser says one emotion of several"
        )
    return Recognizer(data, card)


def load_au_detector(name: str | PathLike[str] = "default") -> AuDetector:
    """Load a detector of action units that ships, or one that was exported.

    Parameters
    ----------
    name
        One of ``shipped("au_detector")``, or a folder with ``model.onnx`` and ``model.json``.

    Raises
    ------
    UnknownNameError, InputError
        As `load_recognizer`.
    UsageError
        Where the model says something other than action units.
    """
    data, card = _read(name, "au_detector")
    named = all(str(one).removeprefix("AU").isdecimal() for one in card["classes"])
    if not card.get("several") or not named:
        raise UsageError(f"{name}: is made for {card.get('task')!r}; a detector says units such as AU12")
    return AuDetector(data, card)


def load_spotter(name: str | PathLike[str] = "learnt") -> Spotter | CurveSpotter:
    """Load a spotter that ships, or one that was exported.

    One that judges possible movements (``learnt``, ``judged``) is a `Spotter`; a network that gives every
    frame a score is a `CurveSpotter`.

    The default of `analyze` is the training-free one, which is no model: see ``fleeting.spotting.spot``.

    Parameters
    ----------
    name
        One of ``shipped("spotter")``, or a folder with ``model.onnx`` and ``model.json``.

    Raises
    ------
    UnknownNameError, InputError
        As `load_recognizer`.
    UsageError
        Where the model is no spotter, or takes what `analyze` does not measure.
    """
    data, card = _read(name, "spotter")
    if card.get("task") == "spotting" and "road" in card:
        return _curve_spotter(name, data, card)
    if card.get("task") != "spotting" or "least_score" not in card:
        raise UsageError(f"{name}: is made for {card.get('task')!r}; a spotter says which movements count")
    if list(card["inputs"]) != [MOVEMENT_FACTS]:
        raise UsageError(f"{name}: takes {', '.join(card['inputs'])}; `analyze` measures {MOVEMENT_FACTS}")
    return Spotter(data, card)


def _curve_spotter(name: str | PathLike[str], data: bytes, card: Mapping[str, Any]) -> CurveSpotter:
    try:
        return CurveSpotter(data, card)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(Path(name) / FACTS_FILE, f"says not all of {', '.join(NEEDED)}", _HINT) from error


def _read(name: str | PathLike[str], kind: str) -> tuple[bytes, dict[str, Any]]:
    known = shipped(kind)
    folder = _home(kind) / str(name) if str(name) in known else Path(name)
    if not folder.is_dir():
        what = {"recognizer": "recogniser", "au_detector": "AU detector"}.get(kind, kind)
        raise UnknownNameError(f"no {what} {str(name)!r}: no such folder; shipped: {', '.join(known)}")
    try:
        card = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        data = (folder / MODEL_FILE).read_bytes()
        wanted, inputs, classes = card["sha256"], list(card["inputs"]), list(card["classes"])
    except FileNotFoundError as error:
        raise InputError(error.filename, "no such file", _HINT) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(folder / FACTS_FILE, "is no card of a model", _HINT) from error
    if card.get("schema") != SCHEMA or not classes or not inputs:
        raise InputError(folder / FACTS_FILE, f"has schema {card.get('schema')!r}, not {SCHEMA}", _HINT)
    if hashlib.sha256(data).hexdigest() != wanted:
        raise InputError(folder / MODEL_FILE, "is not the file that model.json names", "copy it again")
    return data, card


def _home(kind: str) -> Path:
    return Path(str(files("fleeting.models"))) / "data" / f"{kind}s"
