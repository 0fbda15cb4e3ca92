"""Many folds and seeds at once: the weights of many networks in one stack, one call for all of them.

A tiny network keeps a machine busy with the overhead of its calls. Here the networks of many folds become one
with a leading axis (``torch.func``); each sees its own rows in its own order, padded to one length. Padded
rows count neither in the loss nor in batch norms (`fleeting.nn.BatchNorm`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from fleeting.core import Examples, UsageError
from fleeting.nn import counted_rows
from fleeting.training.loop import TrainingRun, make_optimizer
from fleeting.training.recognizer import TorchRecognizer
from fleeting.training.rows import Objective, Rows, labelled, logits_of, make_objective
from fleeting.training.settings import TrainingSettings, epoch_batches, generator, torch_seed


def fit_many(
    recognizers: Sequence[TorchRecognizer],
    trains: Sequence[Examples],
    *,
    at_once: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Fit recognisers of one kind, each on its own rows, in stacks.

    Parameters
    ----------
    recognizers
        Of one system with the same switches and settings; seeds may differ. Fitted in place, as by ``fit``.
    trains
        ``trains[i]`` is what ``recognizers[i]`` learns from.
    at_once
        Networks in a stack; only those whose epochs have the same number of batches share one. By default 64
        on a GPU and 1 on the CPU, where a stack was measured to be slower (``benchmarks/folds_at_once.py``).
        With 1 each is fitted alone, by its ``fit``.
    progress
        Called with the number of recognisers done and of all.

    Raises
    ------
    UsageError
        Where they differ in more than the seed, or the system cannot be stacked: it has a further loss,
        keeps the best epoch, or uses a batch norm that counts padded rows.

    Notes
    -----
    Without drop-out the result is that of fitting one at a time, up to rounding. Drop-out is drawn for each
    network apart, but not as it would be alone: the spread over seeds is the same, the single result is not.
    """
    _check_alike(recognizers, trains)
    if at_once is None:
        at_once = 1 if recognizers[0].settings.device == "cpu" else 64
    if at_once <= 1:
        for number, (one, train) in enumerate(zip(recognizers, trains, strict=True), 1):
            one.fit(train)
            if progress is not None:
                progress(number, len(recognizers))
        return
    groups: dict[int, list[int]] = {}
    prepared: dict[int, tuple[Rows, Objective]] = {}
    for at, (one, train) in enumerate(zip(recognizers, trains, strict=True)):
        known = labelled(train)
        objective = make_objective(np.asarray(known.labels), len(train.classes), one.settings)
        prepared[at] = (one.prepare(known), objective)
        batches = -(-len(known) // one.settings.batch_size)
        groups.setdefault(batches, []).append(at)
    done = 0
    for members in groups.values():
        for start in range(0, len(members), at_once):
            part = members[start : start + at_once]
            _fit_stack([recognizers[at] for at in part], [prepared[at] for at in part])
            done += len(part)
            if progress is not None:
                progress(done, len(recognizers))


def _check_alike(recognizers: Sequence[TorchRecognizer], trains: Sequence[Examples]) -> None:
    if not recognizers or len(recognizers) != len(trains):
        raise UsageError(
            f"expected as many recognisers as training sets, got {len(recognizers)} and {len(trains)}"
        )
    first = recognizers[0]
    for one in recognizers:
        if (one.system, one.preset, one.settings, dict(one.switches)) != (
            first.system,
            first.preset,
            first.settings,
            dict(first.switches),
        ):
            raise UsageError("recognisers in a stack must be of one system, preset, switches and settings")
    if not first.stackable:
        raise UsageError(f"system {first.system!r} cannot be trained in a stack; call fit for each")


def _fit_stack(recognizers: list[TorchRecognizer], prepared: list[tuple[Rows, Objective]]) -> None:
    """Train one stack; every member has the same number of batches an epoch."""
    settings = recognizers[0].settings
    modules = [_ready(one) for one in recognizers]
    device = torch.device("cpu" if settings.device == "auto" else settings.device)
    rows = [part.to(device) for part, _ in prepared]
    stack = _Stack([module.to(device).train() for module in modules])
    optimizer = make_optimizer(list(stack.parameters.values()), settings)
    runs = [TrainingRun() for _ in recognizers]
    with torch.random.fork_rng(devices=[] if device.type == "cpu" else None):
        for epoch in range(settings.epochs):
            torch.manual_seed(torch_seed(recognizers[0].seed, epoch))
            for group in optimizer.param_groups:
                group["lr"] = settings.rate(epoch)
            plans = [
                epoch_batches(len(part), settings, one.seed, epoch)
                for part, one in zip(rows, recognizers, strict=True)
            ]
            totals = np.zeros(len(recognizers))
            for step, ats in enumerate(zip(*plans, strict=True)):
                batches = [
                    _batch(one, part.take(at), settings, epoch, step)
                    for one, part, at in zip(recognizers, rows, ats, strict=True)
                ]
                losses = _losses(stack, batches, [objective for _, objective in prepared])
                optimizer.zero_grad(set_to_none=True)
                losses.sum().backward()
                if settings.clip:
                    stack.clip(settings.clip)
                optimizer.step()
                share = [len(at) / len(part) for at, part in zip(ats, rows, strict=True)]
                totals += losses.detach().cpu().numpy() * np.array(share)
            for run, total in zip(runs, totals, strict=True):
                run.history.append({"epoch": epoch + 1, "loss": float(total), "rate": settings.rate(epoch)})
                run.chosen = epoch + 1
    stack.unload(modules)
    for one, run in zip(recognizers, runs, strict=True):
        one.run = run


def _ready(one: TorchRecognizer) -> nn.Module:
    module = one.module
    if module is None:
        raise UsageError(f"system {one.system!r}: call prepare first")
    for name, layer in module.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            raise UsageError(
                f"system {one.system!r}: layer {name!r} would count padded rows; use fleeting.nn.BatchNorm"
            )
    return module


def _batch(one: TorchRecognizer, batch: Rows, settings: TrainingSettings, epoch: int, step: int) -> Rows:
    """Augment a batch just as it is when its network is trained alone."""
    augment = one.augmentation()
    if augment is None or not settings.augment:
        return batch
    rng = generator(one.seed, epoch, step + 1)
    return Rows(*augment(batch.inputs, batch.labels, rng), batch.targets)


def _losses(stack: "_Stack", batches: list[Rows], objectives: list[Objective]) -> Tensor:
    """Mean loss of each network over its own rows, ``(M,)``."""
    longest = max(len(batch) for batch in batches)
    inputs = [
        torch.stack([_padded(batch.inputs[place], longest) for batch in batches])
        for place in range(len(batches[0].inputs))
    ]
    mask = torch.zeros(len(batches), longest, device=inputs[0].device)
    for number, batch in enumerate(batches):
        mask[number, : len(batch)] = 1
    logits = stack.forward(mask, *inputs)
    return torch.stack(
        [
            objective(logits[number, : len(batch)], batch.labels).mean()
            for number, (batch, objective) in enumerate(zip(batches, objectives, strict=True))
        ]
    )


def _padded(values: Tensor, length: int) -> Tensor:
    """Repeat the first row until there are enough; what is repeated never counts."""
    lacking = length - len(values)
    return values if not lacking else torch.cat([values, values[:1].expand(lacking, *values.shape[1:])])


class _Stack:
    """Networks of one make as one, with a leading axis in every weight."""

    def __init__(self, modules: list[nn.Module]) -> None:
        self.base = modules[0]
        self.parameters, self.buffers = stack_module_state(modules)  # type: ignore[arg-type]
        self._call: Any = vmap(self._one, in_dims=0, randomness="different")

    def _one(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], mask: Tensor, *inputs: Tensor
    ) -> Tensor:
        with counted_rows(mask):
            return logits_of(functional_call(self.base, (parameters, buffers), inputs))

    def forward(self, mask: Tensor, *inputs: Tensor) -> Tensor:
        """Give ``(M, B, C)`` logits."""
        return self._call(self.parameters, self.buffers, mask, *inputs)

    def clip(self, most: float) -> None:
        """Cut each network's gradient to a norm, as ``clip_grad_norm_`` does for one."""
        gradients = [one.grad for one in self.parameters.values() if one.grad is not None]
        norms = torch.stack([one.flatten(1).norm(dim=1) for one in gradients]).norm(dim=0)
        factor = (most / (norms + 1e-6)).clamp_max(1.0)
        for one in gradients:
            one.mul_(factor.view(-1, *([1] * (one.ndim - 1))))

    def unload(self, modules: list[nn.Module]) -> None:
        """Put the weights back into the networks, on the CPU and in evaluation mode."""
        together = {**self.parameters, **self.buffers}
        for number, module in enumerate(modules):
            state = {name: values[number].detach().cpu() for name, values in together.items()}
            module.cpu().load_state_dict(state)
            module.eval()
