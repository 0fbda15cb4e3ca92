"""Flow maps without pixels: truth, proportions, directions, the reader's layout, resuming."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import fleeting.datasets as datasets
from fleeting.cli.synth import app
from fleeting.core import InputError, UsageError
from fleeting.facs import emotion_rates, unit_pairs
from fleeting.motion import strain
from fleeting.synth import FlowMapSettings, flowmaps, read_flowmaps, write_flowmaps
from fleeting.synth._flowmap_camera import FLAT, crop, crop_weights, min_max, smooth_noise, total_variation
from fleeting.synth._flowmap_faces import EYES, GRID, HEAD, Crop, grid_points, make_person
from fleeting.synth._flowmap_units import CLASSES, TABLES, UNITS, unit_sets

CLEAN = FlowMapSettings(
    single_units=True,
    one_sided=0.0,
    shape=0.0,
    motion=0.0,
    asymmetry=0.0,
    head_percent=0.0,
    blink_share=0.0,
    gaze_share=0.0,
    noise_percent=0.0,
    smoothness_percent=0.0,
    outliers=0.0,
    crop_spread=0.0,
    crop_jitter=0.0,
)
WIDE = Crop(-0.83, -0.56, 1.66, 2.06)


def maps_of(unit: int, label: int) -> np.ndarray:
    """Clean maps (pixels) in which one unit acts alone."""
    shares = tuple(float(i == label) for i in range(4))
    made = flowmaps(250, seed=4, subjects=1, normalise="none", settings=replace(CLEAN, class_shares=shares))
    chosen = made.maps[made.aus[:, UNITS.index(unit)]]
    assert len(chosen) > 2
    return chosen


def test_shapes_types_and_ranges():
    made = flowmaps(30, seed=3, subjects=4)
    assert (made.maps.shape, made.maps.dtype) == ((30, 28, 28, 3), np.uint8)
    assert (made.labels.shape, made.aus.shape, made.aus.dtype) == ((30,), (30, len(UNITS)), bool)
    assert set(made.maps.min((1, 2)).ravel()) == {0} and set(made.maps.max((1, 2)).ravel()) == {255}
    assert [int((made.subjects == f"synth/f{i:04d}").sum()) for i in range(4)] == [8, 8, 7, 7]
    assert len(made) == 30 and made.classes == ("negative", "positive", "surprise", "none")


def test_same_seed_same_maps_and_subjects_stand_alone():
    one, again, other = (
        flowmaps(12, seed=5, subjects=3),
        flowmaps(12, seed=5, subjects=3),
        flowmaps(12, seed=6),
    )
    assert np.array_equal(one.maps, again.maps) and np.array_equal(one.labels, again.labels)
    assert not np.array_equal(one.maps, other.maps)
    fewer = flowmaps(8, seed=5, subjects=2)  # subjects 0 and 1 have four maps each, as above
    assert np.array_equal(one.maps[:8], fewer.maps)


def test_none_has_no_units_and_every_other_class_has():
    made = flowmaps(400, seed=2)
    assert ((made.labels == 3) == ~made.aus.any(1)).all()
    assert 0.05 < (made.labels == 3).mean() < 0.16
    still = flowmaps(6, seed=2, normalise="none", settings=replace(CLEAN, class_shares=(0, 0, 0, 1)))
    assert not still.maps.any()


def test_strain_channel_is_that_of_the_motion_room():
    made = flowmaps(5, seed=8, normalise="none")
    for one in made.maps:
        assert np.allclose(one[..., 2], strain(np.ascontiguousarray(one[..., :2])), atol=1e-6)


def test_minmax_is_the_scaling_of_the_pixels():
    pixels, scaled = flowmaps(4, seed=8, normalise="none").maps, flowmaps(4, seed=8).maps
    low, high = pixels.min((1, 2), keepdims=True), pixels.max((1, 2), keepdims=True)
    assert np.abs((pixels - low) / (high - low) * 255 - scaled).max() <= 0.501


@pytest.mark.parametrize(
    ("unit", "label", "rows", "channel", "sign"),
    [
        (12, 1, slice(14, 28), 1, -1),  # lip corners rise
        (2, 2, slice(0, 8), 1, -1),  # brows rise
        (4, 0, slice(0, 8), 1, 1),  # brows come down
        (15, 0, slice(14, 28), 1, 1),  # lip corners go down
        (17, 0, slice(18, 28), 1, -1),  # the chin rises
    ],
)
def test_units_move_where_facs_says(unit, label, rows, channel, sign):
    for one in maps_of(unit, label):
        plane = one[..., channel]
        assert sign * plane[rows].sum() > 0
        assert np.abs(plane[rows]).sum() > 0.85 * np.abs(plane).sum()
        assert np.allclose(plane, plane[:, ::-1], atol=0.03 * np.abs(plane).max())  # an even face
        assert np.allclose(one[..., 0], -one[:, ::-1, 0], atol=0.03 * np.abs(one).max())


def test_strength_is_in_pixels_of_the_map():
    settings = replace(CLEAN, strength_percent=(4.0, 0.0), class_shares=(0, 1, 0, 0))
    made = flowmaps(20, seed=1, normalise="none", settings=settings)
    # 28 pixels show 1.66 by 2.06 eye distances; the peak may fall between pixels
    reach = np.hypot(made.maps[..., 0] / 28 * 1.66, made.maps[..., 1] / 28 * 2.06).max((1, 2))
    assert (reach < 0.0401).all() and np.median(reach) > 0.03


def test_one_sided_expressions():
    settings = replace(CLEAN, one_sided=1.0, class_shares=(0, 1, 0, 0))
    made = flowmaps(30, seed=1, normalise="none", settings=settings)
    smiles = made.maps[made.aus[:, UNITS.index(12)]]
    left, right = (np.abs(half).sum((1, 2, 3)) for half in (smiles[:, :, :14, :2], smiles[:, :, 14:, :2]))
    assert (np.maximum(left, right) > 2 * np.minimum(left, right)).all()
    assert 0 < (left > right).sum() < len(smiles)


def test_proportions_of_units():
    made = flowmaps(2500, seed=0, settings=replace(CLEAN, single_units=False, class_shares=(1, 1, 1, 0)))
    number = made.aus.sum(1)
    assert 0.61 <= (number == 1).mean() <= 0.78  # as counted in the published sheets
    assert 1.25 <= number.mean() <= 1.58
    rate = {c: made.aus[made.labels == c].mean(0) for c in range(3)}
    column = UNITS.index
    assert UNITS[int(rate[0].argmax())] == 4 and UNITS[int(rate[1].argmax())] == 12
    assert rate[2][column(1)] > 0.3 and rate[2][column(2)] > 0.3 and rate[2][column(12)] < 0.02
    pairs = made.aus[made.labels == 2]
    both = (pairs[:, column(1)] & pairs[:, column(2)]).mean()
    assert both > 1.2 * rate[2][column(1)] * rate[2][column(2)]  # 1 and 2 go together


@pytest.mark.parametrize("label", CLASSES[:3])
def test_unit_sets_keep_facs_rules_and_rates(label):
    sets = unit_sets(label)
    assert sets.share.sum() == pytest.approx(1.0) and (sets.members.sum(1) >= 1).all()
    barred = unit_pairs("anatomical") | unit_pairs("never_seen")
    for members in sets.members[sets.share > 0]:
        units = [u for u, on in zip(UNITS, members, strict=True) if on]
        assert not any(frozenset((a, b)) in barred for a in units for b in units)
    assert (unit_sets(label, single=True).share[sets.members.sum(1) > 1] == 0).all()


def test_fitted_rates_of_one_table():
    sets = unit_sets("surprise", ("CASME II",))
    rate = dict(zip(UNITS, sets.members.T @ sets.share, strict=True))
    target = emotion_rates("CASME II")["surprise"]
    assert rate[2] / rate[1] == pytest.approx(target[2] / target[1], rel=0.03)
    assert rate[2] == pytest.approx(target[2], abs=0.05)


def test_tables_match_facs():
    for name, events in TABLES.items():
        assert set(events) == set(emotion_rates(name)) - {"others"}


def test_label_noise():
    clean, noisy = (flowmaps(900, seed=1, settings=replace(CLEAN, label_noise=p)) for p in (0.0, 0.3))
    assert np.array_equal(clean.maps, noisy.maps)
    assert (clean.labels != noisy.labels).mean() == pytest.approx(0.3, abs=0.05)


def test_person_rows_are_unit_displacements():
    person = make_person(np.random.default_rng(1), WIDE, shape=1, motion=1, asymmetry=1, extent=1.2)
    assert person.bank.shape == (2 * len(UNITS) + len(HEAD) + len(EYES), 2, GRID, GRID)
    both = person.bank[: 2 * len(UNITS)].reshape(len(UNITS), 2, 2, GRID, GRID).sum(1)
    assert np.hypot(both[:, 0], both[:, 1]).max((1, 2)) == pytest.approx(1.0, abs=1e-5)
    assert person.texture.min() >= 0 and person.texture.max() <= 1


def test_head_rows_are_rigid_motions():
    person = make_person(np.random.default_rng(1), WIDE, shape=0, motion=0, asymmetry=0, extent=1)
    shift_x, _, roll, scale = person.bank[2 * len(UNITS) : 2 * len(UNITS) + 4]
    middle = np.s_[GRID // 2 - 4 : GRID // 2 + 4]
    assert np.allclose(shift_x[0][middle, middle], 1) and not shift_x[1].any()
    points = grid_points(WIDE).reshape(GRID, GRID, 2)[middle, middle]
    assert np.allclose(np.moveaxis(scale[:, middle, middle], 0, -1), points - [0, 1.1], atol=1e-6)
    assert np.allclose((roll * scale).sum(0), 0, atol=1e-6)  # a turn is square to a growth


def test_crop_is_exact_on_linear_fields():
    y, x = np.mgrid[0:GRID, 0:GRID] / (GRID - 1.0)
    down, across = (
        crop_weights(np.array([0.02]), np.array([0.9]), 28),
        crop_weights(np.zeros(1), np.ones(1), 28),
    )
    seen = crop(np.stack([x, y])[None].astype(np.float32), down, across)[0]
    at = (np.arange(28) + 0.5) / 28 - 0.5
    assert np.allclose(seen[0], at / 1.25 + 0.5, atol=1e-6)
    assert np.allclose(seen[1], (0.02 + 0.9 * at[:, None]) / 1.25 + 0.5, atol=1e-6)


def test_total_variation_against_scikit_image():
    from skimage.restoration import denoise_tv_chambolle

    rng = np.random.default_rng(0)
    seen = np.zeros((28, 28), np.float32)
    seen[8:20, 5:15] = 2.0
    seen += rng.normal(0, 0.3, seen.shape).astype(np.float32)
    stack = np.stack([seen, seen])[None]
    ours = total_variation(stack, np.ones((1, 1, 28, 28), np.float32), np.array([0.5]), rounds=400)[0, 0]
    theirs = denoise_tv_chambolle(seen, weight=0.5, eps=1e-9, max_num_iter=4000)
    assert np.abs(ours - theirs).max() < 0.02
    few = total_variation(stack, np.ones((1, 1, 28, 28), np.float32), np.array([0.5]))[0, 0]
    assert np.abs(few - theirs).mean() < 0.3 * np.abs(seen - theirs).mean()


def test_total_variation_fills_in_what_was_not_measured():
    seen = np.full((1, 2, 28, 28), 3.0, np.float32)
    weight = np.ones((1, 1, 28, 28), np.float32)
    seen[..., 10:14, 10:14], weight[..., 10:14, 10:14] = 0.0, 0.0
    filled = total_variation(seen, weight, np.array([0.5]), rounds=300)
    assert np.allclose(filled, 3.0, atol=0.05)


def test_noise_has_unit_size_and_short_reach():
    noise = smooth_noise(np.random.default_rng(0), 200, 28, 0.0)
    assert noise.std() == pytest.approx(1.0, abs=0.02)
    reach = [(noise[..., k:] * noise[..., : 28 - k]).mean() for k in (1, 2, 3)]
    assert reach == pytest.approx([2 / 3, 1 / 6, 0.0], abs=0.02)  # (1, 2, 1) with itself: 6, 4, 1, 0


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=30))
@hypothesis_settings(max_examples=50, deadline=None)
def test_min_max_keeps_order_and_uses_the_whole_range(values):
    plane = np.array([values], np.float32)
    scaled = min_max(plane)[0]
    assert (np.diff(scaled[np.argsort(plane[0])].astype(int)) >= 0).all()
    assert scaled.min() == 0 and scaled.max() == (255 if np.ptp(plane) > FLAT else 0)


@pytest.mark.parametrize(
    "wrong",
    [
        dict(count=0),
        dict(count=5, subjects=6),
        dict(count=5, subjects=0),
        dict(count=5, size=7),
        dict(count=5, normalise="log"),
        dict(count=5, seed=-1),
    ],
)
def test_wrong_arguments(wrong):
    with pytest.raises(UsageError):
        flowmaps(**({"seed": 0} | wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        dict(one_sided=1.5),
        dict(noise_percent=-1.0),
        dict(class_shares=(0, 0, 0, 0)),
        dict(tables=("SMIC",)),
        dict(tables=()),
        dict(strength_percent=(0.0, 0.5)),
        dict(usual_crop=(0, 0, 0, 1)),
        dict(extent=float("nan")),
    ],
)
def test_wrong_settings(wrong):
    with pytest.raises(UsageError):
        FlowMapSettings(**wrong)


def files_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_reader_reads_back(tmp_path):
    paths = write_flowmaps(tmp_path, 24, seed=7, subjects=3)
    made = read_flowmaps(tmp_path)
    kept = np.flatnonzero(made.labels < 3)
    dataset = datasets.open("megc2019-flow", tmp_path)
    samples = dataset.samples(3)
    assert len(samples) == len(kept) and {s.subject for s in samples} == set(made.subjects.tolist())
    place = {s.clip: at for at, s in enumerate(samples)}
    first = {name: int(np.flatnonzero(made.subjects == name)[0]) for name in set(made.subjects.tolist())}
    maps = dataset.maps(samples)
    for at in kept:
        name = str(made.subjects[at])
        row = place[f"{name[6:]}_{at - first[name]:04d}"]
        assert np.array_equal(maps[row], made.maps[at])
        assert samples[row].target == made.labels[at] and samples[row].subject == name
    folds = dataset.folds()
    every = sorted(clip for _, test in folds.values() for clip in test)
    assert all(
        sorted((*train, *test)) == every and not set(train) & set(test) for train, test in folds.values()
    )
    assert paths.folder.name == "three_norm_u_v_os"
    expected = flowmaps(24, seed=7, subjects=3)
    assert np.array_equal(made.maps, expected.maps) and np.array_equal(made.aus, expected.aus)


def test_same_bytes_and_resuming(tmp_path):
    write_flowmaps(tmp_path / "whole", 20, seed=3, subjects=4)
    whole = files_of(tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(done):
        if done == 2:
            raise Stop

    with pytest.raises(Stop):
        write_flowmaps(tmp_path / "cut", 20, seed=3, subjects=4, on_subject=stop)
    left = tmp_path / "cut" / "three_norm_u_v_os"
    assert sorted(p.name for p in left.iterdir()) == ["f0000", "f0001"]
    half = left / "f0002" / ".part-u_test"  # what a kill in the middle of a subject leaves
    half.mkdir(parents=True)
    (half / "rubbish.png").write_bytes(b"no picture")
    assert not (tmp_path / "cut" / "flowmaps.npz").exists()
    write_flowmaps(tmp_path / "cut", 20, seed=3, subjects=4, jobs=2)
    assert files_of(tmp_path / "cut") == whole
    write_flowmaps(tmp_path / "cut", 20, seed=3, subjects=4)
    assert files_of(tmp_path / "cut") == whole


def test_other_settings_in_the_same_folder(tmp_path):
    write_flowmaps(tmp_path, 4, seed=3, train_folders=False)
    assert not list(tmp_path.rglob("u_train"))
    with pytest.raises(InputError, match="made otherwise"):
        write_flowmaps(tmp_path, 4, seed=4)
    (tmp_path / "flowmaps.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        write_flowmaps(tmp_path, 4, seed=3)


def test_reading_what_is_no_file_of_maps(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_flowmaps(tmp_path)
    (tmp_path / "flowmaps.npz").write_bytes(b"rubbish")
    with pytest.raises(InputError, match="no file of flow maps"):
        read_flowmaps(tmp_path)


def test_command(tmp_path):
    arguments = [
        "flowmaps",
        "--out",
        str(tmp_path / "maps"),
        "--count",
        "9",
        "--seed",
        "1",
        "--subjects",
        "3",
    ]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    assert "9 maps of 3 subjects" in answer.output
    told = json.loads((tmp_path / "maps" / "flowmaps.json").read_text())
    assert (told["schema"], told["count"], told["seed"]) == ("fleeting.flowmaps/1", 9, 1)
    assert len(read_flowmaps(tmp_path / "maps")) == 9
    assert CliRunner().invoke(app, [*arguments[:4], "0", "--seed", "1"]).exit_code == 2
    again = CliRunner().invoke(app, [*arguments[:-1], "2"])
    assert again.exit_code == 1 and "made otherwise" in again.output


def test_units_drawn_evenly_and_what_they_speak_for():
    made = flowmaps(3000, seed=2, settings=FlowMapSettings(even_units=1.0, class_shares=(1, 1, 1, 0)))
    often = made.aus.mean(0)
    assert often.min() > 0.025 and often.max() < 0.16, "the rarest unit of the tables stands below 1 %"
    alone = made.aus.sum(1) == 1
    assert abs(alone.mean() - 0.6) < 0.04
    twelve = made.aus[:, made.units.index(12)] & alone
    assert set(made.labels[twelve].tolist()) == {1}, "a lip corner pulled up alone is positive"


def test_speech_moves_the_mouth_and_nothing_else():
    quiet = dict(class_shares=(0, 0, 0, 1), head_percent=0.0, blink_share=0.0, gaze_share=0.0)
    clean = dict(noise_percent=0.0, smoothness_percent=0.0, outliers=0.0)
    spoken = FlowMapSettings(**quiet, **clean, talk_share=1.0)
    size = np.linalg.norm(flowmaps(60, seed=3, normalise="none", settings=spoken).maps[..., :2], axis=-1)
    assert (size[:, 18:].max((1, 2)) > 0.05).mean() > 0.8
    assert size[:, :10].max() < 0.1 * size[:, 18:].max()
    silent = FlowMapSettings(**quiet, **clean)
    assert flowmaps(4, seed=3, normalise="none", settings=silent).maps.max() == 0
