"""Writing: what is written comes back, and a file is whole or not there."""

import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from fleeting.core import InputError, ShapeError, UsageError
from fleeting.io import VideoWriter, open_video, write_video


def times_of(path):
    with open_video(path) as video:
        return [frame.time for frame in video.frames()]


def rgb_of(path):
    with open_video(path) as video:
        return [frame.rgb() for frame in video.frames()]


def bt601_luma(rgb):
    """Limited range, ITU-R BT.601-7 section 2.5.3."""
    return 16 + 219 / 255 * (rgb @ np.array([0.299, 0.587, 0.114]))


@pytest.mark.parametrize("fps", [25, 29.97, Fraction(30000, 1001), 200, 1, np.float32(12.5)])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.avi"])
def test_constant_rate(tmp_path, pictures, numbers, fps, name):
    path = write_video(tmp_path / name, pictures(12), fps)
    rate = Fraction(float(fps)).limit_denominator(1001)
    assert times_of(path) == [k / rate for k in range(12)]
    with open_video(path) as video:
        assert numbers(video.frames()) == list(range(12))
        assert video.problems == []


@pytest.mark.parametrize(("name", "grain"), [("a.mp4", 1 / 60_000), ("a.mkv", 1 / 1000)])
def test_variable_rate(tmp_path, pictures, numbers, name, grain):
    times = [0.0, 0.005, 0.0383, 0.0384 + grain, 0.5, 0.533333, 1.7]
    path = write_video(tmp_path / name, pictures(7), 30, times=times)
    assert [float(time) for time in times_of(path)] == pytest.approx(times, abs=grain)
    with open_video(path) as video:
        assert numbers(video.frames()) == list(range(7))
        assert video.info().variable_rate


def test_times_can_be_exact(tmp_path, pictures):
    times = [Fraction(k * k, 240) for k in range(6)]
    assert times_of(write_video(tmp_path / "a.mp4", pictures(6), 240, times=times)) == times
    assert times_of(write_video(tmp_path / "b.mp4", pictures(6), 240, times=times, codec="mpeg4")) == times


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.mkv", {"codec": "ffv1", "pixel_format": "bgr0"}),
        ("a.mp4", {"codec": "libx264rgb", "crf": 0, "pixel_format": "rgb24"}),
    ],
)
def test_lossless_rgb(tmp_path, pictures, name, how):
    images = pictures(5, 37, 23)  # an odd size is no trouble where colour is not halved
    for wrote, read in zip(images, rgb_of(write_video(tmp_path / name, images, 25, **how)), strict=True):
        np.testing.assert_array_equal(read, wrote)


def test_crf_0_loses_only_rounding_of_luma(tmp_path, pictures):
    images = pictures(4)
    with open_video(write_video(tmp_path / "a.mp4", images, 25, crf=0)) as video:
        for frame, image in zip(video.frames(), images, strict=True):
            assert np.abs(frame.gray() - bt601_luma(image)).max() <= 1


def test_crf_is_quality(tmp_path, pictures):
    sizes = [write_video(tmp_path / "a.mp4", pictures(20), 25, crf=crf).stat().st_size for crf in (0, 18, 45)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "ffv1"), ("a.mpg", "mpeg2video")]
)
def test_colours_come_back_and_are_tagged(tmp_path, name, codec):
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, :16], image[:, 16:] = (200, 60, 30), (40, 90, 220)
    path = write_video(tmp_path / name, [image] * 3, 25, codec=codec)
    seen = rgb_of(path)[1].astype(int)
    near = 4 if codec != "mpeg2video" else 24  # of low quality where nothing is asked for
    assert np.abs(seen[:, :12] - image[:, :12]).max() <= near
    assert np.abs(seen[:, 20:] - image[:, 20:]).max() <= near
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert (frame.colorspace, frame.color_range) == (6, 1)  # SMPTE 170M (BT.601), limited


def test_options_reach_the_encoder(tmp_path, pictures):
    path = write_video(tmp_path / "a.mp4", pictures(20), 25, options={"g": "5", "bf": "0"})
    with open_video(path) as video:
        list(video.frames())
        assert list(video._ledger.keys) == [0, 5, 10, 15]


@pytest.mark.parametrize(("width", "height"), [(63, 48), (64, 47), (63, 47)])
def test_an_odd_size_is_refused_and_the_message_says_what_helps(tmp_path, pictures, width, height):
    with pytest.raises(UsageError, match=r"yuv420p needs an even size.*yuv444p"):
        write_video(tmp_path / "a.mp4", pictures(1, width, height), 25)
    path = write_video(tmp_path / "a.mp4", pictures(1, width, height), 25, pixel_format="yuv444p")
    assert rgb_of(path)[0].shape == (height, width, 3)


def test_arrays_of_any_layout(tmp_path, pictures):
    big = np.stack([pictures(1)[0]] * 2, 1).reshape(48, 128, 3)[:, ::2]
    assert not big.flags.c_contiguous
    frozen = big.copy()
    frozen.flags.writeable = False
    path = write_video(tmp_path / "a.mkv", [big, frozen], 25, codec="ffv1", pixel_format="bgr0")
    for image in rgb_of(path):
        np.testing.assert_array_equal(image, big)


@pytest.mark.parametrize(
    ("kwargs", "what"),
    [
        ({"codec": "libx999"}, "no such encoder"),
        ({"pixel_format": "yuv999p"}, "no such encoder or pixel format"),
        ({"fps": 0}, "at least 0.01 fps"),
        ({"fps": float("nan")}, "at least 0.01 fps"),
        ({"fps": -25}, "at least 0.01 fps"),
        ({"width": 0}, "size above 0"),
    ],
)
def test_arguments_that_do_not_fit(tmp_path, kwargs, what):
    with pytest.raises(UsageError, match=what):
        VideoWriter(tmp_path / "a.mp4", **{"width": 16, "height": 16, "fps": 25, **kwargs})


@pytest.mark.parametrize(
    ("name", "kwargs", "what"),
    [
        ("a.xyz", {}, "its ending names no video format"),
        ("noending", {}, "its ending names no video format"),
        ("a.mp4", {"pixel_format": "rgb24"}, "choose another codec, pixel format or file ending"),
        ("a.webm", {}, "such a file cannot hold libx264; choose another codec or file ending"),
        ("a.mp4", {"codec": "aac"}, "encodes no pictures"),
    ],
)
def test_what_ffmpeg_refuses_is_explained(tmp_path, pictures, name, kwargs, what):
    with pytest.raises(UsageError, match=what):
        write_video(tmp_path / name, pictures(3), 25, **kwargs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (np.zeros((16, 18, 3), np.uint8), r"picture 1: expected shape \(16, 16, 3\)"),
        (np.zeros((16, 16), np.uint8), "picture 1"),
        (np.zeros((16, 16, 3)), "expected uint8 RGB"),
    ],
)
def test_pictures_that_do_not_fit(tmp_path, image, what):
    images = [np.zeros((16, 16, 3), np.uint8), image]
    with pytest.raises(ShapeError, match=what):
        write_video(tmp_path / "a.mp4", images, 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("times", "what"),
    [
        ([0, 0.1, 0.1], "picture 2: expected a time after 0.1"),
        ([0, 0.1, 0.05], "picture 2: expected a time after 0.1"),
        ([0, 0.1, 0.100001], "expected a time after"),  # closer than the clock can tell apart
        ([-1, 0, 1], "from 0 s"),
        ([0, float("nan"), 1], "from 0 s"),
        ([0, 0.1], "fewer times than pictures"),
    ],
)
def test_times_that_do_not_fit(tmp_path, pictures, times, what):
    with pytest.raises(UsageError, match=what):
        write_video(tmp_path / "a.mp4", pictures(3), 25, times=times)
    assert list(tmp_path.iterdir()) == []


def test_times_for_all_pictures_or_none(tmp_path, pictures):
    for first, second in ((None, 0.1), (0.0, None)):
        with (
            pytest.raises(UsageError, match="a time for every picture or for none"),
            VideoWriter(tmp_path / "a.mp4", width=64, height=48, fps=25) as writer,
        ):
            writer.write(pictures(1)[0], first)
            writer.write(pictures(1)[0], second)


class Stop(BaseException):
    """Stands for Ctrl-C, so that a real one still ends the tests."""


@pytest.mark.parametrize("error", [Stop, ValueError, OSError(2, "another file")])
@pytest.mark.parametrize("before", [0, 1, 30])
def test_an_error_leaves_the_old_file_and_comes_through(tmp_path, pictures, error, before):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with (
        pytest.raises(error if isinstance(error, type) else type(error)) as caught,
        VideoWriter(path, width=64, height=48, fps=25) as writer,
    ):
        for image in pictures(before):
            writer.write(image)
        raise error
    if not isinstance(error, type):
        assert caught.value is error, "an error of other work is none of the writer"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_appears_at_the_end(tmp_path, pictures, numbers):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, width=64, height=48, fps=25) as writer:
        for image in pictures(30):
            writer.write(image)
        assert not path.exists()
        assert writer.frames == 30
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(UsageError, match="with block"):
        writer.write(pictures(1)[0])
    with open_video(path) as video:
        assert numbers(video.frames()) == list(range(30))


def test_nothing_written_is_an_error(tmp_path):
    with (
        pytest.raises(UsageError, match="write at least one"),
        VideoWriter(tmp_path / "a.mp4", width=64, height=48, fps=25),
    ):
        pass
    with pytest.raises(UsageError, match="give at least one"):
        write_video(tmp_path / "a.mp4", [], 25)
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path, pictures):
    with pytest.raises(InputError, match=r"missing.a\.mp4: its folder does not exist; make the folder first"):
        write_video(tmp_path / "missing" / "a.mp4", pictures(2), 25)
    with pytest.raises(InputError, match="is a folder"):
        write_video(tmp_path, pictures(2), 25)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        write_video(tmp_path / "file" / "a.mp4", pictures(2), 25)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file size on Windows")
def test_a_full_disk(tmp_path):
    code = """
import resource, signal, sys
import numpy as np
from fleeting.core import InputError
from fleeting.io import write_video
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
rng = np.random.default_rng(0)
noise = (rng.integers(0, 256, (128, 128, 3), np.uint8) for _ in range(40))
try:
    write_video(sys.argv[1], noise, 25, crf=10)
except InputError as error:
    sys.exit(f"told: {error}")
"""
    path = tmp_path / "a.mp4"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, timeout=120, check=False
    )
    assert done.stderr.decode().strip().startswith(f"told: {path}: the file grows larger"), (
        done.stderr.decode()
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not allowed on Windows")
@pytest.mark.parametrize("name", ["a b.mp4", "微🙂.mp4", "two\nlines.mp4", "-x.mp4", "12:30 %d.mp4"])
def test_odd_names(tmp_path, monkeypatch, pictures, name):
    monkeypatch.chdir(tmp_path)
    write_video(name, pictures(3), 25)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert len(times_of(name)) == 3


def test_the_same_pictures_give_the_same_file(tmp_path, pictures):
    one, two = (write_video(tmp_path / name, pictures(20), 25).read_bytes() for name in ("a.mp4", "b.mp4"))
    assert one == two
