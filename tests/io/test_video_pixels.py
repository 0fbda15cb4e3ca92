"""What the arrays hold: luma as stored, RGB by the standard, the right way up."""

import av
import cv2
import numpy as np
import pytest

from fleeting.io import open_video
from fleeting.io._picture import Orientation, orientation_from_matrix

QUARTER = 65536
CLOCKWISE = (0, QUARTER, 0, -QUARTER, 0, 0, 0, 0, 1 << 30)
COUNTER = (0, -QUARTER, 0, QUARTER, 0, 0, 0, 0, 1 << 30)
HALF = (-QUARTER, 0, 0, 0, -QUARTER, 0, 0, 0, 1 << 30)
MIRROR = (-QUARTER, 0, 0, 0, QUARTER, 0, 0, 0, 1 << 30)
MIRRORED_QUARTER = (0, QUARTER, 0, QUARTER, 0, 0, 0, 0, 1 << 30)


def decoded(path):
    """First frame as PyAV gives it."""
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def first(path):
    with open_video(path) as video:
        frame = next(video.frames())
        assert frame.gray().shape == (video.height, video.width)
        assert frame.rgb().shape == (video.height, video.width, 3)
        assert frame.gray().dtype == frame.rgb().dtype == np.uint8
    return frame


def bt601_luma(rgb):
    """Limited range, ITU-R BT.601-7 section 2.5.3: 16 + 219 times the weighted sum."""
    return 16 + 219 / 255 * (rgb @ np.array([0.299, 0.587, 0.114]))


def lossless(name):
    return {"libx264": {"crf": "0"}, "libvpx-vp9": {"lossless": "1"}}.get(name, {})


@pytest.mark.parametrize(
    ("codec", "layout"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuv422p"),
        ("libx264", "yuv444p"),
        ("libx264", "nv12"),
        ("mjpeg", "yuvj420p"),
        ("ffv1", "yuv410p"),
        ("ffv1", "gray"),
        ("ffv1", "yuva420p"),
    ],
)
def test_gray_is_the_stored_luma_plane(tmp_path, encode, pictures, codec, layout):
    path = encode(tmp_path / "a.mkv", pictures(2), codec=codec, pixel_format=layout)
    plane = decoded(path).planes[0]
    luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:48, :64]
    gray = first(path).gray()
    np.testing.assert_array_equal(gray, luma)
    assert gray.base is not None, "expected a view of the decoder's memory, not a copy"


def test_gray_follows_bt601_and_rgb_comes_back(tmp_path, encode, pictures):
    image = pictures(3)[2]
    path = encode(tmp_path / "a.mp4", [image], pixel_format="yuv444p", options=lossless("libx264"))
    frame = first(path)
    assert np.abs(frame.gray() - bt601_luma(image)).max() <= 1
    assert np.abs(frame.rgb().astype(int) - image).max() <= 3  # two roundings to 8 bits


def test_arrays_are_made_once_and_cannot_be_written(clip):
    frame = first(clip)
    assert frame.gray() is frame.gray()
    assert frame.rgb() is frame.rgb()
    for array in (frame.gray(), frame.rgb()):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_arrays_outlive_the_reader(tmp_path, encode, pictures, numbers):
    path = encode(tmp_path / "a.mp4", pictures(40), options={"bf": "2"})
    with open_video(path) as video:
        frames = list(video.frames())
        early = [frame.gray() for frame in frames]
        before = [gray.copy() for gray in early]
    del frames, video
    for gray, copy in zip(early, before, strict=True):
        np.testing.assert_array_equal(gray, copy)


@pytest.mark.parametrize(
    ("layout", "depth"), [("yuv420p10le", 10), ("yuv422p12le", 12), ("gray10le", 10), ("gray16le", 16)]
)
def test_deep_luma_is_rounded_to_8_bits(tmp_path, encode, layout, depth):
    step = 1 << (depth - 8)
    levels = np.linspace(0, 256 * step - 1, 64).round().astype("<u2")
    source = np.tile(levels, (48, 1))
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, layout
        frame = av.VideoFrame(64, 48, layout)
        for plane in frame.planes:
            plane.update(np.full(plane.buffer_size // 2, 128 * step, "<u2").tobytes())
        line = np.zeros((48, frame.planes[0].line_size // 2), "<u2")
        line[:, :64] = source
        frame.planes[0].update(line.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    expected = np.minimum(np.floor(source / step + 0.5), 255)
    np.testing.assert_array_equal(first(path).gray(), expected)


@pytest.mark.parametrize(("codec", "layout"), [("ffv1", "bgr0"), ("ffv1", "gbrp10le"), ("png", "rgb24")])
def test_rgb_video_gets_gray_by_weights(tmp_path, encode, pictures, codec, layout):
    image = pictures(2)[1]
    frame = first(encode(tmp_path / "a.avi", [image], codec=codec, pixel_format=layout))
    assert np.abs(frame.rgb().astype(int) - image).max() <= (1 if "10" in layout else 0)
    assert np.abs(frame.gray() - image @ np.array([0.299, 0.587, 0.114])).max() <= 2


def test_palette_and_packed_formats(tmp_path, encode, pictures):
    image = pictures(2)[1]
    luma = image @ np.array([0.299, 0.587, 0.114])
    for name, codec, layout, near in (
        ("a.gif", "gif", "rgb8", 20),
        ("b.avi", "rawvideo", "yuyv422", 3),
        ("c.avi", "rawvideo", "bgr24", 1),  # stored bottom-up
        ("d.mkv", "ffv1", "ya8", 1),
    ):
        frame = first(encode(tmp_path / name, [image], codec=codec, pixel_format=layout))
        seen = frame.rgb() @ np.array([0.299, 0.587, 0.114])
        assert np.abs(seen - luma).mean() < near, name
        limited = layout == "yuyv422"
        assert np.abs(frame.gray() - (bt601_luma(image) if limited else luma)).mean() < near, name


@pytest.mark.parametrize(("width", "height"), [(65, 49), (63, 48), (64, 47), (17, 33)])
def test_odd_sizes(tmp_path, encode, width, height):
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([x * 3, y * 4, x + y], -1).clip(0, 255).astype(np.uint8)
    frame = first(encode(tmp_path / "a.mkv", [image], codec="ffv1"))
    assert frame.gray().shape == (height, width)
    assert np.abs(frame.gray() - bt601_luma(image)).max() <= 2
    assert np.abs(frame.rgb().astype(int) - image).max() <= 9  # up to the last row and column


def with_matrix(path, matrix):
    """Put a display matrix into the track header of an MP4 (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    at += 4 + (20 if data[at] == 0 else 32) + 16  # version, times and ids, then layer, volume and reserved
    data[at : at + 36] = np.array(matrix, ">i4").tobytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("matrix", "turned"),
    [
        (CLOCKWISE, lambda a: np.rot90(a, -1)),
        (COUNTER, lambda a: np.rot90(a, 1)),
        (HALF, lambda a: np.rot90(a, 2)),
        (MIRROR, lambda a: a[:, ::-1]),
        (MIRRORED_QUARTER, lambda a: a.swapaxes(0, 1)),
    ],
    ids=["clockwise", "counter", "half", "mirror", "mirrored quarter"],
)
def test_rotation_is_applied(tmp_path, encode, pictures, matrix, turned):
    plain = first(encode(tmp_path / "plain.mp4", pictures(3)))
    path = with_matrix(encode(tmp_path / "turned.mp4", pictures(3)), matrix)
    frame = first(path)
    np.testing.assert_array_equal(frame.gray(), turned(plain.gray()))
    np.testing.assert_array_equal(frame.rgb(), turned(plain.rgb()))
    with open_video(path) as video:
        again = video.read([0])[0]
    np.testing.assert_array_equal(again.gray(), frame.gray())


@pytest.mark.parametrize("matrix", [CLOCKWISE, COUNTER, HALF], ids=["clockwise", "counter", "half"])
def test_rotation_agrees_with_opencv(tmp_path, encode, pictures, matrix):
    path = with_matrix(encode(tmp_path / "a.mp4", pictures(3)), matrix)
    capture = cv2.VideoCapture(str(path))
    ok, bgr = capture.read()
    capture.release()
    if not ok:
        pytest.skip("this OpenCV reads no MP4")
    mine = first(path).rgb()
    assert mine.shape == bgr.shape
    assert np.abs(mine.astype(int) - bgr[..., ::-1]).mean() < 3


def test_crooked_matrices_go_to_the_nearest_quarter():
    tilted = (
        int(0.1 * QUARTER),
        int(0.99 * QUARTER),
        0,
        int(-0.99 * QUARTER),
        int(0.1 * QUARTER),
        0,
        0,
        0,
        0,
    )
    assert orientation_from_matrix(tilted) == orientation_from_matrix(CLOCKWISE)
    assert orientation_from_matrix((0,) * 9) == Orientation()
