import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.training import TrainingSettings, epoch_batches, torch_seed


@given(st.integers(1, 300), st.integers(1, 64), st.integers(0, 5), st.booleans())
def test_batches_hold_every_row_once_and_are_even(rows: int, size: int, epoch: int, shuffle: bool) -> None:
    settings = TrainingSettings(batch_size=size, shuffle=shuffle)
    batches = epoch_batches(rows, settings, 3, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(rows))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size and max(sizes) - min(sizes) <= 1


def test_order_depends_on_seed_and_epoch_alone() -> None:
    orders = {
        (seed, epoch): tuple(np.concatenate(epoch_batches(50, TrainingSettings(), seed, epoch)))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(set(orders.values())) == 9
    again = np.concatenate(epoch_batches(50, TrainingSettings(), 1, 2))
    assert tuple(again) == orders[1, 2]


def test_without_shuffling_rows_keep_their_order() -> None:
    settings = TrainingSettings(shuffle=False, batch_size=4)
    assert [b.tolist() for b in epoch_batches(6, settings, 0, 9)] == [[0, 1, 2], [3, 4, 5]]


def test_rates_by_hand() -> None:
    cosine = TrainingSettings(epochs=4, learning_rate=1.0, schedule="cosine")
    assert [cosine.rate(e) for e in range(4)] == pytest.approx([1, 0.85355, 0.5, 0.14645], abs=1e-5)
    step = TrainingSettings(learning_rate=1.0, schedule="step", step_epochs=2, step_factor=0.1)
    assert [step.rate(e) for e in range(5)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_seeds_of_drop_out_differ_from_epoch_to_epoch() -> None:
    seeds = {torch_seed(seed, epoch) for seed in range(5) for epoch in range(-1, 20)}
    assert len(seeds) == 5 * 21 and min(seeds) >= 0 and max(seeds) < 2**63


@pytest.mark.parametrize(
    "wrong",
    [{"optimizer": "lion"}, {"epochs": -1}, {"batch_size": 0}, {"label_smoothing": 1.0}, {"keep": "test"}],
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        TrainingSettings(**wrong)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(UsageError, match=r"'epoch'; available: .*epochs"):
        TrainingSettings().changed({"epoch": 3})
