import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.io._ledger import Clock, Ledger


def tell(stamps: list[float | None], frame: float = 1) -> list[float]:
    clock = Clock(Fraction(frame))
    return [float(clock.tell(None if stamp is None else Fraction(stamp))) for stamp in stamps]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([5, 6, 7], [0, 1, 2]),
        ([-2, 0, 7], [0, 2, 9]),
        ([0, 1, 1, 2], [0, 1, 1.5, 2]),  # a twin is squeezed in
        ([0, 1, 1, 2, 3, 3, 4], [0, 1, 1.5, 2, 3, 3.5, 4]),
        ([0, 1, 3, 2, 4], [0, 1, 3, 3.5, 4]),  # two in the wrong order
        ([0, 1, 4, 3.75, 3.75, 5], [0, 1, 4, 4.5, 4.75, 5]),
        ([0, 1, 2, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6]),  # joined recordings: 2 s back
        ([0, 1, None, 3], [0, 1, 2, 3]),
        ([None, None, 9, 10], [0, 1, 2, 3]),
        ([None, None, None], [0, 1, 2]),
        ([3, 3, 3, 3, 3, 3], [0, 0.5, 0.75, 0.875, 1.875, 2.875]),  # a clock that stands still
    ],
)
def test_times_by_hand(stamps, expected):
    assert tell(stamps) == expected


def test_a_restarted_clock_keeps_its_own_rate():
    # After the jump back the recording runs at half the rate: its distances hold, not the nominal one.
    assert tell([100, 101, 0, 2, 4]) == [0, 1, 2, 4, 6]


@given(st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=60), st.integers(1, 40))
def test_times_always_rise_from_zero(stamps, fps):
    clock = Clock(Fraction(1, fps))
    times = [clock.tell(None if stamp is None else Fraction(stamp, 10)) for stamp in stamps]
    assert times[0] == 0
    assert all(late > early for early, late in itertools.pairwise(times))


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=60, unique=True))
def test_rising_stamps_are_kept_exactly(stamps):
    stamps.sort()
    clock = Clock(Fraction(1, 25))
    assert [clock.tell(Fraction(stamp, 90_000)) for stamp in stamps] == [
        Fraction(stamp - stamps[0], 90_000) for stamp in stamps
    ]
    assert clock.exact


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=2, max_size=30))
def test_the_clock_counts_what_it_had_to_mend(stamps):
    clock = Clock(Fraction(1))
    for stamp in stamps:
        clock.tell(None if stamp is None else Fraction(stamp))
    assert clock.missing == stamps.count(None)
    known = [stamp for stamp in stamps if stamp is not None]
    if clock.repaired == 0 and not clock.missing:
        assert known == sorted(set(known))


def ledger_of(stamps: list[int], tick: Fraction) -> Ledger:
    ledger = Ledger(Fraction(1, 30), tick)
    for stamp in stamps:
        ledger.add(stamp, key=False, mark=0)
    return ledger


@pytest.mark.parametrize(
    ("stamps", "tick", "variable"),
    [
        ([0, 33, 67, 100, 133, 167, 200], Fraction(1, 1000), False),  # 30 fps, rounded to milliseconds
        ([0, 4, 8, 13, 17, 21, 25], Fraction(1, 1000), False),  # 240 fps, rounded
        ([0, 40, 80, 160, 200], Fraction(1, 1000), True),  # one frame lost
        ([0, 3000, 6000, 9500, 12500], Fraction(1, 90_000), True),
        ([0, 3000, 6000, 9100, 12100], Fraction(1, 90_000), False),  # 3 % of jitter
        ([0, 1, 2, 4, 5], Fraction(1, 30), True),  # one frame lost where frames are the clock
        ([0, 1, 2, 3], Fraction(1, 30), False),
        ([0], Fraction(1, 1000), False),
    ],
)
def test_variable_rate_is_more_than_rounding(stamps, tick, variable):
    assert ledger_of(stamps, tick).variable_rate is variable


def test_truncation_is_measured_against_the_promise():
    ledger = ledger_of(list(range(30)), Fraction(1, 30))
    ledger.promised_s, ledger.reached_s = 1.0, 1.0
    assert not ledger.truncated
    ledger.complete = True
    assert not ledger.truncated
    ledger.reached_s = 0.8
    assert ledger.truncated
    assert [problem.code for problem in ledger.problems()] == ["truncated"]
