"""Splats on a photograph: where its face lies in space, and the colours that look like it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fleeting.core import UsageError, check_image
from fleeting.synth._splat_mesh import SplatMesh, head_mesh
from fleeting.synth._splat_view import View

if TYPE_CHECKING:
    from fleeting.synth.splat import Splats


def colours_from(picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Colours of a picture at points ``(N, 2)`` in pixels, ``(N, 3)`` 0..1; beyond it those of the edge.

    Raises
    ------
    ShapeError
        For anything but a colour picture.

    Examples
    --------
    >>> picture = np.zeros((4, 4, 3), np.uint8)
    >>> picture[:, 2:] = 255
    >>> colours_from(picture, np.array([[1.5, 1.0]]))[0].round(2).tolist()
    [0.5, 0.5, 0.5]
    """
    import cv2

    check_image(picture, "picture")
    at = np.asarray(pixels, np.float32)
    high = (np.array(picture.shape[1::-1]) - 1).astype(np.float32)
    x, y = np.clip(at[:, 0], 0, high[0]), np.clip(at[:, 1], 0, high[1])
    pale = picture.astype(np.float32)
    pieces = [
        cv2.remap(pale, x[None, i : i + 30_000], y[None, i : i + 30_000], cv2.INTER_LINEAR)[0]
        for i in range(0, len(at), 30_000)
    ]
    return np.concatenate(pieces).astype(np.float64) / 255


def mesh_on_portrait(
    landmarks: np.ndarray, size: tuple[int, int], *, distance: float = 10.0, levels: int = 1
) -> tuple[SplatMesh, View]:
    """Lay the mesh behind the landmarks of a photograph: its depth is that of the neutral face.

    Parameters
    ----------
    landmarks
        ``(468, 2+)`` pixels.
    size
        Height and width of the photograph.
    distance
        From the camera to the eyes, in eye distances; not known from one picture.
    levels
        See `head_mesh`.

    Returns
    -------
    tuple
        The mesh and the camera of the photograph, in which the mesh's points lie at the landmarks. The
        photograph's own tilt of the head stays in the mesh.
    """
    from fleeting.facs import eye_centers, neutral_mesh

    marks = np.asarray(landmarks, np.float64)
    eyes = eye_centers(marks)[:, :2]
    iod_px = float(np.hypot(*(eyes[1] - eyes[0])))
    if not iod_px > 0:
        raise UsageError("landmarks: both eyes lie on one point; give the landmarks of a face")
    view = View(size[0], size[1], iod_px * distance, eyes.mean(0), np.eye(3), np.array([0.0, 0.0, distance]))
    return head_mesh(view.lift(marks[:, :2], neutral_mesh()[:, 2] + distance), levels=levels), view


def fit_colours(
    splats: "Splats", vertices: Any, view: View, picture: np.ndarray, *, steps: int = 30, rate: float = 0.03
) -> "Splats":
    """Fit the splats' colours to a picture by gradient descent (Adam), from where they are.

    Parameters
    ----------
    splats, vertices, view
        As in `render`.
    picture
        ``(H, W, 3)`` uint8 RGB of the camera's size; also what lies behind the splats.
    steps, rate
        Of Adam (Kingma & Ba, 2015).

    Returns
    -------
    Splats
        With new colours in 0..1, without gradients.
    """
    from fleeting.synth.splat import _torch, render

    torch = _torch()
    check_image(picture, "picture")
    wanted = torch.as_tensor(picture.astype(np.float32) / 255, device=splats.colour.device)
    colour = splats.colour.detach().clone().requires_grad_()
    adam = torch.optim.Adam([colour], lr=rate)
    for _ in range(steps):
        adam.zero_grad()
        seen = render(replace(splats, colour=colour), vertices, view, background=wanted)
        ((seen.image - wanted) ** 2).sum().backward()
        adam.step()
    return replace(splats, colour=colour.detach().clamp(0, 1))
