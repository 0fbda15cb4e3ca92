"""AUW-GCN and Causal-Ex: sizes, graphs by hand, a planted common cause, losses, companions in a batch."""

import numpy as np
import pytest
import torch

from fleeting import systems
from fleeting.core import Interval, ShapeError
from fleeting.nn import GraphLayer
from fleeting.systems.spotting._auw import CONTEXT, AuwNet, leaning_loss, start_end_loss, targets
from fleeting.systems.spotting._causal import acting_together, causes, row_shares

BROW, MOUTH = 1, 8


def signals(seed: int, shared: float = 1.0, frames: int = 2500) -> np.ndarray:
    """Region 0 moves brow 1, which moves 2; 9 moves mouth 8, which moves 10; 1 and 8 share a cause."""
    rng = np.random.default_rng(seed)
    x = 0.3 * rng.normal(size=(frames, 12, 2))
    hidden = shared * rng.normal(size=(frames, 2))
    x[:, [0, 9]] += rng.normal(size=(frames, 2, 2))
    for source, target, follows in ((0, BROW, 2), (9, MOUTH, 10)):
        x[:, target] += 0.8 * x[:, source] + hidden + 0.5 * rng.normal(size=(frames, 2))
        x[:, follows] += x[:, target]
    return x


def test_sizes():
    assert sum(p.numel() for p in AuwNet(1).parameters()) == 39_248
    # a second graph layer: 16 x 16, its bias, its norm; pools have no weights
    assert sum(p.numel() for p in AuwNet(2, pools=True).parameters()) == 39_248 + 256 + 16 + 32


def test_graph_layer_by_hand():
    layer = GraphLayer(1, 1).eval()
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.fill_(1.0)
    graph = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    x = torch.tensor([[[[1.0], [3.0]], [[-4.0], [-4.0]]]])  # one clip, two frames, two nodes
    scale = (1 + 1e-5) ** -0.5  # the norm has seen nothing yet
    expected = torch.tensor([[[[5.0], [7.0]], [[0.0], [0.0]]]]) * scale
    assert torch.allclose(layer(x, graph), expected, atol=1e-6)
    with pytest.raises(ShapeError, match="does not fit"):
        layer(x, torch.eye(3))


def test_acting_together_by_hand():
    alone = acting_together([(1,), (99,)])
    assert np.array_equal(np.flatnonzero(np.diag(alone)), [0, 1, 4, 5]) and alone.sum() == 4
    pair = acting_together([(2, 12, 12)])
    assert pair[2, 8] == pair[8, 2] == pair[3, 10] == 1 and pair.sum() == 2 * 2 * 2
    same = acting_together([(12, 14)])  # both act on 8 and 10: each pair both ways
    assert same[8, 8] == 2 and same[8, 10] == 2 and same.sum() == 8
    assert row_shares(pair)[2].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_common_cause_is_no_edge_though_the_regions_go_together(seed):
    flow = signals(seed)
    rows = np.moveaxis(flow, 2, 0).reshape(-1, 12)
    assert np.corrcoef(rows, rowvar=False)[BROW, MOUTH] > 0.4
    found = causes(flow)
    assert not found[BROW, MOUTH] and not found[MOUTH, BROW]
    assert found[2, BROW] == found[10, MOUTH] == 1  # row i says what i takes: 1 moves 2, 8 moves 10
    assert found.sum() == 2


def test_a_still_or_doubled_region_gives_no_edge():
    flow = signals(0)
    flow[:, 4] = 0
    flow[:, 5] = flow[:, BROW]
    found = causes(flow)
    assert not found[4].any() and not found[:, 4].any() and not found[5].any()


def test_too_little_gives_no_edge():
    assert not causes(signals(0)[:10]).any()


def test_targets_reach_further_for_macro():
    micro, macro = (targets(60, [(20, 30, 45)], kind) for kind in ("micro", "macro"))
    assert np.flatnonzero(micro[:, 0] == 0).tolist() == [19, 20, 21]
    assert np.flatnonzero(macro[:, 0] == 1).tolist() == list(range(42, 49))
    assert np.flatnonzero(macro[:, 1]).tolist() == list(range(27, 34))
    assert macro[33, 1] == pytest.approx(np.exp(-9 / 32)) and macro[30, 1] == 1
    assert np.flatnonzero(micro[:, 2]).tolist() == list(range(20, 46))


def test_losses_by_hand():
    p, y = torch.tensor([0.5, 0.25]), torch.tensor([1.0, 0.0])
    there, away = 0.9 * 0.5 * np.log(2), 0.1 * abs(0.16 - 0.25) * -np.log(0.75)
    assert leaning_loss(p, y, 0.9).item() == pytest.approx((there + away) / 2, abs=1e-4)
    logits, classes = torch.zeros(2, 3), torch.tensor([1, 2])
    each = np.log(3) * (1 - 1 / 3)
    assert start_end_loss(logits, classes).item() == pytest.approx((0.45 + 0.10) * each / 2, abs=1e-6)


def test_segments_have_context_and_only_those_with_movements_are_trained_on():
    rows = np.arange(400, dtype=np.float32)[:, None, None].repeat(12, 1).repeat(2, 2)
    found = (Interval.from_frames(140, 150, fps=30, apex=145),)
    one = systems.SpottingRecording("d/a/v", "d/a", "d", np.arange(400) / 30, {"roi12": rows}, found)
    made = systems.create("auw-gcn")  # segments of 128
    batch = made.batches([one])
    assert batch["x"].shape == (1, 128 + 2 * CONTEXT, 12, 2)
    flow = batch["x"][0, :, 0, 0].tolist()
    assert flow[0] == 121 and flow[CONTEXT] == 128 and flow[-1] == 262
    assert torch.nonzero(batch["y"][0, :, 0, 2]).flatten().tolist() == list(range(12, 23))
    early = systems.SpottingRecording(
        "d/a/v", "d/a", "d", np.arange(400) / 30, {"roi12": rows}, (Interval.from_frames(5, 9, fps=30),)
    )
    assert not made.batches([early])["x"][0, :CONTEXT].any()  # zeros before the video


def learnt(**switches):
    people = systems.feature_recordings(2, 1, settings=systems.FeatureSettings(seconds=20), seed=5)
    return systems.create("causal-ex", training={"epochs": 1}, **switches).fit(people), people


def test_a_frozen_graph_does_not_ask_for_companions_and_the_released_one_does():
    """What runs beside a video changes its result where the graph is found in the mini-batch."""
    results = {}
    for graph in ("fold", "batch"):
        made, people = learnt(graph=graph)
        flow = torch.as_tensor(np.stack([one.inputs["roi12"] for one in people]))
        alone = made.run(made.network, {"x": flow[:1]}).detach()
        beside = made.run(made.network, {"x": flow}).detach()[:1]
        results[graph] = float((alone - beside).abs().max())
    assert results["fold"] < 1e-5 < 1e-3 < results["batch"]


def test_the_graph_of_units_is_that_of_the_training_coding():
    made, people = learnt(graph="none")
    expected = row_shares(acting_together([units for one in people for units in one.units]))
    assert np.allclose(made.network.graph.numpy(), expected, atol=1e-6)
    assert np.allclose(learnt(graph="none", adjacency="self")[0].network.graph.numpy(), np.eye(12), atol=1e-5)


def test_debiasing_takes_off_what_an_even_face_gives():
    made, _ = learnt(debias=True)
    even = torch.rand(1, 40, 1, 2).expand(1, 40, 12, 2)
    said = made.run(made.network, {"x": even}).detach()
    whole = made.network(even).detach()[:, CONTEXT:-CONTEXT]
    assert torch.allclose(said, 0.5 * whole, atol=1e-5)


def precision(made, people) -> float:
    from sklearn.metrics import average_precision_score

    values = np.concatenate([made.curve(one.sealed()).values for one in people])
    inside = np.zeros((len(people), 900), bool)
    for row, one in zip(inside, people, strict=True):
        for i in one.intervals:
            row[i.onset_frame : i.offset_frame + 1] = True
    return float(average_precision_score(inside.ravel(), values))


def test_a_planted_link_is_dropped_and_the_biased_model_loses_where_it_does_not_hold():
    """The mouth goes along with coded movements in training, and against them where it is tested."""
    train = systems.linked_recordings(6, 0.85, seed=1)
    test = systems.linked_recordings(3, 0.15, seed=100)
    lengths = [np.ptp(np.cumsum(one.inputs["roi12"], 0)[:, 8, 1]) for one in train]
    assert min(lengths) > 1  # the mouth does move in all of them
    scores = {}
    for select in (True, False):
        made = systems.create("causal-ex", select=select, training={"epochs": 15}).fit(train)
        kept = made.network.keep.flatten().bool().tolist()
        assert kept == ([True] * 6 + [False] * 6 if select else [True] * 12)
        scores[select] = precision(made, test)
    assert scores[True] > scores[False] + 0.01


def test_both_kinds_are_decoded_as_released():
    way = np.zeros((300, 12, 2), np.float32)
    found = tuple(Interval.from_frames(a, b, fps=30, apex=(a + b) // 2) for a, b in ((60, 71), (150, 205)))
    for one in found:
        way[one.onset_frame : one.offset_frame + 1] += np.hanning(one.frames)[:, None, None] * 4
    flow = np.diff(way, axis=0, prepend=way[:1])
    known = systems.SpottingRecording("d/a/v", "d/a", "d", np.arange(300) / 30, {"roi12": flow}, found)
    made = systems.create("auw-gcn", training={"epochs": 60}).fit([known])
    spotted = made.intervals(known.sealed())
    assert spotted and max(spotted, key=lambda one: one.score).apex_frame in range(60, 72)
