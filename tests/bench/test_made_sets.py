"""Made sets by name: sizes, cache, the way into rows."""

from pathlib import Path

import pytest

from fleeting.bench import is_synthetic, load_data, made_set, pretrain_count
from fleeting.bench import made_sets as room
from fleeting.bench.made_sets import read_size
from fleeting.core import UsageError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, dict[str, object]]]:
    """What would be made, without making it."""
    from fleeting import synth

    calls: list[tuple[str, int, dict[str, object]]] = []
    for name in ("clips", "recordings"):
        monkeypatch.setattr(
            synth, f"write_{name}", lambda out, count, name=name, **more: calls.append((name, count, more))
        )
    return calls


def test_numbers_of_a_name(asked: list[tuple[str, int, dict[str, object]]], tmp_path: Path) -> None:
    folders = [
        made_set("synth-clips", cache=tmp_path),
        made_set("synth-clips:80", cache=tmp_path, seed=3),
        made_set("synth-clips:80:5", cache=tmp_path, seed=3, classes=4),
        made_set("synth-clips", cache=tmp_path, count=16, jobs=2),
        made_set("synth-recordings", cache=tmp_path),
        made_set("synth-recordings:4:2", cache=tmp_path),
    ]
    assert len(set(folders)) == 6
    assert all(tmp_path in folder.parents for folder in folders)
    told = [(name, count, more["subjects"], more["seed"]) for name, count, more in asked]
    assert told == [
        ("clips", 400, 50, 0),
        ("clips", 80, 10, 3),
        ("clips", 80, 5, 3),
        ("clips", 16, 2, 0),
        ("recordings", 30, 30, 0),
        ("recordings", 4, 2, 0),
    ]
    shares = [more["settings"].class_shares[3] for name, _, more in asked if name == "clips"]  # type: ignore[attr-defined]
    assert [share > 0 for share in shares] == [False, False, True, False]
    assert asked[3][2]["jobs"] == 2


@pytest.mark.parametrize("name", ["synth-clips:0", "synth-clips:a", "synth-clips:3:2:1", "synth-clip"])
def test_other_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected"):
        made_set(name, cache=tmp_path)
    with pytest.raises(UsageError, match="cannot share"):
        made_set("synth-clips:2:3", cache=tmp_path)


def test_another_version_makes_another_set(
    asked: list[tuple[str, int, dict[str, object]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = made_set("synth-clips", cache=tmp_path)
    assert made_set("synth-clips", cache=tmp_path) == one
    monkeypatch.setattr(room, "_maker", lambda: "another")
    assert made_set("synth-clips", cache=tmp_path) != one


def test_names() -> None:
    assert read_size("synth-recordings") == ("synth-recordings", (None, None))
    assert [is_synthetic(n) for n in ("synth-clips:9", "synth-recordings", "casme2")] == [True, True, False]
    assert pretrain_count("synth-clips") == 800 and pretrain_count("synth-clips:9") is None


def test_clips_become_rows(tmp_path: Path) -> None:
    loaded = load_data("synth-clips:2:1", cache=tmp_path, seed=5)
    rows = loaded.examples
    assert rows.inputs["flowmap28"].shape == (2, 28, 28, 3)
    assert set(rows.subjects) == {"synth/p0000s5"}
    assert set(rows.classes) <= {"negative", "positive", "surprise"}
    assert loaded.missing == ()
    with pytest.raises(UsageError, match="for spotters"):
        load_data("synth-recordings", cache=tmp_path)
