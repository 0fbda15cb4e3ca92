"""A folder of images is a video too."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import InputError, UsageError
from fleeting.io import content_sha256, open_video
from fleeting.io.image_folder import natural_key


@pytest.fixture
def folder(tmp_path, pictures):
    """Images 1 to 12, written in another order than they count."""
    path = tmp_path / "sub 01" / "EP02_01f"
    path.mkdir(parents=True)
    for number in (10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9):
        save(path / f"img_{number}.png", pictures(13)[number])
    (path / ".img_1.png").write_bytes(b"resource fork")
    (path / "notes.txt").write_text("not an image")
    (path / "sub.png").mkdir()
    return path


def save(path, image):
    ok, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert ok
    path.write_bytes(data.tobytes())


def test_images_come_in_natural_order_at_the_given_rate(folder, numbers):
    with open_video(folder, fps=200) as video:
        frames = list(video.frames())
        info = video.info()
        assert numbers(frames) == list(range(1, 13))
        assert [frame.time for frame in frames] == [Fraction(k, 200) for k in range(12)]
        assert video.problems == []
    assert (info.width, info.height, info.frames, info.fps, info.duration_s) == (64, 48, 12, 200.0, 0.06)
    assert info.sha256 == content_sha256(folder)
    assert video.nominal_fps == 200.0


def test_pixels_are_those_of_the_images(folder, pictures):
    image = pictures(13)[7]
    with open_video(folder, fps=100) as video:
        frame = video.read([6])[6]
        np.testing.assert_array_equal(frame.rgb(), image)
        assert np.abs(frame.gray() - image @ np.array([0.299, 0.587, 0.114])).max() < 1.1
        with pytest.raises(ValueError, match="read-only"):
            frame.gray()[0, 0] = 0


def test_random_access_and_parts(folder, numbers):
    with open_video(folder, fps=100) as video:
        assert numbers(video.read([11, 0, 5]).values()) == [1, 6, 12]
        assert [frame.index for frame in video.frames(0.03, 0.05)] == [3, 4, 5]
        list(video.frames())
        again = video.read([11, 0, 5])
        assert numbers(again.values()) == [1, 6, 12]
        assert [frame.time for frame in again.values()] == [0, Fraction(5, 100), Fraction(11, 100)]
        with pytest.raises(UsageError, match="has 12 frames"):
            video.read([12])


@pytest.mark.parametrize("fps", [None, 0, -5, float("nan"), float("inf"), 1e-6])
def test_a_folder_needs_its_frame_rate(folder, fps):
    with pytest.raises(UsageError, match=r"needs its frame rate.*--fps") as caught:
        open_video(folder, fps=fps)
    assert str(folder) in str(caught.value)


def test_a_file_ignores_the_frame_rate(clip):
    with open_video(clip, fps=7) as video:
        assert [float(frame.time) for frame in video.frames(stop_s=0.04)] == [0.0, 0.04]


def test_damaged_images_leave_a_gap_in_time(folder, numbers, capfd):
    (folder / "img_4.png").write_bytes(b"")
    whole = (folder / "img_8.png").read_bytes()
    (folder / "img_8.png").write_bytes(whole[: len(whole) // 2])
    (folder / "img_9.png").write_text("words")
    with open_video(folder, fps=100) as video:
        frames = list(video.frames())
        assert numbers(frames) == [1, 2, 3, 5, 6, 7, 10, 11, 12]
        assert [frame.index for frame in frames] == list(range(9))
        assert [int(frame.time * 100) for frame in frames] == [0, 1, 2, 4, 5, 6, 9, 10, 11]
        assert {problem.code for problem in video.problems} == {"decode_error", "variable_rate"}
        assert numbers(video.read([3, 6]).values()) == [5, 10]
    assert capfd.readouterr() == ("", "")


def test_a_damaged_first_image(folder, numbers):
    (folder / "img_1.png").write_text("words")
    with open_video(folder, fps=100) as video:
        frames = list(video.frames())
        assert numbers(frames) == list(range(2, 13))
        assert frames[0].time == 0


def test_no_image_that_can_be_read(tmp_path):
    (tmp_path / "a.jpg").write_text("words")
    with pytest.raises(InputError, match="not one of its images can be decoded"):
        open_video(tmp_path, fps=25)


def test_other_formats_and_sizes(tmp_path, pictures, numbers):
    for number, ending in enumerate(("jpg", "JPEG", "bmp", "png")):
        save(tmp_path / f"{number}.{ending}", pictures(8, 64 + 2 * number, 48)[number])
    with open_video(tmp_path, fps=30) as video:
        frames = list(video.frames())
        assert numbers(frames) == [0, 1, 2, 3]
        assert {frame.gray().shape for frame in frames} == {(48, 64)}
        assert {frame.rgb().shape for frame in frames} == {(48, 64, 3)}
        assert [problem.code for problem in video.problems] == ["size_change"]


def test_the_hash_sees_names_order_and_content(folder):
    before = content_sha256(folder)
    moved = folder.rename(folder.with_name("other"))
    assert content_sha256(moved) == before
    (moved / "notes.txt").write_text("changed")
    assert content_sha256(moved) == before
    (moved / "img_12.png").rename(moved / "img_13.png")
    renamed = content_sha256(moved)
    (moved / "img_13.png").write_bytes((moved / "img_1.png").read_bytes())
    assert len({before, renamed, content_sha256(moved)}) == 3


@given(
    st.lists(st.integers(0, 10**6), unique=True, max_size=20),
    st.sampled_from(["img_", "reg_img", "", "a 1 "]),
)
def test_natural_order_is_the_order_of_the_numbers(numbers, prefix):
    names = sorted((f"{prefix}{number}.jpg" for number in numbers), key=natural_key)
    assert names == [f"{prefix}{number}.jpg" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=8), max_size=12))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names, key=natural_key)) == sorted(names)
