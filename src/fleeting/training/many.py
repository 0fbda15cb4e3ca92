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
from fleeting.training.loop import TrainingRun, finite, make_optimizer
from fleeting.training.recognizer import TorchRecognizer
from fleeting.training.rows import Objective, Rows, labelled, logits_of, make_objective
from fleeting.training.settings import epoch_batches, generator, torch_seed


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
    if any(tuple(train.classes) != tuple(trains[0].classes) for train in trains):
        raise UsageError("recognisers in a stack must learn the same classes")
    for one in recognizers:
        if (one.system, one.preset, one.planned(), dict(one.switches)) != (
            first.system,
            first.preset,
            first.planned(),
            dict(first.switches),
        ):
            raise UsageError("recognisers in a stack must be of one system, preset, switches and settings")
    if not first.stackable:
        raise UsageError(f"system {first.system!r} cannot be trained in a stack; call fit for each")


def _fit_stack(recognizers: list[TorchRecognizer], prepared: list[tuple[Rows, Objective]]) -> None:
    """Train one stack; every member has the same number of batches an epoch."""
    first, settings = recognizers[0], recognizers[0].planned()
    device = torch.device("cpu" if settings.device == "auto" else settings.device)
    modules = [_ready(one).to(device).train() for one in recognizers]
    stack = _Stack(modules)
    rows = _StackedRows([part for part, _ in prepared], device)
    objective = prepared[0][1]
    weights = torch.stack([one.weights for _, one in prepared]).to(device)
    row_losses = vmap(objective.with_weights)
    optimizer = make_optimizer(list(stack.parameters.values()), settings)
    history: list[np.ndarray] = []
    with torch.random.fork_rng(devices=[] if device.type == "cpu" else None):
        for epoch in range(settings.epochs):
            torch.manual_seed(torch_seed(first.seed, epoch))
            for group in optimizer.param_groups:
                group["lr"] = settings.rate(epoch)
            plans = [
                epoch_batches(size, settings, one.seed, epoch)
                for size, one in zip(rows.sizes, recognizers, strict=True)
            ]
            total = torch.zeros(len(recognizers), device=device)
            for step, places in enumerate(zip(*plans, strict=True)):
                inputs, labels, mask = rows.take(places)
                if first.augment is not None and settings.augment:
                    rngs = [generator(one.seed, epoch, step + 1) for one in recognizers]
                    inputs, labels = _augmented(first, inputs, labels, places, rngs)
                losses = (row_losses(stack.forward(mask, *inputs), labels, weights) * mask).sum(1)
                optimizer.zero_grad(set_to_none=True)
                (losses / mask.sum(1)).sum().backward()
                if settings.clip:
                    stack.clip(settings.clip)
                optimizer.step()
                total += losses.detach()
            history.append(total.cpu().numpy() / rows.sizes)
            finite(float(history[-1].sum()), epoch)
    stack.unload(modules)
    for number, one in enumerate(recognizers):
        entries = [
            {"epoch": epoch + 1, "loss": float(mean[number]), "rate": settings.rate(epoch)}
            for epoch, mean in enumerate(history)
        ]
        one.run = TrainingRun(entries, len(entries))


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


class _StackedRows:
    """Rows of all networks with a leading axis, padded to the longest; a batch of all is one look-up."""

    def __init__(self, parts: list[Rows], device: torch.device) -> None:
        self.sizes = np.array([len(part) for part in parts])
        most = int(self.sizes.max())
        places = range(len(parts[0].inputs))
        self.inputs = [
            torch.stack([_padded(part.inputs[place], most) for part in parts]).to(device) for place in places
        ]
        self.labels = torch.stack([_padded(part.labels, most) for part in parts]).to(device)

    def take(self, places: Sequence[np.ndarray]) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
        """Give inputs ``(M, B, ...)``, labels and a mask ``(M, B)`` that is 0 where a row only fills up."""
        longest = max(map(len, places))
        at = np.stack([np.concatenate([one, np.repeat(one[:1], longest - len(one))]) for one in places])
        filled = np.arange(longest) < np.array([len(one) for one in places])[:, None]
        device = self.labels.device
        rows = torch.from_numpy(at).to(device)
        members = torch.arange(len(places), device=device)[:, None]
        mask = torch.from_numpy(filled).to(device, torch.float32)
        return tuple(one[members, rows] for one in self.inputs), self.labels[members, rows], mask


def _padded(values: Tensor, length: int) -> Tensor:
    """Repeat the first row until there are enough; what is repeated never counts."""
    lacking = length - len(values)
    return values if not lacking else torch.cat([values, values[:1].expand(lacking, *values.shape[1:])])


def _augmented(
    first: TorchRecognizer,
    inputs: tuple[Tensor, ...],
    labels: Tensor,
    places: Sequence[np.ndarray],
    rngs: list[np.random.Generator],
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Augment each network's batch with its own random numbers, as when it is trained alone."""
    alone = first.augmentation()
    change: Any = first.augment
    assert alone is not None
    sizes, longest = [len(one) for one in places], labels.shape[1]
    if hasattr(change, "draw"):  # all rows in one call
        drawn = [change.draw(rng, size) for rng, size in zip(rngs, sizes, strict=True)]
        filled = [np.concatenate([one, np.repeat(one[:1], longest - len(one), axis=0)]) for one in drawn]
        flat = tuple(one.flatten(0, 1) for one in inputs)
        changed, turned = change.apply(flat, labels.flatten(0, 1), np.concatenate(filled), first.classes)
        shape = labels.shape[:2]
        return tuple(one.unflatten(0, shape) for one in changed), turned.unflatten(0, shape)
    parts = [
        alone(Rows(tuple(one[number, :size] for one in inputs), labels[number, :size]), rng)
        for number, (size, rng) in enumerate(zip(sizes, rngs, strict=True))
    ]
    together = tuple(
        torch.stack([_padded(part.inputs[place], longest) for part in parts]) for place in range(len(inputs))
    )
    return together, torch.stack([_padded(part.labels, longest) for part in parts])


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
