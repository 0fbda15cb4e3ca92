"""Single frames at once: what is given for an index is what a pass over the whole video gives."""

import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fleeting.core import UsageError
from fleeting.io import open_frames, open_video
from fleeting.io.frame_access import FrameAccess

VFR = [0, 40, 55, 120, 121, 200, 290, 300, 333, 400]
KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "h264, B-frames, long GOP": ("a.mp4", {"options": {"g": "40", "bf": "3"}}),
    "h264, open GOP": ("a.mkv", {"options": {"g": "12", "bf": "3", "x264-params": "open-gop=1"}}),
    "h264 in MPEG-TS": ("a.ts", {"options": {"g": "12", "bf": "2"}}),
    "mpeg4 in AVI": ("a.avi", {"codec": "mpeg4", "options": {"g": "12"}}),
    "mpeg4 in AVI, B-frames": ("a.avi", {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}}),
    "intra refresh": ("a.mp4", {"options": {"x264-params": "intra-refresh=1:keyint=12"}}),
    "one key frame": ("a.mp4", {"options": {"g": "600"}}),
    "mpeg2, open GOP": ("a.mpg", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}}),
    "h264 without times": ("a.h264", {"options": {"g": "12", "bf": "3"}}),
    "hevc": (
        "a.mov",
        {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12:open-gop=1"}},
    ),
    "mjpeg": ("a.avi", {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
    "vp9": (
        "a.webm",
        {"codec": "libvpx-vp9", "options": {"g": "12", "deadline": "realtime", "cpu-used": "8"}},
    ),
}


@pytest.fixture
def whole() -> Callable[[Path], dict[int, tuple[Fraction, np.ndarray]]]:
    """Decode all frames in order: the truth."""

    def read(path: Path) -> dict[int, tuple[Fraction, np.ndarray]]:
        with open_video(path) as video:
            return {frame.index: (frame.time, frame.rgb().copy()) for frame in video.frames()}

    return read


FOUND_BY_STAMP = {
    "h264, B-frames, long GOP",
    "h264, open GOP",
    "h264 in MPEG-TS",
    "vp9",
    "hevc",
    "one key frame",
}


def known_of(truth: dict[int, tuple[Fraction, np.ndarray]]) -> dict[str, np.ndarray]:
    return {"frames": np.array(list(truth)), "times": np.array([float(time) for time, _ in truth.values()])}


def assert_same(access: FrameAccess, index: int, truth: dict[int, tuple[Fraction, np.ndarray]]) -> None:
    frame = access.get(index)
    time, picture = truth[index]
    assert frame.index == index
    assert abs(frame.time - time) < Fraction(1, 10**9)
    assert np.array_equal(frame.rgb(), picture), f"frame {index} is another picture"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("known", [True, False])
def test_frames_are_those_of_a_whole_pass(
    kind: str, known: bool, tmp_path: Path, encode: Callable[..., Path], pictures: Callable, whole: Callable
) -> None:
    name, options = KINDS[kind]
    path = encode(tmp_path / name, pictures(75), **options)
    truth = whole(path)
    access = open_frames(path, **(known_of(truth) if known else {}))
    order = [
        0,
        74,
        37,
        36,
        35,
        38,
        39,
        12,
        11,
        73,
        1,
        60,
        24,
        23,
        *np.random.default_rng(1).integers(0, 75, 12),
    ]
    for index in order:
        assert_same(access, int(index), truth)
    assert access.exact or kind not in FOUND_BY_STAMP  # else all would still be right, but slow
    assert access.count() == len(truth)
    assert np.allclose(access.times(), known_of(truth)["times"], atol=1e-9)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("known", [True, False])
def test_a_variable_frame_rate_keeps_every_frame_and_time(
    name: str, known: bool, tmp_path: Path, encode: Callable[..., Path], pictures: Callable, whole: Callable
) -> None:
    stamps = [second * 1000 + ms for second in range(6) for ms in VFR]
    path = encode(
        tmp_path / name, pictures(60), stamps=stamps, tick=Fraction(1, 1000), options={"g": "15", "bf": "2"}
    )
    truth = whole(path)
    assert [float(time) for time, _ in truth.values()] == [stamp / 1000 for stamp in stamps]
    access = open_frames(path, **(known_of(truth) if known else {}))
    for index in (59, 0, 31, 30, 7, 44, 43):
        assert_same(access, index, truth)
    assert access.times(3, 6).tolist() == [0.12, 0.121, 0.2, 0.29]
    assert access.nearest(0.1205) == (3, 0.12)
    assert access.nearest(0.121) == (4, 0.121)
    assert access.nearest(-1.0)[0] == 0
    assert access.nearest(99.0)[0] == 59


def test_frames_around_a_part_that_is_known(
    tmp_path: Path, encode: Callable[..., Path], pictures: Callable, whole: Callable
) -> None:
    """As where `analyze --from --to` looked at a part alone."""
    path = encode(tmp_path / "a.mp4", pictures(60), options={"g": "15", "bf": "2"})
    truth = whole(path)
    part = {name: values[20:40] for name, values in known_of(truth).items()}
    access = open_frames(path, **part)
    for index in (30, 20, 39, 5, 55):
        assert_same(access, index, truth)


def test_times_that_do_not_belong_to_the_file_do_no_harm(
    tmp_path: Path, encode: Callable[..., Path], pictures: Callable, whole: Callable
) -> None:
    path = encode(tmp_path / "a.mp4", pictures(40), options={"g": "15"})
    truth = whole(path)
    access = open_frames(path, frames=np.arange(40), times=np.arange(40) / 31.0)
    assert np.array_equal(access.get(17).rgb(), truth[17][1])


def test_a_twin_stamp_makes_it_decode(
    tmp_path: Path, encode: Callable[..., Path], pictures: Callable, numbers: Callable
) -> None:
    """Two frames of one stamp cannot be told apart by it; the index must hold all the same."""
    path = encode(tmp_path / "a.avi", pictures(30), codec="mpeg4", options={"g": "10", "bf": "2"})
    access = open_frames(path)
    assert numbers([access.get(index) for index in (3, 29, 11)]) == [3, 29, 11]


def test_stepping_decodes_nothing_twice(
    tmp_path: Path, encode: Callable[..., Path], pictures: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fleeting.io import _cursor

    made: list[int] = []
    start = _cursor.Cursor.__init__

    def counted(self: object, *arguments: object) -> None:
        made.append(1)
        start(self, *arguments)  # type: ignore[arg-type]

    path = encode(tmp_path / "a.mp4", pictures(60), options={"g": "60"})
    access = open_frames(path)
    monkeypatch.setattr(_cursor.Cursor, "__init__", counted)
    for index in (*range(20, 50), *range(49, 0, -1), *range(1, 59)):
        access.get(index)
    assert len(made) == 1  # the first seek; every step after it goes on or is kept


def test_a_folder_of_images(tmp_path: Path, pictures: Callable, numbers: Callable) -> None:
    cv2 = pytest.importorskip("cv2")
    for number, picture in enumerate(pictures(12)):
        cv2.imwrite(str(tmp_path / f"img_{number}.png"), picture)
    access = open_frames(tmp_path, fps=10)
    assert numbers([access.get(index) for index in (11, 3, 0)]) == [11, 3, 0]
    assert float(access.get(5).time) == 0.5
    assert access.count() == 12


def test_many_threads_at_once(tmp_path: Path, encode: Callable, pictures: Callable, whole: Callable) -> None:
    path = encode(tmp_path / "a.mp4", pictures(50), options={"g": "25", "bf": "2"})
    truth = whole(path)
    access = open_frames(path, **known_of(truth))
    faults: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for index in np.random.default_rng(seed).integers(0, 50, 15):
                assert_same(access, int(index), truth)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            faults.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_wrong_indices(tmp_path: Path, encode: Callable[..., Path], pictures: Callable) -> None:
    access = open_frames(encode(tmp_path / "a.mp4", pictures(5)))
    with pytest.raises(UsageError, match="from 0"):
        access.get(-1)
    with pytest.raises(UsageError, match="has 5 frames"):
        access.get(5)
    with pytest.raises(UsageError, match="first <= last"):
        access.times(3, 2)
    with pytest.raises(UsageError, match="gap"):
        open_frames(tmp_path / "a.mp4", frames=np.array([1, 3]), times=np.array([0.1, 0.3]))
