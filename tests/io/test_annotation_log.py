"""The log of changes: what it adds up to, undo and redo, several writers, a newer file."""

import itertools
import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleeting.core import InputError, UnknownNameError, UsageError, VideoInfo
from fleeting.io import (
    ANNOTATION_FILE,
    Annotation,
    AnnotationLog,
    CodedAu,
    CodedRecording,
    Edit,
    StaleRevisionError,
    annotation_of,
    as_document,
    coding_csv,
    coding_json,
    edits_of,
    merge_eaf,
    read_coding_csv,
    read_coding_eaf,
    read_coding_json,
)

texts = st.text("ab <&\"'=-\n\u00e9\u6f22\u202e\U0001f600", max_size=12)
keys = st.text("ab7.@_-", min_size=1, max_size=12)
annotations = st.builds(
    lambda a, b, c, **more: Annotation(
        onset=a, apex=None if b is None else a + b, offset=a + (b or 0) + c, **more
    ),
    st.integers(0, 500),
    st.none() | st.integers(0, 20),
    st.integers(0, 20),
    key=keys,
    face=st.integers(0, 3),
    kind=st.sampled_from(["micro", "macro"]),
    aus=st.lists(
        st.builds(
            CodedAu,
            st.integers(1, 99),
            st.sampled_from(["left", "right", "both"]),
            st.sampled_from(["A", "B", "C", "D", "E", None]),
        ),
        max_size=3,
    ).map(tuple),
    emotion=texts,
    confidence=st.none() | st.floats(0, 1),
    note=texts,
    verdict=st.sampled_from(["accepted", "rejected", None]),
    source_key=st.none() | keys,
)


@settings(max_examples=60, deadline=None)
@given(annotations)
def test_an_annotation_survives_json(one: Annotation) -> None:
    assert annotation_of(json.loads(json.dumps(as_document(one)))) == one


@pytest.fixture
def log(tmp_path: Path) -> AnnotationLog:
    return AnnotationLog(tmp_path / ANNOTATION_FILE)


def put(one: Annotation):
    def edits(state: Mapping[str, Annotation]) -> list[Edit]:
        return [Edit(state.get(one.key), one)]

    return edits


def drop(key: str):
    return lambda state: [Edit(state[key], None)]


films = (f"film {number}" for number in itertools.count())
steps_of_a_coder = st.lists(
    st.tuples(st.sampled_from("pdur"), st.integers(0, 3), st.integers(0, 9)), max_size=20
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps_of_a_coder)
def test_it_is_a_list_with_undo(log: AnnotationLog, steps: list[tuple[str, int, int]]) -> None:
    """Against the plainest model: a list of states and a place in it."""
    states: list[dict[str, Annotation]] = [{}]
    place, revision, film = 0, 0, next(films)
    for what, key, onset in steps:
        name = f"k{key}"
        if what == "p":
            one = Annotation(name, 0, "micro", onset, None, 20)
            new = {**states[place], name: one}
            log.change(film, "anna", revision, "put", put(one))
        elif what == "d" and name in states[place]:
            new = {k: v for k, v in states[place].items() if k != name}
            log.change(film, "anna", revision, "drop", drop(name))
        elif what == "u" and place:
            place, new = place - 1, None
            log.undo(film, "anna", revision)
        elif what == "r" and place + 1 < len(states):
            place, new = place + 1, None
            log.redo(film, "anna", revision)
        else:
            continue
        revision += 1
        if new is not None:
            states = [*states[: place + 1], new]
            place += 1
        now = log.coding(film, "anna")
        assert now.by_key == states[place]
        assert (now.revision, now.can_undo, now.can_redo) == (revision, place > 0, place + 1 < len(states))
    again = AnnotationLog(log.path)
    assert again.coding(film, "anna").by_key == states[place]
    assert len(again.history(film, "anna")) == revision
    again.close()


def test_looking_leaves_nothing_behind(log: AnnotationLog) -> None:
    assert log.coders() == []
    assert log.coding("film", "anna").annotations == ()
    assert log.coded("film") == []
    assert log.imports("film") == []
    assert not log.path.exists()


def test_a_change_of_nothing_is_no_change(log: AnnotationLog) -> None:
    one = Annotation("k", 0, "micro", 1, None, 2)
    log.change("film", "anna", 0, "add", put(one))
    after = log.change("film", "anna", 1, "change", lambda state: [])
    assert after.revision == 1


def test_a_change_that_fails_leaves_no_trace(log: AnnotationLog) -> None:
    def fails(state: Mapping[str, Annotation]) -> list[Edit]:
        raise UnknownNameError("no such thing")

    with pytest.raises(UnknownNameError):
        log.change("film", "anna", 0, "change", fails)
    assert log.coding("film", "anna").revision == 0
    log.change("film", "anna", 0, "add", put(Annotation("k", 0, "micro", 1, None, 2)))


def test_a_stale_revision_brings_the_present_state(log: AnnotationLog) -> None:
    one = Annotation("k", 0, "micro", 1, None, 2)
    log.change("film", "anna", 0, "add", put(one))
    for act in (lambda: log.change("film", "anna", 0, "add", put(one)), lambda: log.undo("film", "anna", 7)):
        with pytest.raises(StaleRevisionError) as caught:
            act()
        assert (caught.value.coding.revision, caught.value.coding.annotations) == (1, (one,))


WRITER = """
import sys
from fleeting.io import Annotation, AnnotationLog, Edit, StaleRevisionError
log, made = AnnotationLog(sys.argv[1]), 0
while made < 15:
    revision = log.coding("film", "anna").revision
    one = Annotation(f"{sys.argv[2]}.{made}", 0, "micro", 1, None, 2)
    try:
        log.change("film", "anna", revision, "add", lambda state: [Edit(None, one)])
    except StaleRevisionError:
        continue
    made += 1
"""


def test_two_processes_at_once_lose_nothing(log: AnnotationLog) -> None:
    both = [subprocess.Popen([sys.executable, "-c", WRITER, str(log.path), name]) for name in "ab"]
    assert [process.wait() for process in both] == [0, 0]
    found = log.coding("film", "anna")
    assert found.revision == 30
    assert set(found.by_key) == {f"{name}.{n}" for name in "ab" for n in range(15)}


def test_the_file_is_safe_against_a_crash(log: AnnotationLog) -> None:
    log.add_coder("anna")
    with sqlite3.connect(log.path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with log._writing() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_the_answer_revealed(log: AnnotationLog) -> None:
    assert log.revealed_at("film", "anna") is None
    log.change("film", "anna", 0, "add", put(Annotation("k", 0, "micro", 1, None, 2)))
    log.reveal("film", "anna")
    log.change("film", "anna", 1, "delete", drop("k"))
    log.reveal("film", "anna")
    assert log.revealed_at("film", "anna") == 1  # the first time counts
    log.reveal("film", "bea")
    assert log.coded("film") == ["anna", "bea"]


def test_imports_are_kept_and_taken_out(log: AnnotationLog) -> None:
    number = log.add_import("film", "a.eaf", "eaf", b"\0\xff")
    (held,) = log.imports("film")
    assert (held.id, held.name, held.data) == (number, "a.eaf", b"\0\xff")
    assert not log.remove_import("other", number)
    assert log.remove_import("film", number)
    assert not log.remove_import("film", number)
    assert log.imports("film") == []


def test_a_newer_or_a_damaged_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "newer.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="newer fleeting"):
        AnnotationLog(path).coders()
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"no database " * 1000)
    with pytest.raises(InputError, match="nothing was changed"):
        AnnotationLog(other).add_coder("anna")
    assert other.read_bytes() == b"no database " * 1000


def test_operations_of_their_own() -> None:
    old = Annotation("a", 0, "micro", 3, 5, 9, source_key="m0-3-9")
    first, second = edits_of("split", {"a": old}, {"key": "a", "at": 5})
    assert (first.after.apex, second.after.apex) == (None, 5)
    assert second.after.source_key is None
    with pytest.raises(UsageError, match=r"4\.\.9"):
        edits_of("split", {"a": old}, {"key": "a", "at": 3})
    assert edits_of("change", {"a": old}, {"key": "a", "fields": {"onset": 3}}) == []
    with pytest.raises(UnknownNameError):
        edits_of("delete", {"a": old}, {"source_key": "m0-3-9"})


@settings(max_examples=40, deadline=None)
@given(st.lists(annotations, max_size=5, unique_by=lambda one: one.key))
def test_elan_and_tables_give_equal_annotations_back(rows: list[Annotation]) -> None:
    times = np.cumsum(np.where(np.arange(600) % 3 == 0, 0.021, 0.055))  # a variable rate
    text = merge_eaf({"a: micro <&>": rows}, times, 0.04)
    found = read_coding_eaf(text.encode(), times).codings.get("a: micro <&>", [])
    assert {one.key: one for one in found} == {one.key: one for one in rows}
    video = VideoInfo("film.mp4", "0" * 64, 64, 48, 600, float(times[-1]), 25.0, True)
    coded = CodedRecording("film", video, "anna", rows, lambda frame: float(times[frame]))
    assert read_coding_json(coding_json([coded]).encode())[0].annotations == tuple(rows)
    table = read_coding_csv(coding_csv([coded]).encode())
    assert [one for part in table for one in part.annotations] == rows
