import pytest
import torch
from torch import nn

from fleeting.nn import BatchNorm, counted_rows

SHAPES = [(9, 4), (9, 4, 5), (9, 4, 5, 6), (9, 4, 2, 5, 6)]


def pair(shape: tuple[int, ...]) -> tuple[BatchNorm, nn.Module]:
    theirs = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[len(shape)](4)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor([1.0, -2.0, 0.5, 3.0]))
        theirs.bias.copy_(torch.arange(4.0))
    ours = BatchNorm(4)
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if k != "num_batches_tracked"})
    return ours, theirs


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("masked", [False, True])
def test_it_is_torch_s_own_in_training_and_after(shape: tuple[int, ...], masked: bool) -> None:
    ours, theirs = pair(shape)
    made = torch.Generator().manual_seed(0)
    for _ in range(3):
        x = 3 * torch.randn(shape, generator=made) + 5
        one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
        with counted_rows(torch.ones(9) if masked else None):
            got = ours(one)
        expected = theirs(other)
        assert torch.allclose(got, expected, atol=1e-4)
        (got**3).sum().backward()
        (expected**3).sum().backward()
        assert torch.allclose(one.grad, other.grad, rtol=1e-3, atol=1e-2)
    assert torch.allclose(ours.running_mean, theirs.running_mean, atol=1e-5)
    assert torch.allclose(ours.running_var, theirs.running_var, atol=1e-4)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_padded_rows_do_not_count(shape: tuple[int, ...]) -> None:
    ours, theirs = pair(shape)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    padded = torch.cat([x, 1e3 * torch.ones_like(x[:2])])
    with counted_rows(torch.tensor([1.0] * 9 + [0.0] * 2)):
        got = ours(padded)[:9]
    assert torch.allclose(got, theirs(x), atol=1e-4)
    assert torch.allclose(ours.running_var, theirs.running_var, atol=1e-4)


def test_the_mask_ends_with_its_block_also_after_an_error() -> None:
    norm = BatchNorm(1)
    x = torch.tensor([[1.0], [3.0], [99.0]])
    with pytest.raises(RuntimeError), counted_rows(torch.tensor([1.0, 1.0, 0.0])):
        raise RuntimeError
    assert abs(norm(x).sum().item()) < 1e-5  # the mean of all three


def test_in_evaluation_the_mask_changes_nothing() -> None:
    norm = BatchNorm(2).eval()
    x = torch.randn(4, 2)
    plain = norm(x)
    with counted_rows(torch.tensor([1.0, 0.0, 0.0, 0.0])):
        assert torch.equal(norm(x), plain)
