"""The scan of a selective state space (Gu and Dao 2023), fast without kernels of its own.

A state ``h`` of ``N`` numbers for each of ``D`` channels follows the input:

``h[t] = exp(dt[t] A) h[t-1] + dt[t] B[t] x[t]``,  ``y[t] = C[t] h[t] + D x[t]``

(equations 2 of the paper, with the Euler step for ``B`` that its code takes). Autograd keeps a node for each
operation of each step; here the loop over time runs without autograd, one fused multiply-add a step into
memory that is there already, and the gradient is the same recurrence backwards, written out by hand.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fleeting.core import ShapeError

STEP_FLOATS = 1 << 14  # what one step of a group of sequences may hold, and
CHUNK_FLOATS = 1 << 16  # what a stretch of steps may: small enough to stay in the processor's cache


class _Scan(torch.autograd.Function):
    """``y`` and the last state, group by group of sequences, stretch by stretch of time."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        at = a.t().contiguous()  # (N, D): channels last, so that all loops run along them
        parts = [
            _forward(at, *(one.transpose(0, 1).contiguous() for one in group))
            for group in _groups(at, x, dt, b, c, state.unsqueeze(1).transpose(2, 3))
        ]
        ctx.save_for_backward(x, dt, a, b, c, state, *(states for _, states in parts))
        y = torch.cat([one for one, _ in parts], 1).transpose(0, 1)
        return y, torch.cat([states[-1] for _, states in parts]).transpose(1, 2).contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor, dlast: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        x, dt, a, b, c, state, *states = ctx.saved_tensors
        at = a.t().contiguous()
        whole = (x, dt, b, c, state.unsqueeze(1).transpose(2, 3), dy, dlast.unsqueeze(1).transpose(2, 3))
        da = torch.zeros_like(at)
        groups = (tuple(one.transpose(0, 1).contiguous() for one in g) for g in _groups(at, *whole))
        found = [_backward(at, da, own, *group) for own, group in zip(states, groups, strict=True)]
        dx, ddt, db, dc = (
            torch.cat(parts, 1).transpose(0, 1) for parts in zip(*(f[:4] for f in found), strict=True)
        )
        dstate = torch.cat([one[4] for one in found]).transpose(1, 2)
        return dx, ddt, da.t(), db, dc, dstate


def _groups(at: Tensor, *whole: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Split along the batch."""
    size = max(1, STEP_FLOATS // at.numel())
    return zip(*(one.split(size) for one in whole), strict=True)


def _stretches(steps: int, floats: int) -> list[tuple[int, int]]:
    """Split the time: starts and ends."""
    size = max(1, CHUNK_FLOATS // floats)
    return [(first, min(first + size, steps)) for first in range(0, steps, size)]


def _forward(at: Tensor, x: Tensor, dt: Tensor, b: Tensor, c: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Time first: ``x``, ``dt`` ``(T, G, D)``, ``b``, ``c`` ``(T, G, N)``; gives states ``(T, G, N, D)``."""
    steps, group, _ = x.shape
    states = x.new_empty(steps, group, *at.shape)
    y, comes = torch.empty_like(x), (dt * x).unsqueeze(2)
    dt, enters, reads, before = dt.unsqueeze(2), b.unsqueeze(3), c.unsqueeze(2), state[0]
    stretches = _stretches(steps, group * at.numel())
    space = x.new_empty(stretches[0][1], group, *at.shape)
    for first, last in stretches:
        part = slice(first, last)
        now, decay = states[part], space[: last - first]
        torch.mul(dt[part], at, out=decay).exp_()
        torch.mul(comes[part], enters[part], out=now)
        for one, kept in zip(now.unbind(0), decay.unbind(0), strict=True):
            torch.addcmul(one, kept, before, out=one)
            before = one
        torch.matmul(reads[part], now, out=y[part].unsqueeze(2))
    return y, states


def _backward(
    at: Tensor, da: Tensor, states: Tensor, x: Tensor, dt: Tensor, b: Tensor, c: Tensor, state: Tensor,
    dy: Tensor, dlast: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Gradients by x, dt, b, c and the first state; that by A is added to ``da``."""
    steps, group, _ = x.shape
    through, ddt = torch.empty_like(x), torch.empty_like(x)
    db, dc, comes = torch.empty_like(b), torch.empty_like(c), dt * x
    stretches = _stretches(steps, group * at.numel())
    spaces = x.new_empty(2, stretches[0][1], group, *at.shape)
    carry = dlast[0]
    for first, last in reversed(stretches):
        part = slice(first, last)
        now, decay, flow = states[part], spaces[0, : last - first], spaces[1, : last - first]
        torch.mul(dt[part].unsqueeze(2), at, out=decay).exp_()
        torch.mul(dy[part].unsqueeze(2), c[part].unsqueeze(3), out=flow)  # by each state, through y alone
        flows, kept = flow.unbind(0), decay.unbind(0)
        flows[-1].add_(carry)
        for t in range(len(flows) - 2, -1, -1):
            torch.addcmul(flows[t], kept[t + 1], flows[t + 1], out=flows[t])
        carry = kept[0] * flows[0]
        torch.matmul(b[part].unsqueeze(2), flow, out=through[part].unsqueeze(2))
        torch.matmul(flow, comes[part].unsqueeze(3), out=db[part].unsqueeze(3))
        torch.matmul(now, dy[part].unsqueeze(3), out=dc[part].unsqueeze(3))
        # by the exponent: the same memory again
        flow.mul_(decay)
        flow[1:].mul_(now[:-1])
        flow[0].mul_(states[first - 1] if first else state[0])
        torch.sum(torch.mul(flow, at, out=decay), 2, out=ddt[part])
        da += torch.mul(flow, dt[part].unsqueeze(2), out=decay).sum((0, 1))
    return dt * through, ddt.addcmul_(x, through), db, dc, carry


def selective_scan(
    x: Tensor,
    dt: Tensor,
    a: Tensor,
    b: Tensor,
    c: Tensor,
    d: Tensor | None = None,
    state: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Run the state space over a sequence.

    Parameters
    ----------
    x
        ``(B, T, D)`` input.
    dt
        ``(B, T, D)`` step, above 0.
    a
        ``(D, N)`` below 0, so that the state fades.
    b, c
        ``(B, T, N)`` how the input enters the state, and how the state is read.
    d
        ``(D,)`` what of the input passes by, none by default.
    state
        ``(B, D, N)`` the state before the first step, 0 by default.

    Returns
    -------
    y
        ``(B, T, D)``.
    state
        ``(B, D, N)`` after the last step: give it back to go on, so that a live video needs no more
        memory than one frame.

    Raises
    ------
    ShapeError
        Where the shapes do not fit.

    Examples
    --------
    >>> x = torch.ones(1, 3, 1)
    >>> half = torch.full((1, 1), -0.6931472)  # exp(-ln 2) = 1/2
    >>> y, _ = selective_scan(x, torch.ones(1, 3, 1), half, torch.ones(1, 3, 1), torch.ones(1, 3, 1))
    >>> [round(v, 4) for v in y.flatten().tolist()]
    [1.0, 1.5, 1.75]
    """
    batch, steps, channels = x.shape
    wanted = {
        "dt": (dt, (batch, steps, channels)),
        "a": (a, (channels, a.shape[-1])),
        "b": (b, (batch, steps, a.shape[-1])),
        "c": (c, (batch, steps, a.shape[-1])),
    }
    if state is not None:
        wanted["state"] = (state, (batch, channels, a.shape[-1]))
    for name, (given, shape) in wanted.items():
        if tuple(given.shape) != tuple(shape):
            raise ShapeError(f"{name}: expected {tuple(shape)}, got {tuple(given.shape)}")
    if not steps:
        raise ShapeError("x: expected at least one step, got none")
    first = x.new_zeros(batch, channels, a.shape[-1]) if state is None else state
    if torch.compiler.is_exporting():
        y, last = doubling(x, dt, a, b, c, first)
    else:
        y, last = _Scan.apply(x, dt, a, b, c, first)
    return (y if d is None else y + d * x), last


def doubling(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Do what `selective_scan` does in plain operations, few of them: what an exported file holds.

    After ``k`` rounds each step has taken in the ``2^k`` steps before it (Hillis and Steele 1986).

    Examples
    --------
    >>> x, dt, b = torch.rand(2, 5, 3), torch.rand(2, 5, 3), torch.rand(2, 5, 4)
    >>> a, first = -torch.rand(3, 4), torch.rand(2, 3, 4)
    >>> one, other = doubling(x, dt, a, b, b, first), step_by_step(x, dt, a, b, b, None, first)
    >>> all(bool(torch.allclose(p, q, atol=1e-6)) for p, q in zip(one, other))
    True
    """
    steps = x.shape[1]
    decay = torch.exp(dt[..., None] * a)  # (B, T, D, N)
    h = (dt * x)[..., None] * b[:, :, None]
    h = torch.cat([h[:, :1] + decay[:, :1] * state[:, None], h[:, 1:]], 1)
    far = 1
    while far < steps:  # what a step does not reach back to is 0, and stays so
        back = (0, 0, 0, 0, far, -far)
        h, decay = h + decay * F.pad(h, back), decay * F.pad(decay, back)
        far *= 2
    return (h * c[:, :, None]).sum(-1), h[:, -1]


def step_by_step(
    x: Tensor,
    dt: Tensor,
    a: Tensor,
    b: Tensor,
    c: Tensor,
    d: Tensor | None = None,
    state: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Do what `selective_scan` does, as the formula says it, with autograd: its oracle.

    Examples
    --------
    >>> x, dt, b = torch.rand(2, 5, 3), torch.rand(2, 5, 3), torch.rand(2, 5, 4)
    >>> a = -torch.rand(3, 4)
    >>> one, other = selective_scan(x, dt, a, b, b)[0], step_by_step(x, dt, a, b, b)[0]
    >>> bool(torch.allclose(one, other, atol=1e-6))
    True
    """
    h = x.new_zeros(len(x), *a.shape) if state is None else state
    out = []
    for t in range(x.shape[1]):
        decay = torch.exp(dt[:, t, :, None] * a)
        h = decay * h + dt[:, t, :, None] * b[:, t, None, :] * x[:, t, :, None]
        out.append((h * c[:, t, None, :]).sum(-1))
    y = torch.stack(out, 1)
    return (y if d is None else y + d * x), h
