"""A session of onnxruntime that gives the same on every machine, and what a result says of a model."""

from collections.abc import Mapping
from typing import Any

from fleeting.core import ModelUse


def session(data: bytes) -> Any:
    """Load an ONNX file for one thread: the same sums on every machine."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def use_of(card: Mapping[str, Any]) -> ModelUse:
    """Name, hash, licence and training data, for a result's provenance."""
    name = str(card.get("name", card.get("system", card["task"])))
    licence, learnt = card.get("licence", "not said"), card.get("trained_on", "not said")
    return ModelUse(name, str(card["sha256"]), str(licence), str(learnt))
