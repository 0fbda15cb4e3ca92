"""One face as the motion fields see it: upright, in units of its eye distance, origin between the eyes."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from fleeting.core import LANDMARKS, UsageError, check_finite, check_shape
from fleeting.facs import eye_centers, mirror_index
from fleeting.synth._smooth import ramp

Half = Literal["left", "right"]

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_MIDLINE = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 2, 164, 0, 17, 18, 200, 199, 175, 152)
_LEFT_CORNERS = (362, 263)  # inner, outer
_LEFT_UPPER = (398, 384, 385, 386, 387, 388, 466)
_LEFT_LOWER = (382, 381, 380, 374, 373, 390, 249)
_LEFT_BROW_EDGE = (282, 295)
_INNER_LIPS = ((191, 80, 81, 82, 13, 312, 311, 310, 415), (95, 88, 178, 87, 14, 317, 402, 318, 324))
_OVAL_HARMONICS = 6
_LEAST_OPENING = 0.05  # IOD; a closed eye still has a line that can move


@dataclass(frozen=True)
class Eye:
    """One eye opening in its own axes: ``s`` from -1 (inner corner) to 1 (outer), ``y`` down in IOD.

    Parameters
    ----------
    origin
        ``(2,)`` midway between the corners.
    across, down
        ``(2,)`` unit vectors; ``across`` points away from the nose.
    half
        Half the width in IOD.
    upper, lower
        ``(3,)`` coefficients of the lid lines ``(1 - s^2)(a0 + a1 s + a2 s^2)``.
    brow
        Distance in IOD from the upper lid's middle to the lower edge of the brow.
    """

    origin: np.ndarray
    across: np.ndarray
    down: np.ndarray
    half: float
    upper: np.ndarray
    lower: np.ndarray
    brow: float

    def local(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn ``(N, 2)`` face points into ``s`` and ``y``, each ``(N,)``."""
        away = points - self.origin
        return away @ self.across / self.half, away @ self.down

    def lids(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Height ``y`` of the upper and the lower lid line at ``s``; 0 beyond the corners."""
        window = np.clip(1.0 - s * s, 0.0, None)
        powers = np.stack([np.ones_like(s), s, s * s], -1)
        return window * (powers @ self.upper), window * (powers @ self.lower)

    def lid_slopes(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope (height per width, both IOD) of the lid lines at ``s``; 0 beyond the corners."""
        within = (np.abs(s) < 1) / self.half
        slopes = []
        for a0, a1, a2 in (self.upper, self.lower):  # of a0 + a1 s + (a2 - a0) s^2 - a1 s^3 - a2 s^4
            slopes.append(within * (a1 + s * (2 * (a2 - a0) - s * (3 * a1 + s * 4 * a2))))
        return slopes[0], slopes[1]

    @property
    def opening(self) -> float:
        """Height of the opening in the middle, IOD."""
        return float(self.lower[0] - self.upper[0])


@dataclass(frozen=True)
class FaceShape:
    """A face in its own frame.

    Parameters
    ----------
    points
        ``(468, 2)`` float64 in units of the eye distance (IOD), origin between the eye centres, x along the
        line of the eyes to the image's right (the subject's left), y down.
    to_pixels
        ``(2, 3)`` similarity from these units to pixels of the picture.
    """

    points: np.ndarray
    to_pixels: np.ndarray = field(default_factory=lambda: np.eye(2, 3))

    @classmethod
    def from_landmarks(cls, landmarks: np.ndarray) -> "FaceShape":
        """Build from ``(468, 2+)`` pixel landmarks; raises UsageError where the eyes coincide.

        Examples
        --------
        >>> from fleeting.facs import neutral_mesh
        >>> shape = FaceShape.from_landmarks(neutral_mesh() * 100 + 200)
        >>> round(shape.iod_px, 3), shape.points[10].round(1).tolist()
        (100.0, [0.0, -0.9])
        """
        points = np.asarray(landmarks, np.float64)
        check_shape(points, (LANDMARKS, "D"), "landmarks")
        check_finite(points, "landmarks")
        right, left = eye_centers(points)[:, :2]
        middle, axis = (right + left) / 2, left - right
        if not np.hypot(*axis) > 0:
            raise UsageError("landmarks: both eyes lie on one point; give the landmarks of a face")
        linear = np.array([[axis[0], -axis[1]], [axis[1], axis[0]]])
        own = (points[:, :2] - middle) @ np.linalg.inv(linear).T
        return cls(own, np.column_stack([linear, middle]))

    @property
    def iod_px(self) -> float:
        """Pixels of one eye distance."""
        return float(np.hypot(*self.to_pixels[:, 0]))

    def middle_of(self, vertices: tuple[int, ...] | list[int], side: Half = "left") -> np.ndarray:
        """Mean ``(2,)`` of vertices named on the left half, on the half asked for."""
        return self.half(side)[list(vertices)].mean(0)

    def half(self, side: Half) -> np.ndarray:
        """``(468, 2)`` points in an order in which left-half vertex numbers mean this half."""
        return self.points if side == "left" else self.points[mirror_index()]

    @cached_property
    def _midline(self) -> np.ndarray:
        line = self.points[list(_MIDLINE)]
        return np.polynomial.polynomial.polyfit(line[:, 1], line[:, 0], 2)

    def off_midline(self, points: np.ndarray) -> np.ndarray:
        """Signed distance in x from the face's midline, ``(N,)`` IOD, positive on the subject's left."""
        y = np.clip(points[:, 1], -1.5, 2.5)
        return points[:, 0] - np.polynomial.polynomial.polyval(y, self._midline)

    @cached_property
    def _oval(self) -> tuple[np.ndarray, np.ndarray]:
        ring = self.points[list(OVAL)]
        centre = (ring.max(0) + ring.min(0)) / 2
        away = ring - centre
        waves = _fourier(np.arctan2(away[:, 1], away[:, 0]))
        return centre, np.linalg.lstsq(waves, np.hypot(*away.T), rcond=None)[0]

    def oval(self, points: np.ndarray) -> np.ndarray:
        """Distance from the face's centre relative to the face oval: 0 centre, 1 oval, ``(N,)``.

        The oval is a short Fourier series of the radius over the angle, fitted to its 36 vertices.
        """
        centre, weights = self._oval
        away = points - centre
        return np.hypot(*away.T) / (_fourier(np.arctan2(away[:, 1], away[:, 0])) @ weights)

    def eye(self, side: Half) -> Eye:
        """One eye opening."""
        return self._eyes[side]

    @cached_property
    def _eyes(self) -> dict[Half, Eye]:
        return {"left": self._make_eye("left"), "right": self._make_eye("right")}

    def _make_eye(self, side: Half) -> Eye:
        points = self.half(side)
        inner, outer = points[list(_LEFT_CORNERS)]
        half = float(np.hypot(*(outer - inner)) / 2)
        if half < 0.02:
            raise UsageError(f"landmarks: the {side} eye has no width; the face is turned too far away")
        across = (outer - inner) / (2 * half)
        down = np.array([-across[1], across[0]])
        down = down if down[1] > 0 else -down
        frame = Eye((inner + outer) / 2, across, down, half, np.zeros(3), np.zeros(3), 0.0)
        lines = []
        for ring in (_LEFT_UPPER, _LEFT_LOWER):
            s, y = frame.local(points[list(ring)])
            waves = (1 - s * s)[:, None] * np.stack([np.ones_like(s), s, s * s], -1)
            lines.append(np.linalg.lstsq(waves, y, rcond=None)[0])
        upper, lower = lines
        lack = max(0.0, _LEAST_OPENING - (lower[0] - upper[0])) / 2
        upper[0], lower[0] = upper[0] - lack, lower[0] + lack
        brow = upper[0] - frame.local(points[list(_LEFT_BROW_EDGE)])[1].mean()
        return Eye(frame.origin, across, down, half, upper, lower, float(brow))

    @cached_property
    def mouth(self) -> tuple[np.ndarray, float]:
        """The line between the lips, ``(3,)`` coefficients of ``y`` over ``x``, and half the gap in IOD."""
        upper, lower = (self.points[list(ring)] for ring in _INNER_LIPS)
        middle = (upper + lower) / 2
        line = np.polynomial.polynomial.polyfit(middle[:, 0], middle[:, 1], 2)
        return line, float(np.abs(lower[3:6, 1] - upper[3:6, 1]).mean() / 2)

    def below_mouth(self, points: np.ndarray) -> np.ndarray:
        """Distance in y below the line between the lips, ``(N,)`` IOD; it runs level beyond the corners."""
        line, _ = self.mouth
        right, left = self.points[61, 0], self.points[291, 0]
        x = right + ramp(points[:, 0] - right, 0.05) - ramp(points[:, 0] - left, 0.05)  # rounded clipping
        return points[:, 1] - np.polynomial.polynomial.polyval(x, line)


def _fourier(angle: np.ndarray) -> np.ndarray:
    """Columns 1, cos, sin, cos 2.. ``(N, 1 + 2 H)``."""
    order = np.arange(1, _OVAL_HARMONICS + 1) * angle[:, None]
    return np.concatenate([np.ones((len(angle), 1)), np.cos(order), np.sin(order)], 1)
