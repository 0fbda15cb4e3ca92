import pytest
import torch
from torch import nn

from fleeting.core import UsageError
from fleeting.nn import CBAM, CoordinateAttention, SqueezeExcite


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def silent(module: nn.Module) -> nn.Module:
    """Set every weight to zero: each sigmoid then gives one half."""
    for one in module.parameters():
        nn.init.zeros_(one)
    return module


def test_with_zero_weights_every_attention_is_one_half() -> None:
    x, clip = rand(2, 16, 5, 6), rand(2, 16, 3, 5, 6)
    assert torch.allclose(silent(SqueezeExcite(16))(x), x / 2)
    assert torch.allclose(silent(CBAM(16))(x), x / 4)  # in series: a half of a half
    assert torch.allclose(silent(CBAM(16, parallel=True))(x), x)  # side by side: a half and a half
    assert torch.allclose(silent(CoordinateAttention(16))(x), x / 4)
    assert torch.allclose(silent(CoordinateAttention(16, axes=3))(clip), clip / 8)


def test_squeeze_and_excitation_by_hand() -> None:
    module = silent(SqueezeExcite(2, reduction=2))
    nn.init.ones_(module.weigh[0].weight)  # hidden = relu(mean_0 + mean_1)
    with torch.no_grad():
        module.weigh[2].weight.copy_(torch.tensor([[1.0], [-1.0]]))
    x = torch.stack([torch.full((2, 2), 1.0), torch.tensor([[0.0, 4.0], [2.0, 2.0]])])[None]  # means 1 and 2
    gate = torch.sigmoid(torch.tensor(3.0))
    assert torch.allclose(module(x)[0, 0], x[0, 0] * gate)
    assert torch.allclose(module(x)[0, 1], x[0, 1] * (1 - gate))


def test_weights_over_channels_do_not_see_where_and_over_places_do_not_see_which() -> None:
    module, x = CBAM(8), rand(2, 8, 6, 6)
    turned = x.flip(2, 3)
    assert torch.allclose(module.over_channels(x), module.over_channels(turned), atol=1e-6)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(module.over_places(x), module.over_places(x[:, order]), atol=1e-6)


def test_coordinate_attention_gives_a_weight_for_each_row_times_one_for_each_column() -> None:
    module, x = CoordinateAttention(8).eval(), rand(2, 8, 5, 6).abs() + 0.1
    weights = module(x) / x
    rank_one = weights[..., :1] * weights[..., :1, :] / weights[..., :1, :1]
    assert torch.allclose(weights, rank_one, atol=1e-5)
    assert weights.std() > 0


def test_a_mark_in_a_row_changes_the_weights_of_that_row_alone_among_rows() -> None:
    torch.manual_seed(0)  # some weights hardly look at rows
    module = CoordinateAttention(8).eval()
    x = torch.ones(1, 8, 5, 6)
    marked = x.clone()
    marked[:, :, 2, 3] += 5
    change = ((module(marked) / marked) / (module(x) / x))[0, 0]
    assert torch.allclose(change[0], change[4], atol=1e-5)  # rows without the mark are alike
    assert not torch.allclose(change[2], change[0], atol=1e-3)
    assert not torch.allclose(change[:, 3], change[:, 0], atol=1e-3)


def test_other_axes_are_refused() -> None:
    with pytest.raises(UsageError, match="2 or 3"):
        CoordinateAttention(8, axes=1)
