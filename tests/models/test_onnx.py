"""The recogniser that ships, and folders of models that are not as they should be."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fleeting
from fleeting.core import InputError, ShapeError, UnknownNameError, UsageError
from fleeting.models import load_au_detector, load_recognizer
from fleeting.synth import FlowMapSettings, flowmaps


@pytest.fixture(scope="module")
def model():
    return fleeting.load_recognizer("default")


def test_it_tells_the_classes_of_other_synthetic_people(model):
    made = flowmaps(
        200, seed=99, settings=FlowMapSettings(class_shares=(1.0, 1.0, 1.0, 0.0), label_noise=0.0)
    )
    told = model.predict(made.maps)
    assert model.labels == ("negative", "positive", "surprise") == made.classes[:3]
    assert told.shape == (200, 3)
    assert told.sum(1) == pytest.approx(1, abs=1e-5)
    assert (told.argmax(1) == made.labels).mean() > 0.75


def test_a_row_does_not_depend_on_its_companions(model):
    maps = flowmaps(6, seed=5).maps
    assert model.predict(maps)[2] == pytest.approx(model.predict(maps[2:3])[0], abs=1e-6)


def test_a_map_without_any_motion_is_no_number_out_of_range(model):
    told = model.predict(np.full((1, 28, 28, 3), 128, np.uint8))
    assert np.isfinite(told).all()


def test_no_maps_give_no_rows(model):
    assert model.predict(np.zeros((0, 28, 28, 3), np.uint8)).shape == (0, 3)


@pytest.mark.parametrize(
    "maps",
    [np.zeros((28, 28, 3), np.uint8), np.zeros((1, 28, 28, 3), int), np.full((1, 28, 28, 3), np.nan)],
)
def test_other_maps_are_refused(model, maps):
    with pytest.raises(ShapeError, match=r"expected \(N, 28, 28, 3\) uint8, got"):
        model.predict(maps)


def test_maps_in_pixels_are_stretched_as_the_fields_are(model, detector):
    """uint8 maps of other people are their float maps, stretched: the same answer."""
    options = {"seed": 4, "subjects": 3}
    pixels = flowmaps(12, **options, normalise="none").maps
    stretched = flowmaps(12, **options).maps
    assert pixels.dtype == np.float32 and abs(pixels).max() < 20
    for one in (model, detector):
        assert one.predict(pixels) == pytest.approx(one.predict(stretched), abs=0.02)
        assert one.predict(1000 * pixels) == pytest.approx(one.predict(pixels), abs=1e-6)


def test_whether_there_is_any_expression(model):
    made = flowmaps(400, seed=98, settings=FlowMapSettings(class_shares=(1.0, 1.0, 1.0, 3.0)))
    none = model.none(made.maps)
    assert none.shape == (400,)
    nothing = none[made.labels == 3]
    assert (nothing[:, None] > none[made.labels < 3]).mean() > 0.8, "area under the curve"
    rest = model.scores(made.maps)
    assert rest.sum(1) == pytest.approx(1, abs=1e-5)


@pytest.fixture(scope="module")
def detector():
    return fleeting.load_au_detector("default")


def test_units_of_other_synthetic_people(detector):
    made = flowmaps(600, seed=97, settings=FlowMapSettings(even_units=1.0, class_shares=(1.0, 1.0, 1.0, 0.0)))
    told = detector.predict(made.maps)
    true = made.aus[:, [made.units.index(unit) for unit in detector.units]]
    assert told.shape == (600, 12)
    said = told > 0.5
    f1 = 2 * (said & true).sum(0) / (said.sum(0) + true.sum(0))
    assert f1.mean() > 0.7
    assert f1[detector.units.index(12)] > 0.8


def test_the_detectors_card(detector):
    assert detector.units == (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
    assert detector.card["several"]
    assert detector.card["synthetic"]["expected_calibration_error"] < 0.02
    assert "no real face" in detector.use.trained_on


def test_a_detector_is_no_recogniser_and_the_other_way_round():
    home = Path(fleeting.__file__).parent / "models" / "data"
    with pytest.raises(UsageError, match="is made for 'au'"):
        load_recognizer(home / "au_detectors" / "default")
    with pytest.raises(UsageError, match="is made for 'recognition'"):
        load_au_detector(home / "recognizers" / "default")
    with pytest.raises(UnknownNameError, match="no AU detector 'nobody'"):
        load_au_detector("nobody")


def test_the_card_says_what_it_learnt_from(model):
    assert "no real face" in model.card["trained_on"]
    assert model.card["licence"] == "Apache-2.0"
    assert model.card["synthetic"]["expected_calibration_error"] < 0.05


def test_it_needs_no_torch():
    code = (
        "import sys, numpy, fleeting;"
        " fleeting.load_recognizer('default').predict(numpy.zeros((1, 28, 28, 3), numpy.uint8));"
        " assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the shipped model."""
    home = Path(fleeting.__file__).parent / "models" / "data" / "recognizers" / "default"
    return Path(shutil.copytree(home, tmp_path / "copy"))


def test_a_folder_is_loaded_like_a_name(folder, model):
    maps = flowmaps(3, seed=1).maps
    assert np.array_equal(load_recognizer(folder).predict(maps), model.predict(maps))


def test_unknown_name():
    with pytest.raises(UnknownNameError, match="shipped: default"):
        load_recognizer("defualt")


def test_a_model_that_is_not_the_card_s_is_refused(folder):
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"is not the file that model\.json names"):
        load_recognizer(folder)


@pytest.mark.parametrize("name", ["model.onnx", "model.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name}.*no such file"):
        load_recognizer(folder)


def test_a_card_that_is_none_is_refused(folder):
    (folder / "model.json").write_text("[]")
    with pytest.raises(InputError, match="is no card of a model"):
        load_recognizer(folder)


def test_a_model_of_something_else_is_refused(folder):
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(card | {"inputs": ["clip64"]}))
    with pytest.raises(UsageError, match="the file takes flowmap28; its card says clip64"):
        load_recognizer(folder)
