"""Flow maps over time: how a movement comes and goes, for claims about phases and dynamics.

The maps are those of `fleeting.synth.flowmaps`; each clip gets several, and a course says how strongly the
left and the right half move in each. Two kinds of sets can be made from the same courses: one whose label is
the course, while the action units tell nothing, and one whose label follows the units, while the course
tells nothing. What is claimed of dynamics must help on the first and must not on the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fleeting.core import UsageError
from fleeting.synth._flowmap_faces import make_person
from fleeting.synth._flowmap_units import CLASSES, UNITS, draw_units, unit_sets
from fleeting.synth.flowmap import (
    FlowMapSettings,
    Normalise,
    _draw_crop,
    _maps_of,
    _nuisance_weights,
    _unit_weights,
    share_out,
)

LabelBy = Literal["course", "units"]
_EMOTIONS = CLASSES[:3]


@dataclass(frozen=True, slots=True)
class Course:
    """How a movement goes.

    Parameters
    ----------
    name
        Becomes the class where labels follow the course.
    strengths
        For each map of the clip, how far the subject's left and right half go, relative to the apex; negative
        is back.

    Examples
    --------
    >>> Course("there and back", ((1, 1), (-1, -1))).strengths[1]
    (-1, -1)
    """

    name: str
    strengths: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class FlowCourses:
    """Maps of clips and their truth.

    Parameters
    ----------
    maps
        ``(N, T, S, S, 3)``: u, v, strain; uint8 scaled per picture and channel, or float32 pixels.
    labels
        ``(N,)`` int64 into ``classes``.
    classes
        Names of the courses, or of the emotions.
    aus
        ``(N, K)`` bool, columns as ``units``.
    courses
        ``(N,)`` int64: which course each clip took.
    subjects
        ``(N,)`` such as ``synth/c0001``.
    """

    maps: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    aus: np.ndarray
    courses: np.ndarray
    subjects: np.ndarray
    units: tuple[int, ...] = UNITS

    def __len__(self) -> int:
        return len(self.labels)


def flow_courses(
    count: int,
    courses: Sequence[Course],
    *,
    seed: int,
    subjects: int | None = None,
    label_by: LabelBy = "course",
    normalise: Normalise = "minmax",
    size: int = 28,
    settings: FlowMapSettings | None = None,
) -> FlowCourses:
    """Make clips of flow maps.

    Parameters
    ----------
    count, subjects
        Clips, shared out evenly over people.
    courses
        At least one, all of the same number of maps; each clip takes one by chance.
    seed
        Same seed, same clips.
    label_by
        ``course``: the label is the course, units are drawn alike for all. ``units``: the label is the
        emotion that the units were drawn for, courses are drawn alike for all.
    normalise, size, settings
        As in `fleeting.synth.flowmaps`. The crop does not jitter within a person.

    Returns
    -------
    FlowCourses

    Raises
    ------
    UsageError
        For numbers out of range, or courses of different lengths.

    Examples
    --------
    >>> back, stays = Course("back", ((1, 1), (-1, -1))), Course("stays", ((1, 1), (0, 0)))
    >>> made = flow_courses(6, [back, stays], seed=1, subjects=2)
    >>> made.maps.shape, made.classes
    ((6, 2, 28, 28, 3), ('back', 'stays'))
    """
    lengths = {len(one.strengths) for one in courses}
    if len(lengths) != 1 or 0 in lengths:
        raise UsageError(f"courses: expected some, all of one length above 0, got lengths {sorted(lengths)}")
    if label_by not in ("course", "units"):
        raise UsageError(f"label_by: expected course or units, got {label_by!r}")
    if not 8 <= size <= 40 or seed < 0:
        raise UsageError(f"size in 8..40 and seed from 0 on, got {size} and {seed}")
    wanted = replace(settings or FlowMapSettings(), crop_jitter=0.0)
    strengths = np.array([one.strengths for one in courses], float)  # (courses, T, 2)
    parts = []
    for index, number in enumerate(share_out(count, subjects)):
        rng = np.random.default_rng((seed, index, 282))
        parts.append(_of_person(rng, number, strengths, wanted, size, normalise))
    maps, kinds, aus, taken = (np.concatenate(column) for column in zip(*parts, strict=True))
    owners = [f"synth/c{i:04d}" for i, number in enumerate(share_out(count, subjects)) for _ in range(number)]
    by_course = label_by == "course"
    return FlowCourses(
        maps=maps,
        labels=np.asarray(taken if by_course else kinds, np.int64),
        classes=tuple(one.name for one in courses) if by_course else _EMOTIONS,
        aus=aus,
        courses=np.asarray(taken, np.int64),
        subjects=np.array(owners),
    )


def _of_person(
    rng: np.random.Generator,
    number: int,
    strengths: np.ndarray,
    wanted: FlowMapSettings,
    size: int,
    normalise: Normalise,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw maps, emotions, units and courses of one person."""
    person = make_person(
        rng,
        _draw_crop(rng, wanted),
        shape=wanted.shape,
        motion=wanted.motion,
        asymmetry=wanted.asymmetry,
        extent=wanted.extent,
    )
    kinds = rng.integers(len(_EMOTIONS), size=number)
    taken = rng.integers(len(strengths), size=number)
    sets = {i: unit_sets(name, wanted.tables, single=wanted.single_units) for i, name in enumerate(_EMOTIONS)}
    aus = draw_units(rng, kinds, sets)
    whole = _unit_weights(rng, person, aus, wanted).reshape(number, 1, -1, 2)  # halves last
    steps = strengths.shape[1]
    moved = (whole * strengths[taken][:, :, None, :]).reshape(number * steps, -1)
    weights = np.concatenate([moved, _nuisance_weights(rng, number * steps, wanted)], axis=1)
    maps = _maps_of(rng, person, weights, wanted, size, normalise)
    return maps.reshape(number, steps, *maps.shape[1:]), kinds, aus, taken
