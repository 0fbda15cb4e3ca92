"""Recordings for the browser tests: drawn pictures that carry their own frame number."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np

from fleeting.core import (
    ActionUnit,
    Emotion,
    Expression,
    Face,
    Interval,
    Provenance,
    QualityWarning,
    Report,
)
from fleeting.io import open_video, write_result, write_video

REGIONS = ("brow_inner_left", "brow_inner_right", "mouth_corner_left", "chin")
# A file name that would break a page which took names for HTML, and that turns the reading direction.
HOSTILE = "<img src=x onerror=window.broken=1>\u202e'\"&amp;"
BITS, BLOCK = 16, 16  # the number stands in the top rows, a block of 16 x 16 px for each bit
WIDTH, HEIGHT = BITS * BLOCK, 192


def picture(number: int) -> np.ndarray:
    """Draw a face-like shape that opens its mouth, with the frame's number in black and white blocks."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = np.full((HEIGHT, WIDTH, 3), (196, 208, 216), np.uint8)
    image[((x - 128) / 62) ** 2 + ((y - 110) / 74) ** 2 < 1] = (226, 188, 160)
    for eye in (104, 152):
        image[((x - eye) / 9) ** 2 + ((y - 95) / 5) ** 2 < 1] = (50, 60, 80)
    mouth = 4 + 3 * np.sin(number / 9)
    image[((x - 128) / 22) ** 2 + ((y - 148) / mouth) ** 2 < 1] = (150, 60, 60)
    for bit in range(BITS):
        image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 if number >> bit & 1 else 0
    return image


def tiny(number: int) -> np.ndarray:
    """A picture that costs next to nothing, for long recordings."""
    return np.full((16, 16, 3), number % 256, np.uint8)


def uneven(frames: int) -> list[float]:
    """Times at a frame rate that varies: every third gap is four times as long."""
    gaps = [0.02 if i % 3 else 0.08 for i in range(frames)]
    return [round(sum(gaps[:i]), 6) for i in range(frames)]


def recording(
    folder: Path,
    stem: str = "anna",
    *,
    frames: int = 240,
    fps: float = 50.0,
    times: Iterable[float] | None = None,
    onsets: Iterable[int] = (40, 120, 180),
    suffix: str = ".mp4",
    codec: str = "libx264",
    small: bool = False,
    sound: bool = False,
) -> Path:
    """Make a video and its result, as ``fleeting analyze`` would have written it; give the video's path."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = map(tiny if small else picture, range(frames))
    options = {"preset": "ultrafast"} if codec == "libx264" else None
    video = write_video(folder / f"{stem}{suffix}", drawn, fps, times=times, codec=codec, options=options)
    if sound:
        add_tone(video)
    write_result(report_of(video, onsets), folder, stem)
    return video


def add_tone(video: Path) -> None:
    """Put a tone of 440 Hz beside the picture, which is copied as it is."""
    silent = video.rename(video.with_name(f"silent{video.suffix}"))
    with av.open(str(silent)) as source, av.open(str(video), "w") as target:
        pictures = source.streams.video[0]
        copied = target.add_stream_from_template(pictures)
        tone = target.add_stream("aac" if video.suffix == ".mp4" else "mp3", rate=48_000)
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = copied
                target.mux(packet)
        seconds = float(pictures.duration * pictures.time_base)
        wave = 0.2 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * 48_000)) / 48_000)
        samples = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
        samples.rate = 48_000
        target.mux(tone.encode(samples))
        target.mux(tone.encode(None))
    silent.unlink()


def report_of(video: Path, onsets: Iterable[int]) -> Report:
    """A result of a video with an expression at each onset."""
    with open_video(video) as reader:
        stamps = np.array([float(frame.time) for frame in reader.frames()])
        info = reader.info()
    found = tuple(expression(onset, stamps, i) for i, onset in enumerate(onsets))
    return Report(
        info,
        (Face(0, 1.0),),
        found,
        (QualityWarning("low_rate", "50 frames/s are few"),),
        Provenance("0.1.0", {"faces": "largest"}, (), "a test", 1.0),
        signals_of(stamps, found),
    )


def expression(onset: int, stamps: np.ndarray, number: int) -> Expression:
    last = min(onset + 15, len(stamps) - 1)
    apex = onset + 6
    interval = Interval.from_frames(onset, last, apex=apex, fps=50.0, score=0.8)
    interval = timed(interval, stamps)
    units = (ActionUnit(4, "both", 0.8),) if number % 2 == 0 else (ActionUnit(12, "left", 0.7),)
    emotion = Emotion("negative", {"negative": 0.7, "positive": 0.3})
    return Expression(0, interval, emotion, units)


def timed(interval: Interval, stamps: np.ndarray) -> Interval:
    """Give an interval the true times of its frames."""
    import dataclasses

    names = {
        "onset_s": interval.onset_frame,
        "apex_s": interval.apex_frame,
        "offset_s": interval.offset_frame,
    }
    return dataclasses.replace(interval, **{name: float(stamps[frame]) for name, frame in names.items()})


def signals_of(stamps: np.ndarray, found: Iterable[Expression]) -> dict[str, Any]:
    count = len(stamps)
    curve = 0.5 + 0.1 * np.sin(np.arange(count) / 5)
    regions = np.zeros((count, len(REGIONS), 2), np.float32)
    for one in found:
        inside = slice(one.interval.onset_frame, one.interval.offset_frame + 1)
        bump = np.sin(np.linspace(0, np.pi, one.interval.frames))
        curve[inside] += 4 * bump
        regions[inside, 3, 1] -= 2 * bump
    return {
        "times": stamps,
        "frames": np.arange(count),
        "region_names": np.array(REGIONS),
        "threshold": np.array(2.0),
        "face0_curve": curve.astype(np.float32),
        "face0_regions": regions,
    }
