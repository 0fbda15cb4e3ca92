"""Re-selection against a search written out, and by hand."""

import itertools

import numpy as np
import pytest

from fleeting.core import ShapeError, UsageError
from fleeting.motion import reselect


def clip(*levels: float) -> np.ndarray:
    return np.array(levels, float).reshape(-1, 1, 1)


def test_by_hand() -> None:
    levels = clip(50, 40, 50, 60, 70, 80, 99, 95, 90, 80, 70, 60, 20, 60, 61, 62)
    # onset 0..2 (a fifth of 10 frames is 2), apex 8..10; then the offset among 14, 15 (a fifth of 5 is 1)
    assert reselect(levels, (0, 10, 15), reach=0.2) == (1, 8, 14)
    assert reselect(levels, (0, 10, 15), reach=0.2, how="onset-apex") == (1, 8, 15)
    assert reselect(levels, (0, 10, 15), reach=0.2, how="none") == (0, 10, 15)
    assert reselect(levels, (0, 10, 15), reach=0.0) == (0, 10, 15)


def test_around_looks_on_both_sides() -> None:
    levels = clip(50, 40, 50, 60, 70, 80, 99, 95, 90, 80, 70, 60, 20, 60, 61, 62)
    assert reselect(levels, (1, 6, 12), reach=0.4, how="around") == (1, 6, 12)
    assert reselect(levels, (1, 5, 14), reach=0.4, how="full") == (1, 5, 12)
    assert reselect(levels, (1, 5, 14), reach=0.4, how="around") == (1, 6, 12)


def test_the_release_finds_a_late_apex_alone() -> None:
    # what the face does: rest, rise 5..10, fall 10..15, rest; the coder is two frames out at all three marks
    levels = clip(*[0.0] * 5, 0, 20, 40, 60, 80, 100, 80, 60, 40, 20, 0, *[0.0] * 5)
    assert reselect(levels, (3, 12, 17), reach=0.3) == (3, 10, 17)  # a late apex alone is found
    assert reselect(levels, (7, 8, 13), reach=0.3) == (7, 8, 13)  # an early one is not
    assert reselect(levels, (3, 8, 17), reach=0.3, how="around") == (3, 10, 17)


def test_coded_frames_win_a_draw() -> None:
    assert reselect(clip(*[5.0] * 20), (2, 10, 19), reach=0.3) == (2, 10, 19)


@pytest.mark.parametrize("seed", range(5))
def test_like_a_search_over_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (40, 3, 4), np.uint8)
    on, ap, off = np.sort(rng.choice(40, 3, replace=False)).tolist()
    r, back = int(0.3 * (ap - on)), int(0.3 * (off - ap))

    def far(a: int, b: int) -> float:
        return float(np.sqrt(((frames[a].astype(float) - frames[b]) ** 2).sum()))

    pairs = [(o, a) for o, a in itertools.product(range(on, on + r + 1), range(ap - r, ap + 1)) if o < a]
    best = max(pairs or [(on, ap)], key=lambda pair: far(*pair))
    end = max(range(off - back, off + 1), key=lambda e: far(e, best[1]))
    assert reselect(frames, (on, ap, off), reach=0.3) == (*best, end)


def test_wrapped_differences_mislead() -> None:
    # 0 - 1 wraps to 255: the release takes the faintest darkening for the greatest change
    levels = np.array([1, 100, 1, 0, 120, 0], np.uint8).reshape(-1, 1, 1)
    assert reselect(levels, (2, 4, 5), reach=0.5) == (3, 4, 5)
    assert reselect(levels, (2, 4, 5), reach=0.5, wrap=True) != reselect(levels, (2, 4, 5), reach=0.5)


def test_faults_are_told() -> None:
    with pytest.raises(ShapeError, match="rising"):
        reselect(clip(1, 2, 3), (2, 1, 2))
    with pytest.raises(UsageError, match="reach"):
        reselect(clip(1, 2, 3), (0, 1, 2), reach=0.9)
