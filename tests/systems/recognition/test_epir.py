"""EPIR: tokens by hand, chosen tokens, multiply-adds against torch's own counter, 2.2 M parameters."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from fleeting import systems
from fleeting.systems.recognition.epir import DIAGONAL, EPIR, Tokenizer, contrastive_loss, shifted


def maps(count: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (count, 28, 28, 3), dtype=torch.uint8, generator=torch.manual_seed(0))


def test_shifts_move_the_map_by_half_a_patch() -> None:
    x = torch.zeros(1, 1, 28, 28)
    x[0, 0, 10, 20] = 1
    assert shifted(x, 1, -1)[0, 0].nonzero().tolist() == [[12, 18]]
    assert torch.equal(shifted(x, 0, 0), x)
    assert shifted(torch.ones(1, 1, 28, 28), -1, 1)[0, 0, :, 0].sum() == 0  # zeros come in at the left


def test_a_token_is_a_patch_of_all_copies() -> None:
    layer = Tokenizer(5, DIAGONAL, channels=1)
    x = torch.rand(1, 1, 28, 28)
    copies = [x, *(shifted(x, *one) for one in DIAGONAL)]
    patch = torch.cat([one[0, 0, 8:12, 4:8].flatten() for one in copies])  # third row, second column
    expected = layer.after(layer.project(layer.before(patch)))
    assert torch.allclose(layer(x)[0, 2 * 7 + 1], expected, atol=1e-6)


@pytest.mark.parametrize("integration", [True, False])
def test_tokens_and_multiply_adds(integration: bool) -> None:
    module = EPIR(3, integration=integration).eval()
    cost = module.cost()
    assert cost.tokens == ((50, 50, 42, 42, 34, 34, 34) if integration else (50,) * 7)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(maps(1))
    assert abs(counter.get_total_flops() / 2 - cost.macs) < 0.01 * cost.macs


def test_the_paper_preset_has_about_2_2_million_parameters() -> None:
    width, patch = 192, 9 * 3 * 16
    block = 4 * width + (width + 1) * 3 * width + (width + 1) * width + 4 + 4 * width**2 + 3 * width
    tokens = 2 * patch + (patch + 1) * width + 2 * width
    expected = 7 * block + tokens + (1 + 50) * width + 2 * width + 3 * width + 3
    assert sum(one.numel() for one in EPIR(3).parameters()) == expected == 2_174_335
    assert expected / 139_582_982 == pytest.approx(0.016, abs=0.0005)  # 1.6 % of HTNet, as a digest has it


def test_chosen_tokens_hold_the_mass_and_no_more_than_needed() -> None:
    weights = torch.zeros(1, 2, 5, 5)
    weights[0, 0, 0, 1:] = torch.tensor([0.5, 0.1, 0.3, 0.1])
    weights[0, 1, 0, 1:] = torch.tensor([0.1, 0.1, 0.1, 0.7])  # mean .3 .1 .2 .4
    chosen = {one: EPIR(3, selection=one).choose(weights)[0].tolist() for one in ("mass", "heads", "none")}
    assert chosen == {"mass": [1, 1, 0, 0, 1], "heads": [1, 1, 0, 0, 1], "none": [1] * 5}
    assert EPIR(3, mass=0.75).choose(weights)[0].tolist() == [1, 1, 0, 1, 1]


def test_tokens_that_were_not_chosen_do_not_matter() -> None:
    module = EPIR(3, width=16, depth=1, merge_after=()).eval()
    x, chosen = torch.rand(1, 6, 16), torch.tensor([[1.0, 1, 0, 1, 0, 1]])
    other = x.clone()
    other[:, [2, 4]] = 9.0
    with torch.no_grad():
        assert torch.allclose(module.last(x, chosen)[:, 0], module.last(other, chosen)[:, 0], atol=1e-6)


def test_contrastive_loss_is_zero_for_perfect_features() -> None:
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    assert contrastive_loss(features, torch.tensor([0, 0, 1])).item() == pytest.approx(0, abs=1e-6)
    assert contrastive_loss(features, torch.tensor([0, 1, 1])).item() == pytest.approx(
        (1.2 + 2) / 9, abs=1e-6
    )


def test_exported_file_says_what_the_system_says(tmp_path) -> None:
    pytest.importorskip("onnxscript", reason="the extra [train] is not installed")
    rows = systems.invented_examples(["flowmap28"], 6)
    assert systems.create("epir", training={"epochs": 1}).fit(rows).export(tmp_path).is_file()
