"""MicroAttNet: fusion by hand, several labels, mirrored views, what each switch leaves out."""

import numpy as np
import torch

from fleeting import systems
from fleeting.systems.recognition.microattnet import FusionAttention, MicroAttNet, mirror_views

FAST = {"training": {"epochs": 2}}


def test_fusion_of_equal_streams_is_the_stream_and_scores_choose() -> None:
    layer = FusionAttention(4)
    same = torch.rand(2, 1, 4).expand(2, 3, 4)
    assert torch.allclose(layer(same), same[:, 0], atol=1e-6)
    with torch.no_grad():
        layer.into.weight.copy_(torch.eye(4))
        layer.into.bias.zero_()
        layer.score.weight.copy_(torch.tensor([[100.0, 0, 0, 0]]))
    streams = torch.tensor([[[0.1, 1, 1, 1], [0.9, 2, 2, 2], [0.2, 3, 3, 3]]])
    assert torch.allclose(layer(streams), streams[:, 1], atol=1e-4)


def test_several_labels_where_the_rows_have_them(tmp_path) -> None:
    one = systems.invented_examples(["flowviews28"], 6)
    two = systems.invented_examples(["flowviews28"], 6, several=True)
    single = systems.create("microattnet", **FAST).fit(one).predict(one)
    made = systems.create("microattnet", **FAST).fit(two)
    several = made.predict(two)
    assert np.allclose(single.sum(1), 1, atol=1e-5) and not np.allclose(several.sum(1), 1, atol=1e-2)
    made.save(tmp_path)
    assert np.array_equal(systems.load(tmp_path).predict(two), several)


def test_what_is_left_out_is_not_looked_at() -> None:
    views = torch.rand(2, 2, 2, 28, 28, 3)
    for name, place in (("two_views", (slice(None), 1)), ("two_phases", (slice(None), slice(None), 1))):
        other = views.clone()
        other[place] = 0.0
        for on in (True, False):
            torch.manual_seed(0)
            module = MicroAttNet(3, widths=(4, 8, 8), **{name: on}).eval()
            assert torch.equal(module(views), module(other)) == (not on)


def test_mirrored_views_change_places() -> None:
    views = torch.rand(30, 2, 2, 4, 4, 3)
    (made,), _ = mirror_views((views,), torch.zeros(30), np.random.default_rng(0), ("a",))
    turned = (made != views).flatten(1).any(1)
    assert 0 < int(turned.sum()) < 30
    expected = views[turned].flip(1).flip(4) * torch.tensor([-1.0, 1.0, 1.0])
    assert torch.equal(made[turned], expected) and torch.equal(made[~turned], views[~turned])


def test_a_network_of_the_left_view_learns_nothing_from_the_right_one() -> None:
    rows = systems.invented_examples(["flowviews28"], 8)
    views = rows.inputs["flowviews28"].copy()
    views[:, 1] = np.random.default_rng(1).uniform(-1, 1, views[:, 1].shape)
    other = systems.with_input(rows, "flowviews28", views)
    one, two = (systems.create("microattnet", two_views=False, **FAST).fit(each) for each in (rows, other))
    assert one.settings.augment
    assert np.array_equal(one.predict(rows), two.predict(rows))


def test_sizes_of_the_paper_preset() -> None:
    stream = (4 * 32 + 32 * 64 + 64 * 128) * 9 + 2 * (32 + 64 + 128)
    squeeze = 128 * 8 + 8 + 8 * 128 + 128
    fusion = 128 * 128 + 128 + 128
    assert sum(one.numel() for one in MicroAttNet(5).parameters()) == 3 * stream + squeeze + fusion + 129 * 5
