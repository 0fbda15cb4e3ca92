"""Drawn people: by number, found by the face models, with their landmarks where they were drawn."""

import numpy as np
import pytest

from fleeting.core import UsageError
from fleeting.synth import Plant, identity, plant


def test_a_number_gives_one_person_and_another_gives_another():
    one, again, other = identity(5, size=128), identity(5, size=128), identity(6, size=128)
    np.testing.assert_array_equal(one.picture, again.picture)
    np.testing.assert_array_equal(one.landmarks, again.landmarks)
    assert np.abs(one.picture.astype(float) - other.picture).mean() > 5
    assert not np.allclose(one.landmarks, other.landmarks)


def test_a_person_is_planted_into_without_looking_for_the_face():
    person = identity(5, size=128)
    clip = plant(person, [Plant((12,), at_s=0.1)], fps=50, duration_s=0.6)
    frames = list(clip.frames())
    np.testing.assert_array_equal(frames[0], person.picture)
    assert (frames[clip.truth[0].interval.apex_frame] != person.picture).any()
    right, left = person.landmarks[[33, 133]].mean(0), person.landmarks[[263, 362]].mean(0)
    assert clip.iod_px == pytest.approx(np.hypot(*(left - right)), rel=0.05)


@pytest.mark.parametrize(("seed", "size"), [(-1, 256), (0, 32), (0, 4096)])
def test_what_cannot_be_drawn_is_told(seed, size):
    with pytest.raises(UsageError, match="expected"):
        identity(seed, size=size)
