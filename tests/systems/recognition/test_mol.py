"""MOL: counts of the release, its convolutions by hand, losses by hand, tasks that can be left out."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fleeting import systems
from fleeting.core import UsageError
from fleeting.nn import EdgeConvolution
from fleeting.systems.recognition._f5c import F5C, RingConvolution
from fleeting.systems.recognition._flownet import correlation
from fleeting.systems.recognition._mol_tasks import FLOW, LANDMARKS, LEFT_EYE, JointLoss, scaled_flow
from fleeting.systems.recognition.mol import FLOW_HEAD, MOL, SIZES, SLOW
from fleeting.training import Rows

FAST = {"training": {"epochs": 1, "batch_size": 4}}


def count(module) -> int:
    return sum(one.numel() for one in module.parameters())


def test_as_many_parameters_as_the_release_part_by_part():
    with torch.device("meta"):
        paper = MOL(5, flow=FLOW_HEAD["paper"], landmarks=True, **SIZES["paper"])
    assert count(paper) == 44_105_379
    parts = {name: count(part) for name, part in paper.named_children()}
    assert parts == {
        "stem": 19_048,
        "first": 149_378,
        "second": 149_378,
        "classify": 738_853,
        "landmarks": 3_318_440,
        "flow": 39_730_282,
    }
    assert count(paper.first.lines) == 17_794


@pytest.mark.parametrize("axis", [2, 3])
def test_ring_convolution_is_a_convolution_over_the_line_and_its_beginning(axis):
    torch.manual_seed(0)
    layer = RingConvolution(3, 8, axis, norm=False)
    layer.bias.data.normal_()
    x = torch.rand(2, 3, 5, 5)
    lines = x if axis == 2 else x.transpose(2, 3)
    placed = lines + layer.place[:, :5, None]
    doubled = torch.cat([placed, placed[:, :, :-1]], 2)
    known = F.conv2d(doubled, layer.kernel[:, None, :5, None], layer.bias, groups=3)
    assert torch.allclose(layer(x), known if axis == 2 else known.transpose(2, 3), atol=1e-6)


def test_correlation_by_loops():
    first, second = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    made = correlation(first, second, 2, 2).view(2, 5, 5, 4, 5)
    for a, b, y, x in np.ndindex(5, 5, 4, 5):
        v, u = y + 2 * (a - 2), x + 2 * (b - 2)
        known = (
            (first[:, :, y, x] * second[:, :, v, u]).mean(1)
            if 0 <= v < 4 and 0 <= u < 5
            else 0 * made[:, 0, 0, 0, 0]
        )
        assert torch.allclose(made[:, a, b, y, x], known, atol=1e-6)


def test_edges_of_the_release_subtract_twice():
    torch.manual_seed(0)
    layer = EdgeConvolution(4, neighbours=1, twice=True)  # the only neighbour is the node itself: f - 2 f
    nodes = torch.randn(2, 3, 4)
    assert torch.allclose(layer(nodes), F.relu(layer.own(nodes) + layer.difference(-nodes)), atol=1e-6)


def test_parts_of_f5c_that_are_off_do_nothing():
    x = torch.rand(2, 8, 4, 4)
    assert torch.equal(F5C(8, 4, 4, fcc=False, ccc=False)(x), x)
    layer = F5C(8, 4, 4, ccc=False, feed_forward=False)
    for path in layer.lines.paths:
        path[1].kernel.data.zero_()
    assert torch.allclose(layer(x), x)  # lines alone, and they say nothing: the input comes through


def test_losses_by_hand():
    known = torch.zeros(2, 7, 68, 2)
    known[:, :, LEFT_EYE, 0] = 40  # eyes 40 pixels of 128 apart: 20 of 64
    output = {
        "logits": torch.zeros(2, 3),
        "flow": torch.zeros(2, 7, 2, 64, 64),
        "landmarks": known / 2 + torch.tensor([1.0, 0.0]),
    }
    targets = {FLOW: torch.full((2, 7, 128, 128, 2), 0.5), LANDMARKS: known}
    batch = Rows((), torch.zeros(2), targets)
    assert JointLoss(10, 0, 64)(output, batch).item() == pytest.approx(10 * 0.25**2)
    assert JointLoss(0, 0.1, 64)(output, batch).item() == pytest.approx(0.1 * 7 / 20)
    assert scaled_flow(targets[FLOW], 128).shape == (2, 7, 2, 128, 128)


def test_what_is_told_is_in_pixels_of_the_input_whatever_the_size():
    rows = systems.invented_examples(["clip8"], 4, targets=[FLOW, LANDMARKS])
    made = systems.create("mol", **FAST).fit(rows)
    inner = made.module.everything(torch.from_numpy(rows.inputs["clip8"]))
    told = made.tell(rows.sealed())
    assert told["flow"].shape == (4, 7, 2, 128, 128) and told["landmarks"].shape == (4, 7, 68, 2)
    assert torch.allclose(told["landmarks"], 2 * inner["landmarks"], atol=1e-3)
    assert told["flow"].mean() == pytest.approx(2 * inner["flow"].mean().item(), rel=1e-3)
    assert torch.allclose(torch.softmax(told["logits"], 1), torch.from_numpy(made.predict(rows)), atol=1e-5)


def test_a_task_that_is_off_needs_no_target_and_one_that_is_on_names_it():
    rows = systems.invented_examples(["clip8"], 4)
    made = systems.create("mol", flow_task=False, landmark_task=False, **FAST).fit(rows)
    assert set(made.tell(rows)) == {"logits"}
    with pytest.raises(UsageError, match="clip8-flow"):
        systems.create("mol", landmark_task=False, **FAST).fit(rows)


def test_the_class_head_starts_blind_to_what_stays_and_scaled_to_what_moves():
    rows = systems.invented_examples(["clip8"], 6)
    made = systems.create("mol", flow_task=False, landmark_task=False, **FAST)
    made.prepare(rows)
    clips, layer = torch.from_numpy(rows.inputs["clip8"]), made.module.classify[0]

    def said(clip):
        first, second = made.module.pairs(made.module.prepared(clip))
        with torch.no_grad():
            return layer(made.module.woven(first, second)) - layer.bias[:, None, None, None]

    assert said(clips).std() == pytest.approx(1, abs=0.01)
    assert said(clips[:, :1].expand(-1, 8, -1, -1)).abs().max() < 1e-3  # still faces; rounding is scaled, too
    twins = zip(made.module.first.parameters(), made.module.second.parameters(), strict=True)
    assert all(torch.equal(one, other) and one is not other for one, other in twins)
    layer = made.module.stem[0].weight
    assert torch.equal(layer, layer[..., :1, :1].expand_as(layer))  # blurs
    assert [group.get("factor", 1.0) for group in made.module.rate_groups()] == [SLOW["small"], 1.0]
    usual = systems.create("mol", flow_task=False, landmark_task=False, motion_start=False, **FAST)
    usual.prepare(rows)
    assert usual.module.rate_groups()[0]["factor"] == 1.0
    assert not torch.equal(
        usual.module.stem[0].weight[..., :1, :1].expand_as(layer), usual.module.stem[0].weight
    )
    learnt = made.fit(rows).module.classify[0].weight.clone()
    made.start_from(made).prepare(rows)
    assert torch.equal(made.module.classify[0].weight, learnt)


def test_training_starts_at_the_mean_face_and_at_no_flow_unless_it_was_learnt_before():
    rows = systems.invented_examples(["clip8"], 4, targets=[FLOW, LANDMARKS])
    made = systems.create("mol", **FAST)
    made.prepare(rows)
    face = torch.from_numpy(rows.inputs[LANDMARKS]).mean((0, 1))
    told = made.tell(rows.sealed())
    assert (told["landmarks"] - face).abs().max() < 1  # of 128 pixels; without it tens
    assert told["flow"].norm(dim=2).mean() < 0.01
    learnt = made.fit(rows).module.landmarks[-1].bias.clone()
    made.start_from(made).prepare(rows)
    assert torch.equal(made.module.landmarks[-1].bias, learnt)
