"""A layer over the nodes of a graph that stands for regions of the face."""

import torch
from torch import Tensor, nn

from fleeting.core import ShapeError


class GraphLayer(nn.Module):
    """``ReLU(norm(A X W + b))`` for each frame (Kipf and Welling 2017, as in AUW-GCN).

    Parameters
    ----------
    inside, outside
        Features of a node.

    Examples
    --------
    >>> GraphLayer(2, 16)(torch.rand(4, 50, 12, 2), torch.eye(12)).shape
    torch.Size([4, 50, 12, 16])
    """

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inside, outside))
        self.bias = nn.Parameter(torch.zeros(outside))
        self.norm = nn.BatchNorm1d(outside)
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Mix nodes: ``x`` ``(B, T, N, inside)``, ``graph`` ``(N, N)``, row i what node i takes of others.

        Raises
        ------
        ShapeError
            Where the graph has another number of nodes.
        """
        if x.ndim != 4 or graph.shape != (x.shape[2], x.shape[2]):
            raise ShapeError(f"graph: {tuple(graph.shape)} does not fit x: {tuple(x.shape)}")
        mixed = torch.einsum("ij,btjc->btic", graph, x) @ self.weight + self.bias
        return torch.relu(self.norm(mixed.flatten(0, 2)).view(mixed.shape))
