"""A good file cut anywhere, or with bytes flipped: analysed as far as it goes, or one clear error."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from fleeting.analysis import VideoOutcome, analyze_many
from fleeting.core import InputError
from fleeting.io import read_result
from fleeting.io.atomic import TEMPORARY_PREFIX

FRAMES = 20


def packet_ends(path: Path) -> list[int]:
    """Byte behind each packet of the pictures."""
    with av.open(str(path)) as container:
        return [p.pos + p.size for p in container.demux(video=0) if p.size]


def outcome_of(data: bytes, folder: Path, name: str) -> VideoOutcome:
    """Analyse a file with these bytes, its results written and read back; the folder stays clean."""
    video = folder / name
    video.write_bytes(data)
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    (outcome,) = analyze_many([video], out, overwrite=True)
    left = [path.name for path in out.iterdir() if path.name.startswith(TEMPORARY_PREFIX)]
    assert not left
    if outcome.status == "done":
        assert read_result(out / f"{video.stem}.json").video == outcome.report.video  # type: ignore[union-attr]
    else:
        assert not list(out.iterdir())
    return outcome


def finite(value: object) -> bool:
    """Whether a document of JSON holds no NaN and no infinity."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def check_cut(data: bytes, cut: int, ends: list[int], folder: Path, name: str) -> None:
    outcome = outcome_of(data[:cut], folder, name)
    whole = sum(end <= cut for end in ends)
    if outcome.report is None:
        assert isinstance(outcome.error, InputError), f"cut at byte {cut}: {outcome.error!r}"
        assert "\n" not in str(outcome.error)
        assert whole == 0 or cut < ends[0], f"cut at byte {cut}: {whole} whole pictures are lost"
        return
    codes = [warning.code for warning in outcome.report.warnings]
    frames = outcome.report.video.frames
    assert whole <= frames <= min(whole + 1, FRAMES), f"cut at byte {cut}: {frames} of {whole} pictures"
    assert ("truncated" in codes) == (frames < FRAMES), f"cut at byte {cut}: {frames} frames, {codes}"
    assert ("one_frame" in codes) == (frames == 1)
    document = json.loads((folder / "out" / f"{Path(name).stem}.json").read_text())
    assert finite(document), f"cut at byte {cut}"


def cuts(size: int, count: int, seed: int, first: int = 0) -> list[int]:
    """Cut points, most of them where the pictures are, some in the index before them."""
    rng = np.random.default_rng(seed)
    return sorted({*rng.integers(first, size, count).tolist(), *rng.integers(0, size, count // 8).tolist()})


def first_picture(path: Path) -> int:
    with av.open(str(path)) as container:
        return min(p.pos for p in container.demux(video=0) if p.size)


def test_cut_anywhere(good: Path, tmp_path: Path) -> None:
    data, ends = good.read_bytes(), packet_ends(good)
    for cut in cuts(len(data), 14, seed=1, first=first_picture(good)):
        check_cut(data, cut, ends, tmp_path, "cut.mp4")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_cut_at_many_places(good: Path, tmp_path: Path, seed: int) -> None:
    """Four times 60 and more: a failure names its byte."""
    data, ends = good.read_bytes(), packet_ends(good)
    places = cuts(len(data), 60, seed=100 + seed, first=first_picture(good))
    assert len(places) > 55
    for cut in places:
        check_cut(data, cut, ends, tmp_path, "cut.mp4")


@pytest.mark.parametrize("name", ["cut.mkv", "cut.ts", "cut.avi"])
def test_other_containers_cut(
    name: str, encode: Callable[..., Path], pictures: list[np.ndarray], tmp_path: Path
) -> None:
    whole = encode(pictures, name)
    data = whole.read_bytes()
    rng = np.random.default_rng(2)
    frames = []
    for cut in sorted(rng.integers(0, len(data), 8).tolist()):
        outcome = outcome_of(data[:cut], tmp_path, name)
        if outcome.report is None:
            assert isinstance(outcome.error, InputError), f"cut at byte {cut}: {outcome.error!r}"
        frames.append(outcome.report.video.frames if outcome.report else 0)
    assert frames == sorted(frames)  # a longer piece holds no fewer pictures
    assert frames[-1] > 0


def flipped(data: bytes, seed: int) -> bytes:
    """Flip one to twenty bits, in one run or scattered, anywhere in the file."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 21))
    start = rng.integers(0, len(data))
    places = (start + np.arange(count)) % len(data) if seed % 2 else rng.integers(0, len(data), count)
    changed = bytearray(data)
    for place in places:
        changed[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def check_flip(data: bytes, seed: int, folder: Path) -> str:
    outcome = outcome_of(flipped(data, seed), folder, "flip.mp4")
    if outcome.report is None:
        assert isinstance(outcome.error, InputError), f"seed {seed}: {outcome.error!r}\n{outcome.traceback}"
        return "failed"
    assert finite(json.loads((folder / "out" / "flip.json").read_text())), f"seed {seed}"
    codes = {warning.code for warning in outcome.report.warnings}
    return (
        "warned" if codes & {"decode_error", "truncated", "non_monotonic_time", "variable_rate"} else "quiet"
    )


def test_flipped_bytes(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    assert flipped(data, 3) != data
    outcomes = {check_flip(data, seed, tmp_path) for seed in range(14)}
    assert "quiet" in outcomes or "warned" in outcomes  # most of the file is pictures: it can be analysed


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1200, 50))
def test_many_flipped_bytes(good: Path, tmp_path: Path, first: int) -> None:
    data = good.read_bytes()
    outcomes = [check_flip(data, seed, tmp_path) for seed in range(first, first + 50)]
    assert outcomes.count("failed") < 25, outcomes
