import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import InputError, UsageError
from fleeting.jobs import Ledger, run_jobs

HEADER = b'{"schema": "fleeting.ledger/1"}\n'


def test_what_is_recorded_is_there_in_the_next_run(tmp_path):
    ledger = Ledger(tmp_path / "done.jsonl")
    assert len(ledger) == 0
    assert not (tmp_path / "done.jsonl").exists()
    ledger.record("fold 1", {"uf1": 0.5, "subjects": ("a", "b")})
    ledger.record("fold 2")
    for seen in (ledger, Ledger(tmp_path / "done.jsonl")):
        assert list(seen) == ["fold 1", "fold 2"]
        assert seen["fold 1"] == {"uf1": 0.5, "subjects": ["a", "b"]}, "as JSON gives it back, in both runs"
        assert seen["fold 2"] is None
        assert "fold 1" in seen
        assert "fold 3" not in seen


def test_the_file_is_plain(tmp_path):
    Ledger(tmp_path / "a").record("ü\n", 1)
    assert (tmp_path / "a").read_bytes() == HEADER + b'{"key": "\\u00fc\\n", "value": 1}\n'


def test_infinite_and_missing_numbers(tmp_path):
    Ledger(tmp_path / "a").record("x", [float("inf"), float("nan"), None])
    first, second, third = Ledger(tmp_path / "a")["x"]
    assert first == float("inf")
    assert second != second
    assert third is None


def test_a_key_is_recorded_once(tmp_path):
    ledger = Ledger(tmp_path / "a")
    ledger.record("x", 1)
    with pytest.raises(UsageError, match="'x' is in the ledger already"):
        ledger.record("x", 2)
    assert Ledger(tmp_path / "a")["x"] == 1


@pytest.mark.parametrize("value", [np.float32(1), np.zeros(2), object(), {1, 2}])
def test_values_are_plain_data(tmp_path, value):
    ledger = Ledger(tmp_path / "a")
    with pytest.raises(UsageError, match="give plain numbers, text and lists"):
        ledger.record("x", value)
    assert "x" not in ledger
    assert not (tmp_path / "a").exists()


def test_cut_anywhere_whole_lines_count_and_the_run_goes_on(tmp_path):
    whole = Ledger(tmp_path / "whole")
    for number in range(3):
        whole.record(f"k{number}", number)
    data = (tmp_path / "whole").read_bytes()
    for end in range(len(data) + 1):
        path = tmp_path / "cut"
        path.write_bytes(data[:end])
        ledger = Ledger(path)
        lines = max(0, data[:end].count(b"\n") - 1)
        assert list(ledger) == [f"k{number}" for number in range(lines)], end
        for number in range(lines, 3):
            ledger.record(f"k{number}", number)
        assert path.read_bytes() == data, end


def test_blocks_of_zeros_that_a_power_cut_leaves(tmp_path):
    (tmp_path / "a").write_bytes(HEADER + b'{"key": "x", "value": 1}\n' + b"\0" * 40)
    ledger = Ledger(tmp_path / "a")
    ledger.record("y", 2)
    assert {key: ledger[key] for key in ledger} == {"x": 1, "y": 2}
    assert b"\0" not in (tmp_path / "a").read_bytes()
    (tmp_path / "b").write_bytes(b"\0" * 40)
    assert len(Ledger(tmp_path / "b")) == 0


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"hello", "is no ledger"),
        (b"hello\n", "is no ledger"),
        (b"[1]\n", "is no ledger"),
        (b'{"schema": "fleeting.ledger/2"}\n', "this version reads fleeting.ledger/1; update"),
        (HEADER + b'{"key": "x", "val\n{"key": "y", "value": 1}\n', "line 2 is damaged"),
        (HEADER + b'{"key": "x"}\n', "line 2 is damaged"),
        (HEADER + b"3\n", "line 2 is damaged"),
        (HEADER + b'{"key": [], "value": 1}\n', "line 2 is damaged"),
        (HEADER + b"\xff\n", "line 2 is damaged"),
    ],
)
def test_other_files_are_refused_and_left_alone(tmp_path, data, what):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputError, match=what):
        Ledger(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == data


def test_folders(tmp_path):
    with pytest.raises(InputError, match="directory"):
        Ledger(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        Ledger(tmp_path / "none" / "a").record("x")


def test_a_second_writer_is_noticed(tmp_path):
    one, two = Ledger(tmp_path / "a"), Ledger(tmp_path / "a")
    one.record("x", 1)
    with pytest.raises(InputError, match="another run"):
        two.record("y", 2)
    three = Ledger(tmp_path / "a")
    one.record("z", 1)
    with pytest.raises(InputError, match="another run writes to it"):
        three.record("y", 2)
    assert list(Ledger(tmp_path / "a")) == ["x", "z"]


def test_a_full_disk_loses_only_what_was_not_recorded(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "a")
    ledger.record("x", 1)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("fleeting.jobs.ledger.os.fsync", full)
        with pytest.raises(InputError, match="No space left on device"):
            ledger.record("y", 2)
    assert "y" not in ledger
    ledger.record("y", 3)
    assert Ledger(tmp_path / "a")["y"] == 3


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=5,
        ),
        max_size=5,
    )
)
def test_any_json_comes_back(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("ledger") / "a"
    ledger = Ledger(path)
    for key, value in values.items():
        ledger.record(key, value)
    again = Ledger(path)
    assert {key: again[key] for key in again} == values


DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
from fleeting.jobs import Ledger, run_jobs
import jobs_work
if __name__ == "__main__":
    folder = sys.argv[2]
    ledger = Ledger(folder + "/done.jsonl")
    items = [(folder, f"fold {n}") for n in range(16)]
    todo = [item for item in items if item[1] not in ledger]
    for result in run_jobs(jobs_work.compute, todo, jobs=2):
        ledger.record(todo[result.index][1], result.unwrap())
"""


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_a_killed_driver_goes_on_and_computes_nothing_recorded_twice(work, tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    command = [sys.executable, script, Path(__file__).parent, tmp_path]
    path = tmp_path / "done.jsonl"
    recorded = set()
    for at_least in (3, 8):  # killed twice, in the middle
        process = subprocess.Popen(command)
        end = time.monotonic() + 60
        while not path.exists() or path.read_bytes().count(b"\n") < at_least + 1:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = set(Ledger(path))
        assert len(done) < 16, "the test is void if the run was over before the kill"
        assert recorded < done
        assert all(work.tries(tmp_path, key) == 1 for key in recorded), "recorded before, so not again"
        recorded = done
    before = {key: work.tries(tmp_path, key) for key in recorded}
    assert subprocess.run(command, timeout=60).returncode == 0
    names = [f"fold {n}" for n in range(16)]
    ledger = Ledger(path)
    assert sorted(ledger) == sorted(names), "none lost"
    assert [ledger[name] for name in names] == [{"name": name, "length": len(name)} for name in names]
    assert {key: work.tries(tmp_path, key) for key in recorded} == before
    lines = path.read_bytes().splitlines()
    assert len({json.loads(line).get("key") for line in lines}) == len(lines)


def test_failed_items_are_tried_again_in_the_next_run(work, tmp_path):
    """The way it is meant: record what is good, and leave failures to the next run."""
    ledger = Ledger(tmp_path / "a")
    kinds = ["fine", "input", "good"]
    for result in run_jobs(work.fail_in_many_ways, kinds):
        if result.ok:
            ledger.record(kinds[result.index], result.value)
    assert [kind for kind in kinds if kind not in Ledger(tmp_path / "a")] == ["input"]
