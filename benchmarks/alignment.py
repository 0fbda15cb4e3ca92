"""How much false motion alignment leaves on a face that does nothing, and what a crop size costs.

    python benchmarks/alignment.py [--seconds 8] [--seed 0] [--markdown FILE]

Still faces (a public-domain portrait, a drawn face, and a real face where FLEETING_DATA is set) are given
sensor noise of 2 grey levels and a slow head drift, nothing else. Every frame is aligned in three ways and
all regions are measured; whatever they show is false. ``--markdown`` writes the tables.
"""

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from drawn_face import draw
from fleeting import facs
from fleeting.core import CROP, CropGeometry, invert, transform_points
from fleeting.face import crop_transform, find_faces, follow
from fleeting.motion import RegionTracker, dis_flow, fit_head_motion, motion_regions, relief, sample_crop
from fleeting.motion.registration import Regions, make_reference, normalise
from fleeting.motion.tracker import LOOSE, STIFF
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, PlantedClip, plant

FPS = 25
PAST_S = 0.28  # a micro-expression's rise and fall: motion is also taken against so long ago
LOOK_S = 0.5  # how often `analyze` takes landmarks
NAMES = motion_regions()
TRUST = np.array([STIFF.get(name, LOOSE) for name in NAMES])
IODS = (33, 44, 58, 88)
DRIFTS = {
    "none": HeadMotion(),
    "in the plane": HeadMotion(sway_percent=1.5, roll_deg=0.4, scale_percent=0.4),
    "and turns": HeadMotion(sway_percent=1.5, roll_deg=0.4, yaw_deg=0.5, pitch_deg=0.5, scale_percent=0.4),
}
OURS = "fleeting"
PLANTED = ((12, "left"), (12, "right"), (1, "both"), (4, "both"), (15, "both"), (10, "both"), (2, "left"))


def pictures() -> Iterator[tuple[str, np.ndarray, float]]:
    """Name, picture, and how much it is enlarged."""
    from skimage import data

    yield "portrait", np.ascontiguousarray(data.astronaut()[:320, 60:380]), 1.5
    if "FLEETING_DATA" in os.environ:
        path = Path(os.environ["FLEETING_DATA"]) / "faces" / "single_face.jpg"
        yield "real face", cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), 1.0
    yield "drawn face", draw(81.0)[0], 1.0


class PerFrame:
    """Aligned by each frame's own landmarks, measured against the first crop."""

    def __init__(self, first: np.ndarray, landmarks: np.ndarray, geometry: CropGeometry) -> None:
        self.geometry, self.landmarks = geometry, landmarks
        transform = crop_transform(landmarks, geometry)
        size = (geometry.height, geometry.width)
        self.masks = facs.region_masks(transform_points(transform, landmarks), size, NAMES)
        self.first = sample_crop(first, transform, geometry)
        picture = normalise(self.first, geometry.iod)
        self.reference = make_reference(picture, Regions(self.masks), geometry.iod)
        self.basis = head_basis(self.masks, geometry)

    def measure(self, rgb: np.ndarray, gray: np.ndarray) -> dict[str, np.ndarray]:
        self.landmarks, _ = follow(rgb, self.landmarks)
        crop = sample_crop(gray, crop_transform(self.landmarks, self.geometry), self.geometry)
        flow = dis_flow(self.first, crop)
        found = {
            "per frame, dense flow": np.stack([flow[m].mean(0) for m in self.masks]),
            "per frame, registration": self.reference.displacements(normalise(crop, self.geometry.iod)),
        }
        bare = {f"{name}, head removed": self.without_head(moved) for name, moved in found.items()}
        return found | bare

    def without_head(self, moved: np.ndarray) -> np.ndarray:
        head = fit_head_motion(moved[None], self.basis, TRUST)[0]
        return moved - self.basis @ head


def head_basis(masks: np.ndarray, geometry: CropGeometry) -> np.ndarray:
    y, x = np.mgrid[: geometry.height, : geometry.width]
    centres = np.stack([[x[m].mean(), y[m].mean()] for m in masks]) - geometry.origin
    mesh = facs.neutral_mesh()
    depth = np.array([mesh[list(facs.regions()[name]), 2].mean() for name in NAMES])
    return relief(centres, depth * geometry.iod, geometry.iod)


class Held:
    """`fleeting`'s own way: the transform follows the registration, landmarks twice a second."""

    def __init__(self, geometry: CropGeometry) -> None:
        self.tracker, self.geometry = RegionTracker(geometry), geometry
        self.looked, self.took = -1e9, []

    def push(self, index: int, gray: np.ndarray, landmarks: np.ndarray | None) -> None:
        where = {}
        if landmarks is not None:
            where = {"landmarks": landmarks, "transform": crop_transform(landmarks, self.geometry)}
        began = time.thread_time()
        if not self.tracker.push(index, index / FPS, gray, **where):
            raise SystemExit(f"frame {index}: the face was lost, though it is still")
        if landmarks is None:
            self.took.append(time.thread_time() - began)

    def signals(self) -> np.ndarray:
        return self.tracker.finish().regions


def rms(moved: np.ndarray) -> float:
    return float(np.sqrt((moved**2).sum(-1).mean()))


def slow(signals: np.ndarray) -> np.ndarray:
    """Motion about the mean of the clip."""
    return signals - signals.mean(0)


def fast(signals: np.ndarray) -> np.ndarray:
    """Motion within a quarter of a second, which is what micro-expressions are looked for in."""
    step = round(PAST_S * FPS)
    return signals[step:] - signals[:-step]


def make_clip(
    picture: np.ndarray, scale: float, drift: str, seconds: float, seed: int, plants=()
) -> PlantedClip:
    camera = CameraSettings(noise=2.0, scale=scale)
    life = Life(head=DRIFTS[drift])
    return plant(picture, plants, fps=FPS, duration_s=seconds, seed=seed, camera=camera, life=life)


def frames_of(clip: PlantedClip) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    for i, rgb in enumerate(clip.frames()):
        yield i, rgb, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def ways(clip: PlantedClip) -> dict[str, np.ndarray]:
    """Signals ``(T, R, 2)`` of all ways to align, in the crop of `CROP`."""
    traces: dict[str, list[np.ndarray]] = {}
    held, each, landmarks = Held(CROP), None, None
    for i, rgb, gray in frames_of(clip):
        if each is None:
            landmarks = find_faces(rgb)[0]
            each = PerFrame(gray, landmarks, CROP)
        due = i % round(LOOK_S * FPS) == 0
        if due:
            landmarks, _ = follow(rgb, landmarks)
        held.push(i, gray, landmarks if due else None)
        for name, moved in each.measure(rgb, gray).items():
            traces.setdefault(name, []).append(moved)
    return {name: np.stack(moved) for name, moved in traces.items()} | {OURS: held.signals()}


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def alignment(seconds: float, seed: int) -> str:
    """The tables of ways to align: whole face, then region by region."""
    rows, by_region = [], {}
    for name, picture, scale in pictures():
        acting = planted_clip(picture, scale, seed + 2)
        found = {way: shares(acting, signals, CROP) for way, signals in ways(acting).items()}
        for drift in DRIFTS:
            for way, signals in ways(make_clip(picture, scale, drift, seconds, seed)).items():
                each = [rms(fast(signals)[:, r]) for r in range(len(NAMES))]
                values = [rms(slow(signals)), rms(fast(signals)), max(each)]
                shown = [f"{v:.3f} ({100 * v / CROP.iod:.2f} %)" for v in values]
                share = (
                    f"{np.mean(found[way]):.2f} ± {np.std(found[way]):.2f}" if drift == "and turns" else ""
                )
                rows.append([name, drift, way, *shown, share])
                if drift == "and turns" and way in ("per frame, registration", OURS):
                    by_region[name, way.split(",")[0]] = each
            print(table(["face", "drift", "way", "slow", "fast", "worst", "found"], rows[-5:]), flush=True)
    header = ["face", "head drift", "aligned and measured", "over the clip", "within 0.28 s",
              "worst region, within 0.28 s", "share of a planted 2 %"]  # fmt: skip
    regions = [[name, *(f"{by_region[key][r]:.3f}" for key in by_region)] for r, name in enumerate(NAMES)]
    heads = ["region", *(f"{name}, {way}" for name, way in by_region)]
    return table(header, rows) + "\n" + table(heads, regions)


@dataclass
class Size:
    """What one crop size gives on one face: false motion, share of the planted found, time."""

    iod: float
    face: str
    false_percent: float
    share: float
    spread: float
    took_ms: float

    def row(self) -> list[str]:
        geometry = CROP.scaled(self.iod / CROP.iod)
        return [
            f"{self.iod:g}", f"{geometry.width} x {geometry.height}", self.face,
            f"{self.false_percent:.3f} %", f"{self.share:.2f} ± {self.spread:.2f}",
            f"{self.share / self.false_percent:.1f}", f"{self.took_ms:.2f}",
        ]  # fmt: skip


def planted_clip(picture: np.ndarray, scale: float, seed: int) -> PlantedClip:
    plants = [Plant((au,), side, 2.0, 1.0 + 1.0 * k, 0.4) for k, (au, side) in enumerate(PLANTED)]
    return make_clip(picture, scale, "and turns", 1.5 + len(PLANTED), seed, plants)


def crop_sizes(seed: int) -> str:
    """The table of crop sizes."""
    rows = []
    for name, picture, scale in pictures():
        quiet = make_clip(picture, scale, "and turns", 8.0, seed + 1)
        acting = planted_clip(picture, scale, seed + 2)
        sizes = [CROP.scaled(iod / CROP.iod) for iod in IODS]
        for geometry, still_, moving in zip(sizes, watch(quiet, sizes), watch(acting, sizes), strict=True):
            found = shares(acting, moving.signals(), geometry)
            false = 100 * rms(fast(still_.signals())) / geometry.iod
            took = 1e3 * float(np.median(still_.took))
            one = Size(geometry.iod, name, false, float(np.mean(found)), float(np.std(found)), took)
            rows.append(one.row())
            print(rows[-1], flush=True)
    header = ["eye distance in the crop", "crop", "face", "false motion, of the eye distance",
              "share of a planted 2 % found", "found over false", "ms a frame"]  # fmt: skip
    return table(header, rows)


def watch(clip: PlantedClip, sizes: list[CropGeometry]) -> list[Held]:
    """Follow one clip in crops of several sizes."""
    held, landmarks = [Held(geometry) for geometry in sizes], None
    for i, rgb, gray in frames_of(clip):
        due = i % round(LOOK_S * FPS) == 0
        if due:
            landmarks = find_faces(rgb)[0] if landmarks is None else follow(rgb, landmarks)[0]
        for one in held:
            one.push(i, gray, landmarks if due else None)
    return held


def shares(clip: PlantedClip, signals: np.ndarray, geometry: CropGeometry) -> list[float]:
    """How much of each planted movement the region that moves most shows at the apex."""
    landmarks = find_faces(next(clip.frames()))[0][:, :2]
    to_crop = crop_transform(landmarks, geometry)
    masks = facs.region_masks(transform_points(to_crop, landmarks), (geometry.height, geometry.width), NAMES)
    y, x = np.mgrid[: geometry.height, : geometry.width]
    at = transform_points(invert(to_crop), np.stack([x, y], -1)).astype(np.float32)
    found = []
    for one in clip.truth:
        planted = clip.displacement(one.interval.apex_s)
        planted = cv2.remap(planted, at[..., 0], at[..., 1], cv2.INTER_LINEAR) @ to_crop[:, :2].T
        wanted = np.stack([planted[m].mean(0) for m in masks])
        region = int(np.linalg.norm(wanted, axis=1).argmax())
        apex, onset = one.interval.apex_frame, one.interval.onset_frame
        shown = signals[apex, region] - signals[onset - 2 : onset + 1, region].mean(0)
        found.append(float(shown @ wanted[region] / (wanted[region] @ wanted[region])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", type=Path)
    a = parser.parse_args()
    cv2.setNumThreads(1)  # times are those of one core
    made = alignment(a.seconds, a.seed) + "\n" + crop_sizes(a.seed)
    print(made)
    if a.markdown:
        a.markdown.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
