"""Two branches: fusion by hand, each branch alone, sizes of the paper preset."""

import pytest
import torch

from fleeting import systems
from fleeting.systems.recognition.dual_branch import BRANCHES, AdaptiveFusion, DualBranch


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
