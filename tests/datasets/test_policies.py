"""Missing apexes and offsets, by name; expected values worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.datasets import APEX_POLICIES, OFFSET_POLICIES, settle


def frames(*cells: float | None, **options: object) -> tuple[int, int | None, int]:
    done = settle(*cells, **options)  # type: ignore[arg-type]
    assert not done.dropped
    return done.onset, done.apex, done.offset


def test_a_complete_row_is_left_alone() -> None:
    done = settle(46, 59, 86)
    assert (done.onset, done.apex, done.offset, done.notes) == (46, 59, 86, ())


@pytest.mark.parametrize(("policy", "offset"), [("apex", 130), ("mirror", 160)])
def test_missing_offset(policy: str, offset: int) -> None:
    done = settle(100, 130, 0, offset_policy=policy)
    assert (done.onset, done.apex, done.offset) == (100, 130, offset)
    assert done.notes == (f"no offset: policy {policy}",)


def test_missing_offset_may_drop_the_row() -> None:
    assert settle(100, 130, None, offset_policy="drop").dropped == "no offset (policy drop)"


def test_the_default_policies_are_midpoint_and_apex() -> None:
    assert settle(100, 130, 0) == settle(100, 130, 0, apex_policy="midpoint", offset_policy="apex")
    assert (APEX_POLICIES[0], OFFSET_POLICIES) == ("midpoint", ("apex", "mirror", "drop"))


@pytest.mark.parametrize("apex", [None, -1, 0])
def test_missing_apex_is_put_half_way_rounded_down(apex: float | None) -> None:
    assert frames(10, apex, 21) == (10, 15, 21)
    assert frames(10, apex, 21, apex_policy="none") == (10, None, 21)


@pytest.mark.parametrize("apex", [9, 22])
def test_an_apex_outside_the_interval_counts_as_missing_and_is_told(apex: int) -> None:
    done = settle(10, apex, 21)
    assert done.apex == 15
    assert done.notes == (f"apex {apex} outside 10..21: policy midpoint",)


def test_fractions_widen_the_interval() -> None:
    assert frames(12.5, 20.5, 30.25) == (12, 21, 31)
    assert "fractional" in settle(12.5, 20, 30).notes[0]
    assert settle(12, 20, 30).notes == ()


def test_onset_zero_of_a_one_based_sheet_is_the_first_frame() -> None:
    assert frames(0, 7, 9) == (1, 7, 9)
    assert frames(0, 7, 9, first=0) == (0, 7, 9)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ((None, 3, 5), "no onset"),
        ((5, None, 0), "neither apex nor offset"),
        ((9, 4, 5), "offset 5 before onset 9"),
    ],
)
def test_rows_that_cannot_be_used_say_why(cells: tuple[float | None, ...], why: str) -> None:
    assert settle(*cells).dropped == why  # type: ignore[arg-type]


def test_unknown_policies_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match="midpoint, none"):
        settle(1, 2, 3, apex_policy="middle")
    with pytest.raises(UsageError, match="apex, mirror, drop"):
        settle(1, 2, 3, offset_policy="zero")


numbers = st.one_of(
    st.none(), st.integers(-2, 400), st.floats(-2, 400, allow_nan=False).map(lambda x: round(x, 2))
)


@given(numbers, numbers, numbers, st.sampled_from(OFFSET_POLICIES), st.sampled_from(APEX_POLICIES))
def test_whatever_a_sheet_holds_the_order_holds(
    onset: float | None, apex: float | None, offset: float | None, offset_policy: str, apex_policy: str
) -> None:
    done = settle(onset, apex, offset, offset_policy=offset_policy, apex_policy=apex_policy)
    if not done.dropped:
        assert 1 <= done.onset <= done.offset
        assert done.apex is None or done.onset <= done.apex <= done.offset
        assert (done.apex is None) <= (apex_policy == "none")
