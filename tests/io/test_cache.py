"""The cache: whole or not at all, checked, shared by processes, remembered content."""

import json
import mmap
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import InputError, UsageError
from fleeting.io import ArrayCache, code_version, content_key, entry_key
from fleeting.io import cache as room
from fleeting.io.atomic import TEMPORARY_PREFIX

KEY = entry_key(test=1)
ARRAYS = {
    "flow": np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4),
    "frames": np.arange(30, dtype=np.uint8).reshape(5, 6)[::2, ::3],  # with gaps between its rows
    "none": np.zeros((0, 3), np.int16),
    "one": np.array(7.5),
    "yes": np.array([True, False]),
    "other way round": np.arange(3, dtype=">i4"),
}


@pytest.fixture
def cache(tmp_path: Path) -> ArrayCache:
    return ArrayCache(tmp_path / "cache")


def test_what_is_put_is_got(cache: ArrayCache) -> None:
    assert cache.get(KEY) is None and KEY not in cache
    given_back = cache.put(KEY, ARRAYS, {"notes": ["a", "é"], "fps": 200.0})
    for entry in (given_back, cache.get(KEY)):
        assert entry is not None
        assert entry.meta == {"notes": ["a", "é"], "fps": 200.0}
        assert list(entry.arrays) == list(ARRAYS)
        for name, values in ARRAYS.items():
            got = entry.arrays[name]
            assert got.shape == values.shape and got.dtype == values.dtype.newbyteorder("=")
            np.testing.assert_array_equal(got, values)
    assert KEY in cache and cache.damaged == []
    assert cache.size() == (1, cache.path(KEY).stat().st_size)


def test_arrays_are_mapped_and_cannot_be_written_to(cache: ArrayCache) -> None:
    flow = cache.put(KEY, ARRAYS).arrays["flow"]
    with pytest.raises(ValueError, match="read-only"):
        flow[0] = 0
    base: object = flow
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    assert isinstance(base, mmap.mmap)


def test_the_format_as_documented_read_by_other_means(cache: ArrayCache) -> None:
    cache.put(KEY, ARRAYS, {"a": 1})
    data = cache.path(KEY).read_bytes()
    assert data[:8] == b"FLEETAR1"
    length, check = (int.from_bytes(data[at : at + 4], "little") for at in (8, 12))
    header = data[16 : 16 + length]
    assert zlib.crc32(header) == check
    told = json.loads(header)
    assert (told["schema"], told["key"], told["meta"]) == ("fleeting.cache/1", KEY, {"a": 1})
    assert told["bytes"] == len(data)
    for one in told["arrays"]:
        assert one["offset"] % 64 == 0
        raw = data[one["offset"] : one["offset"] + one["bytes"]]
        assert zlib.crc32(raw) == one["crc32"]
        if one["bytes"]:
            mapped = np.memmap(cache.path(KEY), one["dtype"], "r", one["offset"], tuple(one["shape"]))
            np.testing.assert_array_equal(mapped, ARRAYS[one["name"]])


@pytest.mark.parametrize("arrays", [{"a": np.array([object()])}, {"a": np.array(["text"])}])
def test_what_is_no_number_is_refused(cache: ArrayCache, arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(UsageError, match="expected numbers"):
        cache.put(KEY, arrays)
    assert KEY not in cache


@pytest.mark.parametrize("meta", [{"a": float("nan")}, {"a": Path()}])
def test_meta_that_json_cannot_carry_is_refused(cache: ArrayCache, meta: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="plain numbers"):
        cache.put(KEY, {}, meta)


def test_a_key_depends_on_every_part() -> None:
    keys = {entry_key(a=1, b="x"), entry_key(a=2, b="x"), entry_key(a=1, b="y"), entry_key(a=1)}
    assert len(keys) == 4
    with pytest.raises(UsageError, match="plain numbers"):
        entry_key(path=Path())


# Damage -----------------------------------------------------------------------------------------------


def small(folder: Path) -> tuple[ArrayCache, bytes]:
    cache = ArrayCache(folder)
    cache.put(KEY, {"a": np.arange(5, dtype=np.int16), "b": np.ones(2)}, {"n": 1})
    return cache, cache.path(KEY).read_bytes()


def test_every_truncation_is_found(tmp_path: Path) -> None:
    cache, whole = small(tmp_path)
    for length in range(len(whole)):
        cache.path(KEY).write_bytes(whole[:length])
        assert cache.get(KEY) is None, length
    assert len(cache.damaged) == len(whole) and all(one.key == KEY and one.why for one in cache.damaged)
    cache.path(KEY).write_bytes(whole + b"x")
    assert cache.get(KEY) is None


def test_every_flipped_bit_is_found_or_lies_between_the_parts(tmp_path: Path) -> None:
    cache, whole = small(tmp_path)
    length = int.from_bytes(whole[8:12], "little")
    told = json.loads(whole[16 : 16 + length])
    used = np.zeros(len(whole), bool)
    used[: 16 + length] = True
    for one in told["arrays"]:
        used[one["offset"] : one["offset"] + one["bytes"]] = True
    flips = range(0, len(whole) * 8, 5)  # 5 and 8 have no common divisor: every byte, every place in a byte
    for at in flips:
        torn = bytearray(whole)
        torn[at // 8] ^= 1 << at % 8
        cache.path(KEY).write_bytes(torn)
        entry = cache.get(KEY)
        assert (entry is None) == used[at // 8], at
        if entry is not None:
            assert entry.meta == {"n": 1}
            assert entry.arrays["a"].tolist() == [0, 1, 2, 3, 4] and entry.arrays["b"].tolist() == [1, 1]
    assert 0 < len(cache.damaged) < len(flips)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_any_other_file_is_damage_and_no_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    cache = ArrayCache(tmp_path_factory.mktemp("any"))
    cache.path(KEY).parent.mkdir()
    for content in (data, b"FLEETAR1" + data):
        cache.path(KEY).write_bytes(content)
        assert cache.get(KEY) is None
    assert len(cache.damaged) == 2


def test_a_header_that_lies_is_damage(tmp_path: Path) -> None:
    """Whole by its checksum, yet not what an entry can be: written by other code, or by hand."""
    cache, whole = small(tmp_path)
    length = int.from_bytes(whole[8:12], "little")
    for old, new in (
        (b'"<i2"', b'"|O1"'),
        (b'"crc32"', b'"crc33"'),
        (b'"shape": [5]', b'"shape": [9]'),
        (b"fleeting.cache/1", b"fleeting.cache/9"),
    ):
        head = whole[16 : 16 + length].replace(old, new)
        assert len(head) == length and head != whole[16 : 16 + length]
        cache.path(KEY).write_bytes(
            whole[:12] + zlib.crc32(head).to_bytes(4, "little") + head + whole[16 + length :]
        )
        assert cache.get(KEY) is None, old


def test_an_entry_under_another_name_is_damage(cache: ArrayCache) -> None:
    cache.put(KEY, ARRAYS)
    other = entry_key(test=2)
    cache.path(other).parent.mkdir(exist_ok=True)
    cache.path(KEY).rename(cache.path(other))
    assert cache.get(other) is None and "another key" in cache.damaged[0].why


def test_damage_is_mended_by_the_next_put(cache: ArrayCache) -> None:
    cache.put(KEY, ARRAYS)
    cache.path(KEY).write_bytes(b"FLEETAR1")
    assert cache.get(KEY) is None
    cache.put(KEY, ARRAYS)
    entry = cache.get(KEY)
    assert entry is not None and len(cache.damaged) == 1


def test_a_mapped_entry_survives_being_replaced(cache: ArrayCache) -> None:
    old = cache.put(KEY, {"a": np.arange(100_000)}).arrays["a"]
    cache.put(KEY, {"a": np.zeros(3)})
    assert old.sum() == 99_999 * 50_000


def test_without_verifying_a_flipped_bit_passes_and_a_wrong_size_does_not(cache: ArrayCache) -> None:
    cache.put(KEY, {"a": np.zeros(8)})
    data = bytearray(cache.path(KEY).read_bytes())
    data[-1] ^= 1
    cache.path(KEY).write_bytes(data)
    assert cache.get(KEY, verify=False) is not None and cache.get(KEY) is None
    cache.path(KEY).write_bytes(data[:-1])
    assert cache.get(KEY, verify=False) is None


# Kills and company --------------------------------------------------------------------------------------

WRITER = """
import sys
import numpy as np
from fleeting.io import ArrayCache, entry_key
cache = ArrayCache(sys.argv[1])
print("ready", flush=True)
for turn in range(int(sys.argv[2])):
    for n in range(12):
        cache.put(entry_key(n=n), {"a": np.full(200_000 + n, n)}, {"n": n})
"""


def start(folder: Path, turns: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(folder), str(turns)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def check_all(cache: ArrayCache) -> int:
    """Look at every entry of the writer: each is right or not there; gives how many are there."""
    found = 0
    for n in range(12):
        entry = cache.get(entry_key(n=n))
        if entry is not None:
            found += 1
            assert entry.meta == {"n": n} and entry.arrays["a"].shape == (200_000 + n,)
            assert (entry.arrays["a"] == n).all()
    assert cache.damaged == []
    return found


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.slow
def test_a_killed_writer_leaves_whole_entries_and_its_litter_is_swept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    litter = 0
    for turn in range(12):
        folder = tmp_path / str(turn)
        with start(folder, 10_000) as process:
            time.sleep(float(rng.uniform(0.0, 0.4)))
            process.send_signal(signal.SIGKILL)
        left = [path for path in folder.rglob(TEMPORARY_PREFIX + "*")]
        litter += len(left)
        check_all(ArrayCache(folder))
        assert not [path for path in left if path.exists()]
        assert start(folder, 1).wait() == 0
        assert check_all(ArrayCache(folder)) == 12
    assert litter, "no kill met a file that was being written: the test shows nothing"


def test_two_writers_and_a_reader_do_not_harm_each_other(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path)
    writers = [start(tmp_path, 3) for _ in range(2)]
    while any(one.poll() is None for one in writers):
        check_all(cache)
    assert [one.wait() for one in writers] == [0, 0]
    assert check_all(cache) == 12 and cache.size()[0] == 12
    for one in writers:
        assert one.stdout is not None
        one.stdout.close()


# Content ------------------------------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large enough and old enough to be remembered."""
    monkeypatch.setattr(room, "REMEMBER_FROM", 1)
    monkeypatch.setattr(room, "SETTLED_S", -1e9)


def test_content_is_that_of_the_bytes_in_order(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in "abc")
    for path, text in ((a, "1"), (b, "2"), (c, "12")):
        path.write_text(text)
    keys = [content_key(one) for one in ([a, b], [b, a], [c], [a], [b])]
    assert len(set(keys)) == 5
    (tmp_path / "moved").mkdir()
    a.rename(tmp_path / "moved" / "other")
    assert content_key([tmp_path / "moved" / "other"]) == keys[3]
    with pytest.raises(InputError, match="does not exist"):
        content_key([a])


def test_a_large_source_is_hashed_once(
    cache: ArrayCache, large: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / "v.avi"
    video.write_bytes(b"x" * 1000)
    first = content_key([video], cache)
    assert first == content_key([video])

    def never(_: object) -> str:
        raise AssertionError("hashed again")

    with monkeypatch.context() as patched:
        patched.setattr(room, "_hash", never)
        assert content_key([video], cache) == first
    cache.path(next(one.stem for one in cache.folder.rglob("*.arrays"))).write_bytes(b"torn")
    assert content_key([video], cache) == first and len(cache.damaged) == 1


def test_an_edit_that_keeps_size_and_time_of_change_is_noticed(
    cache: ArrayCache, large: None, tmp_path: Path
) -> None:
    video = tmp_path / "v.avi"
    video.write_bytes(b"x" * 1000)
    times = (1_600_000_000_000_000_000, 1_600_000_000_000_000_000)
    os.utime(video, ns=times)
    first = content_key([video], cache)
    video.write_bytes(b"y" * 1000)
    os.utime(video, ns=times)
    assert content_key([video], cache) != first


def test_a_young_file_is_not_remembered(
    cache: ArrayCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "REMEMBER_FROM", 1)
    monkeypatch.setattr(room, "SETTLED_S", 3600.0)
    video = tmp_path / "v.avi"
    video.write_bytes(b"x" * 1000)
    content_key([video], cache)
    assert cache.size() == (0, 0)


def test_code_has_the_version_of_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "data.txt").write_text("no code")
    first = code_version(tmp_path)
    (tmp_path / "data.txt").write_text("changed")
    assert code_version(tmp_path) == first and code_version(tmp_path / "a.py") == first
    (tmp_path / "a.py").write_text("x = 2\n")
    assert code_version(tmp_path) != first
