"""A calibrated camera: face units in, pixels and depth out."""

from dataclasses import dataclass

import numpy as np

from fleeting.core import UsageError

_AIM = np.array([0.0, 0.45, 0.0])  # IOD: the middle of a face, which cameras look at


@dataclass(frozen=True)
class View:
    """A pinhole camera.

    Parameters
    ----------
    height, width
        Pixels.
    focal
        Focal length in pixels.
    centre
        ``(2,)`` principal point x, y; the middle of the first pixel is ``(0, 0)``.
    rotation, shift
        ``(3, 3)`` and ``(3,)``: a point ``p`` of the scene lies at ``rotation @ p + shift`` of the camera.
    """

    height: int
    width: int
    focal: float
    centre: np.ndarray
    rotation: np.ndarray
    shift: np.ndarray

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1 or not self.focal > 0:
            raise UsageError(
                f"view: expected pixels and a focal length, got {self.width} x {self.height}, {self.focal}"
            )

    @classmethod
    def toward_face(
        cls,
        size: int | tuple[int, int] = 256,
        *,
        iod_px: float | None = None,
        distance: float = 10.0,
        yaw_deg: float = 0.0,
        aim: np.ndarray = _AIM,
    ) -> "View":
        """Look at a face from a distance.

        Parameters
        ----------
        size
            Pixels each way, or height and width.
        iod_px
            Pixels of an eye distance at the depth of the eyes; by default a third of the smaller side.
        distance
            From the eyes, in eye distances (10 of them are about 62 cm).
        yaw_deg
            From which side; positive from the image's right.
        aim
            ``(3,)`` point in the middle of the picture.

        Examples
        --------
        >>> view = View.toward_face(200, iod_px=60)
        >>> view.project(np.array([[-0.5, 0.45, 0], [0.5, 0.45, 0]])).round(1).tolist()
        [[69.5, 99.5, 10.0], [129.5, 99.5, 10.0]]
        """
        height, width = (size, size) if isinstance(size, int) else size
        pixels = min(height, width) / 3 if iod_px is None else iod_px
        c, s = np.cos(np.radians(yaw_deg)), np.sin(np.radians(yaw_deg))
        turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
        shift = np.array([0.0, 0.0, distance]) - turn @ aim
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return cls(height, width, float(pixels * distance), middle, turn, shift)

    @property
    def intrinsics(self) -> np.ndarray:
        """``(3, 3)`` matrix of the camera."""
        return np.array([[self.focal, 0, self.centre[0]], [0, self.focal, self.centre[1]], [0, 0, 1.0]])

    @property
    def pose(self) -> np.ndarray:
        """``(3, 4)`` from the scene to the camera."""
        return np.column_stack([self.rotation, self.shift])

    def project(self, points: np.ndarray) -> np.ndarray:
        """``(N, 3)`` of x and y in pixels and depth in IOD, for points ``(N, 3)`` of the scene.

        Raises
        ------
        UsageError
            For a point that is not in front of the camera.
        """
        seen = points @ self.rotation.T + self.shift
        if not (seen[:, 2] > 0).all():
            raise UsageError("view: a point lies behind the camera; move the camera away")
        return np.column_stack([self.focal * seen[:, :2] / seen[:, 2:] + self.centre, seen[:, 2]])

    def lift(self, pixels: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Points ``(N, 3)`` of the scene behind pixels ``(N, 2)`` at depths ``(N,)``: inverse of `project`.

        Examples
        --------
        >>> view = View.toward_face(100, yaw_deg=20)
        >>> there = np.array([[0.2, 0.1, -0.3]])
        >>> at = view.project(there)
        >>> bool(np.allclose(view.lift(at[:, :2], at[:, 2]), there))
        True
        """
        ray = np.column_stack([(pixels - self.centre) / self.focal, np.ones(len(pixels))])
        return (ray * depth[:, None] - self.shift) @ self.rotation

    def told(self) -> dict[str, object]:
        """Plain numbers for a JSON file."""
        return {
            "height": self.height,
            "width": self.width,
            "intrinsics": self.intrinsics.tolist(),
            "pose": self.pose.tolist(),
        }
