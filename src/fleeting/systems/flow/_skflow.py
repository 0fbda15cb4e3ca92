"""SKFlow (Sun et al., NeurIPS 2022), the network that the paper starts from: RAFT with super kernels and GMA.

Two encoders at 1/8, all pairs in four levels of radius 4, twelve rounds of an update whose convolutions are
super kernels, motion gathered by attention over the context, convex upsampling by 8.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import AllPairs, SuperKernel, cells, convex_upsample

_LEVELS, _RADIUS = 4, 4
_LARGE, _SMALL_LARGE = (1, 15), (1, 7)  # kernels of the motion encoder and the heads; of the updater


class SKFlowNet(nn.Module):
    """The whole network; 6.3 million parameters.

    Parameters
    ----------
    rounds
        Of the update.

    Examples
    --------
    >>> net = SKFlowNet(rounds=1).eval()
    >>> net(torch.zeros(1, 128, 128), torch.zeros(1, 128, 128)).shape
    torch.Size([1, 1, 2, 128, 128])
    """

    multiple = 8

    def __init__(self, *, rounds: int = 12) -> None:
        super().__init__()
        self.rounds = rounds
        self.features = Encoder(256, nn.InstanceNorm2d)
        self.context = Encoder(256, nn.BatchNorm2d)
        self.attention = nn.Conv2d(128, 256, 1, bias=False)
        self.update = Update()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Give flow after each round, ``(N, rounds, 2, H, W)``; pictures as for `SmallFlowNet`, 128 px on."""
        pictures = [(one.float() / 127.5 - 1)[:, None].expand(-1, 3, -1, -1) for one in (first, second)]
        both = self.features(torch.cat(pictures)).chunk(2)
        volume = AllPairs(*both, levels=_LEVELS, radius=_RADIUS)
        state, context = self.context(pictures[0]).split(128, 1)
        state, context = torch.tanh(state), F.relu(context)
        shares = self._shares(context)
        start = cells(context.shape[-2], context.shape[-1], context)
        flow = torch.zeros_like(context[:, :2])
        answers = []
        for _ in range(self.rounds):
            flow = flow.detach()
            state, weights, step = self.update(state, context, volume.look(start + flow), flow, shares)
            flow = flow + step
            answers.append(convex_upsample(8 * flow, weights, 8))
        return torch.stack(answers, 1)

    def _shares(self, context: Tensor) -> Tensor:
        """How much each cell looks at each other one, ``(N, cells, cells)``."""
        asked, told = self.attention(context).flatten(2).split(128, 1)
        return (asked.transpose(1, 2) @ told * 128**-0.5).softmax(-1)


class Encoder(nn.Module):
    """RAFT's: seven by seven, then six residual blocks, 1/8 of the size."""

    def __init__(self, outside: int, norm: type[nn.Module]) -> None:
        super().__init__()
        blocks = [Block(64, 64, 1, norm), Block(64, 64, 1, norm), Block(64, 96, 2, norm)]
        blocks += [Block(96, 96, 1, norm), Block(96, 128, 2, norm), Block(128, 128, 1, norm)]
        self.body = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3), norm(64), nn.ReLU(), *blocks, nn.Conv2d(128, outside, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, outside, H / 8, W / 8)``."""
        return self.body(x)


class Block(nn.Module):
    """Two convolutions and what came in."""

    def __init__(self, inside: int, outside: int, stride: int, norm: type[nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(inside, outside, 3, stride, 1), norm(outside), nn.ReLU()),
            *(nn.Conv2d(outside, outside, 3, 1, 1), norm(outside), nn.ReLU()),
        )
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, outside, 1, stride), norm(outside))

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, outside, H / stride, W / stride)``."""
        return F.relu(self.body(x) + self.shortcut(x))


class Update(nn.Module):
    """One round: costs and flow to motion, motion from where the picture is alike, state, step, weights."""

    def __init__(self) -> None:
        super().__init__()
        self.costs = SuperKernel(_LEVELS * (2 * _RADIUS + 1) ** 2, 256, kernels=_LARGE)
        self.costs_2 = SuperKernel(256, 192, kernels=_LARGE)
        self.flow = nn.Conv2d(2, 128, 1)
        self.flow_2 = SuperKernel(128, 64, kernels=_LARGE)
        self.both = SuperKernel(256, 126, kernels=_LARGE)
        self.values = nn.Conv2d(128, 128, 1, bias=False)
        self.trust = nn.Parameter(torch.zeros(1))
        self.state = SuperKernel(512, 128, kernels=_SMALL_LARGE)
        self.step = SuperKernel(128, 2, kernels=_LARGE)
        self.weights = nn.Sequential(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 576, 1))

    def forward(
        self, state: Tensor, context: Tensor, costs: Tensor, flow: Tensor, shares: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give the new state, the weights of upsampling, and the step in cells."""
        costs = self.costs_2(F.gelu(self.costs(costs)))
        moved = torch.cat([costs, self.flow_2(self.flow(flow))], 1)
        moved = torch.cat([self.both(moved), flow], 1)
        gathered = (self.values(moved).flatten(2) @ shares.transpose(1, 2)).view_as(moved)
        alike = moved + self.trust * gathered
        state = self.state(torch.cat([state, context, moved, alike], 1))
        return state, 0.25 * self.weights(state), self.step(state)
