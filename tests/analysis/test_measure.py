"""One pass over a video: every frame once, gaps as gaps, errors and ends of the decoding thread."""

import gc
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fleeting.analysis.measure import LANDMARK_S, Measurement, ahead, measure
from fleeting.core import InputError
from fleeting.face import FaceTracker
from fleeting.io import DecodedFrame, open_video, write_video
from fleeting.motion import motion_regions

FPS = 25


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    return np.ascontiguousarray(data.astronaut()[20:200, 140:310])


@pytest.fixture(scope="module")
def wall():
    """A picture 240 x 480: ``wall((picture, x, y), ...)`` on grey."""

    def put(*items: tuple[np.ndarray, int, int]) -> np.ndarray:
        made = np.full((240, 480, 3), 120, np.uint8)
        for picture, x, y in items:
            made[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        return made

    return put


def measured(path: Path, start_s: float | None = None, stop_s: float | None = None, **choices) -> Measurement:
    with open_video(path) as video:
        return measure(video.frames(start_s, stop_s), **choices)


def decoding_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "fleeting-decode" and t.is_alive()]


def check_each_frame_once(found: Measurement, number: int) -> None:
    """What is measured and what is lost are together all frames, and share none."""
    face = found.faces[number]
    lost = [f for first, last in face.track.lost for f in range(first, last + 1)]
    assert sorted([*face.signals.frames.tolist(), *lost]) == found.frames.tolist()
    assert (np.diff(face.signals.frames) > 0).all()
    count = len(face.signals.frames)
    assert face.signals.regions.shape == (count, len(motion_regions()), 2)
    assert face.signals.head.shape == (count, 4)
    assert len(face.signals.likeness) == len(face.signals.openings) == count
    assert np.isfinite(face.signals.regions).all()


# --- clips --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gap_clip(tmp_path_factory, head, wall) -> Path:
    """A face for 20 frames, nobody for 10, the face again for 20."""
    pictures = [wall((head, 60, 30)), wall()]
    return write_video(
        tmp_path_factory.mktemp("gap") / "gap.mp4",
        [pictures[20 <= i < 30] for i in range(50)],
        fps=FPS,
    )


@pytest.fixture(scope="module")
def gap(gap_clip) -> Measurement:
    return measured(gap_clip)


def test_every_frame_is_measured_once_and_gaps_are_gaps(gap):
    assert gap.frames.tolist() == list(range(50))
    assert gap.times == pytest.approx(np.arange(50) / FPS)
    assert set(gap.faces) == {0}
    check_each_frame_once(gap, 0)
    ((first, last),) = gap.faces[0].track.lost
    assert first == 20
    assert 29 <= last <= 29 + 7  # found again by the next search, a quarter of a second apart


def test_a_still_face_shows_no_motion_though_its_video_was_coded(gap):
    regions = gap.faces[0].signals.regions
    assert np.sqrt((regions**2).sum(-1).mean()) < 0.05  # px of the crop


def test_the_track_lies_where_the_face_was_measured(gap):
    track = gap.faces[0].track
    assert set(track.frames) <= set(gap.faces[0].signals.frames.tolist())
    assert (np.diff(track.frames) > 0).all()
    assert track.times == pytest.approx(track.frames / FPS)
    nose = track.landmarks[:, 4]
    assert np.abs(nose - [222 - 140 + 60, 127 - 20 + 30]).max() < 3  # read off the portrait by eye
    lids = gap.faces[0].lids
    assert (np.diff(lids[:, 0]) > 0).all()
    assert np.diff(lids[lids[:, 0] < 0.8, 0]).max() <= LANDMARK_S + 1.5 / FPS
    assert np.ptp(lids[:, 1:], axis=0).max() < 0.03


def test_a_part_keeps_the_numbers_of_the_whole(gap_clip):
    found = measured(gap_clip, 0.4, 1.0)
    assert found.frames.tolist() == list(range(10, 26))
    check_each_frame_once(found, 0)
    assert found.faces[0].track.lost == ((20, 25),)


def test_progress_is_told_frame_by_frame(gap_clip):
    told: list[tuple[int, float]] = []
    measured(gap_clip, 0.0, 0.4, progress=lambda done, at: told.append((done, round(at, 6))))
    assert told == [(i + 1, round(i / FPS, 6)) for i in range(11)]


def test_a_second_pass_gives_the_same(gap_clip, gap):
    again = measured(gap_clip).faces[0]
    assert np.array_equal(again.signals.regions, gap.faces[0].signals.regions)
    assert np.array_equal(again.track.landmarks, gap.faces[0].track.landmarks)


def test_nobody(tmp_path, wall):
    found = measured(write_video(tmp_path / "empty.mp4", [wall()] * 8, fps=FPS))
    assert found.frames.tolist() == list(range(8))
    assert found.faces == {}


def test_no_frames():
    found = measure(iter(()))
    assert found.frames.shape == found.times.shape == (0,)
    assert found.faces == {}


def test_a_cut_to_another_place_is_no_motion(tmp_path, head, wall):
    """The face jumps across the picture: measured on from there, and the jump is nobody's expression."""
    pictures = [wall((head, 20, 30)), wall((head, 290, 45))]
    found = measured(write_video(tmp_path / "cut.mp4", [pictures[i >= 15] for i in range(30)], fps=FPS))
    check_each_frame_once(found, 0)
    lost = sum(last - first + 1 for first, last in found.faces[0].track.lost)
    assert lost <= 7
    signals = found.faces[0].signals
    assert np.abs(np.diff(signals.regions, axis=0)).max() < 0.3
    assert np.diff(signals.head[:, 0]).max() > 3  # but the head is known to be elsewhere: 270 px of 43


@pytest.mark.parametrize("faces", ["largest", "all"])
def test_two_people_of_whom_one_leaves(tmp_path, head, wall, faces):
    small = head[::4, ::4].repeat(3, 0).repeat(3, 1)[:, ::-1]  # three quarters of the size, coarse, mirrored
    both, one = wall((head, 20, 30), (small, 320, 50)), wall((head, 20, 30))
    clip = write_video(tmp_path / "two.mp4", [both if i < 20 else one for i in range(30)], fps=FPS)
    found = measured(clip, faces=faces)
    assert set(found.faces) == ({0} if faces == "largest" else {0, 1})
    for number in found.faces:
        check_each_frame_once(found, number)
    assert found.faces[0].track.lost == ()
    if faces == "all":
        assert found.faces[1].track.lost == ((20, 29),)
        apart = found.faces[1].track.landmarks[0].mean(0) - found.faces[0].track.landmarks[0].mean(0)
        assert apart[0] > 200


def test_a_late_second_face_is_lost_before_it_comes(tmp_path, head, wall):
    both, one = wall((head, 20, 30), (head, 280, 40)), wall((head, 20, 30))
    clip = write_video(tmp_path / "late.mp4", [one if i < 10 else both for i in range(40)], fps=FPS)
    found = measured(clip, faces="all")
    check_each_frame_once(found, 1)
    ((first, last),) = found.faces[1].track.lost
    assert first == 0
    assert 9 <= last <= FPS + 1  # everybody is looked for once a second


def test_a_blink_is_looked_at_closely(tmp_path, head):
    from fleeting.synth import Life, plant

    clip = plant(head, [], fps=FPS, duration_s=1.6, life=Life(blinks_s=(0.7,)), seed=1)
    path = write_video(tmp_path / "blink.mp4", clip.frames(), fps=FPS)
    closed = clip.strengths(clip.times)[:, 0]
    shut = clip.times[closed > 0.7 * closed.max()]
    lids = measured(path).faces[0].lids
    near = (lids[:, 0] >= shut[0] - 1e-6) & (lids[:, 0] <= shut[-1] + 1e-6)
    assert near.any()
    usual = np.median(lids[lids[:, 0] < 0.7, 1:], axis=0)
    assert lids[near, 1:].min() < 0.75 * usual.min()


def test_only_a_few_frames_are_landmarked(gap_clip, monkeypatch):
    looked: list[float] = []
    real = FaceTracker.look
    monkeypatch.setattr(
        FaceTracker, "look", lambda self, time_s, image: looked.append(time_s) or real(self, time_s, image)
    )
    measured(gap_clip, 0, 0.76)
    assert looked == pytest.approx([0, 0.52])


# --- the decoding thread ------------------------------------------------------------------------------


def test_order_is_kept_however_many_wait():
    assert list(ahead(iter(range(500)), limit=3)) == list(range(500))


def test_it_runs_only_a_few_items_ahead():
    made: list[int] = []

    def source() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    stream = ahead(source(), limit=4)
    assert next(stream) == 0
    time.sleep(0.3)
    assert len(made) <= 1 + 4 + 1
    stream.close()
    assert len(made) <= 1 + 4 + 1


@pytest.mark.parametrize("error", [InputError("a.mp4", "is broken"), KeyError("x"), KeyboardInterrupt()])
def test_errors_of_the_source_come_through_after_what_came_before(error):
    def source() -> Iterator[int]:
        yield from range(5)
        raise error

    seen = []
    with pytest.raises(type(error)) as caught:
        for item in ahead(source(), limit=2):
            seen.append(item)
    assert caught.value is error
    assert seen == list(range(5))
    assert not decoding_threads()


def test_a_stream_left_early_leaves_no_thread():
    stream = ahead(iter(range(1000)), limit=2)
    assert next(stream) == 0
    assert decoding_threads()
    stream.close()
    assert not decoding_threads()
    for item in ahead(iter(range(1000)), limit=2):
        if item == 3:
            break
    gc.collect()
    assert not decoding_threads()


def test_a_decode_error_ends_the_measurement(wall):
    def frames() -> Iterator[DecodedFrame]:
        class Grey:
            def gray(self) -> np.ndarray:
                return np.full((60, 80), 100, np.uint8)

            def rgb(self) -> np.ndarray:
                return np.full((60, 80, 3), 100, np.uint8)

        for i in range(4):
            yield DecodedFrame(i, Fraction(i, FPS), Grey())
        raise InputError("a.mp4", "cannot be decoded further", "copy it again")

    done: list[int] = []
    with pytest.raises(InputError, match=r"a\.mp4: cannot be decoded further; copy it again"):
        measure(frames(), progress=lambda count, at: done.append(count))
    assert done == [1, 2, 3, 4]
    assert not decoding_threads()


def test_a_measurement_that_is_stopped_leaves_no_thread(gap_clip):
    """Ctrl-C: the error is still in somebody's hands, the thread is not."""

    def stop(count: int, at: float) -> None:
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        measured(gap_clip, progress=stop)
    assert caught.value is not None
    assert not decoding_threads()
