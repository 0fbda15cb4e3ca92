"""Dense flow by a trained network, run without torch."""

import hashlib
import json
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError, ModelUse, ShapeError, check_shape

SCHEMA = "fleeting.flow/1"
MODEL_FILE, FACTS_FILE = "model.onnx", "model.json"
SHIPPED = "learnt"
_HINT = "give a folder that `fleeting train srflow` wrote"
_LEAST = 32  # pixels: smaller pictures are continued at their edge


class FlowNetwork:
    """A network that measures flow between two grey pictures of any size.

    Parameters
    ----------
    folder
        With ``model.onnx`` and ``model.json``; `fleeting train srflow` writes them. Without one, the network
        that ships: it learnt from drawn faces alone, see docs/models.md.

    Attributes
    ----------
    card
        What it learnt from, its licence, its numbers.

    Raises
    ------
    InputError
        Where files are missing, damaged, or not those that the card names.

    Examples
    --------
    >>> flow = FlowNetwork()
    >>> flow.use.licence, flow(*np.zeros((2, 50, 70), np.uint8)).shape
    ('Apache-2.0', (50, 70, 2))
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        import onnxruntime

        where = Path(str(files("fleeting.motion"))) / "data" / "flow" / SHIPPED if folder is None else folder
        data, self.card = _read(Path(where))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # same sums on every machine
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    @property
    def use(self) -> ModelUse:
        """Name, hash, licence and training data, for a result's provenance."""
        licence, learnt = (str(self.card.get(key, "not said")) for key in ("licence", "trained_on"))
        name = str(self.card.get("name", self.card.get("system", "flow")))
        return ModelUse(name, str(self.card["sha256"]), licence, learnt)

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Measure flow, as `dis_flow` does.

        Parameters
        ----------
        first, second
            ``(H, W)`` uint8 grey, the same size.

        Returns
        -------
        numpy.ndarray
            ``(H, W, 2)`` float32: x right, y down, pixels, from the first picture to the second.

        Raises
        ------
        ShapeError
            Where sizes or types differ.
        """
        high, wide = check_shape(first, ("H", "W"), "first").values()
        check_shape(second, (high, wide), "second")
        if first.dtype != np.uint8 or second.dtype != np.uint8:
            raise ShapeError(f"expected uint8 grey pictures, got {first.dtype} and {second.dtype}")
        step = int(self.card["multiple"])
        beyond = [(0, max(-side % step, _LEAST - side)) for side in (high, wide)]
        pair = {"first": first, "second": second}
        given = {name: np.pad(one, beyond, "edge")[None] for name, one in pair.items()}
        found = np.asarray(self._session.run(None, given)[0])[0, :, :high, :wide]
        return np.ascontiguousarray(found.transpose(1, 2, 0))


def _read(folder: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        card = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        data = (folder / MODEL_FILE).read_bytes()
        schema, wanted, _ = card["schema"], card["sha256"], int(card["multiple"])
    except FileNotFoundError as error:
        raise InputError(error.filename, "no such file", _HINT) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(folder / FACTS_FILE, "is no card of a network of flow", _HINT) from error
    if schema != SCHEMA:
        raise InputError(folder / FACTS_FILE, f"has schema {schema!r}, not {SCHEMA}", _HINT)
    if hashlib.sha256(data).hexdigest() != wanted:
        raise InputError(folder / MODEL_FILE, "is not the file that model.json names", "copy it again")
    return data, card
