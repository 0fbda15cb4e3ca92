import json
from importlib.resources import files

import pytest

from fleeting.core import UnknownNameError
from fleeting.facs import TWELVE_UNITS, action_unit, action_units


def test_names_are_those_of_the_manual():
    named = {
        1: "inner brow raiser",
        4: "brow lowerer",
        12: "lip corner puller",
        17: "chin raiser",
        45: "blink",
    }
    assert {n: action_unit(n).name for n in named} == named
    assert action_unit(12).muscle == "zygomaticus major"


def test_parts_of_the_face():
    assert [n for n in TWELVE_UNITS if action_unit(n).face_part == "upper"] == [1, 2, 4, 5, 6, 7]
    assert [n for n in TWELVE_UNITS if action_unit(n).face_part == "lower"] == [9, 10, 12, 14, 15, 17]
    assert {action_unit(n).face_part for n in (51, 58)} == {"head"}
    assert {action_unit(n).face_part for n in (61, 64)} == {"gaze"}


def test_units_in_the_middle_have_no_side():
    assert [n for n in (12, 14, 17, 18, 24, 26, 45) if action_unit(n).paired] == [12, 14, 45]


def test_numbers_rise_and_names_differ():
    numbers = [unit.number for unit in action_units()]
    assert numbers == sorted(set(numbers))
    assert len({unit.name for unit in action_units()}) == len(numbers)


@pytest.mark.parametrize("number", [0, 3, 99])
def test_unknown_number(number):
    with pytest.raises(UnknownNameError, match=f"unknown action unit {number}"):
        action_unit(number)


def test_every_table_names_its_source():
    tables = [f for f in files("fleeting.facs").joinpath("data").iterdir() if f.name.endswith(".json")]
    assert len(tables) >= 12
    for file in tables:
        assert len(json.loads(file.read_text(encoding="utf-8"))["source"]) > 20, file.name
