"""What people give by mistake fails in one line; what is only odd is analysed and says what is odd."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from fleeting.cli.main import main
from fleeting.io import read_result

Made = Callable[[Path, Path], Path]


def missing(folder: Path, good: Path) -> Path:
    return folder / "missing.mp4"


def empty(folder: Path, good: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def text(folder: Path, good: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("Dear colleague,\nplease find the recording attached.\n" * 40)
    return path


def noise(folder: Path, good: Path) -> Path:
    path = folder / "noise.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(50_000))
    return path


def audio_only(folder: Path, good: Path) -> Path:
    path = folder / "audio.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


def header_alone(folder: Path, good: Path) -> Path:
    """All that a video needs but its pictures."""
    path = folder / "header.mp4"
    with av.open(str(good)) as container:
        first = min(p.pos for p in container.demux(video=0) if p.size)
    path.write_bytes(good.read_bytes()[:first])
    return path


def empty_folder(folder: Path, good: Path) -> Path:
    path = folder / "nothing"
    path.mkdir()
    return path


def folder_of_text(folder: Path, good: Path) -> Path:
    path = empty_folder(folder, good)
    (path / "notes.txt").write_text("no images here")
    return path


def folder_of_broken_images(folder: Path, good: Path) -> Path:
    path = empty_folder(folder, good)
    for number in range(3):
        (path / f"img_{number}.jpg").write_bytes(b"\xff\xd8 no picture")
    return path


def pipe(folder: Path, good: Path) -> Path:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    path = folder / "pipe.mp4"
    os.mkfifo(path)
    return path


def dead_link(folder: Path, good: Path) -> Path:
    path = folder / "link.mp4"
    try:
        path.symlink_to(folder / "gone.mp4")
    except OSError as error:
        pytest.skip(f"no links here: {error}")
    return path


def unreadable(folder: Path, good: Path) -> Path:
    path = folder / "secret.mp4"
    path.write_bytes(good.read_bytes())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything (root), so nothing is unreadable")
    return path


BAD = {
    missing: "does not exist; check the name",
    empty: "is empty; copy or record it again",
    text: "cannot be read as a video",
    noise: "cannot be read as a video",
    audio_only: "has no video stream (only audio)",
    header_alone: "not a single frame can be decoded",
    empty_folder: "is a folder without images",
    folder_of_text: "is a folder without images",
    folder_of_broken_images: "not one of its images can be decoded",
    pipe: "is neither a file nor a folder",
    dead_link: "does not exist",
    unreadable: "cannot be read (Permission denied)",
}


@pytest.mark.parametrize("made", BAD, ids=lambda made: made.__name__)
def test_a_bad_input_fails_in_one_line_and_the_others_are_done(
    made: Made, good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad, out = made(tmp_path, good), tmp_path / "out"
    command = ["analyze", str(bad), str(good), "--fps", "50", "--no-pictures", "--out", str(out)]
    assert main(command) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"error: {bad}: {BAD[made]}")
    assert "; " in line  # and what to do
    names = {path.name for path in out.iterdir()}
    assert names == {f"good{e}" for e in (".csv", ".eaf", ".html", ".json", ".signals.npz")} | {
        "summary.csv",
        "index.html",
    }
    assert read_result(out / "good.json").video.frames == 20


def test_all_of_them_at_once(good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    makers = [missing, empty, text, noise, audio_only, header_alone, folder_of_broken_images]
    videos = [made(tmp_path, good) for made in makers]
    videos.insert(3, good)
    command = ["analyze", *map(str, videos), "--fps", "50", "--out", str(tmp_path / "out"), "--jobs", "2"]
    assert main(command) == 1
    lines = capfd.readouterr().err.splitlines()
    bad = [str(video) for video in videos if video != good]
    assert sorted(line.split(": ")[1] for line in lines) == sorted(bad)
    assert (tmp_path / "out" / "good.html").exists()


def analysed(
    video: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], *options: str
) -> tuple[list[str], str]:
    """Codes of the warnings of a video that must be analysed, and what was printed."""
    out = tmp_path / "out"
    assert main(["analyze", "--out", str(out), *options, "--", str(video)]) == 0
    shown, errors = capfd.readouterr()
    assert errors == ""
    (path,) = out.glob("*.json")
    report = read_result(path)
    codes = [warning.code for warning in report.warnings]
    assert all(f"({code})" in shown for code in codes)
    return codes, shown


Encode = Callable[..., Path]


def test_one_frame(
    encode: Encode, pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    codes, _ = analysed(encode(pictures[:1]), tmp_path, capfd)
    assert "one_frame" in codes


def test_no_face(encode: Encode, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    grey = [np.full((120, 160, 3), 90, np.uint8)] * 10
    codes, _ = analysed(encode(grey), tmp_path, capfd)
    assert codes == ["no_face"]


def test_no_face_in_some_frames(
    encode: Encode, pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    images = [*pictures, *[np.full_like(pictures[0], 90)] * 20, *pictures]
    codes, shown = analysed(encode(images), tmp_path, capfd)
    assert "face_lost" in codes
    assert "no_face" not in codes
    assert "60 frames" in shown


def test_very_small(
    encode: Encode, pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    codes, shown = analysed(encode([image[::10, ::10] for image in pictures]), tmp_path, capfd)
    assert set(codes) & {"no_face", "face_small"}
    assert "20 frames" in shown


def test_odd_size(
    encode: Encode, pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Odd sizes come from screen recorders and crops; H.264 with full colour holds them."""
    from fleeting.io import write_video

    path = write_video(
        tmp_path / "odd.mp4", [image[:151, :157] for image in pictures], fps=50, pixel_format="yuv444p"
    )
    codes, _ = analysed(path, tmp_path, capfd)
    assert "no_face" not in codes
    assert read_result(tmp_path / "out" / "odd.json").video.width == 157


@pytest.mark.slow  # for its memory rather than its time
def test_8k(
    encode: Encode, pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    large = np.zeros((4320, 7680, 3), np.uint8)
    large[:1280, :1280] = pictures[0].repeat(8, 0).repeat(8, 1)
    analysed(encode([large] * 2), tmp_path, capfd)
    video = read_result(tmp_path / "out" / "good.json").video
    assert (video.width, video.height, video.frames) == (7680, 4320, 2)


@pytest.mark.parametrize(("fps", "code"), [(10, "frame_rate_too_low"), (25, "frame_rate_low"), (100, None)])
def test_frame_rate(
    fps: int,
    code: str | None,
    encode: Encode,
    pictures: list[np.ndarray],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    codes, _ = analysed(encode(pictures, fps=fps), tmp_path, capfd)
    assert [c for c in codes if c.startswith("frame_rate")] == ([code] if code else [])


def test_variable_rate(pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from fleeting.io import write_video

    times = np.cumsum([0.02, 0.05] * 10)
    path = write_video(tmp_path / "phone.mp4", pictures, fps=50, times=(times - times[0]).tolist())
    codes, _ = analysed(path, tmp_path, capfd)
    assert "variable_rate" in codes


def test_several_faces(
    encode: Encode, pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    both = [np.concatenate([image, image], axis=1) for image in pictures]
    codes, shown = analysed(encode(both), tmp_path, capfd, "--faces", "all")
    assert "several_faces" in codes
    assert "2 faces" in shown


def test_images_in_a_folder(
    pictures: list[np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import cv2

    folder = tmp_path / "EP02_01f"
    folder.mkdir()
    for number, image in enumerate(pictures, 1):
        cv2.imwrite(str(folder / f"img_{number}.jpg"), image[..., ::-1])
    codes, shown = analysed(folder, tmp_path, capfd, "--fps", "200")
    assert "no_face" not in codes
    assert "20 frames at 200/s" in shown


NAMES = [
    "with space.mp4",
    "ünïcödé 漢字 😀.mp4",
    "new\nline.mp4",
    "-leading dash.mp4",
    "--out.mp4",
    "quote'\"s.mp4",
    "100% [x] {y} $HOME.mp4",
    "=1+1.mp4",
    ".hidden.mp4",
    "no ending",
    "a" * 250 + ".mp4",
    "12:30.mp4",
    "pipe|name.mp4",
    b"not utf-8 \xff\xfe.mp4",
]


@pytest.mark.skipif(os.name != "posix", reason="Windows does not allow most of these names")
@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[:24] for name in NAMES])
def test_names(
    name: str | bytes,
    good: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Named behind `--`, as a shell pattern gives them; a batch of two, so that the overview holds it too."""
    monkeypatch.chdir(tmp_path)
    video = Path(os.fsdecode(name))
    try:
        video.write_bytes(good.read_bytes())
    except OSError as error:
        pytest.skip(f"this file system has no such names: {error}")
    Path("b.mp4").write_bytes(good.read_bytes())
    assert main(["analyze", "--out", "out", "--", str(video), "b.mp4"]) == 0
    shown, errors = capfd.readouterr()
    assert errors == ""
    assert len(shown.splitlines()) < 14  # no name has broken a line
    stem = video.stem[:230]
    assert read_result(Path("out", stem + ".json")).video.path == str(video)
    for ending in (".csv", ".eaf", ".html", ".signals.npz"):
        assert Path("out", stem + ending).is_file()
    assert main(["analyze", "--out", "out", "--", f"./{video}", "b.mp4"]) == 0
    assert capfd.readouterr().out.count("done before") == 2


@pytest.mark.skipif(os.name != "posix", reason="permission bits are a POSIX thing")
def test_a_read_only_folder_of_videos_is_fine(
    good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As on a DVD or an archive: nothing is written beside the video."""
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "good.mp4").write_bytes(good.read_bytes())
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        analysed(folder / "good.mp4", tmp_path, capfd)
        assert [path.name for path in folder.iterdir()] == ["good.mp4"]
    finally:
        folder.chmod(stat.S_IRWXU)
