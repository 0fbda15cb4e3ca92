"""The aligned crop, and similarity transforms of the plane as ``(2, 3)`` matrices."""

from dataclasses import dataclass

import numpy as np

from fleeting.core.checks import check_shape


@dataclass(frozen=True, slots=True)
class CropGeometry:
    """Size of the aligned crop and place of the face in it.

    Parameters
    ----------
    width, height
        Pixels.
    iod
        Distance of the eye centres, pixels of the crop.
    eyes_y
        Height of the eye line, as a share of ``height``.
    """

    width: int = 112
    height: int = 128
    iod: float = 44.0
    eyes_y: float = 0.34

    def scaled(self, factor: float) -> "CropGeometry":
        """Give the same view with ``factor`` times the pixels.

        Examples
        --------
        >>> CropGeometry().scaled(2).width
        224
        """
        return CropGeometry(
            round(self.width * factor), round(self.height * factor), self.iod * factor, self.eyes_y
        )

    @property
    def origin(self) -> np.ndarray:
        """Pixel midway between the eyes ``(2,)``."""
        return np.array([(self.width - 1) / 2, (self.height - 1) * self.eyes_y])


CROP = CropGeometry()


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares similarity ``(2, 3)`` that takes points ``(N, 2)`` to others.

    Rotation, scale and shift, no mirroring. Source: Umeyama, TPAMI 13(4), 1991, in complex numbers.

    Examples
    --------
    >>> a = np.array([[0, 0], [1, 0], [0, 1.0]])
    >>> similarity(a, 2 * a + 1).round(6) + 0.0
    array([[2., 0., 1.],
           [0., 2., 1.]])
    """
    check_shape(source, ("N", 2), "source")
    check_shape(target, np.shape(source), "target")
    a = source[:, 0] + 1j * source[:, 1]
    b = target[:, 0] + 1j * target[:, 1]
    a0, b0 = a.mean(), b.mean()
    turn = np.vdot(a - a0, b - b0) / max(float(np.vdot(a - a0, a - a0).real), 1e-12)
    shift = b0 - turn * a0
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def transform_points(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Take points ``(..., 2+)`` through a ``(2, 3)`` transform; further coordinates are left out.

    Examples
    --------
    >>> transform_points(np.array([[2, 0, 1], [0, 2, 0.0]]), np.array([[1.0, 1.0]]))
    array([[3., 2.]])
    """
    return np.asarray(points)[..., :2] @ transform[:, :2].T + transform[:, 2]


def compose(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Chain two ``(2, 3)`` transforms: ``first``, then ``second``.

    Examples
    --------
    >>> double = np.array([[2, 0, 0], [0, 2, 0.0]])
    >>> float(compose(double, double)[0, 0])
    4.0
    """
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def invert(transform: np.ndarray) -> np.ndarray:
    """Invert a ``(2, 3)`` transform.

    Examples
    --------
    >>> invert(np.array([[2, 0, 4], [0, 2, 0.0]]))[0] + 0.0
    array([ 0.5,  0. , -2. ])
    """
    back = np.linalg.inv(transform[:, :2])
    return np.column_stack([back, -back @ transform[:, 2]])
