"""The sound of a video: whether there is any, and pieces of it as WAV."""

import io
import os
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fleeting.core import InputError, UsageError

LONGEST_S = 120.0
RATE = 48_000
# What browsers of today play by themselves: containers by ending, and codecs by FFmpeg's names.
_CONTAINERS = {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".ogv"}
_PICTURES = {"h264", "vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}
_SOUNDS = {"aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "libvorbis", "flac"}


@dataclass(frozen=True, slots=True)
class MediaKind:
    """What a browser can do with a file: whether it should play it, and whether there is sound in it."""

    playable: bool
    has_sound: bool


def media_kind(path: str | os.PathLike[str]) -> MediaKind:
    """Say whether a browser should be able to play a video, by its container and codecs.

    Parameters
    ----------
    path
        A video file; a folder of images neither plays nor sounds.

    Returns
    -------
    MediaKind
        A promise of what is usual, no proof: the page must be ready for a browser that refuses.

    Raises
    ------
    InputError
        Where the file cannot be read as a video.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.io.writer import write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     media_kind(write_video(Path(folder) / "a.mp4", [np.zeros((32, 32, 3), np.uint8)] * 2, fps=25))
    MediaKind(playable=True, has_sound=False)
    """
    from fleeting.io._video_file import _opened

    where = Path(path)
    if where.is_dir():
        return MediaKind(playable=False, has_sound=False)
    with _opened(where) as (container, stream):
        sounds = [s for s in container.streams.audio if s.codec_context is not None]
        plays = where.suffix.lower() in _CONTAINERS and stream.codec_context.name in _PICTURES
        plays = plays and stream.codec_context.pix_fmt in ("yuv420p", "yuvj420p")
        plays = plays and all(s.codec_context.name in _SOUNDS for s in sounds)
        return MediaKind(bool(plays), bool(sounds))


def sound_wav(path: str | os.PathLike[str], start_s: float, stop_s: float) -> bytes:
    """Cut a piece of the sound out of a video, on the clock of its pictures.

    Parameters
    ----------
    path
        A video file with sound.
    start_s, stop_s
        Seconds since the first frame of the picture, at most 120 s apart. Where the sound begins later or
        ends earlier there is silence: the piece is always as long as asked for.

    Returns
    -------
    bytes
        A WAV file, 16 bit, 48 kHz, mono or stereo.

    Raises
    ------
    InputError
        Where the file cannot be read or has no sound.
    UsageError
        For a span that is empty, negative or too long.
    """
    if not 0 <= start_s < stop_s <= start_s + LONGEST_S:
        raise UsageError(
            f"sound: expected 0 <= from < to and at most {LONGEST_S:g} s, got {start_s} and {stop_s}"
        )
    samples = _samples(Path(path), start_s, stop_s)
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return packed.getvalue()


def _samples(path: Path, start_s: float, stop_s: float) -> np.ndarray:
    """Decode the samples ``(N, channels)`` int16 of a span."""
    import av

    from fleeting.io._video_file import FileReader, _opened

    reader = FileReader(path)
    origin_s = float((reader._first_stamp or 0) * reader._tick)
    with _opened(path) as (container, _):
        if not container.streams.audio:
            raise InputError(path, "has no sound", "look at it without")
        stream = container.streams.audio[0]
        channels = 1 if stream.codec_context.channels == 1 else 2
        layout = "mono" if channels == 1 else "stereo"
        resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE)
        whole = np.zeros((round((stop_s - start_s) * RATE), channels), np.int16)
        begin_s = start_s + origin_s
        if begin_s > 1:
            container.seek(int((begin_s - 1) / (stream.time_base or 1)), stream=stream)
        for frame in container.decode(stream):
            if frame.time is not None and frame.time > stop_s + origin_s:
                break
            for piece in resampler.resample(frame):
                if piece.time is not None:
                    _place(whole, piece.to_ndarray().reshape(-1, channels), piece.time - begin_s)
    return whole


def _place(whole: np.ndarray, piece: np.ndarray, at_s: float) -> None:
    """Copy the part of a piece that lies in the span."""
    at = round(at_s * RATE)
    first, last = max(at, 0), min(at + len(piece), len(whole))
    if first < last:
        whole[first:last] = piece[first - at : last - at]
