import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from fleeting.core import UsageError
from fleeting.training import class_loss, class_weights, label_loss, positive_weights


def draw(rows: int, classes: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    return torch.randn(rows, classes, generator=made), torch.randint(classes, (rows,), generator=made)


@given(st.integers(0, 99), st.floats(0, 0.5))
def test_cross_entropy_is_torch_s_own(seed: int, smoothing: float) -> None:
    logits, labels = draw(7, 4, seed)
    ours = class_loss(logits, labels, torch.ones(4), smoothing=smoothing)
    theirs = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_class_weights_multiply_each_row() -> None:
    logits, labels = draw(6, 3, 1)
    weights = torch.tensor([0.5, 2.0, 1.0])
    theirs = F.cross_entropy(logits, labels, weight=weights, reduction="none")
    assert torch.allclose(class_loss(logits, labels, weights), theirs, atol=1e-6)


def test_focal_loss_by_hand() -> None:
    # p of the right class is 1/4: -ln(1/4) (3/4)^2 = 1.3863 * 0.5625
    logits = torch.log(torch.tensor([[0.25, 0.75]]))
    assert class_loss(logits, torch.tensor([0]), torch.ones(2), gamma=2.0).item() == pytest.approx(
        0.77978, abs=1e-4
    )


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        ("none", [1.0, 1.0]),
        ("inverse", [4 / 6, 2.0]),  # 4 rows, 2 classes: 4 / (2 n_c)
        ("sqrt", [4 / (3 / 3**0.5 + 1) / 3**0.5, 4 / (3 / 3**0.5 + 1)]),
    ],
)
def test_class_weights_by_hand(balance: str, expected: list[float]) -> None:
    assert class_weights(np.array([0, 0, 0, 1]), 2, balance) == pytest.approx(expected, rel=1e-5)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=50),
    st.sampled_from(["none", "inverse", "sqrt", "effective"]),
)
def test_class_weights_have_mean_one_over_the_rows(labels: list[int], balance: str) -> None:
    weights = class_weights(np.array(labels), 5, balance)
    assert weights[labels].mean() == pytest.approx(1, rel=1e-4)
    assert weights[4] == 0  # no row, no weight


def test_effective_number_lies_between_none_and_inverse() -> None:
    labels = np.repeat([0, 1], [900, 100])
    ratio = {b: np.divide(*class_weights(labels, 2, b)[::-1]) for b in ("none", "inverse", "effective")}
    assert ratio["none"] == 1 and ratio["inverse"] == pytest.approx(9)
    assert 1 < ratio["effective"] < 9


def test_an_unknown_balance_is_refused() -> None:
    with pytest.raises(UsageError, match="balance"):
        class_weights(np.array([0]), 1, "odd")


def test_label_loss_is_torch_s_own_and_skips_unknown() -> None:
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0], [1, -1, -1]])
    ours = label_loss(logits, labels, torch.tensor([2.0, 1.0, 3.0]))
    weight = torch.tensor([2.0, 1.0, 3.0])
    theirs = F.binary_cross_entropy_with_logits(
        logits[:4], labels[:4].float(), pos_weight=weight, reduction="none"
    ).mean(1)
    assert torch.allclose(ours[:4], theirs, atol=1e-6)
    alone = F.binary_cross_entropy_with_logits(logits[4, :1], torch.ones(1), pos_weight=weight[:1])
    assert ours[4].item() == pytest.approx(alone.item(), rel=1e-5)


def test_positive_weights_are_clipped_and_one_where_nothing_is_known() -> None:
    labels = np.zeros((100, 3), np.int64)
    labels[0, 0] = 1  # 99 to 1
    labels[:50, 1] = 1
    assert positive_weights(labels, "inverse").tolist() == [10, 1, 1]
    assert positive_weights(labels, "none").tolist() == [1, 1, 1]
