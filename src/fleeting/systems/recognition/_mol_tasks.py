"""What MOL learns beside the class: flow and landmarks, and their losses (arXiv:2506.14511)."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from fleeting.training import Rows

FLOW, LANDMARKS = "clip8-flow", "clip8-landmarks"
SIZE, POINTS = 128, 68
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)


@dataclass(frozen=True)
class JointLoss:
    """Loss of flow and landmarks: the weights of both, and the ``size`` of the network's frames."""

    flow: float
    landmarks: float
    size: int

    def __call__(self, output: Mapping[str, Tensor], batch: Rows) -> Tensor:
        """Give the sum; of a task that is off, nothing."""
        total = output["logits"].new_zeros(())
        if self.flow:
            known = scaled_flow(batch.targets[FLOW], self.size)
            total = total + self.flow * F.mse_loss(output["flow"], known)
        if self.landmarks:
            known = batch.targets[LANDMARKS].float() * (self.size / SIZE)
            total = total + self.landmarks * landmark_loss(output["landmarks"], known)
        return total


def scaled_flow(flow: Tensor, size: int) -> Tensor:
    """Bring flow ``(N, T, H, W, 2)`` to ``(N, T, 2, size, size)``, in pixels of that size.

    Examples
    --------
    >>> import torch
    >>> scaled_flow(torch.full((1, 1, 4, 4, 2), 3.0), 2).flatten().tolist()
    [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]
    """
    planes = flow.float().flatten(0, 1).permute(0, 3, 1, 2)
    if flow.shape[2] != size:
        planes = F.interpolate(planes, size=(size, size), mode="area") * (size / flow.shape[2])
    return planes.unflatten(0, flow.shape[:2])


def pupil_distance(points: Tensor) -> Tensor:
    """Give the distance of the centres of both eyes of ``(..., 68, 2)`` points."""
    return (points[..., RIGHT_EYE, :].mean(-2) - points[..., LEFT_EYE, :].mean(-2)).norm(dim=-1)


def landmark_loss(found: Tensor, known: Tensor) -> Tensor:
    """Give the absolute error of ``(N, T, 68, 2)``: over points and pupil distance, summed over frames.

    Examples
    --------
    >>> import torch
    >>> known = torch.zeros(1, 7, 68, 2)
    >>> known[:, :, LEFT_EYE, 0] = 10
    >>> round(landmark_loss(known + 1, known).item(), 3)  # two coordinates wrong by a tenth, seven frames
    1.4
    """
    apart = pupil_distance(known).clamp_min(1e-6)
    return ((found - known).abs().sum((2, 3)) / apart).sum(1).mean() / POINTS
