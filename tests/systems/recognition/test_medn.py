"""MEDN: sparse tokens by hand, losses by hand, inputs by switch, features that the loss keeps apart."""

import numpy as np
import pytest
import torch

from fleeting import systems
from fleeting.systems.recognition._mirror import FRAMES, MAPS, MirrorTogether
from fleeting.systems.recognition._sevit import SparseLayer, change_of, most_changed
from fleeting.systems.recognition.medn import Losses, clip_frames, overlap
from fleeting.training import Rows

FAST = {"epochs": 4, "augment": False}


def test_half_of_the_places_stay_at_rate_one_half() -> None:
    changed = torch.rand(2, 3, 49)
    for rate, stay in ((0.25, 37), (0.5, 24), (0.75, 12), (0.0, 49)):
        kept = most_changed(changed, rate)
        assert kept.sum(2).unique().tolist() == [stay]
        if rate:
            assert changed[kept > 0].min(0).values > 0
            highest_left = torch.where(kept > 0, -1.0, changed).amax(2)
            lowest_kept = torch.where(kept > 0, changed, 2.0).amin(2)
            assert bool((lowest_kept >= highest_left).all())


def test_a_frame_in_which_a_place_was_left_out_is_not_seen_there() -> None:
    torch.manual_seed(0)
    layer = SparseLayer(8, 2, (0.75,)).eval()
    layer.over_places = torch.nn.Identity()  # type: ignore[assignment]
    x = torch.zeros(1, 3, 4, 8)
    x[0, 1, 0], x[0, 2, 0] = 5 * torch.rand(8), -5 * torch.rand(8)  # only the first place changes
    kept = most_changed(change_of(x), 0.75)
    assert kept[0, :, 0].tolist() == [1, 1, 1]
    with torch.no_grad():
        made = layer(x)
    assert torch.equal(made[0, :, 1:], x[0, :, 1:])  # the others are left as they were
    assert (made[0, :, 0] - x[0, :, 0]).abs().max() > 1e-3


def test_losses_by_hand() -> None:
    output = {
        "logits": torch.zeros(2, 3),
        "motion": torch.tensor([[1.0, 0.0], [1.0, 0.0]]),
        "emotion": torch.tensor([[0.0, 2.0], [3.0, 3.0]]),
        "units": torch.zeros(2, 1),
    }
    batch = Rows((), torch.zeros(2), {"aus12": torch.tensor([[1], [-1]], dtype=torch.int8)})
    assert overlap(output["motion"], output["emotion"]).tolist() == pytest.approx([0, 2**-0.5])
    assert Losses(0, 1)(output, batch).item() == pytest.approx(0.25)  # mean of 0 and 1/2
    # one known unit at even odds, its row weighed by 4; the other row counts for nothing
    assert Losses(1, 0, torch.tensor([4.0]))(output, batch).item() == pytest.approx(4 * np.log(2) / 2)


def test_the_orthogonal_loss_keeps_features_apart() -> None:
    rows = systems.invented_examples(["flowmap28", "clip16"], 12, targets=["aus12"])
    found = {}
    for on in (True, False):
        made = systems.create("medn", orthogonal=on, training=FAST | {"epochs": 15})
        if on:
            made.extra.common = 5.0
        made.fit(rows)
        with torch.no_grad():
            told = made.module(*(torch.from_numpy(rows.inputs[name]) for name in made.inputs))
        found[on] = overlap(told["motion"], told["emotion"]).square().mean().item()
    assert found[True] < 0.5 * found[False]


def test_switches_decide_what_is_needed() -> None:
    rows = systems.invented_examples(["flowmap28"], 6)
    made = systems.create("medn", frames="maps", au_task=False, training=FAST).fit(rows)
    assert made.inputs == ("flowmap28",) and made.predict(rows).shape == (6, 3)
    alone = systems.create("medn", emotion_branch=False, au_task=False, training=FAST).fit(rows)
    assert not any(name.startswith(("emotion", "fusion")) for name, _ in alone.module.named_parameters())


def test_a_clip_of_maps_is_taken_frame_by_frame() -> None:
    clip = torch.randint(0, 256, (2, 8, 28, 28, 3), dtype=torch.uint8)
    assert clip_frames(clip).shape == (2, 8, 3, 28, 28)
    assert clip_frames(clip[..., 0]).shape == (2, 8, 1, 28, 28)
    growing = torch.rand(1, 1, 28, 28, 3) * torch.arange(1.0, 9).view(1, 8, 1, 1, 1)
    sizes = clip_frames(growing).abs().amax((0, 2, 3, 4))
    assert torch.allclose(sizes / sizes[-1], torch.arange(1.0, 9) / 8, atol=1e-4)  # how it grows is kept


def test_maps_and_clips_are_mirrored_together() -> None:
    maps, clip = torch.rand(20, 4, 6, 3), torch.rand(20, 5, 4, 6)
    (turned, other), _ = MirrorTogether(MAPS, FRAMES)(
        (maps, clip), torch.zeros(20), np.random.default_rng(0), ("a",)
    )
    same_maps = (turned == maps).flatten(1).all(1)
    same_clip = (other == clip).flatten(1).all(1)
    assert torch.equal(same_maps, same_clip) and 0 < int(same_maps.sum()) < 20
    assert torch.equal(turned[~same_maps][..., 0], -maps[~same_maps].flip(2)[..., 0])
    assert torch.equal(other[~same_clip], clip[~same_clip].flip(3))
