"""Frames against flow: the oracle knows only the frames and the analytic flow, no map of the renderer."""

import hashlib
import itertools

import numpy as np
import pytest
from scipy.interpolate import griddata
from scipy.ndimage import map_coordinates

from fleeting.core import InputError, UsageError
from fleeting.facs import mirror_index
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, PlantedClip, Talk, Turn, plant


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = a.astype(float) - b.astype(float)
    return float(10 * np.log10(255**2 / np.mean(error**2)))


def read_at(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cubic spline look-up by SciPy."""
    planes = [map_coordinates(image[..., c].astype(float), [y, x], order=3, mode="mirror") for c in range(3)]
    return np.stack(planes, -1)


def frame(clip: PlantedClip, i: int) -> np.ndarray:
    return next(itertools.islice(clip.frames(), i, None))


def check_flow(clip: PlantedClip, start: int, end: int, *, least: float = 40.0, unlike: float = 34.0) -> None:
    """Warping one frame by the exact flow gives the other, both ways; without the flow it does not."""
    first, last = frame(clip, start), frame(clip, end)
    y, x = np.mgrid[0 : clip.size[0], 0 : clip.size[1]]
    for a, b, t0, t1 in (
        (first, last, clip.times[start], clip.times[end]),
        (last, first, clip.times[end], clip.times[start]),
    ):
        flow = clip.flow(float(t0), float(t1)).astype(float)
        moved = np.hypot(flow[..., 0], flow[..., 1]) > 0.1
        moved[:6] = moved[-6:] = moved[:, :6] = moved[:, -6:] = False
        assert moved.sum() > 200
        again = read_at(b, (x + flow[..., 0])[moved], (y + flow[..., 1])[moved])
        assert psnr(again, a[moved]) > least
        assert psnr(b[moved], a[moved]) < unlike  # the test could fail


ALL = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 43)


@pytest.mark.parametrize(
    ("basis", "au"), [*(("kernel", au) for au in ALL), *(("tps", au) for au in (4, 7, 12, 25))]
)
def test_exact_flow_carries_onset_to_apex(au, basis, picture, marks):
    clip = plant(
        picture,
        [Plant((au,), strength_percent=5, at_s=0.0, duration_s=0.4)],
        fps=10,
        duration_s=0.5,
        landmarks=marks,
        basis=basis,
    )
    check_flow(clip, 0, clip.truth[0].interval.apex_frame)


def test_exact_flow_on_a_real_portrait(portrait):
    from fleeting.face import find_faces

    marks = find_faces(portrait)[0]
    clip = plant(
        portrait,
        [Plant((6, 12), strength_percent=6, at_s=0.0), Plant((4,), "left", 5.0, at_s=0.05)],
        fps=20,
        duration_s=0.5,
        landmarks=marks,
    )
    check_flow(clip, 0, 3)


def test_flow_between_two_moving_times_with_head_and_all(picture, marks):
    life = Life(
        head=HeadMotion(sway_percent=1.0, roll_deg=0.8, yaw_deg=1.0, turns=(Turn(0.0, 0.8, yaw_deg=4.0),)),
        talk=(Talk(0.0, 0.8, 5.0, 4.0),),
    )
    plants = [Plant((12,), "left", 4.0, at_s=0.05, duration_s=0.5), Plant((1, 2), "both", 4.0, at_s=0.1)]
    clip = plant(picture, plants, fps=20, duration_s=0.8, landmarks=marks, life=life, seed=4)
    check_flow(clip, 3, 6)


def test_apex_against_scattered_interpolation(picture, marks):
    """A third road: push every pixel forwards, let SciPy triangulate where they came from."""
    clip = plant(
        picture, [Plant((12,), strength_percent=6, at_s=0.0)], fps=20, duration_s=0.4, landmarks=marks
    )
    apex = clip.truth[0].interval.apex_frame
    u = clip.displacement(float(clip.times[apex])).astype(float)
    y, x = np.mgrid[0 : clip.size[0], 0 : clip.size[1]]
    moved = np.hypot(u[..., 0], u[..., 1]) > 0.3
    rows, columns = np.flatnonzero(moved.any(1)), np.flatnonzero(moved.any(0))
    box = slice(rows[0] - 8, rows[-1] + 8), slice(columns[0] - 8, columns[-1] + 8)
    landed = np.stack([(x + u[..., 0])[box], (y + u[..., 1])[box]], -1).reshape(-1, 2)
    came = np.stack([x[box], y[box]], -1).reshape(-1, 2).astype(float)
    found = griddata(landed, came, (x[box], y[box]), method="linear")
    inner = np.zeros(x[box].shape, bool)
    inner[4:-4, 4:-4] = True
    again = read_at(picture, found[..., 0], found[..., 1])
    inner &= np.isfinite(found[..., 0])
    assert psnr(again[inner], frame(clip, apex)[box][inner]) > 40


@pytest.mark.parametrize(("au", "percent"), [(12, 10), (4, 8), (7, 5), (25, 10), (6, 8), (14, 6), (45, 11)])
def test_backward_and_forward_agree_inside_the_face(au, percent, picture, marks):
    clip = plant(
        picture, [Plant((au,), strength_percent=percent, at_s=0.0)], fps=20, duration_s=0.4, landmarks=marks
    )
    apex = clip.truth[0].interval.apex_frame
    time = float(clip.times[apex])
    warp = clip._renderer.warp(clip.strengths(clip.times[apex : apex + 1])[0], clip.scene.affine(time), time)
    y, x = np.mgrid[warp.box]
    source = np.stack([warp.x, warp.y], -1).reshape(-1, 2).astype(float)
    forward = source + clip.flow_at(source, 5.0, time)  # at 5 s all is at rest
    assert np.abs(forward - np.stack([x, y], -1).reshape(-1, 2)).max() < 0.05


@pytest.mark.parametrize("side", ["left", "right", "both"])
@pytest.mark.parametrize("au", [1, 4, 6, 12, 17, 43])
def test_peak_is_the_strength(au, side, picture, marks):
    clip = plant(
        picture, [Plant((au,), side, 4.0, at_s=0.0, duration_s=0.4)], fps=10, duration_s=0.5, landmarks=marks
    )
    y, x = np.mgrid[0 : clip.size[0] : 0.5, 0 : clip.size[1] : 0.5]
    flow = clip.flow_at(np.stack([x.ravel(), y.ravel()], 1), 0.0, 0.2)
    size = np.hypot(*flow.T)
    assert size.max() == pytest.approx(0.04 * clip.iod_px, rel=0.01)
    if side != "both":
        middle = x.ravel() < marks[168, 0] - 3 if side == "left" else x.ravel() > marks[168, 0] + 3
        assert size[middle].max() < 0.02 * size.max()


def test_mirrored_picture_gives_mirrored_flow(picture, marks):
    width = picture.shape[1]
    flipped = (marks * [-1, 1] + [width - 1, 0])[mirror_index()]
    for basis in ("kernel", "tps"):
        settings = {"fps": 20, "duration_s": 0.5, "basis": basis, "seed": 2}
        a = plant(picture, [Plant((12,), "left", at_s=0.0)], landmarks=marks, **settings)
        b = plant(picture[:, ::-1].copy(), [Plant((12,), "right", at_s=0.0)], landmarks=flipped, **settings)
        flow = b.flow(0.0, 0.15)[:, ::-1] * [-1, 1]
        np.testing.assert_allclose(flow, a.flow(0.0, 0.15), atol=2e-3)
        assert np.abs(flow).max() > 1


def test_no_strength_no_motion(picture, marks):
    clip = plant(
        picture, [Plant((12,), strength_percent=0, at_s=0.0)], fps=20, duration_s=0.5, landmarks=marks
    )
    assert not clip.flow(0.0, 0.15).any()
    assert not clip.displacement(0.15).any()
    assert all(np.array_equal(made, picture) for made in clip.frames())
    assert len(clip.truth) == 1  # the control set keeps its truth


def test_outside_the_face_and_outside_the_plant_nothing_changes(picture, marks):
    clip = plant(picture, [Plant((12,), "left", 6, at_s=0.2)], fps=40, duration_s=0.8, landmarks=marks)
    interval = clip.truth[0].interval
    y, x = np.mgrid[0 : clip.size[0], 0 : clip.size[1]]
    still = (
        clip.shape.oval(
            (np.stack([x, y], -1).reshape(-1, 2) - clip.shape.to_pixels[:, 2])
            @ np.linalg.inv(clip.shape.to_pixels[:, :2]).T
        ).reshape(clip.size)
        > 1
    )
    for i, made in enumerate(clip.frames()):
        assert np.array_equal(made[still], picture[still])
        inside = interval.onset_frame <= i <= interval.offset_frame
        # the very first and last frames of a plant move less than a grey level
        if i == interval.apex_frame or not inside:
            assert np.array_equal(made, picture) != inside


def digest(clip: PlantedClip) -> str:
    state = hashlib.sha256()
    for made in clip.frames():
        state.update(made.tobytes())
    return state.hexdigest()


def test_same_seed_same_bytes(picture, marks):
    def make(seed: int, basis: str = "kernel") -> PlantedClip:
        return plant(
            picture,
            [Plant((12,), at_s=0.1)],
            fps=12,
            duration_s=0.6,
            seed=seed,
            landmarks=marks,
            basis=basis,
            camera=CameraSettings(noise=3, flicker=0.02, gradient=0.05, blur_px=0.6),
            life=Life(head=HeadMotion(sway_percent=1), blinks_per_minute=60, talk=(Talk(0.2, 0.4),)),
        )

    one = make(1)
    first = digest(one)
    assert first == digest(one) == digest(make(1))
    assert first != digest(make(2))
    second = digest(make(1, "tps"))
    assert first != second == digest(make(1, "tps"))


def test_flow_there_and_back_is_nothing(picture, marks):
    life = Life(head=HeadMotion(sway_percent=2, roll_deg=1, yaw_deg=2, scale_percent=1))
    clip = plant(
        picture, [Plant((9,), strength_percent=6)], fps=20, duration_s=1.4, landmarks=marks, life=life
    )
    points = np.random.default_rng(0).uniform([30, 24], [120, 145], (300, 2))
    there = clip.flow_at(points, 0.2, 1.15)
    back = clip.flow_at(points + there, 1.15, 0.2)
    assert np.abs(there).max() > 1
    assert np.abs(there + back).max() < 1e-6


def test_too_much_is_refused(picture, marks):
    with pytest.raises(UsageError, match=r"AU 45 at .*fold"):
        plant(picture, [Plant((45,), strength_percent=20)], fps=20, duration_s=2, landmarks=marks)
    pair = [Plant((23,), strength_percent=6), Plant((24,), strength_percent=6)]  # each alone would do
    for one in pair:
        plant(picture, [one], fps=20, duration_s=2, landmarks=marks)
    with pytest.raises(UsageError, match=r"AU 23 .*AU 24 .*fold"):
        plant(picture, pair, fps=20, duration_s=2, landmarks=marks)


def test_wrong_sources(tmp_path, marks):
    grey = np.full((80, 80, 3), 128, np.uint8)
    with pytest.raises(InputError, match="shows no face"):
        plant(grey, [Plant((12,))], fps=20, duration_s=2)
    with pytest.raises(UsageError, match="needs fps and a duration"):
        plant(grey, [], landmarks=marks)
    with pytest.raises(InputError, match="cannot be read"):
        plant(tmp_path / "none.png", [Plant((12,))], fps=20, duration_s=2)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match="not a picture"):
        plant(tmp_path / "text.png", [Plant((12,))], fps=20, duration_s=2)
    with pytest.raises(UsageError, match="for a photograph only"):
        plant(tmp_path / "a.mp4", [Plant((12,))], landmarks=marks)


def test_small_faces(picture, marks):
    half = plant(
        picture,
        [Plant((12,), strength_percent=5, at_s=0.0)],
        fps=10,
        duration_s=0.4,
        landmarks=marks,
        camera=CameraSettings(scale=0.5),
    )
    full = plant(
        picture, [Plant((12,), strength_percent=5, at_s=0.0)], fps=10, duration_s=0.4, landmarks=marks
    )
    assert half.size == (84, 76)
    assert half.iod_px == pytest.approx(full.iod_px / 2, rel=1e-6)
    peaks = [np.hypot(*clip.flow(0.0, 0.2).reshape(-1, 2).T).max() for clip in (half, full)]
    assert peaks[0] == pytest.approx(peaks[1] / 2, rel=0.02)
    check_flow(half, 0, 2, unlike=40)
