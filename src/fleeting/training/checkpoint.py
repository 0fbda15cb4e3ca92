"""A training on disk: one file that is there whole or not at all, and holds no code."""

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import InputError

SCHEMA = "fleeting.checkpoint/1"


def write_checkpoint(
    path: str | PathLike[str],
    *,
    epoch: int,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    told: Mapping[str, Any],
    best: Mapping[str, Tensor] | None = None,
) -> None:
    """Write weights, the optimiser's state and what else is needed to go on, after an epoch.

    Parameters
    ----------
    path
        A ``.safetensors`` file; an older one is replaced at once.
    epoch
        How many epochs are done.
    module, optimizer
        Their states are written.
    told
        Plain data: settings, history.
    best
        Weights of the best epoch so far.

    Raises
    ------
    InputError
        Where it cannot be written.
    """
    from safetensors.torch import save

    from fleeting.io import write_atomic

    tensors = {f"module/{name}": value for name, value in module.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {
            f"optimizer/{number}/{name}": torch.as_tensor(value)
            for name, value in state.items()
            if value is not None
        }
    tensors |= {f"best/{name}": value for name, value in (best or {}).items()}
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    metadata = {"schema": SCHEMA, "epoch": str(epoch), "told": json.dumps(dict(told))}
    write_atomic(path, save(plain, metadata))


def read_checkpoint(
    path: str | PathLike[str], module: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, dict[str, Any], dict[str, Tensor]] | None:
    """Put a checkpoint's state back.

    Returns
    -------
    tuple or None
        Epochs done, what was told, weights of the best epoch; ``None`` where there is no file.

    Raises
    ------
    InputError
        Where the file is no checkpoint, or one of another network.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if metadata.get("schema") != SCHEMA:
            raise InputError(path, "is no checkpoint", "remove it to train from the start")
        module.load_state_dict(_below("module/", tensors))
        _put_optimizer(optimizer, _below("optimizer/", tensors))
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise InputError(path, "does not fit this network", "remove it to train from the start") from error
    return int(metadata["epoch"]), json.loads(metadata["told"]), _below("best/", tensors)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _put_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, what = name.partition("/")
        state.setdefault(int(number), {})[what] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def fingerprint(values: Mapping[str, Any], *arrays: np.ndarray) -> str:
    """Give a short name for settings and data, so that a checkpoint of other ones is not taken for this.

    Examples
    --------
    >>> fingerprint({"a": 1}, np.zeros(2)) == fingerprint({"a": 1}, np.zeros(2))
    True
    """
    import hashlib

    digest = hashlib.sha256(json.dumps(dict(values), sort_keys=True, default=str).encode())
    for array in arrays:
        digest.update(str((array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
