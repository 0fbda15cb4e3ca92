"""Known wrong rows: applied where the fault shows, never by a row number alone."""

import tomllib
from importlib import resources

import pytest

from fleeting.datasets.fixes import Fix, apply_fixes, exclusions_for, fixes_for
from fleeting.datasets.rows import Row

FILES = sorted((resources.files("fleeting.datasets") / "fixes").iterdir(), key=lambda f: f.name)


def row(index: int = 0, onset: float | None = 10, apex: float | None = 12, offset: float | None = 20) -> Row:
    return Row(index, "s1", f"c{index}", onset, apex, offset, aus=f"{index + 1}")


def test_a_row_number_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="row number alone"):
        Fix("reason", "source", row=3, change={"offset": 5})
    with pytest.raises(ValueError, match="row number alone"):
        Fix("reason", "source", change={"offset": 5})


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_entry_loads_and_has_a_reason(file: object) -> None:
    name = file.name.removesuffix(".toml")  # type: ignore[attr-defined]
    raw = tomllib.loads(file.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    assert len(fixes_for(name)) == len(raw.get("fix", ()))
    assert len(exclusions_for(name)) == len(raw.get("exclude", ()))
    assert raw and all(entry["reason"] for entries in raw.values() for entry in entries)


def test_a_fix_by_sample_is_applied_where_the_old_value_stands() -> None:
    fix = Fix("typing error", "notes", sample="s1/c0", where={"offset": 20}, change={"offset": 30})
    fixed = apply_fixes([row(), row(1)], (fix,))
    assert [r.offset for r in fixed] == [30, 20]
    assert fixed[0].notes == ("fix: typing error",)
    assert apply_fixes([row(offset=31)], (fix,))[0].offset == 31


@pytest.mark.parametrize(
    ("wrong", "offset"),
    [
        (row(60, apex=None), 91),  # no apex
        (row(60, apex=25), 91),  # apex after offset
        (row(60, offset=400), 91),  # far too long
        (row(60), 20),  # in order: another release, left alone
        (row(61, apex=None), 20),  # another place
        (row(60, onset=95, apex=None, offset=120), 120),  # the new offset would not fit
    ],
)
def test_a_fix_by_place_needs_the_fault_and_must_mend_it(wrong: Row, offset: int) -> None:
    fix = Fix("offset", "loader", row=60, when="implausible", limit=150, change={"offset": 91})
    assert apply_fixes([wrong], (fix,))[0].offset == offset


def test_swapped_units_change_back_only_in_the_release_that_has_them() -> None:
    fix = Fix("swap", "loader", row=1, swap_aus_with=2, when="sheet", rows_in_sheet=3)
    assert [r.aus for r in apply_fixes([row(0), row(1), row(2)], (fix,))] == ["1", "3", "2"]
    assert [r.aus for r in apply_fixes([row(0), row(1), row(2), row(3)], (fix,))] == ["1", "2", "3", "4"]
