"""A trained system on disk: arrays in ``weights.safetensors``, plain facts in ``card.json``."""

import hashlib
import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError

SCHEMA = "fleeting.system/1"
CARD_FILE, WEIGHTS_FILE = "card.json", "weights.safetensors"


def save_arrays(
    folder: str | PathLike[str], arrays: Mapping[str, np.ndarray], told: Mapping[str, Any]
) -> Path:
    """Write arrays and facts; the card is written last, so a folder with a card is whole.

    Parameters
    ----------
    folder
        Made where it is missing.
    arrays
        By name.
    told
        Plain data; a system says at least ``system``, ``preset``, ``seed``, ``switches``, ``classes``,
        ``inputs``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        Where it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = save_arrays(folder, {"w": np.arange(3)}, {"system": "x"})
    ...     arrays, told = load_arrays(folder)
    >>> arrays["w"].tolist(), told["system"]
    ([0, 1, 2], 'x')
    """
    from safetensors.numpy import save

    from fleeting.io import validate_folder, write_atomic

    path = validate_folder(folder)
    data = save({name: np.ascontiguousarray(values) for name, values in arrays.items()})
    write_atomic(path / WEIGHTS_FILE, data)
    card = {"schema": SCHEMA, "version": _version()} | dict(told)
    card["weights"] = {"file": WEIGHTS_FILE, "sha256": hashlib.sha256(data).hexdigest()}
    write_atomic(path / CARD_FILE, json.dumps(card, indent=1) + "\n")
    return path


def load_arrays(folder: str | PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save_arrays` wrote.

    Returns
    -------
    tuple
        Arrays by name, and the facts.

    Raises
    ------
    InputError
        Where a file is missing or damaged, or the weights are not those that the card names.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(folder)
    hint = "give a folder that `fleeting train` wrote"
    try:
        told = json.loads((path / CARD_FILE).read_text(encoding="utf-8"))
        data = (path / WEIGHTS_FILE).read_bytes()
        arrays = load(data)
        expected = told["weights"]["sha256"]
    except FileNotFoundError as error:
        raise InputError(error.filename, "no such file", hint) from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise InputError(path, "cannot be read as a trained system", hint) from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise InputError(
            path / WEIGHTS_FILE, "is not the file that card.json names", "train or copy it again"
        )
    return arrays, told


def _version() -> str:
    from fleeting import __version__

    return __version__
