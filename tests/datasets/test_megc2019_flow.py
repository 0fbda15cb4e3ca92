"""Flow maps in leave-one-subject-out folders; the pictures are made here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError

CLIPS = {
    "sub01": {"sub01_EP02_01f .png": 1, "sub01_EP03_02 .png": 0},
    "006": {"006_006_1_2 .png": 0},
    "s20": {"s20_s20_sur_04 .png": 2},
}


def picture(u: int, v: int, strain: int, size: int = 28) -> np.ndarray:
    """A picture of one colour, R = u, G = v, B = strain."""
    return np.full((size, size, 3), (u, v, strain), np.uint8)


def save(path: Path, rgb: np.ndarray) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", rgb[..., ::-1])[1].tobytes())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for left_out in CLIPS:
        for subject, clips in CLIPS.items():
            part = "u_test" if subject == left_out else "u_train"
            for at, (name, label) in enumerate(clips.items()):
                path = tmp_path / f"three_norm_u_v_os/{left_out}/{part}/{label}/{name}"
                save(path, picture(10 * label + at, 100, 200))
    return tmp_path


def test_samples_are_the_test_pictures(root: Path) -> None:
    dataset = datasets.open("megc2019-flow", root)
    found = dataset.samples(3)
    assert {s.id: (s.label, s.target) for s in found} == {
        "casme2/sub01/EP02_01f": ("positive", 1),
        "casme2/sub01/EP03_02": ("negative", 0),
        "samm/006/006_1_2": ("negative", 0),
        "smic/s20/s20_sur_04": ("surprise", 2),
    }
    assert {s.interval for s in found} == {None}


def test_channels_are_u_v_strain(root: Path) -> None:
    dataset = datasets.open("megc2019-flow", root / "three_norm_u_v_os")
    samples = dataset.samples(3)
    maps = dataset.maps(samples)
    assert (maps.shape, maps.dtype) == ((4, 28, 28, 3), np.uint8)
    for one, found in zip(samples, maps, strict=True):
        assert tuple(found[0, 0, 1:]) == (100, 200)
        assert found[5, 5, 0] // 10 == one.target
    assert dataset.maps(()).shape == (0, 28, 28, 3)


def test_folds_and_leaks(root: Path) -> None:
    dataset = datasets.open("megc2019-flow", root)
    train, test = dataset.folds()["006"]
    assert test == ("006_1_2",)
    assert sorted(train) == ["EP02_01f", "EP03_02", "s20_sur_04"]
    states = {f.what: f.found for f in dataset.check().findings}
    assert states["folds"] == "so in all"
    assert states["samples"] == "4"
    save(root / "three_norm_u_v_os/006/u_train/0/006_006_1_2 .png", picture(0, 0, 0))
    states = {f.what: f.found for f in datasets.open("megc2019-flow", root).check().findings}
    assert states["folds"] == "not in 006"


def test_wrong_trees_are_refused(tmp_path: Path, frames: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="no flow-map folders found; expected three_norm_u_v_os"):
        datasets.open("megc2019-flow", tmp_path)
    frames(tmp_path / "a/sub01/EP01", (1,))
    with pytest.raises(InputError, match="no flow-map folders"):
        datasets.open("megc2019-flow", tmp_path)
    (tmp_path / "b/sub01/u_test/0").mkdir(parents=True)
    with pytest.raises(InputError, match="u_test folders hold no pictures"):
        datasets.open("megc2019-flow", tmp_path / "b")


@pytest.mark.parametrize(
    ("subject", "name", "message"),
    [("006", "x.png", "not that of a clip"), ("006", "sub01_EP02_01f .png", "in the folder of '006'")],
)
def test_pictures_that_do_not_belong_are_refused(
    tmp_path: Path, subject: str, name: str, message: str
) -> None:
    save(tmp_path / subject / "u_test/0" / name, picture(1, 2, 3))
    with pytest.raises(InputError, match=message):
        datasets.open("megc2019-flow", tmp_path)


def test_pictures_of_another_size_and_broken_ones_are_refused(root: Path) -> None:
    path = root / "three_norm_u_v_os/006/u_test/0/006_006_1_2 .png"
    dataset = datasets.open("megc2019-flow", root)
    save(path, picture(1, 2, 3, size=32))
    with pytest.raises(InputError, match="is 32x32; expected a picture of 28x28"):
        dataset.maps()
    path.write_bytes(b"no picture")
    with pytest.raises(InputError, match="is unreadable"):
        dataset.maps()
