import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.facs import CodedUnit, action_units, format_codes, parse


def u(au, side="both", level=None, *, maybe=False, choice=None, ref=False, kind="AU", or_level=None):
    return CodedUnit(au, side, level, or_level, maybe, choice, ref, kind)


READABLE = {
    # plain sums: CASME, CASME II, SAMM, CAS(ME)^2, MMEW
    "4": [u(4)],
    "1+2": [u(1), u(2)],
    "24+14": [u(24), u(14)],  # the order is the coder's
    " 4 + 7 ": [u(4), u(7)],
    "AU4+AU7": [u(4), u(7)],
    "AU 4, AU 7": [u(4), u(7)],
    "au12": [u(12)],
    "1+2+25": [u(1), u(2), u(25)],
    "6+7+12": [u(6), u(7), u(12)],
    "4+7+": [u(4), u(7)],
    # other separators: CAS(ME)^3 part C, hand-made tables
    "4,7": [u(4), u(7)],
    "4，7": [u(4), u(7)],
    "1、2": [u(1), u(2)],
    "1;2": [u(1), u(2)],
    "1 2 5": [u(1), u(2), u(5)],
    "4 and 7": [u(4), u(7)],
    "4 & 7": [u(4), u(7)],
    "4＋7": [u(4), u(7)],
    "1+2,5": [u(1), u(2), u(5)],
    # sides
    "L12": [u(12, "left")],
    "R12": [u(12, "right")],
    "r4": [u(4, "right")],
    "R 12": [u(12, "right")],
    "12L": [u(12, "left")],
    "12R+L14": [u(12, "right"), u(14, "left")],
    "T28": [u(28, "top")],
    "B28": [u(28, "bottom")],
    "LAU12": [u(12, "left")],
    "AUL12": [u(12, "left")],
    "A12+A7": [u(12, "asymmetric"), u(7, "asymmetric")],
    # intensities: SAMM
    "12A": [u(12, level="A")],
    "7B+4C": [u(7, level="B"), u(4, level="C")],
    "R12B": [u(12, "right", "B")],
    "12LB": [u(12, "left", "B")],
    "a4": [u(4, "asymmetric")],
    "4a": [u(4, level="A")],
    "1B+2B+5B": [u(1, level="B"), u(2, level="B"), u(5, level="B")],
    "10A/B": [u(10, level="A", or_level="B")],
    "7B-C": [u(7, level="B", or_level="C")],
    "12X": [u(12, level="X")],
    "B28B": [u(28, "bottom", "B")],
    # alternatives
    "R12 or R14": [u(12, "right", choice=0), u(14, "right", choice=0)],
    "(R6 or R12)": [u(6, "right", choice=0), u(12, "right", choice=0)],
    "R12orR14": [u(12, "right", choice=0), u(14, "right", choice=0)],
    "12/14": [u(12, choice=0), u(14, choice=0)],
    "4+(6 or 7)": [u(4), u(6, choice=0), u(7, choice=0)],
    "4 or 7 + 12 or 14": [u(4, choice=0), u(7, choice=0), u(12, choice=1), u(14, choice=1)],
    "10A/B/12": [u(10, level="A", or_level="B", choice=0), u(12, choice=0)],
    "(R6 or R12)?": [u(6, "right", maybe=True, choice=0), u(12, "right", maybe=True, choice=0)],
    # doubt: CASME II, 4DME
    "4?": [u(4, maybe=True)],
    "?4": [u(4, maybe=True)],
    "12B ?": [u(12, level="B", maybe=True)],
    "12(k)": [u(12, maybe=True)],
    "4+12 (k)": [u(4), u(12, maybe=True)],
    "(k)12": [u(12, maybe=True)],
    "4+（12）": [u(4), u(12, maybe=True)],
    "(4+7)": [u(4, maybe=True), u(7, maybe=True)],
    "4？": [u(4, maybe=True)],
    # the face at rest: SAMM
    "ref(7B)": [u(7, level="B", ref=True)],
    "4C+ref(7B)": [u(4, level="C"), u(7, level="B", ref=True)],
    "ref 7B": [u(7, level="B", ref=True)],
    "7B(ref)": [u(7, level="B", ref=True)],
    "ref(7B+4A)": [u(7, level="B", ref=True), u(4, level="A", ref=True)],
    # descriptors and movements: DFME
    "AD31": [u(31, kind="AD")],
    "4+AD19": [u(4), u(19, kind="AD")],
    "M58": [u(58, kind="M")],
    "M60+R14": [u(60, kind="M"), u(14, "right")],
    "ad 31": [u(31, kind="AD")],
    # what spreadsheets make of a lone number
    "4.0": [u(4)],
}


@pytest.mark.parametrize("text", READABLE)
def test_reads_what_datasets_write(text):
    found = parse(text)
    assert list(found.units) == READABLE[text]
    assert found.unread == ()


@pytest.mark.parametrize(
    "cell", [None, "", "  ", "/", "-", "None", "nan", "0", 0, math.nan, "neutral", "N/A"]
)
def test_an_empty_cell_holds_nothing_and_hides_nothing(cell):
    found = parse(cell)
    assert found.units == () and found.unread == ()


def test_numbers_from_a_spreadsheet():
    assert parse(4).units == parse(4.0).units == (u(4),)
    assert parse(12.14).unread == ("12.14",)  # two units or a typing error: not ours to guess


@pytest.mark.parametrize(
    ("text", "units", "unread"),
    [
        ("?", [], ("?",)),
        ("4+?", [u(4)], ("?",)),
        ("4+foo", [u(4)], ("foo",)),
        ("99", [], ("99",)),  # FACS has no such unit
        ("3+4", [u(4)], ("3",)),
        ("123", [], ("123",)),
        ("M12", [], ("M12",)),  # movements are numbered from 50
        ("R12L", [], ("R12L",)),
        ("12F", [], ("12F",)),
        ("12/foo", [u(12, maybe=True)], ("foo",)),
        ("(1+2) or 4", [u(4, maybe=True)], ("(1+2)",)),
        ("4+(1+2 or 7)", [u(4)], ("(1+2/7)",)),
        ("12(", [], ("12(",)),
        ("(" * 50, [], ("(" * 50,)),
    ],
)
def test_what_cannot_be_read_is_handed_back(text, units, unread):
    found = parse(text)
    assert list(found.units) == units
    assert found.unread == unread


def test_numbers_follow_the_marks():
    found = parse("L12B + 6? + (R4 or R7) + ref(7B) + M58 + AD31 + 12")
    assert found.numbers() == (4, 12, 31)
    assert found.numbers(alternatives="none") == (12, 31)
    assert found.numbers(alternatives="all") == (4, 7, 12, 31)
    assert found.numbers(uncertain=True) == (4, 6, 12, 31)


def test_canonical_form():
    units = [u(12, "left"), u(6), u(28, "top"), u(4, "asymmetric", "B"), u(10, level="A", or_level="C")]
    assert format_codes(units) == "12L+6+T28+A4B+10A/C"
    assert format_codes([u(12, "right", "D", maybe=True), u(31, kind="AD"), u(7, ref=True)]) == (
        "12RD?+AD31+ref(7)"
    )
    assert format_codes([u(12, choice=0), u(14, "left", choice=0), u(4)]) == "12/14L+4"
    assert format_codes([]) == ""


@pytest.mark.parametrize(
    "units", [[u(4, choice=0)], [u(4, choice=0), u(7), u(12, choice=0)], [u(4, choice=0), u(7, choice=1)]]
)
def test_a_choice_needs_two_neighbours(units):
    with pytest.raises(UsageError, match="two units or more"):
        format_codes(units)


@st.composite
def coded_unit(draw):
    kind = draw(st.sampled_from(["AU", "AD", "M"]))
    numbers = range(50, 100) if kind == "M" else [a.number for a in action_units()]
    level = draw(st.sampled_from([None, *"ABCDEXYZ"]))
    return CodedUnit(
        draw(st.sampled_from(list(numbers))),
        draw(st.sampled_from(["both", "left", "right", "top", "bottom", "asymmetric"])),
        level,
        draw(st.sampled_from([None, *"ABCDE"])) if level else None,
        draw(st.booleans()),
        None,
        draw(st.booleans()),
        kind,
    )


@st.composite
def coded_units(draw):
    """Units, some of them in groups of alternatives that are numbered in order."""
    units, choice = [], 0
    for group in draw(st.lists(st.lists(coded_unit(), min_size=1, max_size=3), max_size=4)):
        if len(group) == 1:
            units += group
        else:
            units += [
                CodedUnit(g.au, g.side, g.intensity, g.intensity_or, g.uncertain, choice, g.reference, g.kind)
                for g in group
            ]
            choice += 1
    return units


@given(coded_units())
def test_round_trip(units):
    found = parse(format_codes(units))
    assert list(found.units) == units
    assert found.unread == ()


@given(st.text(alphabet="0123456789LRTBAEFKMU+,/?() ork.-refx，（", max_size=40))
def test_any_text_is_survived_and_its_units_round_trip(text):
    found = parse(text)
    assert parse(format_codes(found.units)).units == found.units


@given(coded_units(), st.sampled_from(["foo", "123", "R12L", "99", "?"]), coded_units())
def test_junk_is_kept_and_harms_nobody(before, junk, after):
    cell = "+".join(part for part in (format_codes(before), junk, format_codes(after)) if part)
    found = parse(cell)
    assert found.unread == (junk,)
    assert len(found.units) == len(before) + len(after)
