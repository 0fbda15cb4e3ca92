"""A network of flow as an ONNX file for pictures of any size."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import UsageError
from fleeting.io import write_atomic
from fleeting.training import onnx_data

SCHEMA = "fleeting.flow/1"
MODEL_FILE, FACTS_FILE = "model.onnx", "model.json"
_TOLERANCE = 1e-4


class _Best(nn.Module):
    """The last answer alone."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *pictures: Tensor) -> Tensor:
        """Give ``(1, 2, H, W)``."""
        return self.module(*pictures)[:, -1]


def export_flow(module: nn.Module, folder: Path, facts: Mapping[str, Any]) -> Path:
    """Write ``model.onnx`` (``first``, ``second`` ``(1, H, W)`` uint8 -> ``flow``) and ``model.json``.

    Raises
    ------
    UsageError
        Where the network cannot be exported, or the runtime's answer is another one.
    """
    whole = _Best(module.cpu().eval()).eval()
    multiple = int(module.multiple)  # type: ignore[arg-type]
    high, wide = (torch.export.Dim(name, min=4, max=512) for name in ("high", "wide"))
    free = {1: multiple * high, 2: multiple * wide}
    rng = np.random.default_rng(0)
    sizes = ((1, 8 * multiple, 10 * multiple), (1, 12 * multiple, 8 * multiple))
    pairs = [[torch.from_numpy(rng.integers(0, 256, size, np.uint8)) for _ in "12"] for size in sizes]
    told = {"schema": SCHEMA, "task": "flow", "multiple": multiple, **facts}
    names = ["first", "second"]
    data = onnx_data(whole, pairs[0], inputs=names, output="flow", free=[free, free], facts=told)
    for pair in pairs:
        _compare(whole, pair, data)
    told["sha256"] = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / MODEL_FILE, data)
    write_atomic(folder / FACTS_FILE, json.dumps(told, indent=1) + "\n")
    return folder / MODEL_FILE


def _compare(whole: nn.Module, pair: list[Tensor], data: bytes) -> None:
    """See that the runtime says what torch says."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = whole(*pair).numpy()
    given = dict(zip(("first", "second"), (one.numpy() for one in pair), strict=True))
    gap = float(np.abs(np.asarray(session.run(None, given)[0]) - expected).max())
    if not gap <= _TOLERANCE:
        raise UsageError(f"the exported file differs from the network by {gap:.2g}; it was not written")
