import pytest
import torch
from torch import nn

from fleeting.core import UsageError
from fleeting.nn import EdgeConvolution, Inception, Residual, convolution


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("double", [False, True])
def test_inception_sees_as_far_as_its_deepest_branch(axes: int, double: bool) -> None:
    module = Inception(4, 8, axes=axes, double=double).eval()
    with torch.no_grad():  # nothing below zero: every way through is open
        for weight in module.parameters():
            weight.abs_()
    shape = (1, 4, *[11] * axes)
    x = rand(*shape).abs().requires_grad_()
    middle = (0, slice(None), *[5] * axes)
    module(x)[middle].sum().backward()
    seen = x.grad[0].abs().sum(0) > 0
    reach = 2 if double else 1
    inside = tuple(slice(5 - reach, 6 + reach) for _ in range(axes))
    outside = seen.clone()
    outside[inside] = False
    assert not outside.any()
    edge = tuple([5 - reach] + [5] * (axes - 1))
    assert seen[edge]


def test_inception_has_the_weights_of_its_branches() -> None:
    # 16 -> 4 each: four 1 x 1 (64), three 3 x 3 of 4 -> 4 (144), seven norms of 8
    assert sum(one.numel() for one in Inception(16, 16).parameters()) == 4 * 64 + 3 * 144 + 7 * 8


def test_residual_with_a_silent_body_is_its_shortcut() -> None:
    module = Residual(4, 4, slope=0.1).eval()
    nn.init.zeros_(module.body[-1].weight)  # the last norm
    x = rand(2, 4, 6, 6)
    assert torch.allclose(module(x), nn.functional.leaky_relu(x, 0.1))
    assert isinstance(module.shortcut, nn.Identity)
    assert not isinstance(Residual(4, 4, stride=2).shortcut, nn.Identity)


def test_residual_depth_and_size() -> None:
    module = Residual(3, 8, depth=3, stride=2)
    assert sum(isinstance(one, nn.Conv2d) for one in module.modules()) == 4
    assert module(rand(2, 3, 9, 9)).shape == (2, 8, 5, 5)


def test_edge_convolution_by_hand() -> None:
    module = EdgeConvolution(2, neighbours=2)
    with torch.no_grad():
        module.own.weight.copy_(torch.eye(2))
        module.difference.weight.copy_(10 * torch.eye(2))
        module.own.bias.zero_()
        module.difference.bias.zero_()
    nodes = torch.tensor([[[1.0, 0.0], [2.0, 0.2], [0.0, 3.0]]])
    # nearest by cosine: 0 and 1 each other, 2 has 1; own + 10 (other - own), the greater with own alone, ReLU
    expected = [[11.0, 2.0], [2.0, 0.2], [20.0, 3.0]]
    assert torch.allclose(module(nodes)[0], torch.tensor(expected), atol=1e-5)


def test_edge_convolution_does_not_mind_the_order_of_nodes() -> None:
    module, nodes = EdgeConvolution(6), rand(2, 9, 6)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(module(nodes)[:, order], module(nodes[:, order]), atol=1e-5)


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="multiple of 4"):
        Inception(4, 6)
    with pytest.raises(UsageError, match="2 or 3"):
        convolution(1, 1, 3, axes=1)
