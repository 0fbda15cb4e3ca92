"""Tiny videos, made with PyAV itself and not with the writer under test."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

BITS = 8
DARK, LIGHT = 40, 210


def numbered_picture(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """Colour picture whose left half holds its number as eight bars, and whose right half moves."""
    y, x = np.mgrid[0:height, 0:width]
    bars = (number >> (y * BITS // height)) & 1
    left = np.where(bars, LIGHT, DARK)
    right = 128 + 90 * np.sin((x + 3 * number) / 7) * np.cos((y - number) / 9)
    picture = np.where(x < width // 2, left, right)
    return np.stack([picture, picture * 0.9 + 5, 200 - picture * 0.5], -1).clip(0, 255).astype(np.uint8)


def number_on(image: np.ndarray) -> int:
    """Read the number off a decoded picture, grey or colour."""
    gray = image if image.ndim == 2 else image[..., 0]
    height, width = gray.shape
    centres = (np.arange(BITS) * 2 + 1) * height // (2 * BITS)
    levels = gray[centres, width // 8 : width * 3 // 8].mean(axis=1)
    return int(sum(1 << bit for bit, level in enumerate(levels) if level > (DARK + LIGHT) / 2))


@pytest.fixture
def pictures() -> Callable[..., list[np.ndarray]]:
    def make(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
        return [numbered_picture(number, width, height) for number in range(count)]

    return make


@pytest.fixture
def numbers() -> Callable[..., list[int]]:
    """Read the numbers off the frames of a reader."""

    def read(frames: object) -> list[int]:
        return [number_on(frame.gray()) for frame in frames]  # type: ignore[attr-defined]

    return read


@pytest.fixture
def encode() -> Callable[..., Path]:
    """Write pictures as a video: ``encode(path, pictures, codec=..., stamps=..., tick=...)``."""

    def write(
        path: Path,
        images: Sequence[np.ndarray],
        *,
        fps: int | Fraction = 25,
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        stamps: Sequence[int] | None = None,
        tick: Fraction | None = None,
        options: dict[str, str] | None = None,
        source: str = "rgb24",
        container_options: dict[str, str] | None = None,
    ) -> Path:
        height, width = images[0].shape[:2]
        with av.open(str(path), "w", options=container_options or {}) as container:
            stream = container.add_stream(codec, rate=fps, options=options or {})
            stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
            if tick is not None:
                stream.codec_context.time_base = stream.time_base = tick
            for position, image in enumerate(images):
                frame = av.VideoFrame.from_ndarray(image, format=source)
                frame.pts = position if stamps is None else stamps[position]
                frame.time_base = tick or 1 / Fraction(fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def clip(tmp_path: Path, encode: Callable[..., Path], pictures: Callable[..., list[np.ndarray]]) -> Path:
    """60 frames at 25 fps, H.264 with B-frames, a key frame every 12, index at the front (so cuts matter)."""
    return encode(
        tmp_path / "clip.mp4",
        pictures(60),
        options={"g": "12", "bf": "2"},
        container_options={"movflags": "faststart"},
    )
