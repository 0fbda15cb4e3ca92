"""Regions followed through a clip whose every motion is known."""

import tracemalloc

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter, map_coordinates

from fleeting import facs
from fleeting.core import CROP, invert, transform_points
from fleeting.face import crop_transform
from fleeting.motion import RegionSignals, RegionTracker, motion_regions

NAMES = motion_regions()
LOOK_S = 0.5


def sway(face, time_s: float, percent: float = 2.0) -> np.ndarray:
    """Slow drift of a head: shift, tilt and distance, beginning at rest."""
    t = 2 * np.pi * time_s
    shift = percent * np.sin(0.23 * t), percent * (np.sin(0.31 * t + 1) - np.sin(1))
    return face.pose(shift, degrees=0.7 * np.sin(0.19 * t), scale=1 + 0.006 * np.sin(0.13 * t))


class Watcher:
    """Feeds frames to a tracker as `analyze` does: landmarks now and then, shaky as a network's."""

    def __init__(self, face, *, fps: float = 25.0, seed: int = 0, shake: float = 0.006) -> None:
        self.face, self.fps, self.shake = face, fps, shake
        self.rng = np.random.default_rng(seed)
        self.tracker = RegionTracker()
        self.index, self.looked = 0, -1e9

    def landmarks(self, pose: np.ndarray) -> dict[str, np.ndarray]:
        points = transform_points(pose, self.face.landmarks)
        points = points + self.rng.normal(0, self.shake * self.face.iod, points.shape)
        return {"landmarks": points, "transform": crop_transform(points)}

    def show(self, gray: np.ndarray, pose: np.ndarray, *, look: bool | None = None) -> bool:
        time_s = self.index / self.fps
        due = time_s - self.looked >= LOOK_S if look is None else look
        if due:
            self.looked = time_s
        kept = self.tracker.push(self.index, time_s, gray, **(self.landmarks(pose) if due else {}))
        self.index += 1
        return kept


def within_a_second(signals: RegionSignals, fps: float) -> np.ndarray:
    """What moves faster than a second: signals ``(N, R, 2)`` less their running mean."""
    width = int(fps) | 1
    padded = np.pad(signals.regions, ((width // 2, width // 2), (0, 0), (0, 0)), "edge")
    total = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0, dtype=float)
    return signals.regions - (total[width:] - total[:-width]) / width


def rms(moved: np.ndarray) -> float:
    """Root mean square length of displacements ``(..., 2)``."""
    return float(np.sqrt((moved**2).sum(-1).mean()))


def bump_at(face, vertex: int, size_percent: tuple[float, float], *, spread: float = 5.0):
    """A soft push of the skin around a vertex, of a given strength: ``bend(strength)(x, y)``."""
    place = face.landmarks[vertex]
    push = np.array(size_percent) / 100 * face.iod

    def bend(strength: float):
        def field(x, y):
            soft = strength * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * spread**2))
            return push[0] * soft, push[1] * soft

        return field

    return bend


def wanted_motion(face, bend) -> np.ndarray:
    """Mean of a bend over each region, in the crop, worked out on the region's own pixels: ``(R, 2)``."""
    to_crop = crop_transform(face.landmarks)
    size = (CROP.height, CROP.width)
    masks = facs.region_masks(transform_points(to_crop, face.landmarks), size, NAMES)
    y, x = np.mgrid[: size[0], : size[1]]
    places = transform_points(invert(to_crop), np.stack([x, y], -1).astype(float))
    dx, dy = bend(1.0)(places[..., 0], places[..., 1])
    return np.array([to_crop[:, :2] @ [dx[m].mean(), dy[m].mean()] for m in masks])


# --- a still face -------------------------------------------------------------------------------------


def test_a_face_that_does_nothing_does_nothing(still_face):
    """The same bytes again and again: exactly 0, whatever the landmarks say."""
    watcher = Watcher(still_face)
    for _ in range(12):
        assert watcher.show(still_face.gray, still_face.pose())
    signals = watcher.tracker.finish()
    assert np.array_equal(signals.frames, np.arange(12))
    assert np.abs(signals.regions).max() < 1e-6
    assert signals.likeness.min() > 0.999


@pytest.mark.parametrize(("noise", "most_px"), [(0.0, 0.06), (2.0, 0.11)])
def test_a_swaying_head_leaves_little_in_the_regions(still_face, noise, most_px):
    """Head sway of 2 %, 0.7 degrees and 0.6 %, shaky landmarks: below 0.06 px rms (0.14 % of the eye
    distance) within a second, 0.11 px with two grey levels of noise; the head moves by 1.2 px meanwhile."""
    watcher = Watcher(still_face)
    for i in range(100):
        pose = sway(still_face, i / 25)
        assert watcher.show(still_face.frame(pose, noise=noise, rng=watcher.rng), pose)
    signals = watcher.tracker.finish()
    left = within_a_second(signals, 25)
    assert rms(left) < most_px
    assert max(rms(left[:, r]) for r in range(len(NAMES))) < 2.5 * most_px
    assert rms(signals.regions - signals.regions.mean(0)) < 0.3  # slow drift over four seconds, chained


def test_the_head_s_own_path_is_reported(still_face):
    watcher, path = Watcher(still_face, shake=0.0), []
    for i in range(60):
        pose = sway(still_face, i / 25, percent=5)
        watcher.show(still_face.frame(pose), pose)
        eyes = facs.eye_centers(transform_points(pose, still_face.landmarks)).mean(0)
        path.append(eyes / still_face.iod)
    head = watcher.tracker.finish().head[:, :2]
    off = (head - head[0]) - (np.array(path) - path[0])
    assert np.ptp(path, axis=0).max() > 0.05
    assert np.abs(off).max() < 0.01


def test_a_turn_of_the_head_is_no_expression_and_is_kept_over_references(still_face):
    """Near points go left by depth, as in a turn of 3 degrees, and stay there: 5 % of the depth."""
    depth = LinearNDInterpolator(still_face.landmarks, facs.neutral_mesh()[:, 2])
    y, x = np.mgrid[: still_face.gray.shape[0], : still_face.gray.shape[1]]
    relief = depth(x, y)
    relief = gaussian_filter(np.where(np.isnan(relief), np.nanmax(relief), relief), 2)
    watcher, pose = Watcher(still_face, shake=0.003), still_face.pose()
    for i in range(64):
        yaw = 0.05 * still_face.iod * np.clip((i / 25 - 0.4) / 0.4, 0, 1)

        def turn(x, y, yaw=yaw):
            return yaw * map_coordinates(relief, [y, x], order=1, mode="nearest"), np.zeros_like(x)

        assert watcher.show(still_face.frame(pose, turn), pose)
    signals = watcher.tracker.finish()
    assert 0.05 * still_face.iod * np.ptp(relief) > 3  # px that the nose goes further than the ears
    assert np.abs(signals.head[:10, 2]).max() < 0.003
    assert signals.head[22:, 2] == pytest.approx(np.full(42, 0.05), abs=0.01)
    assert np.abs(signals.head[:, 3]).max() < 0.015
    assert rms(signals.regions[-1] - signals.regions[0]) < 0.35


# --- a movement of the face ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vertex", "region", "push", "swaying", "noise"),
    [
        (291, "mouth_corner_left", (1.7, -2.5), False, 0.0),
        (291, "mouth_corner_left", (1.7, -2.5), True, 1.0),
        (61, "mouth_corner_right", (-2.0, 3.0), True, 1.0),
        (66, "brow_inner_right", (0.5, -3.0), True, 1.0),
    ],
)
def test_a_planted_movement_shows_where_it_is(still_face, vertex, region, push, swaying, noise):
    """Right in size within a quarter, in direction within 20 degrees; far regions stay still."""
    bend = bump_at(still_face, vertex, push)
    watcher = Watcher(still_face)
    for i in range(50):
        time_s = i / 25
        strength = 0.5 * (1 - np.cos(2 * np.pi * np.clip((time_s - 1.2) / 0.4, 0, 1)))
        pose = sway(still_face, time_s) if swaying else still_face.pose()
        shown = still_face.frame(pose, bend(strength), noise=noise, rng=watcher.rng)
        assert watcher.show(shown, pose)
    signals = watcher.tracker.finish().regions
    apex = signals[34:37].mean(0) - signals[26:30].mean(0)  # 1.36 to 1.44 s against before 1.2 s
    wanted = wanted_motion(still_face, bend)
    size = np.linalg.norm(wanted, axis=1)
    at = NAMES.index(region)
    assert size.argmax() == at
    assert apex[at] @ wanted[at] / size[at] ** 2 == pytest.approx(0.97, abs=0.25)
    assert np.degrees(np.arccos(apex[at] @ wanted[at] / np.linalg.norm(apex[at]) / size[at])) < 20
    far = size < 0.02
    assert far.sum() > 15
    assert rms(apex[far]) < 0.15 * size[at] + 0.04 * noise
    assert np.linalg.norm(signals[45:].mean(0)[at] - signals[26:30].mean(0)[at]) < 0.15  # and it is over


def test_a_movement_that_stays_survives_many_references(still_face):
    """Pushed at 2 s, held for eight references, let go at 10 s: it stays while held and ends when it ends."""
    bend, fps = bump_at(still_face, 291, (1.7, -2.5)), 10.0
    watcher = Watcher(still_face, fps=fps)
    for i in range(120):
        time_s = i / fps
        strength = np.clip((time_s - 2) / 0.3, 0, 1) - np.clip((time_s - 10) / 0.3, 0, 1)
        pose = sway(still_face, time_s, percent=1.0)
        assert watcher.show(still_face.frame(pose, bend(strength)), pose)
    signals = watcher.tracker.finish().regions
    at, wanted = NAMES.index("mouth_corner_left"), wanted_motion(still_face, bend)
    moved = signals[:, at] - signals[15:20, at].mean(0)
    for part in (slice(24, 35), slice(60, 70), slice(90, 99)):
        share = moved[part].mean(0) @ wanted[at] / (wanted[at] @ wanted[at])
        assert share == pytest.approx(1, abs=0.3)
    gone = moved[104:107].mean(0) - moved[96:99].mean(0)
    assert gone @ wanted[at] / (wanted[at] @ wanted[at]) == pytest.approx(-1, abs=0.2)


def test_references_are_renewed_while_the_picture_changes_slowly(still_face):
    """A fine pattern comes up on the skin over 5 s: each second still looks like the one before."""
    other = np.random.default_rng(0).normal(size=still_face.gray.shape)
    other = gaussian_filter(other, 1.5)
    other = 130 + 40 * other / other.std()
    watcher, pose = Watcher(still_face, fps=10.0), still_face.pose()
    for i in range(51):
        faded = still_face.gray * (1 - i / 100) + other * (i / 100)
        assert watcher.show(faded.clip(0, 255).round().astype(np.uint8), pose)
    signals = watcher.tracker.finish()
    assert signals.likeness.min() < 0.99
    fresh = np.flatnonzero(np.diff(signals.likeness) > 0)  # likeness rises only where a reference is new
    assert {10, 20, 30, 40} <= set(fresh.tolist())


def test_a_large_movement_is_followed_to_its_end(still_face):
    """A broad pull of 14 % of the eye distance, 5 px in the region, within 0.6 s."""
    bend = bump_at(still_face, 291, (8.4, -11.2), spread=9.0)
    watcher, pose = Watcher(still_face), still_face.pose()
    for i in range(50):
        strength = np.clip((i / 25 - 1.1) / 0.6, 0, 1)
        assert watcher.show(still_face.frame(pose, bend(strength)), pose)
    signals = watcher.tracker.finish().regions
    at = NAMES.index("mouth_corner_left")
    wanted = wanted_motion(still_face, bend)[at]
    moved = signals[45:, at].mean(0) - signals[20:26, at].mean(0)
    assert np.linalg.norm(wanted) > 5
    assert moved == pytest.approx(wanted, abs=0.1 * np.linalg.norm(wanted))


# --- far and lost -------------------------------------------------------------------------------------


def test_a_head_that_goes_eight_pixels_is_followed(still_face):
    """8 px of the crop (18 % of the eye distance) within 0.4 s, and no landmark on the way."""
    watcher = Watcher(still_face)
    for i in range(40):
        far = 18.0 * np.clip((i - 10) / 10, 0, 1)
        pose = still_face.pose((far, -far / 3))
        assert watcher.show(still_face.frame(pose), pose, look=i == 0)
    signals = watcher.tracker.finish()
    eyes = transform_points(
        watcher.tracker.transform, facs.eye_centers(transform_points(pose, still_face.landmarks)).mean(0)
    )
    assert np.abs(eyes - CROP.origin).max() < 1.5
    assert signals.head[-1, :2] - signals.head[0, :2] == pytest.approx([0.18, -0.06], abs=0.015)
    settled = signals.regions[22:].mean(0) - signals.regions[:10].mean(0)
    assert rms(settled) < 0.35
    assert signals.likeness.min() > 0.8


def test_a_jump_of_three_pixels_between_two_frames_is_followed(still_face):
    watcher = Watcher(still_face)
    for i in range(12):
        pose = still_face.pose((7.0, 0) if i >= 6 else (0, 0))
        assert watcher.show(still_face.frame(pose), pose, look=i == 0)
    signals = watcher.tracker.finish()
    assert signals.head[-1, 0] - signals.head[0, 0] == pytest.approx(0.07, abs=0.01)
    assert rms(signals.regions[-1] - signals.regions[0]) < 0.25


@pytest.mark.parametrize("what", ["grey", "noise", "upside down", "elsewhere"])
def test_a_face_that_vanishes_is_not_made_up(still_face, what):
    gone = {
        "grey": np.full_like(still_face.gray, 110),
        "noise": np.random.default_rng(0).integers(0, 255, still_face.gray.shape, np.uint8),
        "upside down": np.ascontiguousarray(still_face.gray[::-1]),
        "elsewhere": np.roll(still_face.gray, 70, axis=1),
    }[what]
    watcher, pose = Watcher(still_face), still_face.pose()
    assert all(watcher.show(still_face.gray, pose) for _ in range(5))
    assert not watcher.show(gone, pose, look=False)
    signals = watcher.tracker.finish()
    assert signals.frames.tolist() == [0, 1, 2, 3, 4]
    assert len(signals.regions) == len(signals.head) == len(signals.likeness) == len(signals.openings) == 5


def test_restart_after_a_cut(still_face):
    """Another place and size after the cut: measured on at once, nothing jumps, the gap stays a gap."""
    watcher, here, there = Watcher(still_face), still_face.pose(), still_face.pose((-30, 20), scale=0.8)
    for _ in range(8):
        assert watcher.show(still_face.gray, here)
    after = still_face.frame(there)
    assert not watcher.show(after, there, look=False)
    watcher.tracker.restart()
    assert watcher.tracker.transform is None
    assert not watcher.show(after, there, look=False)  # without landmarks it cannot begin
    for _ in range(8):
        assert watcher.show(after, there, look=watcher.index == 10)
    signals = watcher.tracker.finish()
    assert signals.frames.tolist() == [*range(8), *range(10, 18)]
    assert np.abs(np.diff(signals.regions, axis=0)).max() < 1e-4


def test_the_first_frame_needs_landmarks(still_face):
    tracker = RegionTracker()
    assert not tracker.push(0, 0.0, still_face.gray)
    signals = tracker.finish()
    assert signals.frames.shape == (0,)
    assert signals.regions.shape == (0, len(NAMES), 2)
    assert signals.head.shape == (0, 4)
    assert signals.openings.shape == (0, 3)


# --- eyes, light, memory ------------------------------------------------------------------------------


def test_a_darkened_eye_is_noticed(still_face):
    """Lids down, painted by hand: the openings of the eyes take the colour of the cheek."""
    shut = still_face.gray.copy()
    for name in ("eye_open_left", "eye_open_right"):
        (mask,) = facs.region_masks(still_face.landmarks, shut.shape, (name,))
        shut[mask] = 190
    watcher, pose, seen = Watcher(still_face), still_face.pose(), []
    for i in range(16):
        assert watcher.show(shut if 8 <= i < 11 else still_face.gray, pose)
        seen.append(watcher.tracker.eyes_changed)
    assert not any(seen[:8])
    assert all(seen[8:11])
    openings = watcher.tracker.finish().openings
    assert (openings[8:11, :2].mean(0) - openings[:8, :2].mean(0) > 0.1).all()
    assert abs(openings[8:11, 2].mean() - openings[:8, 2].mean()) < 0.02  # the mouth stays as it is


def test_flickering_light_does_not_move_the_face(still_face):
    """Exposure that beats by 5 %, and a light that wanders from side to side by 10 %."""
    watcher, pose = Watcher(still_face), still_face.pose()
    across = np.linspace(-0.5, 0.5, still_face.gray.shape[1])[None]
    for i in range(50):
        light = 1 + 0.05 * np.sin(i) + 0.1 * np.sin(i / 9) * across
        lit = (still_face.gray * 0.85 * light).clip(0, 255).round().astype(np.uint8)
        assert watcher.show(lit, pose)
    assert rms(within_a_second(watcher.tracker.finish(), 25)) < 0.05


def test_memory_per_frame_is_that_of_the_signals(still_face):
    """The picture of no frame is kept: 38,000 bytes each, against 500 of signals."""
    watcher, pose = Watcher(still_face), still_face.pose()
    shown = [still_face.gray.copy() for _ in range(4)]
    for i in range(60):
        watcher.show(shown[i % 4], pose)
    tracemalloc.start()
    try:
        watcher.tracker.restart()
        watcher.show(shown[0], pose, look=True)
        before = tracemalloc.get_traced_memory()[0]
        for i in range(200):
            watcher.show(shown[i % 4], pose)
        watcher.tracker.restart()
        watcher.show(shown[0], pose, look=True)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown / 200 < 2000
