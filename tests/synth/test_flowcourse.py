"""Courses: what is asked of left and right halves is what moves, and labels tell what they should."""

import numpy as np
import pytest

from fleeting.core import UsageError
from fleeting.synth import Course, FlowMapSettings, flow_courses

CLEAN = FlowMapSettings(
    one_sided=0,
    head_percent=0,
    blink_share=0,
    gaze_share=0,
    noise_percent=0,
    smoothness_percent=0,
    outliers=0,
)
FULL, LEFT = Course("full", ((1, 1), (-1, -1))), Course("left", ((1, 1), (-1, 0)))


def test_the_way_back_is_the_way_there_turned_round() -> None:
    made = flow_courses(20, [FULL], seed=3, subjects=2, normalise="none", settings=CLEAN)
    there, back = made.maps[:, 0, ..., :2], made.maps[:, 1, ..., :2]
    assert np.allclose(there, -back, atol=1e-5) and np.abs(there).max() > 0.1


def test_a_half_that_lingers_does_not_go_back() -> None:
    made = flow_courses(40, [FULL, LEFT], seed=3, subjects=2, normalise="none", settings=CLEAN)
    size = np.linalg.norm(made.maps[:, 1, ..., :2], axis=-1)
    right = size[:, :, :10].mean((1, 2))  # the subject's right half stands left in the picture
    left = size[:, :, 18:].mean((1, 2))
    share = right / (left + right + 1e-9)
    # brow and chin have parts on the middle line, which both halves share
    assert np.median(share[made.courses == 1]) < 0.1 < 0.3 < np.median(share[made.courses == 0])


def test_labels_follow_what_was_asked_for() -> None:
    by_course = flow_courses(60, [FULL, LEFT], seed=1, subjects=3)
    by_units = flow_courses(60, [FULL, LEFT], seed=1, subjects=3, label_by="units")
    assert np.array_equal(by_course.labels, by_course.courses) and by_course.classes == ("full", "left")
    assert by_units.classes == ("negative", "positive", "surprise")
    smile = by_units.aus[:, by_units.units.index(12)]
    assert smile[by_units.labels == 1].mean() > 0.5 > smile[by_units.labels != 1].mean()
    assert np.array_equal(by_units.maps, by_course.maps)  # the same clips under other labels


def test_same_seed_same_clips_and_faults_are_told() -> None:
    one, other = (flow_courses(8, [FULL], seed=2, subjects=2).maps for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, flow_courses(8, [FULL], seed=4, subjects=2).maps)
    with pytest.raises(UsageError, match="one length"):
        flow_courses(8, [FULL, Course("short", ((1, 1),))], seed=2)
    with pytest.raises(UsageError, match="label_by"):
        flow_courses(8, [FULL], seed=2, label_by="chance")  # type: ignore[arg-type]
