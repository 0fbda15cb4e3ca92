"""Two branches: fusion by hand, each branch alone, sizes of the paper preset."""

import numpy as np
import pytest
import torch

from fleeting import systems
from fleeting.systems.recognition.dual_branch import BRANCHES, AdaptiveFusion, DualBranch, frame_difference


def test_fusion_takes_shares_that_sum_to_one_in_each_channel() -> None:
    layer = AdaptiveFusion(4, 2)
    same = torch.rand(3, 1, 4).expand(3, 2, 4)
    assert torch.allclose(layer(same), same[:, 0], atol=1e-6)
    with torch.no_grad():
        layer.weigh[2].weight.zero_()
        layer.weigh[2].bias.copy_(torch.tensor([50.0] * 4 + [0.0] * 4))  # the first branch in every channel
    both = torch.rand(3, 2, 4)
    assert torch.allclose(layer(both), both[:, 0], atol=1e-6)


def test_one_branch_holds_the_weights_of_that_branch_alone() -> None:
    names = {one: set(DualBranch(3, width=8, branches=one).branches) for one in BRANCHES}
    assert names == {"both": {"residual", "inception"}, "residual": {"residual"}, "inception": {"inception"}}


def test_sizes_of_the_paper_preset() -> None:
    """By hand, layer by layer: four stages of three convolutions, with shortcuts and batch norms."""

    def stage(a: int, b: int) -> int:
        return (a * b + 2 * b * b) * 9 + a * b + 4 * 2 * b

    made = DualBranch(5, attention="none", branches="residual")
    expected = stage(3, 64) + stage(64, 128) + stage(128, 256) + stage(256, 512)
    assert sum(one.numel() for one in made.branches.parameters()) == expected


@pytest.mark.parametrize("branches", ["both", "residual", "inception"])
def test_every_choice_gives_scores(branches: str) -> None:
    rows = systems.invented_examples(["flowmap28"], 6)
    made = systems.create("dual-branch", branches=branches, training={"epochs": 1}).fit(rows)
    assert made.predict(rows).shape == (6, 3)


def test_difference_takes_key_frames_and_leaves_the_offset_out(tmp_path) -> None:
    frames = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    frames[0, 0], frames[0, 1], frames[0, 2] = 200, 40, 90
    assert torch.equal(frame_difference(frames), torch.full((1, 1, 2, 2), -5.0))  # does not wrap at 0
    rows = systems.invented_examples(["keyframes"], 6)
    made = systems.create("dual-branch", source="difference", training={"epochs": 1}).fit(rows)
    assert made.inputs == ("keyframes",)
    told = made.predict(rows.sealed())
    other = rows.inputs["keyframes"].copy()
    other[:, 2] = 0
    assert np.array_equal(told, made.predict(systems.with_input(rows, "keyframes", other)))
    made.save(tmp_path)
    assert np.allclose(systems.load(tmp_path).predict(rows), told, atol=1e-6)
