"""MELDAE: targets and loss of boundaries by hand, proposals, what it learns of boundaries."""

import numpy as np
import pytest
import torch

from fleeting import systems
from fleeting.core import Interval
from fleeting.systems.spotting.meldae import SEGMENT, boundary_loss, boundary_targets


def test_targets_by_hand():
    y = boundary_targets(60, [(10, 39)], 10.0)
    assert np.flatnonzero(y[:, 0]).tolist() == list(range(10, 40))
    assert y[10, 1] == 1 and y[13, 1] == pytest.approx(np.exp(-0.5))  # a tenth of 30 frames wide
    assert y[39, 2] == 1 and y[25, 3] == pytest.approx(1.5) and y[25, 4] == pytest.approx(1.4)
    assert y[20, 5] == 3.0 and y[50, 5] == 0
    assert boundary_targets(20, [(4, 5)], 1.0)[4, 5] == 3  # short movements are not divided by less than 3


def test_boundary_loss_by_hand():
    y = torch.as_tensor(boundary_targets(5, [(1, 3)], 1.0))[None]
    before, after = y[..., 3].clone(), y[..., 4].clone()
    assert boundary_loss(before, after, y).item() == pytest.approx(0, abs=1e-6)
    before[0, 2] += 2.0  # one of three proposals begins two frames early: smooth L1 1.5, over a length of 3
    lost = (1.5 / 3 + 1 - 2 / 4) / 3  # it shares 2 of 4
    assert boundary_loss(before, after, y).item() == pytest.approx(lost, abs=1e-3)


def test_boundary_loss_where_nothing_moves_is_nothing():
    y = torch.zeros(1, 5, 7)
    way = torch.ones(1, 5, requires_grad=True)
    loss = boundary_loss(way, way, y)
    loss.backward()
    assert loss.item() == 0 and not way.grad.any()


def test_a_short_recording_is_one_segment():
    one = systems.invented_recordings(["roi36"], 1, frames=70)[0]
    made = systems.create("meldae")
    made.prepare([one])
    assert made.batches([one])["x"].shape == (1, SEGMENT, 36)
    assert made.facts["length"] == 12


def known(seed: int) -> systems.SpottingRecording:
    rng = np.random.default_rng(seed)
    values = 0.05 * rng.normal(size=(600, 36)).astype(np.float32)
    found = []
    for start in range(40, 560, 60):
        a = start + int(rng.integers(0, 20))
        b = a + int(rng.integers(8, 25))
        values[a : b + 1] += np.hanning(b - a + 3)[1:-1, None].astype(np.float32) * rng.uniform(1, 2)
        found.append(Interval.from_frames(a, b, fps=30, kind="micro"))
    return systems.SpottingRecording(
        "d/a/v", "d/a", "d", np.arange(600) / 30, {"roi36": values}, tuple(found)
    )


@pytest.mark.parametrize("boundary", ["intervals", "frames", "none"])
def test_intervals_are_found_in_a_recording_never_seen(boundary):
    made = systems.create("meldae", boundary=boundary, training={"epochs": 25}).fit(
        [known(0), known(1), known(2)]
    )
    new = known(3)
    spotted = made.intervals(new.sealed())
    hits = sum(
        any(
            abs(one.onset_frame - i.onset_frame) + abs(one.offset_frame - i.offset_frame) <= 8
            for one in spotted
        )
        for i in new.intervals
    )
    assert hits >= 6 and len(spotted) <= 18  # of nine


def test_distances_are_those_of_the_recording_at_any_rate():
    made = systems.create("meldae", training={"epochs": 25}).fit([known(0), known(1)])
    new = known(3)
    fast = systems.SpottingRecording(
        "d/a/v", "d/a", "d", np.arange(1200) / 60, {"roi36": np.repeat(new.inputs["roi36"], 2, 0)}
    )
    slow, quick = made.intervals(new.sealed()), made.intervals(fast)
    assert len(slow) == len(quick)
    assert all(abs(2 * a.onset_frame - b.onset_frame) <= 3 for a, b in zip(slow, quick, strict=True))
