"""The kernel basis as one person moves it: own sizes, places, directions and shares, uneven halves."""

from collections.abc import Callable

import numpy as np

from fleeting.core import Side
from fleeting.synth._flowmap_faces import _push, _rotation, _vary
from fleeting.synth._kernels import _GATE, OVAL_FADE, _part, _table, eye_guard, look_up, side_gate
from fleeting.synth._shape import FaceShape, Half
from fleeting.synth._smooth import step

EXTENT = 1.2  # size of the moving regions relative to the kernel basis, as in `FlowMapSettings`
_TURN, _TURN_PART, _GROW = 0.16, 0.1, 0.15  # spreads between people, as in `_flowmap_faces`
_TILT, _TILT_UNIT = 0.12, 0.15


def person_motion(shape: FaceShape, au: int, side: Side, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Give the motion of one action unit of the person of a seed, not yet scaled to a peak of 1.

    The same draws as a person of the flow maps makes (`_flowmap_faces.make_person`), on a face that is
    there: every part of a unit gets its own gain, size, place and direction, and the left and right half of
    the face differ by some 20 %.

    Parameters
    ----------
    shape
        The face.
    au, side
        What to move; ``side`` is the subject's own.
    seed
        The person. One unit's draws do not depend on the others asked for.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh
    >>> shape = FaceShape.from_landmarks(neutral_mesh())
    >>> smile = person_motion(shape, 12, "both", seed=3)(shape.points[[291, 61]])
    >>> bool((smile[:, 1] < 0).all()), bool(smile[0, 0] > 0 > smile[1, 0])
    (True, True)
    """
    parts = look_up(_table(), au)["parts"]
    rng = np.random.default_rng((seed, au, 1978))
    turn, grow = rng.normal(0, _TURN), EXTENT * float(np.exp(rng.normal(0, _GROW)))
    # a person's whole face leans to one side: drawn from the seed alone
    lean = np.random.default_rng((seed, 1979)).normal(0, _TILT) + rng.normal(0, _TILT_UNIT)
    own = [(_vary(part, rng, 1.0, grow), float(turn + rng.normal(0, _TURN_PART))) for part in parts]
    gains: dict[Half, float] = {"left": float(np.exp(lean)), "right": float(np.exp(-lean))}
    halves: tuple[Half, ...] = ("left", "right") if side == "both" else (side,)

    def motion(points: np.ndarray) -> np.ndarray:
        skin, lids = np.zeros((len(points), 2)), np.zeros((len(points), 2))
        for part, angle in own:
            if part["kind"].endswith("_lid"):
                for half in halves:
                    lids += gains[half] * _part(shape, part, half, points)
                continue
            for half in halves[:1] if part.get("mid") else halves:
                near, push = _push(shape, part, half, points)
                if part.get("mid"):
                    skin[near] += push
                else:
                    skin[near] += gains[half] * (push @ _rotation(angle if half == "left" else -angle))
        # most points do not move: what reaches over the whole face is asked for the others alone
        moves = (skin != 0).any(1) | (lids != 0).any(1)
        there = points[moves]
        total = skin[moves] * eye_guard(shape, there)[:, None] + lids[moves]
        total *= step((1.0 - shape.oval(there)) / OVAL_FADE)[:, None]
        skin[moves] = total * side_gate(shape, side, there, _GATE)[:, None]
        return skin

    return motion
