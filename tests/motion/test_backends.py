"""The network of flow that ships, and flow by name."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fleeting.motion
from fleeting.core import InputError, UnknownNameError
from fleeting.motion import FlowNetwork, dis_flow, farneback_flow, find_flow, find_input, movement
from fleeting.synth import FlowPairSettings, subject_pairs

HOME = Path(fleeting.motion.__file__).parent / "data/flow/learnt"


def test_what_ships_is_what_its_card_says():
    card, data = FlowNetwork().card, (HOME / "model.onnx").read_bytes()
    assert json.loads((HOME / "model.json").read_text()) == card
    assert hashlib.sha256(data).hexdigest() == card["sha256"] == FlowNetwork().use.sha256
    assert len(data) < 5_000_000
    assert card["licence"] == "Apache-2.0" and card["system"] == "srflow"
    assert "drawn people" in card["trained_on"] and "no real face" in card["trained_on"]
    for errors in card["error_px"].values():
        low, high = errors["network"][1:]
        assert low <= errors["network"][0] <= high


def test_on_a_drawn_face_it_errs_less_than_the_usual_flow():
    """Faces of a seed that nothing was learnt from, motion of 0.1 to 1 pixel."""
    import cv2

    settings = FlowPairSettings(peak_px=(0.1, 1.0), head_px=(0.1, 1.0), kinds=(1.0, 0.0, 0.0, 0.0))
    network, errors = FlowNetwork(), []
    for pair in subject_pairs(0, 4, seed=90_210, settings=settings):
        given = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (pair.image_1, pair.image_2)]
        counts = pair.face & pair.visible
        found = [flow(*given) - pair.flow for flow in (network, dis_flow)]
        errors.append([np.linalg.norm(one, axis=-1)[counts].mean() for one in found])
    learnt, usual = np.mean(errors, 0)
    assert learnt < 0.85 * usual  # half of it when this was written


def test_it_needs_no_torch():
    told = (
        "import sys, numpy as np; sys.modules['torch'] = None; from fleeting.motion import find_flow;"
        "print(find_flow('learnt').measure(*np.zeros((2, 40, 40), np.uint8)).shape)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(40, 40, 2)"


def test_flow_by_name(tmp_path):
    assert find_flow("dis").measure is dis_flow and find_flow("farneback").measure is farneback_flow
    assert find_flow("learnt").version == FlowNetwork().card["sha256"]
    own = find_flow(str(HOME))
    assert (own.name, own.version) == (str(HOME.resolve()), find_flow("learnt").version)
    with pytest.raises(UnknownNameError, match="'lernt'; expected dis, farneback, learnt"):
        find_flow("lernt")
    with pytest.raises(InputError, match="holds no network of flow"):
        find_flow(str(tmp_path))


@pytest.mark.parametrize("name", ["flowmap28", "flow-clip", "clip8-flow"])
def test_inputs_are_made_with_the_flow_that_the_clip_names(name):
    from dataclasses import replace

    from fleeting import facs
    from fleeting.motion import AlignedClip, input_geometry

    geometry = input_geometry(find_input(name).frames)
    y, x = np.mgrid[: geometry.height, : geometry.width]
    hill = np.exp(-(((x - geometry.width / 2) / 20) ** 2) - ((y - geometry.height * 0.7) / 20) ** 2)
    skin = [np.uint8(128 + 60 * np.sin((x - d * hill) / 4) + 60 * np.cos(y / 5)) for d in (0, 1, 2)]
    marks = np.float32(facs.neutral_mesh()[:, :2] * geometry.iod + geometry.origin)
    clip = AlignedClip(np.stack(skin), 0, 2, 2, 100.0, marks, geometry)
    usual, learnt = (find_input(name).make(one) for one in (clip, replace(clip, flow="learnt")))
    assert usual.shape == learnt.shape and usual.dtype == learnt.dtype
    assert not np.array_equal(usual, learnt)
    if name == "flowmap28":
        inside = hill > 0.5
        for flow in ("dis", "learnt"):
            found = movement(replace(clip, flow=flow), 0, 2)[inside, 0].mean()
            assert found == pytest.approx(2 * hill[inside].mean(), rel=0.25)
