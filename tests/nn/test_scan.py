"""The fast scan is the recurrence, forward and backward."""

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] holds torch")

from fleeting.core import ShapeError  # noqa: E402
from fleeting.nn import scan as module  # noqa: E402
from fleeting.nn.scan import selective_scan, step_by_step  # noqa: E402


def given(batch: int, steps: int, channels: int, size: int, dtype=torch.float64) -> list:
    torch.manual_seed(steps)
    draw = lambda *shape: torch.randn(*shape, dtype=dtype)  # noqa: E731
    dt = torch.nn.functional.softplus(draw(batch, steps, channels) - 2)
    made = [
        draw(batch, steps, channels), dt, -torch.exp(draw(channels, size) / 2), draw(batch, steps, size),
        draw(batch, steps, size), draw(channels), draw(batch, channels, size),
    ]  # fmt: skip
    return [one.requires_grad_() for one in made]


def both(arguments: list, weight) -> list[list]:
    found = []
    for function in (selective_scan, step_by_step):
        y, last = function(*arguments)
        gradients = torch.autograd.grad((y * weight).sum() + (last**2).sum(), arguments)
        found.append([y, last, *gradients])
    return found


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 37, 5, 4), (3, 20, 4, 1), (5, 64, 8, 16)])
@pytest.mark.parametrize("small", [False, True], ids=["one stretch", "many stretches and groups"])
def test_it_is_the_recurrence(shape, small, monkeypatch):
    if small:  # so that groups of sequences and stretches of time are cut, with a rest
        monkeypatch.setattr(module, "STEP_FLOATS", 2 * shape[2] * shape[3])
        monkeypatch.setattr(module, "CHUNK_FLOATS", 6 * shape[2] * shape[3])
    arguments = given(*shape)
    ours, oracle = both(arguments, torch.randn(shape[:3], dtype=torch.float64))
    for one, other in zip(ours, oracle, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-9)


def test_single_precision_is_close():
    arguments = given(4, 256, 32, 16, torch.float32)
    ours, oracle = both(arguments, torch.randn(4, 256, 32))
    for one, other in zip(ours, oracle, strict=True):
        assert (one - other).abs().max() <= 1e-5 * max(1.0, other.abs().max().item())


def test_gradients_by_finite_differences():
    assert torch.autograd.gradcheck(selective_scan, given(2, 5, 3, 2))


def test_frame_by_frame_is_the_whole():
    x, dt, a, b, c, d, state = (one.detach() for one in given(2, 30, 4, 3))
    whole, last = selective_scan(x, dt, a, b, c, d, state)
    parts = []
    for t in range(30):
        y, state = selective_scan(
            x[:, t : t + 1], dt[:, t : t + 1], a, b[:, t : t + 1], c[:, t : t + 1], d, state
        )
        parts.append(y)
    assert torch.allclose(torch.cat(parts, 1), whole)
    assert torch.allclose(state, last)


def test_a_worked_case():
    """One channel, A = -ln 2: the state halves each step; inputs 1, 0, 2 with C = 1, 2, 3 and D = 10."""
    one = torch.ones(1, 3, 1)
    x, c = torch.tensor([[[1.0], [0.0], [2.0]]]), torch.tensor([[[1.0], [2.0], [3.0]]])
    y, last = selective_scan(x, one, torch.tensor([[-0.6931471805599453]]), one, c, torch.tensor([10.0]))
    assert y.flatten().tolist() == pytest.approx([11.0, 1.0, 26.75])  # states 1, 1/2, 2 1/4
    assert last.item() == pytest.approx(2.25)


@pytest.mark.parametrize("place", [1, 3, 4])
def test_wrong_shapes_are_named(place):
    arguments = given(2, 5, 3, 2)
    arguments[place] = arguments[place][:, :4]
    with pytest.raises(ShapeError, match="expected"):
        selective_scan(*arguments)


@pytest.mark.parametrize("shape", [(2, 1, 3, 2), (2, 37, 5, 4), (4, 256, 32, 16)])
def test_the_form_that_is_exported_is_the_recurrence(shape):
    x, dt, a, b, c, _, state = (one.detach() for one in given(*shape, torch.float32))
    for one, other in zip(
        module.doubling(x, dt, a, b, c, state), step_by_step(x, dt, a, b, c, None, state), strict=True
    ):
        assert (one - other).abs().max() <= 1e-5 * max(1.0, other.abs().max().item())
