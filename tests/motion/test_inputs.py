"""Aligned clips, the registry of inputs, and what the inputs hold."""

import numpy as np
import pytest

from fleeting import facs
from fleeting.core import CROP, InputError, ShapeError, UnknownNameError, UsageError
from fleeting.motion import AlignedClip, clip_of, field_box, find_input, input_maker, movement
from fleeting.motion.aligned import _makers, input_geometry
from fleeting.motion.inputs import FIELD_BOX, plain_flow
from fleeting.synth import FlowMapSettings

KEY = input_geometry("key")


def marks(geometry=CROP):
    return np.float32(facs.neutral_mesh()[:, :2] * geometry.iod + geometry.origin)


def textured(geometry, shift=(0.0, 0.0), turn=0.0, hill=0.0):
    """Skin-like noise, moved as a whole, turned about the point between the eyes, a mouth corner lifted."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    rng = np.random.default_rng(0)
    scale = geometry.iod / 44
    size = (geometry.height + 80, geometry.width + 80)
    skin = gaussian_filter(rng.normal(size=size), 1.5 * scale)
    y, x = np.mgrid[: geometry.height, : geometry.width].astype(float)
    dx, dy = x - geometry.origin[0], y - geometry.origin[1]
    corner = marks(geometry)[61]
    bump = hill * np.exp(-((x - corner[0]) ** 2 + (y - corner[1]) ** 2) / (2 * (8 * scale) ** 2))
    back = np.stack([y - shift[1] - turn * dx + bump, x - shift[0] + turn * dy])
    made = 128 + 40 * map_coordinates(skin, back + 40, order=3) / skin.std()
    return made.clip(0, 255).round().astype(np.uint8)


def clip_from(frames, geometry=CROP, **more):
    last = len(frames) - 1
    return AlignedClip(
        np.stack(frames), 0, more.pop("apex", last), last, 100.0, marks(geometry), geometry, **more
    )


# Clips and names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"frames": np.zeros((3, 128, 111), np.uint8)}, "frames"),
        ({"frames": np.zeros((3, 128, 112))}, "uint8"),
        ({"apex": 3}, "onset 0, apex 3, offset 2"),
        ({"onset": 2, "apex": 1}, "onset <= apex"),
        ({"landmarks": np.zeros((68, 2))}, "landmarks"),
        ({"track": np.zeros((2, 468, 2))}, "track"),
    ],
)
def test_what_does_not_fit_is_told(change, says):
    good = {"frames": np.zeros((3, 128, 112), np.uint8), "onset": 0, "apex": 1, "offset": 2}
    assert len(AlignedClip(**good).coded) == 3
    with pytest.raises(ShapeError, match=says):
        AlignedClip(**(good | change))


def test_a_name_is_given_once():
    def one(clip):
        return clip.frames

    try:
        assert input_maker("test-of-today")(one) is one
        assert input_maker("test-of-today")(one) is one  # the same function again: a module imported twice
        with pytest.raises(UsageError, match="twice"):
            input_maker("test-of-today")(lambda clip: clip.coded)
        assert (find_input("test-of-today").make, find_input("test-of-today").frames) == (one, "key")
    finally:
        del _makers._items["test-of-today"]
    with pytest.raises(UnknownNameError, match="did you mean 'flowmap28'"):
        find_input("flowmap27")
    with pytest.raises(UsageError, match="key, all, tracked"):
        input_maker("x", frames="some")


def test_the_maps_show_what_the_synthetic_ones_show():
    assert FlowMapSettings().usual_crop == FIELD_BOX
    for geometry in (CROP, KEY):
        rows, columns = field_box(geometry)
        left, top, width, height = FIELD_BOX
        assert abs((columns.stop - columns.start) - width * geometry.iod) <= 1
        assert abs((rows.stop - rows.start) - height * geometry.iod) <= 1
        assert abs(columns.start - 0.5 - geometry.origin[0] - left * geometry.iod) <= 1
        assert abs(rows.start - 0.5 - geometry.origin[1] - top * geometry.iod) <= 1


# Flow -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("geometry", [CROP, KEY])
def test_plain_flow_is_in_pixels_of_the_crop(geometry):
    flow = plain_flow(textured(geometry), textured(geometry, (0.8, -0.4)), geometry)
    assert flow.shape == (geometry.height, geometry.width, 2)
    inside = flow[10:-10, 10:-10].reshape(-1, 2)
    assert np.abs(inside.mean(0) - [0.8, -0.4]).max() < 0.06


@pytest.mark.parametrize("geometry", [CROP, KEY])
def test_the_head_is_taken_out_and_the_mouth_stays(geometry):
    still, lift = textured(geometry), 0.05 * geometry.iod
    for shift, turn in (((0, 0), 0.0), ((1.5, -1.0), 0.0), ((0.5, 0.5), 0.01)):
        moved = textured(geometry, shift, turn, hill=lift)
        flow = movement(clip_from([still, moved], geometry), 0, 1)
        x, y = np.round(marks(geometry)[61]).astype(int)
        near = flow[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 2).mean(0)
        assert near[1] == pytest.approx(-lift, rel=0.25) and abs(near[0]) < 0.25 * lift  # up
        x, y = np.round(marks(geometry)[10]).astype(int)
        assert np.abs(flow[y + 4 : y + 12, x - 8 : x + 9]).mean() < 0.1 * lift  # the forehead


def test_flow_of_squares_is_in_pixels_of_the_square():
    lift = 0.05 * KEY.iod
    clip = clip_from([textured(KEY), textured(KEY, hill=lift)], KEY)
    field, points = (find_input(name).make(clip) for name in ("flow64", "points68"))
    x, y = np.round(points[48]).astype(int)  # iBUG's first point of the mouth is vertex 61
    assert field[y - 1 : y + 2, x - 1 : x + 2, 1].mean() == pytest.approx(-lift * 64 / KEY.height, rel=0.25)
    assert np.abs(points[48] - (marks(KEY)[61] + 0.5) * [64 / KEY.width, 64 / KEY.height] + 0.5).max() < 1e-3


def test_flow_from_frame_to_frame_keeps_the_head_and_is_in_its_own_pixels():
    frames = [textured(CROP, (0.5 * at, 0)) for at in range(8)]
    flow = find_input("clip8-flow").make(clip_from(frames))
    assert flow.shape == (7, 128, 128, 2) and flow.dtype == np.float32
    inside = flow[:, 10:-10, 10:-10].reshape(7, -1, 2).mean(1)
    assert np.abs(inside - [0.5 * 128 / 112, 0]).max() < 0.06


def test_flow_over_the_clip_grows_from_the_onset():
    frames = [textured(CROP, hill=0.4 * at) for at in range(6)]
    flow = find_input("flow-clip").make(clip_from(frames))
    assert flow.shape == (10, 28, 28, 2)
    size = np.linalg.norm(flow, axis=-1).max((1, 2))
    assert size[0] < 0.05 and (np.diff(size[1:]) > 0).all() and size[-1] == pytest.approx(2.0, rel=0.3)


# Maps and frames --------------------------------------------------------------------------------------------


def test_maps_of_both_phases():
    lift = 0.05 * KEY.iod
    frames = [textured(KEY), textured(KEY, hill=lift), textured(KEY)]
    clip = clip_from(frames, KEY, apex=1)
    there, back = (find_input(name).make(clip) for name in ("flowmap28", "flowmap28-return"))
    assert there.shape == back.shape == (28, 28, 3) and there.dtype == np.uint8
    assert (there.min((0, 1)) == 0).all() and (there.max((0, 1)) == 255).all()
    # v: up is the least there and the most on the way back, at the same place
    lowest = np.unravel_index(there[..., 1].argmin(), (28, 28))
    highest = np.unravel_index(back[..., 1].argmax(), (28, 28))
    assert np.abs(np.subtract(lowest, highest)).max() <= 1
    left, top, width, height = FIELD_BOX
    corner = (facs.neutral_mesh()[61, :2] - [left, top]) / [width, height] * 28 - 0.5
    assert np.abs(corner - lowest[::-1]).max() < 1.5
    assert not find_input("flowmap28-return").make(clip_from(frames[:2], KEY)).any()


def test_frames_are_even_in_time_and_only_those_of_the_movement():
    frames = np.repeat(np.arange(0, 90, 10, dtype=np.uint8), 128 * 112).reshape(9, 128, 112)
    clip = AlignedClip(frames, 2, 4, 6)
    assert clip_of(clip, 9, 16)[:, 0, 0].tolist() == [20, 25, 30, 35, 40, 45, 50, 55, 60]
    for name, count, size in (("clip64", 10, 64), ("clip16", 16, 112), ("clip8", 8, 128)):
        made = find_input(name).make(clip)
        assert made.shape == (count, size, size) and (made[0, 0, 0], made[-1, 0, 0]) == (20, 60)
    assert find_input("keyframes").make(clip)[:, 0, 0].tolist() == [20, 40, 60]
    assert find_input("crops").make(clip).shape == (3, 128, 112)


def test_marks_are_places_among_the_frames_that_are_given_with_them():
    frames = np.repeat(np.arange(0, 63, dtype=np.uint8), 128 * 112).reshape(63, 128, 112)
    clip = AlignedClip(frames, 10, 31, 52)
    shown, marked = find_input("frames32").make(clip), find_input("marks32").make(clip)
    assert shown.shape == (32, 112, 112) and shown[:, 0, 0].tolist() == list(range(0, 63, 2))
    assert marked.dtype == np.int16 and shown[marked, 0, 0].tolist() == [10, 32, 52]  # 31 lies between two
    assert find_input("marks32").make(AlignedClip(frames[:1], 0, 0, 0)).tolist() == [0, 0, 0]


def test_landmarks_of_frames():
    frames = np.zeros((9, 128, 112), np.uint8)
    walk = marks() + np.arange(9)[:, None, None] * np.array([2.0, 1.0])
    made = find_input("clip8-landmarks").make(clip_from(frames, track=np.float32(walk)))
    assert made.shape == (7, 68, 2)
    first = facs.to_points68(marks())
    seconds = first + np.array([2.0, 1.0]) * 8 / 7  # frame 2 of 8 over 9 frames
    assert np.abs(made[0] - ((seconds + 0.5) * [128 / 112, 1] - 0.5)).max() < 1e-3
    assert np.abs(np.diff(made, axis=0) - np.array([2 * 128 / 112, 1]) * 8 / 7).max() < 1e-3
    with pytest.raises(InputError, match="no landmarks frame by frame"):
        find_input("clip8-landmarks").make(clip_from(frames))
