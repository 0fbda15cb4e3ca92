"""Random access must give the very frames of a pass, whatever the container and the key frames."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.io import open_video

H264 = {"g": "12", "bf": "3"}
CLIPS = {
    "b_frames.mp4": {"options": H264},
    "open_gop.mp4": {"options": {**H264, "x264-params": "open-gop=1:keyint=12:b-adapt=0:bframes=3"}},
    "refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=12"}},
    "one_key.mp4": {"options": {"g": "600"}},
    "keys_only.mkv": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "12", "deadline": "realtime", "cpu-used": "8"}},
    "open_gop.mpg": {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}},
    "decoding_times.avi": {"options": H264},
    "stream.ts": {"options": H264},
    "no_times.h264": {"options": H264},
    "hevc.mov": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12:open-gop=1"}},
}


def content(frame):
    return frame.index, frame.time, frame.gray().tobytes(), frame.rgb().tobytes()


@pytest.fixture(params=CLIPS)
def made(request, tmp_path, encode, pictures):
    return encode(tmp_path / request.param, pictures(50), **CLIPS[request.param])


def test_read_equals_the_pass(made):
    wanted = [0, 1, 11, 12, 13, 23, 25, 37, 47, 48, 49]
    with open_video(made) as video:
        expected = {frame.index: content(frame) for frame in video.frames()}
        found = video.read(reversed(wanted))
        assert list(found) == wanted
        for index, frame in found.items():
            assert content(frame) == expected[index], index
        assert content(video.read([31])[31]) == expected[31]


def test_read_before_any_pass_equals_the_pass(made):
    with open_video(made) as video, open_video(made) as other:
        found = video.read([30, 4])
        expected = {frame.index: content(frame) for frame in other.frames()}
        assert {index: content(frame) for index, frame in found.items()} == {i: expected[i] for i in (4, 30)}
        assert {i: content(f) for i, f in video.read([49, 29]).items()} == {i: expected[i] for i in (29, 49)}


@pytest.mark.parametrize("name", ["b_frames.mp4", "open_gop.mp4", "keys_only.mkv", "vp9.webm", "stream.ts"])
def test_frames_behind_a_key_frame_are_found_by_seeking(tmp_path, encode, pictures, name):
    """Else everything would still be right, but slow."""
    path = encode(tmp_path / name, pictures(50), **CLIPS[name])
    with open_video(path) as video:
        list(video.frames())
        assert sorted(video._pick([30, 38, 49], video._ledger)) == [30, 38, 49]


def test_read_of_a_part(clip):
    with open_video(clip) as video:
        half = [frame.index for frame in video.frames(stop_s=1.0)]
        found = video.read([half[-1], half[-1] + 1, 59])  # known, next, far beyond what was seen
        assert [float(frame.time) for frame in found.values()] == [1.0, 1.04, 2.36]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_selection(clip, data):
    with open_video(clip) as video:
        expected = [content(frame) for frame in video.frames()]
        wanted = data.draw(st.lists(st.integers(0, len(expected) - 1), max_size=6))
        found = video.read(wanted)
        assert list(found) == sorted(set(wanted))
        assert all(content(frame) == expected[index] for index, frame in found.items())


def test_variable_rate_and_twins(tmp_path, encode, pictures):
    from fractions import Fraction

    stamps = [0, 7, 8, 40, 41, 42, 90, 91, 150, 151, 152, 153]
    tick = Fraction(1, 600)
    path = encode(tmp_path / "a.mp4", pictures(12), stamps=stamps, tick=tick, options={"g": "4"}, fps=30)
    with open_video(path) as video:
        expected = [content(frame) for frame in video.frames()]
        assert [content(frame) for frame in video.read(range(12)).values()] == expected


def test_a_wrong_frame_under_the_right_time_is_refused(clip):
    """The checksum guards against containers whose seek gives another picture with the same time stamp."""
    with open_video(clip) as video:
        expected = [content(frame) for frame in video.frames()]
        video._ledger.prints[30] ^= 1
        assert video._pick([30, 31], video._ledger).keys() == {31}
        assert content(video.read([30])[30]) == expected[30]


def test_indices_that_do_not_exist(clip):
    with open_video(clip) as video:
        with pytest.raises(UsageError, match="from 0, got -1"):
            video.read([-1, 3])
        with pytest.raises(UsageError, match="frame 60"):
            video.read([60])
        list(video.frames())
        with pytest.raises(UsageError, match="has 60 frames, there is no frame 75"):
            video.read([3, 75])
        assert video.read([]) == {}
        assert list(video.read(np.array([3, 2]))) == [2, 3]
