"""FMANet and MM-COF: one phase is enough, the descriptor is that of `motion`, modulation by hand."""

import numpy as np
import pytest
import torch

from fleeting import systems
from fleeting.motion import mm_cof_of_maps
from fleeting.systems.recognition.fmanet import PHASES, FMANet, Modulation
from fleeting.systems.recognition.mm_cof import MMCOF, as_mm_cof

FAST = {"training": {"epochs": 2}}


@pytest.mark.parametrize("name", ["fmanet", "mm-cof"])
def test_one_phase_needs_no_other(name: str) -> None:
    rows = systems.invented_examples(["flowmap28"], 6)
    made = systems.create(name, dual_phase=False, **FAST).fit(rows)
    assert made.inputs == ("flowmap28",) and made.predict(rows).shape == (6, 3)


def test_modulation_by_hand() -> None:
    layer = Modulation()
    with torch.no_grad():
        layer.refine.weight.zero_()
        layer.refine.bias.zero_()
        made = layer(torch.ones(1, 3, 1, 2), torch.tensor([0.2, 0.5]).view(1, 1, 1, 2))
    assert np.allclose(made[0, 0, 0], [1.5, 1 + 1 / (1 + np.exp(-3.0))], atol=1e-6)


def test_the_second_phase_is_looked_at() -> None:
    rows = systems.invented_examples(PHASES, 6)
    made = systems.create("fmanet", **FAST).fit(rows)
    other = systems.with_input(rows, PHASES[1], rows.inputs[PHASES[1]][::-1].copy())
    assert np.abs(made.predict(rows) - made.predict(other)).max() > 1e-4


@pytest.mark.parametrize("phases", [1, 2])
def test_layer_and_function_give_the_same_descriptor(phases: int) -> None:
    # 27 x 27: with an odd number of pixels there is one median
    maps = np.random.default_rng(0).integers(0, 256, (phases, 4, 27, 27, 3), np.uint8)
    layer = MMCOF()(*(torch.from_numpy(one) for one in maps)).numpy()
    function = mm_cof_of_maps(*maps)
    assert np.abs(layer - function).max() < 0.51  # the function rounds


def test_any_recogniser_of_maps_takes_the_descriptor() -> None:
    rows = systems.invented_examples(PHASES, 12)
    made = systems.Through(systems.create("svm-flow"), as_mm_cof).fit(rows)
    plain = systems.create("svm-flow").fit(rows)
    assert made.predict(rows.sealed()).shape == (12, 3)
    assert np.abs(made.predict(rows) - plain.predict(rows)).max() > 1e-3
    assert np.array_equal(as_mm_cof(rows).inputs["flowmap28"], mm_cof_of_maps(*rows.inputs.values()))


def test_sizes_of_the_paper_preset() -> None:
    made = FMANet(5)
    stems = 2 * ((3 * 32 + 32 * 64 + 64 * 128) * 9 + 2 * (32 + 64 + 128))
    small = 2 * (2 + 10) + 2 * 129 + 256 * 128 + 128 + 128 * 2 + 2
    tail = (128 + 256) * 256 * 9 + 128 * 256 + 3 * 512
    assert sum(one.numel() for one in made.parameters()) == stems + small + tail + 256 * 5 + 5


def test_exported_files_say_what_the_system_says(tmp_path) -> None:
    pytest.importorskip("onnxscript", reason="the extra [train] is not installed")
    rows = systems.invented_examples(PHASES, 6)
    for name in ("fmanet", "mm-cof"):  # export compares the answers itself
        assert systems.create(name, **FAST).fit(rows).export(tmp_path / name).is_file()
