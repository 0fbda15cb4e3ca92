import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.report.words import clock, direction, file_name, found, length, visible


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_visible_text_can_be_written_and_hides_nothing(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")  # raises on a lone surrogate
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert not set(shown) & set("\u202e\u2066\u200f\ufeff\uffff")


@pytest.mark.parametrize("text", ["", "anna.mp4", "Zoë, 面 & <b>", "👩‍🚀", "ab\u200cc", "tab is \\t"])
def test_ordinary_text_stays(text: str) -> None:
    assert visible(text) == text


def test_each_kind_of_character_is_spelled_out() -> None:
    assert visible("\x00\x1b\x85\u2028\ud800") == "\\x00\\x1b\\x85\\u2028\\ud800"
    assert visible(b"caf\xe9\n".decode("utf-8", "surrogateescape")) == "caf\\xe9\\n"


@pytest.mark.parametrize(
    ("seconds", "total", "decimals", "text"),
    [
        (0, 0, 3, "0.000 s"),
        (59.9996, 59.9, 3, "60.000 s"),
        (59.9996, 60, 3, "01:00.000"),
        (3599.9999, 3599, 3, "60:00.000"),  # not h:mm:ss: the recording is under an hour
        (3599.9999, 3600, 3, "1:00:00.000"),
        (7265.25, 9000, 1, "2:01:05.2"),
        (61.5, 120, 0, "01:02"),
    ],
)
def test_clock_rounds_before_it_splits(seconds: float, total: float, decimals: int, text: str) -> None:
    assert clock(seconds, total, decimals=decimals) == text


@given(st.floats(0, 1e5), st.floats(3600, 1e5))
def test_clock_says_the_time(seconds: float, total: float) -> None:
    hours, minutes, rest = clock(seconds, total).split(":")
    assert int(minutes) < 60 and float(rest) < 60
    assert int(hours) * 3600 + int(minutes) * 60 + float(rest) == pytest.approx(seconds, abs=0.00051)


def test_small_words() -> None:
    assert [length(s) for s in (0, 9.999, 59.94, 59.99, 3599.7)] == [
        "0.00 s",
        "10.00 s",
        "59.9 s",
        "60.0 s",
        "1 h 00 min 00 s",
    ]
    assert file_name("clip.mp4") == "clip.mp4" and file_name("/") == "/"
    assert found(["macro"]) == "0 micro-expressions, 1 macro-expression"
    assert [direction(x, y) for x, y in ((1, 0), (0, 1), (-1, 0), (-1, -1), (1, -1))] == [
        "right",
        "down",
        "left",
        "up left",
        "up right",
    ]
