"""Small clips of the public-domain portrait."""

from collections.abc import Callable

import numpy as np
import pytest

import fleeting
from fleeting.core import Report
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant, write_planted


@pytest.fixture(scope="session")
def sway() -> HeadMotion:
    """A head that holds still as well as a head can."""
    return HeadMotion(sway_percent=1.5, roll_deg=0.4, yaw_deg=0.5, pitch_deg=0.5, scale_percent=0.4)


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """The face of scikit-image's portrait, ``(320, 320, 3)`` uint8 RGB."""
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    return np.ascontiguousarray(data.astronaut()[0:320, 60:380])


@pytest.fixture
def analysed(portrait, sway, tmp_path) -> Callable[..., Report]:
    """Make a clip, write it as a video file, analyse it."""

    def make(
        *plants: Plant,
        life: Life | None = None,
        camera: CameraSettings | None = None,
        fps: float = 30,
        duration_s: float = 3.0,
        seed: int = 1,
        **settings: object,
    ) -> Report:
        clip = plant(
            portrait,
            plants,
            fps=fps,
            duration_s=duration_s,
            seed=seed,
            camera=camera or CameraSettings(noise=2.0, crf=23),
            life=life or Life(head=sway),
        )
        video = write_planted(clip, tmp_path, "clip", flows="none").video
        return fleeting.analyze(video, **{"pictures": False, **settings})

    return make
