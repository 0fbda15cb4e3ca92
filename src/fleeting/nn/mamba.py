"""A selective state-space layer (Mamba, Gu and Dao 2023) and the residual block of ME-TST around it."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import ShapeError
from fleeting.nn.scan import selective_scan

LayerState = tuple[Tensor, Tensor]
"""What a layer remembers: last inputs of its convolution ``(B, D, K - 1)``, and the scan's ``(B, D, N)``."""


class Mamba(nn.Module):
    """Gated causal convolution and selective scan over time.

    Names and sizes of weights are those of the reference implementation (``mamba_ssm``), so that its
    checkpoints fit.

    Parameters
    ----------
    width
        Of input and output.
    state
        Numbers of the state for each channel.
    kernel
        Of the causal convolution, frames.
    expand
        Inner width over ``width``.

    Examples
    --------
    >>> layer = Mamba(8, state=4)
    >>> y, _ = layer(torch.rand(2, 10, 8))
    >>> y.shape
    torch.Size([2, 10, 8])
    """

    def __init__(self, width: int, *, state: int = 64, kernel: int = 4, expand: int = 2) -> None:
        super().__init__()
        inner, rank = expand * width, math.ceil(width / 16)
        self.rank, self.state = rank, state
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, kernel, groups=inner)
        self.x_proj = nn.Linear(inner, rank + 2 * state, bias=False)
        self.dt_proj = nn.Linear(rank, inner)
        self.A_log = nn.Parameter(torch.arange(1.0, state + 1).log().repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, width, bias=False)
        self._start_steps()

    def _start_steps(self) -> None:
        """Draw first steps between 0.001 and 0.1, as the reference does."""
        bound = self.rank**-0.5
        nn.init.uniform_(self.dt_proj.weight, -bound, bound)
        low, high = math.log(1e-3), math.log(1e-1)
        step = torch.exp(torch.rand(self.dt_proj.out_features) * (high - low) + low).clamp_min(1e-4)
        with torch.no_grad():  # the inverse of softplus
            self.dt_proj.bias.copy_(step + torch.log(-torch.expm1(-step)))

    def forward(self, x: Tensor, past: LayerState | None = None) -> tuple[Tensor, LayerState]:
        """Run over ``(B, T, width)``; give the output and what to hand in as ``past`` with what comes next.

        Raises
        ------
        ShapeError
            For an input of another width.
        """
        if x.ndim != 3 or x.shape[2] != self.in_proj.in_features:
            raise ShapeError(f"x: expected (B, T, {self.in_proj.in_features}), got {tuple(x.shape)}")
        inside, gate = self.in_proj(x).chunk(2, 2)
        inside = inside.transpose(1, 2)  # (B, D, T)
        kernel = self.conv1d.kernel_size[0]
        before = x.new_zeros(x.shape[0], inside.shape[1], kernel - 1) if past is None else past[0]
        padded = torch.cat([before, inside], 2)
        u = F.silu(self.conv1d(padded)).transpose(1, 2)
        step, enters, reads = self.x_proj(u).split([self.rank, self.state, self.state], 2)
        y, last = selective_scan(
            u,
            F.softplus(self.dt_proj(step)),
            -torch.exp(self.A_log),
            enters,
            reads,
            self.D,
            None if past is None else past[1],
        )
        return self.out_proj(y * F.silu(gate)), (padded[:, :, padded.shape[2] - kernel + 1 :], last)


class DropPath(nn.Module):
    """Leave a branch out for some samples of a batch while training, and scale it up for the others.

    Examples
    --------
    >>> DropPath(0.5).eval()(torch.ones(2, 3)).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Give ``x``, zero for a random ``share`` of rows."""
        if not self.training or not self.share:
            return x
        kept = (torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device) >= self.share).to(x.dtype)
        return x * kept / (1 - self.share)


class MambaBlock(nn.Module):
    """``x + DropPath(norm(Mamba(norm(x))))``, the block of ME-TST, ME-TST+ and BoostingVRME.

    Parameters
    ----------
    width, state
        As in `Mamba`.
    drop
        Share of samples for which the branch is left out in training.
    spare_norm
        Whether to hold a layer norm that is never used, as the released blocks do: it counts among the
        parameters and gets no gradient.

    Examples
    --------
    >>> MambaBlock(8, state=4)(torch.rand(2, 10, 8))[0].shape
    torch.Size([2, 10, 8])
    """

    def __init__(self, width: int, *, state: int = 64, drop: float = 0.0, spare_norm: bool = False) -> None:
        super().__init__()
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.spare = nn.LayerNorm(width) if spare_norm else None
        self.mamba = Mamba(width, state=state)
        self.drop = DropPath(drop)

    def forward(self, x: Tensor, past: LayerState | None = None) -> tuple[Tensor, LayerState]:
        """Run over ``(B, T, width)``, see `Mamba`."""
        y, now = self.mamba(self.before(x), past)
        return x + self.drop(self.after(y)), now


class MambaStack(nn.Module):
    """Blocks one after another.

    Parameters
    ----------
    width, state
        As in `Mamba`.
    drops
        Of each block.
    spare_norm
        As in `MambaBlock`.

    Examples
    --------
    A stretch at a time gives the same as all at once:

    >>> stack, x = MambaStack(8, (0.0, 0.0), state=4).eval(), torch.rand(1, 10, 8)
    >>> whole, _ = stack(x)
    >>> first, past = stack(x[:, :6])
    >>> second, _ = stack(x[:, 6:], past)
    >>> bool(torch.allclose(whole, torch.cat([first, second], 1), atol=1e-5))
    True
    """

    def __init__(
        self, width: int, drops: tuple[float, ...], *, state: int = 64, spare_norm: bool = False
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            MambaBlock(width, state=state, drop=one, spare_norm=spare_norm) for one in drops
        )

    def forward(self, x: Tensor, past: list[LayerState] | None = None) -> tuple[Tensor, list[LayerState]]:
        """Run over ``(B, T, width)``; give the output and what each block remembers."""
        now = []
        for at, block in enumerate(self.blocks):
            x, one = block(x, None if past is None else past[at])
            now.append(one)
        return x, now
