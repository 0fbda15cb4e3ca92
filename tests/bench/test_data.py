"""Where rows come from."""

from dataclasses import replace

import numpy as np
import pytest

from fleeting.bench import fingerprint, join_examples, load_examples
from fleeting.core import FleetingError, InputError, UsageError


def test_synthetic_maps_are_made_once_and_then_read(tmp_path, monkeypatch):
    first = load_examples("synth-flowmaps:24:6", cache=tmp_path)
    assert len(first) == 24 and len(set(first.subjects)) == 6
    assert first.classes == ("negative", "positive", "surprise") and set(first.labels) <= {0, 1, 2}
    import fleeting.synth

    def never(*_, **__):
        raise AssertionError("made again")

    monkeypatch.setattr(fleeting.synth, "flowmaps", never)
    again = load_examples("synth-flowmaps", cache=tmp_path, count=24, subjects=6)
    assert fingerprint(first) == fingerprint(again)
    with pytest.raises(AssertionError):
        load_examples("synth-flowmaps:24:6", cache=tmp_path, seed=1)


def test_four_classes_hold_none(tmp_path):
    rows = load_examples("synth-flowmaps:200:4", classes=4, cache=tmp_path)
    assert rows.classes == ("negative", "positive", "surprise", "none")
    assert 5 <= np.sum(rows.labels == 3) <= 45


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("synth-flowmaps:x", {}, "synth-flowmaps:COUNT"),
        ("synth-flowmaps:5:2:1", {}, "synth-flowmaps:COUNT"),
        ("synth-flowmaps", {"classes": 5}, "3 classes, or 4"),
        ("megc2019-flow", {}, "--root"),
        ("megc2019-flov", {}, "megc2019-flow"),
    ],
)
def test_what_cannot_be_is_said(tmp_path, name, options, says):
    with pytest.raises(UsageError, match=says):
        load_examples(name, cache=tmp_path, **options)


def test_clips_that_are_not_on_disk_are_told(tmp_path):
    (tmp_path / "table.csv").write_text(
        "path,subject,onset,apex,offset,fps,label\na.avi,s1,0,2,4,25,happiness\nb.avi,s2,0,2,4,25,disgust\n"
    )
    with pytest.raises(
        InputError, match="none of the 2 clips could be prepared; the first: csv/s1/a: its frames"
    ):
        load_examples("csv", tmp_path / "table.csv", cache=tmp_path / "cache")


def test_a_damaged_cache_is_told(tmp_path):
    load_examples("synth-flowmaps:6:2", cache=tmp_path)
    (file,) = (tmp_path / "synth-flowmaps").glob("*.npz")
    file.write_bytes(b"PK")
    with pytest.raises(InputError, match="damaged"):
        load_examples("synth-flowmaps:6:2", cache=tmp_path)


def test_fingerprint_knows_every_part(make_toy):
    rows = make_toy()
    changed = {"flowmap28": rows.inputs["flowmap28"] ^ 1}
    others = [
        replace(rows, inputs=changed),
        replace(rows, labels=(rows.labels + 1) % 3),
        replace(rows, classes=("a", "b", "c")),
        rows.take(np.arange(len(rows))[::-1]),
        replace(rows, ids=np.char.add(rows.ids, "x")),
    ]
    assert len({fingerprint(one) for one in [rows, *others]}) == 6


def test_sets_join_under_one_another(make_toy):
    both = join_examples({"a": make_toy(2, name="a"), "b": make_toy(3, name="b")})
    assert len(both) == 30 and sorted(set(both.datasets)) == ["a", "b"]
    odd = replace(make_toy(2, name="c"), classes=("x", "y", "z"))
    with pytest.raises(FleetingError, match="different classes"):
        join_examples({"a": make_toy(2), "c": odd})
