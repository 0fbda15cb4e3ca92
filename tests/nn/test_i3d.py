"""I3D and the triplet loss, by hand."""

import torch

from fleeting.nn import I3D, triplet_loss


def test_triplet_loss_takes_the_farthest_of_its_class_and_the_nearest_of_another():
    at = torch.tensor([0.0, 60.0, 90.0, 180.0]).deg2rad()
    rows = 5 * torch.stack([at.cos(), at.sin()], 1)  # length does not count
    labels = torch.tensor([0, 0, 1, 1])

    def far(a, b):  # chord of two places on the unit circle
        return 2 * torch.sin((at[a] - at[b]).abs() / 2)

    expected = [
        far(0, 1) - far(0, 2) + 0.3,
        far(1, 0) - far(1, 2) + 0.3,
        far(2, 3) - far(2, 1) + 0.3,
        far(3, 2) - far(3, 1) + 0.3,
    ]
    made = triplet_loss(rows, labels)
    assert torch.allclose(made, torch.stack(expected).clamp_min(0), atol=1e-4) and (made > 0).sum() == 2


def test_rows_without_a_companion_or_another_class_count_nothing():
    rows = torch.rand(3, 4, requires_grad=True)
    for labels in ([0, 0, 0], [0, 1, 2]):
        loss = triplet_loss(rows, torch.tensor(labels))
        assert not loss.any()
    triplet_loss(rows, torch.tensor([0, 0, 1])).sum().backward()
    assert bool(torch.isfinite(rows.grad).all())


def test_sizes_and_what_is_added():
    torch.manual_seed(0)
    network = I3D(1, widths=(8, 8, 16, 16), kernel=3).eval()
    clip = torch.rand(2, 1, 8, 28, 28)
    features, middle = network(clip)
    assert features.shape == (2, 16) and middle.shape == (2, 16, 4, 4, 4)
    same, _ = network(clip, torch.zeros_like(middle))
    other, unchanged = network(clip, torch.ones_like(middle))
    assert torch.equal(same, features) and torch.equal(unchanged, middle)
    assert not torch.allclose(other, features)
