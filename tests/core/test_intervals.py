import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import Interval, UsageError, iou


def test_duration_counts_the_last_frame():
    assert Interval.from_frames(0, 9, fps=20).duration_s == 0.5
    assert Interval.from_frames(0, 9, fps=20).kind == "micro"
    assert Interval.from_frames(0, 10, fps=20).kind == "macro"


def test_order_is_checked():
    with pytest.raises(UsageError, match="onset <= apex <= offset"):
        Interval.from_frames(5, 9, fps=20, apex=4)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [((0, 0), (0, 0), 1.0), ((0, 9), (10, 19), 0.0), ((0, 9), (9, 9), 0.1), ((0, 17), (9, 17), 0.5)],
)
def test_iou_by_hand(a, b, expected):
    assert iou(a, b) == pytest.approx(expected)


pairs = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda p: (min(p), max(p)))


@given(pairs, pairs)
def test_iou_equals_that_of_frame_sets(a, b):
    sa, sb = set(range(a[0], a[1] + 1)), set(range(b[0], b[1] + 1))
    assert iou(a, b) == pytest.approx(len(sa & sb) / len(sa | sb))
    assert iou(a, b) == iou(b, a)
