"""PESFormer: no interval is lost, padding changes nothing, loss by hand, long videos."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fleeting import systems
from fleeting.core import Interval
from fleeting.models import pieces
from fleeting.systems.spotting._timestamps import kept_intervals, timestamp_targets
from fleeting.systems.spotting.pesformer import PesFormerNet


def test_no_training_interval_is_lost_where_windows_lose_some():
    people = systems.feature_recordings(3, 1, seed=1)
    total = sum(len(one.intervals) for one in people)
    assert systems.create("pesformer").training_intervals(people) == (total, total)
    kept, counted = systems.create("pesformer", whole=False).training_intervals(people)
    assert counted == total and 0 < kept < total


@given(st.integers(0, 190), st.integers(0, 60))
def test_every_movement_marks_a_timestamp(onset, length):
    assert timestamp_targets(100, [(onset, min(onset + length, 199))], 2, "timestamps", 30.0).any()


def test_anchors_lose_what_fits_none_of_them():
    long = [(10, 189)]  # six seconds
    assert timestamp_targets(100, long, 2, "timestamps", 30.0).sum() == 90
    assert not timestamp_targets(100, long, 2, "anchors", 30.0).any()


@given(st.integers(1, 300), st.integers(2, 80))
def test_pieces_of_a_long_video_leave_no_unit_out(units, length):
    seen = np.zeros(units, bool)
    for a, b in pieces(units, length, whole=True, window=8):
        assert 0 <= a < b <= units and b - a <= length
        seen[a:b] = True
    assert seen.all()


def test_a_movement_across_the_border_of_windows_is_lost():
    parts = pieces(128, 512, whole=False, window=64)
    assert kept_intervals([(100, 120), (120, 140)], parts, 2) == [(100, 120)]


def test_padding_changes_nothing():
    torch.manual_seed(0)
    net = PesFormerNet(16, 2, 4, 2, 64).eval()
    x = torch.randn(1, 20, 16 * 36)
    padded = torch.cat([x, torch.randn(1, 30, 16 * 36)], 1)
    mask = (torch.arange(50) < 20).float()[None]
    assert torch.allclose(net(x, torch.ones(1, 20)), net(padded, mask)[:, :20], atol=1e-5)


def test_local_attention_does_not_see_far():
    net = PesFormerNet(16, 1, 4, 2, 64, local=5).eval()
    x = torch.randn(1, 40, 16 * 36)
    other = x.clone()
    other[:, 20:] += 1
    one, two = net(x, torch.ones(1, 40)), net(other, torch.ones(1, 40))
    assert torch.allclose(one[:, :15], two[:, :15], atol=1e-6) and not torch.allclose(
        one[:, 15:20], two[:, 15:20]
    )


def test_loss_by_hand():
    batch = {"y": torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]), "mask": torch.tensor([[1.0, 0.0]])}
    logits = torch.zeros(1, 2, 2)
    plain = systems.create("pesformer", dice=False)
    # one unit counts: (1/2)^2 ln 2, times 3/4 for the movement and 1/4 for what is none
    assert plain.loss(logits, batch).item() == pytest.approx(math.log(2) / 4)
    even = systems.create("pesformer", dice=False, focal=False)
    assert even.loss(logits, batch).item() == pytest.approx(math.log(2))
    dice = systems.create("pesformer", focal=False).loss(logits, batch).item() - math.log(2)
    # micro: 1 - (2 * 0.5 + 1) / (0.5 + 1 + 1), macro: 1 - 1 / (0.5 + 1)
    assert dice == pytest.approx(((1 - 2 / 2.5) + (1 - 1 / 1.5)) / 2)


def test_a_video_longer_than_the_padding_is_run_in_pieces():
    one = systems.invented_recordings(["roi36"], 1, frames=1500)[0]
    made = systems.create("pesformer", training={"epochs": 1}).fit([one])
    assert len(made.parts(750)) == 2
    said = made.outputs(one.sealed())
    assert said["micro"].shape == (1500,) and said["micro"].min() > 0


def test_both_kinds_and_intervals():
    values = np.zeros((300, 36), np.float32)
    found = (Interval.from_frames(60, 71, fps=30), Interval.from_frames(150, 209, fps=30))
    for one in found:
        values[one.onset_frame : one.offset_frame + 1] += np.hanning(one.frames)[:, None] * 8
    known = systems.SpottingRecording("d/a/v", "d/a", "d", np.arange(300) / 30, {"roi36": values}, found)
    made = systems.create("pesformer", training={"epochs": 40}).fit([known, known])
    for kind, truth in zip(("micro", "macro"), found, strict=True):
        made.target = kind
        strongest = max(made.intervals(known.sealed()), key=lambda i: i.score)
        assert truth.onset_frame - 8 <= strongest.apex_frame <= truth.offset_frame + 8
        assert strongest.kind == kind


def test_sizes():
    paper = systems.create("pesformer", preset="paper").build()
    block = 4 * 256 * 256 + 4 * 256 + 8 * 256 * 256 + 5 * 256 + 4 * 256
    expected = 576 * 256 + 256 + 2304 * 256 + 6 * block + 2 * 256 + 2 * 256 + 2
    assert sum(p.numel() for p in paper.parameters()) == expected
