"""ME-TST, ME-TST+, BoostingVRME: sizes, labels, windows, faults of stitching, strategies, learning."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from fleeting import systems
from fleeting.core import Interval, UsageError
from fleeting.nn import Mamba, step_by_step
from fleeting.spotting import decode
from fleeting.systems.spotting._sequence import Thinned
from fleeting.systems.spotting._slow_fast import SlowFastNet
from fleeting.systems.spotting._state_space import (
    NEUTRAL,
    _class_weights,
    frame_labels,
    stitched,
    windows_of,
)
from fleeting.systems.spotting.me_tst import MeTstNet

NAMES = ["me-tst", "me-tst-plus", "boosting-vrme"]


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_released_me_tst_declares_twice_what_it_reaches():
    net = MeTstNet(64, 12, 64, pathways="official").eval()
    reached = []
    for part in net.children():
        part.register_forward_hook(lambda module, *_: reached.append(module))
    net(torch.zeros(1, 4, 10))
    assert count(net) == 1_249_926
    assert sum(count(part) for part in set(reached)) == 632_454
    assert net.emotion_path not in reached


def test_sizes_of_the_papers():
    assert count(SlowFastNet(128, 4, 64, shared=False, spare_norm=True)) == 16_671_750
    assert count(SlowFastNet(128, 4, 64, shared=True, spare_norm=True)) == 8_368_902
    # 24 and 12 blocks of each width hold a norm of 2 x 128 or 2 x 256 that nothing uses: left out
    assert count(systems.create("me-tst-plus", preset="paper").build()) == 16_671_750 - 12 * 2 * (256 + 512)
    assert count(systems.create("boosting-vrme", preset="paper").build()) == 8_368_902 - 12 * (256 + 512)


@pytest.mark.parametrize("name", NAMES)
def test_the_paper_preset_runs_forward_and_backward(name):
    made = systems.create(name, preset="paper")
    channels = 10 if name == "me-tst" else 36
    spot, emotion = made.build()(torch.randn(1, made.length, channels))
    assert (spot.shape, emotion.shape) == ((1, 50), (1, 50, 5))
    (spot.sum() + emotion.sum()).backward()


def test_without_its_switches_a_network_is_smaller():
    whole = count(systems.create("me-tst-plus").build())
    assert count(systems.create("me-tst-plus", shared=True).build()) < whole
    assert count(systems.create("me-tst-plus", slow=False).build()) < whole
    assert count(systems.create("me-tst-plus", regions=5).build()) < whole
    assert count(systems.create("boosting-vrme", shared=False).build()) == whole


def test_mamba_is_the_recurrence_of_its_paper():
    torch.manual_seed(0)
    layer, x = Mamba(6, state=3).double(), torch.randn(2, 7, 6, dtype=torch.float64)
    inside, gate = (x @ layer.in_proj.weight.T).chunk(2, 2)
    padded = torch.cat([torch.zeros(2, 3, 12, dtype=torch.float64), inside], 1)
    kernel = layer.conv1d.weight[:, 0]  # (D, 4)
    convolved = torch.stack([(padded[:, t : t + 4] * kernel.T).sum(1) for t in range(7)], 1)
    u = nn.functional.silu(convolved + layer.conv1d.bias)
    step, enters, reads = (u @ layer.x_proj.weight.T).split([1, 3, 3], 2)
    dt = nn.functional.softplus(layer.dt_proj(step))
    y, _ = step_by_step(u, dt, -layer.A_log.exp(), enters, reads, layer.D)
    expected = (y * nn.functional.silu(gate)) @ layer.out_proj.weight.T
    assert torch.allclose(layer(x)[0], expected, atol=1e-12)


def test_mamba_looks_at_the_past_alone():
    layer, x = Mamba(6, state=3), torch.randn(1, 9, 6)
    changed = torch.cat([x[:, :5], torch.randn(1, 4, 6)], 1)
    assert torch.equal(layer(x)[0][:, :5], layer(changed)[0][:, :5])


def test_first_steps_of_mamba_lie_between_a_thousandth_and_a_tenth():
    steps = nn.functional.softplus(Mamba(64, state=4).dt_proj.bias)
    assert 1e-3 - 1e-6 <= steps.min() < 0.01 < steps.max() <= 0.1 + 1e-6


@given(st.integers(1, 90), st.sampled_from([2, 4, 10, 50]))
def test_windows_joined_again_are_the_video(frames, length):
    values = np.random.default_rng(frames).normal(size=(frames, 3))
    assert np.array_equal(stitched(windows_of(values, length), frames), values)


def test_the_released_rule_leaves_the_end_of_a_video_out():
    values = np.arange(1, 128)
    cut = windows_of(values, 50, whole=False)
    assert len(cut) == 127 // 25 - 1
    joined = stitched(cut, 127, official=True)
    assert np.array_equal(joined[:125], values[:125]) and not joined[125:].any()


def test_the_released_rule_depends_on_what_ran_before():
    cut = windows_of(np.arange(1, 101), 50)
    alone, behind = (stitched(cut, 100, official=True, batch=8, place=p) for p in (0, 3))
    assert alone[:25].all() and not behind[:25].any() and np.array_equal(alone[25:], behind[25:])


def test_a_fast_recording_is_thinned_and_its_curve_spread():
    times = np.arange(20) / 120
    rows = np.arange(20, dtype=np.float32)[:, None].repeat(10, 1)
    one = systems.SpottingRecording("d/s/v", "d/s", "d", times, {"roi10": rows})
    thin = Thinned(one, "roi10")
    assert (thin.step, round(thin.rate)) == (4, 30)
    assert thin.values[:, 0].tolist() == [0, 4, 8, 12, 16]
    assert thin.spread(np.array([0.0, 1, 2, 3, 4]))[:7].tolist() == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5]
    assert thin.spread(np.array([0.0, 1, 2, 3, 4]))[-1] == 4  # beyond the last kept frame it stays


def test_a_movement_of_two_frames_is_not_lost():
    spotting, emotion = frame_labels(6, [(2, 3)], [1])
    assert spotting.tolist() == [0, 0, 1, 1, 0, 0] and emotion.tolist() == [4, 4, 1, 1, 4, 4]


def test_class_weights():
    frames = np.array([[NEUTRAL] * 8, [0, 0, 1, 1, 1, 1, NEUTRAL, NEUTRAL]])  # 2, 4 and 10 of 16
    assert _class_weights(frames, 6.0).tolist() == pytest.approx([1.6, 0.8, 0, 0, 6 * 0.32])
    assert _class_weights(frames, 0.0)[NEUTRAL] == 0
    assert _class_weights(np.full((1, 4), NEUTRAL), 0.0).sum() > 0  # never all nothing: that gives NaN


def voting(synergy, logits, *, name="me-tst", **more):
    """A spotter whose network says the same logits in every frame."""

    class Said(nn.Module):
        def forward(self, x):
            return torch.zeros(x.shape[:2]), torch.tensor(logits).expand(*x.shape[:2], 5)

    made = systems.create(name, synergy=synergy, **more)
    made.module = Said()
    one = systems.invented_recordings([made.inputs], 1)[0]
    return [shown for _, shown in made.expressions(one, [Interval.from_frames(10, 22, fps=30)])]


def test_strategies_at_the_level_of_results():
    neutral_first = [1.0, 0.5, -1.0, -1.0, 2.0]
    assert voting(2, neutral_first) == ["negative"]  # among the four emotions
    assert voting(1, neutral_first) == []  # voted neutral: taken back
    assert voting(0, neutral_first) == ["neutral"]
    # BoostingVRME sets the neutral logit to 0: it wins only where all four are below
    assert voting(1, neutral_first, name="boosting-vrme") == ["negative"]
    assert voting(1, [-1.0, -0.5, -1.0, -1.0, -5.0], name="boosting-vrme") == []
    assert voting(2, [0.0, 1.0, 0.0, 0.0, 9.0], name="boosting-vrme") == ["positive"]


def test_the_vote_for_the_unseen_sets_of_the_challenge():
    boosting = {"name": "boosting-vrme"}
    assert voting(1, [1.5, 1.0, 0.0, 0.0, 0.0], **boosting) == ["negative"]
    assert voting(1, [1.5, 1.0, 0.0, 0.0, 0.0], **boosting, unseen="samm") == ["positive"]
    assert voting(1, [2.5, 1.0, 0.0, 0.0, 0.0], **boosting, unseen="samm") == ["negative"]
    assert voting(1, [0.5, 1.0, 0.0, 0.0, 9.0], **boosting, unseen="cas") == ["positive"]  # strategy 2


def test_a_fifth_of_frames_that_are_not_negative_outvotes_the_rest():
    made = systems.create("boosting-vrme", unseen="samm")
    one = systems.invented_recordings([made.inputs], 1)[0]
    for surprised, wanted in ((2, "negative"), (3, "surprise")):  # of the ten frames 11 .. 20
        shares = np.tile(np.array([0.9, 0.1, 0, 0, 0]), (len(one.times), 1))
        shares[11 : 11 + surprised] = [0.1, 0, 0.9, 0, 0]
        made.outputs = lambda _, shares=shares: {"emotion": shares}
        assert made.expressions(one, [Interval.from_frames(10, 22, fps=30)])[0][1] == wanted


def test_decoding_of_the_unseen_sets_is_the_release_s():
    for unseen, method in (("samm", "megc2025-samm"), ("cas", "megc2025-cas")):
        told = systems.create("boosting-vrme", unseen=unseen).decoding
        assert (told["method"], told["half_width_s"]) == (method, 0.2)
        decode(np.zeros(50), 30, **told)


def test_unknown_values_of_switches():
    with pytest.raises(UsageError, match="synergy: expected 0, 1, 2, got 3"):
        systems.create("me-tst", synergy=3)
    with pytest.raises(UsageError, match="nothing to learn"):
        systems.create("me-tst").fit([])


def test_half_width_is_mean_or_median_of_the_training_intervals():
    long = tuple(
        Interval.from_frames(a, a + n - 1, fps=30, kind="micro") for a, n in ((5, 6), (30, 9), (60, 45))
    )
    macro = Interval.from_frames(110, 200, fps=30)
    rows = {"roi10": np.zeros((240, 10), np.float32), "roi36": np.zeros((240, 36), np.float32)}
    one = systems.SpottingRecording("d/s/v", "d/s", "d", np.arange(240) / 30, rows, (*long, macro))
    for name, half in (("me-tst", 10 / 30), ("boosting-vrme", 4.5 / 30)):
        made = systems.create(name)
        made.prepare([one])
        assert made.facts["half_width_s"] == pytest.approx(half)


def test_an_unseen_person_is_spotted():
    people = systems.feature_recordings(4, 1, settings=systems.FeatureSettings(talking=0.0), seed=3)
    made = systems.create("me-tst", training={"epochs": 15}).fit(people[:3])
    values = made.curve(people[3].sealed()).values
    inside = np.zeros(len(values), bool)
    for one in people[3].intervals:
        if one.kind == "micro":
            inside[one.onset_frame : one.offset_frame + 1] = True
    better = (values[inside][:, None] > values[~inside]).mean()  # area under the ROC curve
    assert better > 0.8


@pytest.mark.parametrize("frames", [1, 24, 25, 26, 49, 50, 51, 130])
def test_frame_by_frame_is_the_curve_of_the_whole(frames):
    made = systems.create("me-tst", training={"epochs": 1})
    made.fit(systems.invented_recordings(["roi10"], 2))
    one = systems.invented_recordings(["roi10"], 1, frames=130, seed=7)[0]
    rows = one.inputs["roi10"][:frames]
    live = made.live()
    said = [pair for row in rows for pair in live.push(row)]
    assert len(said) >= frames - 2  # it never waits for more than two frames
    said += live.finish()
    short = systems.SpottingRecording("d/a/v", "d/a", "d", one.times[:frames], {"roi10": rows})
    assert [at for at, _ in said] == list(range(frames))
    assert np.allclose([value for _, value in said], made.curve(short).values, atol=1e-5)


def test_a_long_video_takes_no_more_memory_than_a_short_one():
    made = systems.create("me-tst", training={"epochs": 1})
    live = made.fit(systems.invented_recordings(["roi10"], 2)).live()
    sizes = []
    for _ in range(200):
        live.push(np.zeros(10, np.float32))
        sizes.append(live.floats)
    assert max(sizes[:60]) == max(sizes)
    with pytest.raises(UsageError, match="frame by frame"):
        systems.create("me-tst-plus", training={"epochs": 1}).fit(
            systems.invented_recordings(["roi36"], 1)
        ).live()
