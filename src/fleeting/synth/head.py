"""Rigid head motion: slow drift and turns, as a change of the picture around the head.

The motion is defined backwards, from where a pixel lies to where it came from, so that a frame is made by one
look-up and nothing is solved. Inside the head it is a similarity of the picture plus, for turns out of the
plane, the shift of a rounded depth; around the head it dies out, so that the background stays.
"""

from dataclasses import dataclass, field

import numpy as np

from fleeting.core import UsageError
from fleeting.synth._shape import FaceShape
from fleeting.synth._smooth import step
from fleeting.synth.timing import ease

_PIVOT = (0.0, 1.1)  # IOD: a head turns about its neck more than about its eyes
_RIGID, _STILL = 1.45, 2.8  # face-oval radii within which the head is rigid, beyond which nothing moves
_DEPTH = 1.2  # IOD from the plane of the ears to the front of the face
_DEPTH_REACH = (1.15, 1.7)  # IOD, how wide and high the rounding is
_WAVES = 7
_SLOWEST_HZ, _FASTEST_HZ = 0.06, 0.9


@dataclass(frozen=True, slots=True)
class Turn:
    """A larger head movement: there, a pause, and back.

    Parameters
    ----------
    at_s, duration_s
        Start and length in seconds, the way back included.
    yaw_deg, pitch_deg, roll_deg
        Angles at the far end: yaw to the image's right, pitch downwards, roll clockwise on the screen.
    shift_percent
        ``(x, y)`` in percent of the eye distance.
    """

    at_s: float
    duration_s: float
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    shift_percent: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if self.at_s < 0 or self.duration_s <= 0:
            raise UsageError(f"turn: expected a start and a duration, got {self.at_s} s, {self.duration_s} s")
        if max(abs(self.yaw_deg), abs(self.pitch_deg), abs(self.roll_deg)) > 20:
            raise UsageError("turn: a picture cannot be turned by more than 20 degrees")
        if max(abs(v) for v in self.shift_percent) > 30:
            raise UsageError("turn: expected a shift within 30 percent of the eye distance")


@dataclass(frozen=True, slots=True)
class HeadMotion:
    """How the head moves.

    Parameters
    ----------
    sway_percent
        Slow drift in x and y each, root mean square, percent of the eye distance.
    roll_deg, yaw_deg, pitch_deg
        Slow drift of the angles, root mean square, degrees.
    scale_percent
        Slow drift towards the camera and away, root mean square, percent.
    turns
        Larger movements.

    Raises
    ------
    UsageError
        For amounts that would tear the picture.
    """

    sway_percent: float = 0.0
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    scale_percent: float = 0.0
    turns: tuple[Turn, ...] = ()

    def __post_init__(self) -> None:
        most = {"sway_percent": 8, "roll_deg": 4, "yaw_deg": 4, "pitch_deg": 4, "scale_percent": 4}
        for name, limit in most.items():
            if not 0 <= getattr(self, name) <= limit:
                raise UsageError(f"head {name}: expected 0..{limit}, got {getattr(self, name)}")

    @property
    def still(self) -> bool:
        """Whether the head does not move at all."""
        drift = self.sway_percent, self.roll_deg, self.yaw_deg, self.pitch_deg, self.scale_percent
        return not (any(drift) or self.turns)


@dataclass(frozen=True)
class HeadPath:
    """A head motion with its chances drawn: pose at any time, and where a point came from.

    Poses are ``(6,)``: shift x, shift y (IOD), roll (rad), log scale, yaw, pitch (rad).
    """

    motion: HeadMotion
    shape: FaceShape
    seed: int
    _waves: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng((self.seed, 101))
        m = self.motion
        rms = np.array([m.sway_percent, m.sway_percent, m.roll_deg, m.scale_percent, m.yaw_deg, m.pitch_deg])
        rms = rms * [0.01, 0.01, np.pi / 180, 0.01, np.pi / 180, np.pi / 180]
        hertz = np.exp(rng.uniform(np.log(_SLOWEST_HZ), np.log(_FASTEST_HZ), (6, _WAVES)))
        size = rng.uniform(0.5, 1.0, (6, _WAVES)) / hertz**0.7  # slow waves are the large ones
        size *= rms[:, None] / np.sqrt((size**2).sum(1, keepdims=True) / 2)
        phase = rng.uniform(0, 2 * np.pi, (6, _WAVES))
        object.__setattr__(self, "_waves", np.stack([hertz, size, phase]))

    def pose(self, time_s: float) -> np.ndarray:
        """Pose ``(6,)`` at a time; all zeros while the head is still."""
        hertz, size, phase = self._waves
        pose = (size * np.sin(2 * np.pi * hertz * time_s + phase)).sum(1)
        for turn in self.motion.turns:
            reach = float(ease(np.array([time_s]), turn.at_s, turn.duration_s, 0.5, "hold")[0])
            angles = np.radians([turn.roll_deg, turn.yaw_deg, turn.pitch_deg]) * reach
            shift = np.array(turn.shift_percent) / 100 * reach
            pose += np.array([*shift, angles[0], 0.0, angles[1], angles[2]])
        return pose

    def planes(self, points: np.ndarray) -> np.ndarray:
        """Give the four functions ``(N, 4)`` that every pose mixes: hold, hold x, hold y, hold depth.

        ``points`` ``(N, 2)`` are face points; the hold is 1 on the head and 0 in the background.
        """
        hold = step((_STILL - self.shape.oval(points)) / (_STILL - _RIGID))
        away = points - _PIVOT
        round_ = np.exp(-(((points - [0.0, 0.4]) / _DEPTH_REACH) ** 2).sum(1))
        return np.stack([hold, hold * away[:, 0], hold * away[:, 1], hold * _DEPTH * round_], 1)

    def mix(self, time_s: float) -> np.ndarray | None:
        """Weights ``(4, 2)`` of `planes` that give the way back, IOD; None while the head is still."""
        x, y, roll, log_scale, yaw, pitch = self.pose(time_s)
        if not any((x, y, roll, log_scale, yaw, pitch)):
            return None
        turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]) * np.exp(-log_scale)
        squeeze = np.diag([1 / np.cos(yaw), 1 / np.cos(pitch)])
        back = squeeze @ turn
        shift = -back @ [x, y]
        return np.stack([shift, back[:, 0] - [1, 0], back[:, 1] - [0, 1], [-np.sin(yaw), -np.sin(pitch)]])

    def back(self, points: np.ndarray, time_s: float) -> np.ndarray:
        """Where the head's points at a time lay at rest, minus where they are, ``(N, 2)`` IOD."""
        mix = self.mix(time_s)
        return np.zeros_like(points) if mix is None else self.planes(points) @ mix

    def forward(self, points: np.ndarray, time_s: float) -> np.ndarray:
        """Where resting points ``(N, 2)`` are carried at a time: the inverse of `back`, to 1e-10 IOD."""
        mix = self.mix(time_s)
        if mix is None:
            return points
        at = points.copy()
        for _ in range(200):
            better = points - self.planes(at) @ mix
            change = float(np.abs(better - at).max(initial=0.0))
            at = better
            if change < 1e-10:
                return at
        raise UsageError(f"head motion at {time_s:.3f} s tears the picture; make it smaller")
