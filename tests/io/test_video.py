"""Reading: order, times, numbers, ranges."""

import itertools
from fractions import Fraction

import av
import pytest

from fleeting.core import UsageError
from fleeting.io import open_video

# Each container with the codec that is usual in it. Their headers know or do not know the number of frames.
CONTAINERS = {
    "mp4": {"options": {"g": "12", "bf": "2"}},
    "mov": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12"}},
    "mkv": {"options": {"g": "12", "bf": "2"}},
    "webm": {"codec": "libvpx-vp9", "options": {"g": "12", "deadline": "realtime", "cpu-used": "8"}},
    "mpg": {"codec": "mpeg1video", "options": {"g": "12"}},
    "avi": {"options": {"g": "12", "bf": "2"}},  # AVI has no presentation times
    "ts": {"options": {"g": "12", "bf": "2"}},
    "h264": {"options": {"g": "12", "bf": "2"}},  # bare stream: no times at all
}


@pytest.mark.parametrize("ending", CONTAINERS)
def test_every_container_gives_every_frame_in_order(tmp_path, encode, pictures, numbers, ending):
    path = encode(tmp_path / f"a.{ending}", pictures(50), **CONTAINERS[ending])
    with open_video(path) as video:
        frames = list(video.frames())
        assert numbers(frames) == list(range(50))
        assert [frame.index for frame in frames] == list(range(50))
        assert [frame.time for frame in frames] == [Fraction(k, 25) for k in range(50)]
        info = video.info()
    assert (info.frames, info.fps, info.duration_s, info.variable_rate) == (50, 25.0, 2.0, False)
    assert (info.width, info.height) == (64, 48)
    codes = [problem.code for problem in video.problems]
    assert codes == (["non_monotonic_time"] if ending == "h264" else [])


def test_ntsc_rate_stays_exact(tmp_path, encode, pictures):
    rate = Fraction(30000, 1001)
    with open_video(encode(tmp_path / "a.mp4", pictures(7), fps=rate)) as video:
        assert [frame.time for frame in video.frames()] == [k / rate for k in range(7)]
        assert video.info().fps == pytest.approx(29.97003, abs=1e-5)
        assert video.nominal_fps == pytest.approx(29.97003, abs=1e-5)


def test_variable_rate_times_come_from_the_container(tmp_path, encode, pictures, numbers):
    stamps = [0, 10, 15, 45, 46, 80, 100, 101]
    path = encode(tmp_path / "a.mp4", pictures(8), stamps=stamps, tick=Fraction(1, 600), fps=30)
    with open_video(path) as video:
        frames = list(video.frames())
        info = video.info()
    assert [frame.time for frame in frames] == [Fraction(stamp, 600) for stamp in stamps]
    assert numbers(frames) == list(range(8))
    assert info.variable_rate
    assert info.duration_s == pytest.approx(101 / 600 * 8 / 7)
    assert info.fps == pytest.approx(7 / (101 / 600))
    assert [problem.code for problem in video.problems] == ["variable_rate"]


def test_times_count_from_the_first_frame(tmp_path, encode, pictures):
    stamps = [1000, 1040, 1080]
    path = encode(tmp_path / "a.mkv", pictures(3), stamps=stamps, tick=Fraction(1, 1000))
    assert [float(frame.time) for frame in open_video(path).frames()] == [0.0, 0.04, 0.08]


def test_non_monotonic_times_are_put_in_order_and_named(tmp_path, encode, pictures, numbers):
    source = encode(tmp_path / "good.ts", pictures(30), codec="mpeg2video", options={"g": "1", "bf": "0"})
    path = tmp_path / "bad.ts"
    with av.open(str(source)) as good, av.open(str(path), "w") as bad:
        stream = bad.add_stream_from_template(good.streams.video[0])
        for position, packet in enumerate(p for p in good.demux() if p.size):
            packet.stream = stream
            packet.dts = 90_000 + position * 3600
            shown = position - 15 if position >= 15 else position  # after 15 frames the clock starts anew
            packet.pts = 900_000 + shown * 3600
            bad.mux(packet)
    with open_video(path) as video:
        frames = list(video.frames())
        assert numbers(frames) == list(range(30))
        assert all(late.time > early.time for early, late in itertools.pairwise(frames))
        assert "non_monotonic_time" in [problem.code for problem in video.problems]
        assert video._pick([3, 17], video._ledger) == {}  # stamps that were mended are no identity
        assert numbers(video.read([3, 17, 29]).values()) == [3, 17, 29]
        assert {i: f.time for i, f in video.read([3, 17]).items()} == {i: frames[i].time for i in (3, 17)}


def test_part_of_a_video_keeps_the_numbers_of_the_whole(clip, numbers):
    with open_video(clip) as video:
        part = list(video.frames(0.4, 0.8))
        assert [frame.index for frame in part] == list(range(10, 21))  # both ends in: 0.4 s and 0.8 s
        assert numbers(part) == list(range(10, 21))
        assert not video.complete
        assert video.info().frames == 21
        assert [frame.index for frame in video.frames(2.2)] == [55, 56, 57, 58, 59]
        assert video.complete
        assert list(video.frames(99)) == []
        assert len(list(video.frames(stop_s=0))) == 1
        assert video.info().frames == 60  # what a full pass has found stays known


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (2, 1), (None, -0.5)])
def test_times_that_make_no_sense(clip, start, stop):
    with pytest.raises(UsageError, match="expected 0 <= start <= stop"):
        open_video(clip).frames(start, stop)


def test_passes_do_not_disturb_each_other(clip, numbers):
    with open_video(clip) as video:
        one, two = video.frames(), video.frames()
        seen = [(next(one).index, next(two).index) for _ in range(20)]
        assert seen == [(k, k) for k in range(20)]
        assert numbers(video.read([5, 40]).values()) == [5, 40]
        assert next(one).index == 20
        assert numbers(video.frames()) == list(range(60))


def test_nothing_is_known_before_reading_and_nothing_read_after_closing(clip):
    with open_video(clip) as video:
        assert video.problems == []
        assert not video.complete
        with pytest.raises(UsageError, match="read its frames first"):
            video.info()
        list(video.frames())
    assert video.info().frames == 60
    with pytest.raises(UsageError, match="closed"):
        video.frames()
    with pytest.raises(UsageError, match="closed"):
        video.read([1])


def test_info_has_the_hash_of_the_content(clip, tmp_path):
    import hashlib

    copy = tmp_path / "copy of it.mp4"
    copy.write_bytes(clip.read_bytes())
    infos = []
    for path in (clip, copy):
        with open_video(path) as video:
            list(video.frames(stop_s=0))
            infos.append(video.info())
    assert infos[0].sha256 == infos[1].sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert infos[1].path == str(copy)


def test_one_frame(tmp_path, encode, pictures):
    with open_video(encode(tmp_path / "a.mp4", pictures(1))) as video:
        assert [(frame.index, frame.time) for frame in video.frames()] == [(0, 0)]
        info = video.info()
    assert (info.frames, info.duration_s, info.fps, info.variable_rate) == (1, 0.04, 25.0, False)


@pytest.mark.parametrize(("name", "expected"), [("a.mp4", 50), ("a.mkv", 50), ("a.h264", None)])
def test_the_expected_number_of_frames_is_the_promise_of_the_container(
    tmp_path, encode, pictures, name, expected
):
    assert open_video(encode(tmp_path / name, pictures(50))).expected_frames == expected


def test_smallest_picture(tmp_path, encode, pictures, numbers):
    with open_video(encode(tmp_path / "a.mp4", pictures(9, 16, 16))) as video:
        assert numbers(video.frames()) == list(range(9))
        assert (video.width, video.height) == (16, 16)


def test_interlaced_video_is_read_and_named(tmp_path, encode, pictures):
    options = {"flags": "+ildct+ilme", "g": "12"}
    path = encode(tmp_path / "a.mpg", pictures(10), codec="mpeg2video", options=options)
    with open_video(path) as video:
        assert len(list(video.frames())) == 10
        assert [problem.code for problem in video.problems] == ["interlaced"]


def test_frames_of_another_size_are_scaled_to_the_first(tmp_path, encode, pictures, numbers):
    small = encode(tmp_path / "a.h264", pictures(10))
    large = encode(tmp_path / "b.h264", pictures(10, 128, 96))
    path = tmp_path / "both.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with open_video(path) as video:
        frames = list(video.frames())
        assert {frame.gray().shape for frame in frames} == {(48, 64)}
        assert {frame.rgb().shape for frame in frames} == {(48, 64, 3)}
        assert numbers(frames) == [*range(10), *range(10)]
        assert "size_change" in [problem.code for problem in video.problems]


def test_sound_beside_the_picture_changes_nothing(tmp_path, pictures, numbers):
    import numpy as np

    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        picture, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=44_100)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        for image in pictures(20):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(image)))
        container.mux(picture.encode(None))
        for k in range(60):  # 1.4 s, longer than the picture
            wave = np.sin(np.arange(1024) / 20 + k).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(wave, "fltp", "mono")
            frame.sample_rate, frame.pts = 44_100, k * 1024
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with open_video(path) as video:
        assert numbers(video.frames()) == list(range(20))
        assert video.problems == []
