"""Memory must not grow with the length of a video."""

import gc
import tracemalloc

import pytest

from fleeting.io import _video_file, open_video
from fleeting.io._picture import AvPicture


@pytest.fixture
def long_clip(tmp_path, encode, pictures):
    return encode(tmp_path / "long.mkv", pictures(256) * 4, options={"g": "50", "preset": "ultrafast"})


def test_one_picture_is_alive_at_a_time(long_clip, monkeypatch):
    alive, most = 0, 0

    class Counted(AvPicture):
        __slots__ = ()

        def __init__(self, *args):
            nonlocal alive, most
            super().__init__(*args)
            alive += 1
            most = max(most, alive)

        def __del__(self):
            nonlocal alive
            alive -= 1

    monkeypatch.setattr(_video_file, "AvPicture", Counted)
    count = 0
    with open_video(long_clip) as video:
        for frame in video.frames():
            frame.gray()
            frame.rgb()
            count += 1
        assert count == 1024
        assert most <= 3
        found = video.read([1, 500, 1000])
        assert alive <= 3 + 1  # those asked for, and the last of the pass
    assert len(found) == 3


def test_books_stay_small(long_clip):
    with open_video(long_clip) as video:
        frames = video.frames()
        for _ in range(100):
            next(frames).gray()
        gc.collect()
        tracemalloc.start()
        try:
            for frame in frames:
                frame.gray()
            del frame
            gc.collect()
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert grown / 924 < 40, "bytes kept for each frame"
