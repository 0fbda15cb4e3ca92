"""A small inflated 3-D convolutional network: inception modules over clips (Carreira and Zisserman 2017)."""

import torch
from torch import Tensor, nn

from fleeting.nn.attention import CoordinateAttention
from fleeting.nn.blocks import Inception, convolution


class I3D(nn.Module):
    """A strided convolution, then three inception modules with pooling, each with coordinate attention.

    Parameters
    ----------
    channels
        Of the clip.
    widths
        Maps of the first convolution and of the three modules.
    kernel
        Of the first convolution.
    attention
        Whether there is coordinate attention over time, rows and columns after each module.

    Examples
    --------
    >>> features, middle = I3D(1, widths=(8, 16, 16, 32), kernel=3)(torch.rand(2, 1, 8, 28, 28))
    >>> features.shape, middle.shape
    (torch.Size([2, 32]), torch.Size([2, 16, 4, 4, 4]))
    """

    def __init__(
        self,
        channels: int,
        *,
        widths: tuple[int, int, int, int] = (64, 128, 256, 512),
        kernel: int = 7,
        attention: bool = True,
    ) -> None:
        super().__init__()
        first, second, third, last = widths

        def module(inside: int, outside: int) -> nn.Sequential:
            layers: list[nn.Module] = [Inception(inside, outside, axes=3, double=False)]
            layers += [CoordinateAttention(outside, axes=3)] if attention else []
            return nn.Sequential(*layers)

        self.stem = nn.Sequential(
            convolution(channels, first, kernel, axes=3, stride=2),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        self.middle = nn.Sequential(
            module(first, second), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)), module(second, third)
        )
        self.last = nn.Sequential(nn.MaxPool3d(2, ceil_mode=True), module(third, last))

    def forward(self, x: Tensor, added: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give features ``(N, widths[3])`` and the map before the last module.

        Parameters
        ----------
        x
            ``(N, C, T, H, W)``.
        added
            Another network's map, added to this one's before the last module.
        """
        middle = self.middle(self.stem(x))
        seen = middle if added is None else middle + added
        return self.last(seen).mean((2, 3, 4)), middle


def triplet_loss(features: Tensor, labels: Tensor, margin: float = 0.3) -> Tensor:
    """Give ``max(0, d(a, p) - d(a, n) + margin)`` of each row with its hardest companions in the batch.

    Distances are between features of unit length; ``p`` is the farthest row of the same class, ``n`` the
    nearest of another (Hermans et al. 2017). A row without either counts 0.

    Parameters
    ----------
    features
        ``(N, D)``.
    labels
        ``(N,)``.
    margin
        As above.

    Returns
    -------
    Tensor
        ``(N,)``.

    Examples
    --------
    >>> rows = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    >>> [round(one, 3) for one in triplet_loss(rows, torch.tensor([0, 0, 1, 1])).tolist()]
    [0.0, 0.0, 0.3, 0.0]
    """
    unit = nn.functional.normalize(features, dim=1)
    squared = (2 - 2 * unit @ unit.T).clamp_min(0)
    far = (squared + 1e-9).sqrt()
    same = labels[:, None] == labels[None]
    own = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    positive = far.masked_fill(~same | own, -1.0).amax(1)
    negative = far.masked_fill(same, 9.0).amin(1)
    usable = (positive >= 0) & (negative < 9.0)
    return torch.where(usable, (positive - negative + margin).clamp_min(0), 0.0)
