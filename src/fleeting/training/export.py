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
    return _write(target, data, facts)


class _Spread(nn.Module):
    """A network behind ``*inputs``, as `onnx_data` names the free axes of one such argument."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Any:
        """Give what the network gives."""
        return self.module(*inputs)


def export_outputs(
    module: nn.Module,
    example: Sequence[Tensor],
    path: str | PathLike[str],
    card: Mapping[str, Any],
    *,
    outputs: Sequence[str],
    free: Sequence[Mapping[int, Any]],
) -> Path:
    """Write a network that gives other things than scores of rows, such as one over frames.

    Parameters
    ----------
    module
        Takes the tensors of ``example``, gives a tensor for each of ``outputs``.
    example
        One tensor for each input. The file's inputs are called ``x0``, ``x1`` ...
    path
        The ``.onnx`` file; ``<stem>.json`` beside it gets the facts and the file's sha256.
    card
        Plain facts, as for `export_onnx`.
    outputs
        Names of the tensors that it gives.
    free
        For each input the axes whose size is free, as `onnx_data` takes them.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        Where the network cannot be exported, or the runtime's answer is another one.
    InputError
        Where the file cannot be written.
    """
    whole = _Spread(module.cpu().eval()).eval()
    facts = {"schema": SCHEMA, "outputs": list(outputs)} | dict(card)
    names = [f"x{at}" for at in range(len(example))]
    data = onnx_data(whole, example, inputs=names, output=outputs, free=free, facts=facts, tidy=False)
    _compare(whole, tuple(example), names, data, free)
    return _write(Path(path), data, facts)


def _write(target: Path, data: bytes, facts: dict[str, Any]) -> Path:
    """Write the file, and the facts with its hash beside it."""
    from fleeting.io import write_atomic

    write_atomic(target, data)
    told = facts | {"file": target.name, "sha256": hashlib.sha256(data).hexdigest()}
    write_atomic(target.with_suffix(".json"), json.dumps(told, indent=1) + "\n")
    return target


def onnx_data(
    module: nn.Module,
    example: Sequence[Tensor],
    *,
    inputs: Sequence[str],
    output: str | Sequence[str],
    free: Sequence[Mapping[int, Any]],
    facts: Mapping[str, Any],
    tidy: bool = True,
) -> bytes:
    """Turn a network into the bytes of an ONNX file that tells nothing of the machine it was made on.

    Parameters
    ----------
    module
        In evaluation mode; its ``forward`` takes ``*inputs`` and gives a tensor for each output.
    example
        One tensor for each input.
    inputs, output
        Names in the file.
    free
        For each input the axes whose size is free, as `torch.onnx.export` takes them.
    facts
        Plain data for the file's metadata ``fleeting``.
    tidy
        Whether the file is simplified, which takes longer than all else where a network is long; the runtime
        does the same when it loads the file.

    Raises
    ------
    UsageError
        Where the network cannot be exported.
    """
    outputs = [output] if isinstance(output, str) else list(output)
    return _with_metadata(
        _to_onnx(module, tuple(example), list(inputs), outputs, tuple(free), tidy=tidy), facts
    )


def _to_onnx(
    whole: nn.Module,
    example: tuple[Tensor, ...],
    names: list[str],
    outputs: list[str],
    free: tuple[Mapping[int, Any], ...],
    *,
    tidy: bool,
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
                output_names=outputs,
                dynamic_shapes=dynamic,
                opset_version=OPSET,
                dynamo=True,
                optimize=tidy,
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


def _compare(
    whole: nn.Module,
    example: tuple[Tensor, ...],
    names: list[str],
    data: bytes,
    free: Sequence[Mapping[int, Any]] | None = None,
) -> None:
    """See that the runtime says what torch says, for this example and for one of half the size."""
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    half = list(example)
    for at, axes in enumerate([{0: None}] * len(example) if free is None else free):
        for axis in axes:
            half[at] = half[at].narrow(axis, 0, half[at].shape[axis] // 2)
    for part in (example, tuple(half)):
        with torch.no_grad():
            said = whole(*part)
        given = {name: values.numpy() for name, values in zip(names, part, strict=True)}
        try:
            found = session.run(None, given)
        except InvalidArgument as error:
            raise UsageError(
                f"the exported file takes no other size than {tuple(example[0].shape)}"
            ) from error
        wanted = said if isinstance(said, tuple) else (said,)
        gaps = [np.abs(np.asarray(a) - b.numpy()).max() for a, b in zip(found, wanted, strict=True)]
        if not max(gaps) <= _TOLERANCE:
            told = f"the exported file differs from the network by {max(gaps):.2g}; it was not written"
            raise UsageError(told)
