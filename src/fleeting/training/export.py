"""A trained network as one ONNX file that an inference runtime runs without torch."""

import hashlib
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import UsageError
from fleeting.training.rows import logits_of

SCHEMA = "fleeting.model/1"
MODEL_FILE, FACTS_FILE = "model.onnx", "model.json"
METADATA_KEY = "fleeting"
OPSET = 18
_NEEDED = ("inputs", "classes", "task")
_TOLERANCE = 1e-4


class _Scores(nn.Module):
    """A network that ends in scores of 0..1 rather than logits."""

    def __init__(self, module: nn.Module, *, several: bool) -> None:
        super().__init__()
        self.module, self.several = module, several

    def forward(self, *inputs: Tensor) -> Tensor:
        """Give ``(N, C)`` scores."""
        logits = logits_of(self.module(*inputs))
        return torch.sigmoid(logits) if self.several else torch.softmax(logits, 1)


def export_onnx(
    module: nn.Module,
    example: Sequence[Tensor],
    path: str | PathLike[str],
    card: Mapping[str, Any],
    *,
    several: bool = False,
) -> Path:
    """Write a network as ONNX, with the facts that are needed to use it inside the file and beside it.

    Parameters
    ----------
    module
        Takes the tensors of ``example``, gives logits.
    example
        One tensor for each input, two rows or more; the number of rows is free in the file.
    path
        The ``.onnx`` file; ``<stem>.json`` beside it gets the facts and the file's sha256.
    card
        Plain facts: at least ``inputs`` (names of the representations, in order), ``classes`` and ``task``;
        ``trained_on`` and ``licence`` where it shall be given away.
    several
        Whether several labels hold at once: sigmoid rather than softmax.

    Returns
    -------
    Path
        The file. Its inputs are named as the representations and take what the network took in training, its
        output is ``scores`` ``(N, C)`` in 0..1, its metadata ``fleeting`` holds the facts as JSON.

    Raises
    ------
    UsageError
        Where facts are missing, the network cannot be exported, or the runtime's answer is another one.
    InputError
        Where the file cannot be written.
    """
    from fleeting.io import write_atomic

    missing = [name for name in _NEEDED if not card.get(name)]
    if missing or len(card["inputs"]) != len(example) or len(example[0]) < 2:
        raise UsageError(f"card: missing {missing}; or other than one example of two rows for each input")
    target = Path(path)
    facts = {"schema": SCHEMA, "output": "scores", "several": several} | dict(card)
    whole = _Scores(module.cpu().eval(), several=several).eval()
    rows = torch.export.Dim("rows", min=1)
    data = onnx_data(
        whole, example, inputs=card["inputs"], output="scores", free=[{0: rows} for _ in example], facts=facts
    )
    _compare(whole, tuple(example), list(card["inputs"]), data)
    write_atomic(target, data)
    facts["file"], facts["sha256"] = target.name, hashlib.sha256(data).hexdigest()
    write_atomic(target.with_suffix(".json"), json.dumps(facts, indent=1) + "\n")
    return target


def onnx_data(
    module: nn.Module,
    example: Sequence[Tensor],
    *,
    inputs: Sequence[str],
    output: str,
    free: Sequence[Mapping[int, Any]],
    facts: Mapping[str, Any],
) -> bytes:
    """Turn a network into the bytes of an ONNX file that tells nothing of the machine it was made on.

    Parameters
    ----------
    module
        In evaluation mode; its ``forward`` takes ``*inputs`` and gives one tensor.
    example
        One tensor for each input.
    inputs, output
        Names in the file.
    free
        For each input the axes whose size is free, as `torch.onnx.export` takes them.
    facts
        Plain data for the file's metadata ``fleeting``.

    Raises
    ------
    UsageError
        Where the network cannot be exported.
    """
    return _with_metadata(_to_onnx(module, tuple(example), list(inputs), output, tuple(free)), facts)


def _to_onnx(
    whole: nn.Module,
    example: tuple[Tensor, ...],
    names: list[str],
    output: str,
    free: tuple[Mapping[int, Any], ...],
) -> Any:
    """Trace the network."""
    noisy = logging.getLogger("torch.onnx")
    level = noisy.level
    noisy.setLevel(logging.ERROR)  # the exporter tells its steps
    dynamic = (tuple(dict(one) for one in free),)  # those of the one argument `*inputs`
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                whole,
                example,
                input_names=names,
                output_names=[output],
                dynamic_shapes=dynamic,
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except (RuntimeError, torch.onnx.OnnxExporterError) as error:
        first = (str(error).strip().splitlines() or ["unknown"])[0]
        raise UsageError(f"this network cannot be exported as ONNX: {first[:200]}") from error
    finally:
        noisy.setLevel(level)
    if program is None:
        raise UsageError("this network cannot be exported as ONNX: the exporter gave nothing")
    return program.model_proto


def _with_metadata(model: Any, facts: Mapping[str, Any]) -> bytes:
    import onnx

    onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(dict(facts))})
    model.doc_string = ""  # the exporter leaves traces of this machine's files
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised


def _compare(whole: nn.Module, example: tuple[Tensor, ...], names: list[str], data: bytes) -> None:
    """See that the runtime says what torch says, for these rows and for one alone."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    for rows in (len(example[0]), 1):
        part = tuple(one[:rows] for one in example)
        with torch.no_grad():
            expected = whole(*part).numpy()
        given = {name: values.numpy() for name, values in zip(names, part, strict=True)}
        gap = float(np.abs(np.asarray(session.run(None, given)[0]) - expected).max())
        if not gap <= _TOLERANCE:
            raise UsageError(f"the exported file differs from the network by {gap:.2g}; it was not written")
