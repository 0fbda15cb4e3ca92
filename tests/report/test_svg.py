from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.report.svg import Axis, arrow_path, line_path, num, tag, time_axis, time_ticks


@given(st.text(), st.text())
def test_whatever_is_put_in_stays_text(text: str, value: str) -> None:
    element = ElementTree.fromstring(str(tag("text", text, tag("b", text), title=value)))
    assert element.tag == "text" and len(element) == 1
    assert (element.text or "") == (element[0].text or "")
    assert set(element.attrib) == {"title"}


def test_markup_in_text_is_escaped() -> None:
    made = tag("text", "<script>", label='"><script>')
    assert made == '<text label="&#34;&gt;&lt;script&gt;">&lt;script&gt;</text>'
    assert tag("path", d=None, stroke_width=1.5, class_="a") == '<path stroke-width="1.5" class="a"></path>'


@given(st.floats(-1e6, 1e6))
def test_numbers_are_short_and_near(value: float) -> None:
    assert float(num(value)) == pytest.approx(value, abs=0.00501)
    assert "e" not in num(value)


def test_a_line_is_broken_at_what_was_not_seen() -> None:
    nan = np.nan
    y = np.array([nan, 1, 2, nan, nan, 3, nan, 4, 5.25])
    assert line_path(np.arange(9.0), y) == "M1 1L2 2M5 3h0M7 4L8 5.2"
    assert line_path(np.zeros(0), np.zeros(0)) == "" and line_path(np.arange(2.0), np.full(2, nan)) == ""


@given(st.floats(0, 1e5), st.floats(0.05, 2e5), st.integers(3, 12))
def test_ticks_are_even_and_inside(start: float, span: float, most: int) -> None:
    ticks = time_ticks(start, start + span, most)
    assert 1 <= len(ticks) <= most + 1
    assert ticks[0] >= start - 1e-3 and ticks[-1] <= start + span + 1e-3
    if len(ticks) > 2:
        assert np.diff(ticks) == pytest.approx(ticks[1] - ticks[0], rel=1e-3)


def test_times_of_the_axis_follow_the_recording() -> None:
    def words(start: float, stop: float, total: float) -> list[str]:
        drawn = ElementTree.fromstring(str(time_axis(Axis(start, stop, 0, 100), 10, total, most=5)))
        return [element.text or "" for element in drawn.iter("text")]

    assert words(0, 40, 40) == ["0 s", "10 s", "20 s", "30 s", "40 s"]
    assert words(60, 180, 180) == ["01:00", "01:30", "02:00", "02:30", "03:00"]
    assert words(0, 3600, 3600)[-1] == "1:00:00"
    assert words(12.3, 12.6, 40) == ["12.3 s", "12.4 s", "12.5 s", "12.6 s"]


def test_the_axis_is_a_straight_map() -> None:
    axis = Axis(10, 20, 100, 0)
    assert axis.at(12.5) == 75 and axis.all(np.array([10, 20])).tolist() == [100, 0]
    assert Axis(3, 3, 5, 9).at(3) == 5  # an empty span is no division by zero


def test_the_head_of_an_arrow_lies_at_its_tip_and_never_outgrows_it() -> None:
    path = arrow_path(np.array([[1.0, 2.0]]), np.array([[0.0, 10.0]]), head=5)
    assert path == "M1 2L1 12M-2 8L1 12L4 8"  # barbs: 4 back, 3 to each side
    small = arrow_path(np.zeros((1, 2)), np.array([[1.0, 0.0]]), head=5)
    assert small == "M0 0L1 0M0.52 0.36L1 0L0.52 -0.36"  # 0.6 of its length
