"""A small good video with a face, as the tests of this folder damage it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

FRAMES = 20


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    """20 pictures of 160 x 160: the head of the astronaut's portrait, with a little noise."""
    data = pytest.importorskip("skimage.data", reason="the portrait comes with the extra fleeting[demo]")
    head = data.astronaut()[0:320:2, 64:384:2].astype(np.int16)
    rng = np.random.default_rng(1)
    return [(head + rng.integers(-3, 4, head.shape)).clip(0, 255).astype(np.uint8) for _ in range(FRAMES)]


@pytest.fixture(scope="session")
def encode(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write pictures as H.264 without reordering, so that a packet is a picture; the index comes first."""

    def write(images: list[np.ndarray], name: str = "good.mp4", fps: int = 50) -> Path:
        path = tmp_path_factory.mktemp("good") / name
        options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
        with av.open(str(path), "w", options=options) as container:
            stream = container.add_stream("libx264", rate=fps, options={"bf": "0", "g": "6"})
            stream.height, stream.width = images[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for position, image in enumerate(images):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = position, 1 / Fraction(fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture(scope="session")
def good(encode: Callable[..., Path], pictures: list[np.ndarray]) -> Path:
    """20 frames at 50 a second, with a face."""
    return encode(pictures)
