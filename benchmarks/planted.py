"""Clips with planted micro-expressions: portraits, still real faces, talking and acting faces.

    python benchmarks/planted.py portrait --out DIR --fps 30 --strength 3 --clips 6 [--basis tps] [--seed 0]
    python benchmarks/planted.py real --out DIR --strength 4 6 --repeats 10 [--basis tps] [--seed 0]
    python benchmarks/planted.py still --out DIR --strength 1 3 --clips 4 [--basis tps] [--seed 0]

Writes ``<stem>.mp4`` and ``<stem>.csv`` (truth) for each clip; existing clips are kept.
"""

import argparse
import os
from pathlib import Path

import cv2
import numpy as np

from fleeting.io import open_video
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant, write_planted

UNITS = (
    (1,), (2,), (4,), (5,), (6,), (7,), (9,), (10,), (12,), (14,), (15,), (17,), (20,),
    (1, 2), (4, 7), (6, 12),
)  # fmt: skip
UNPAIRED = {17}
STILL = CameraSettings(noise=2.0, flicker=0.01, crf=23)
SWAY = HeadMotion(sway_percent=1.5, roll_deg=0.4, yaw_deg=0.5, pitch_deg=0.5, scale_percent=0.4)
TALKING = ("bbaf2n.mpg", "brbk7n.mpg", "lbax4n.mpg")
ACTING = ("single_face.mp4", "face_noface.mov")  # noface_face.mov is the same take, cut otherwise
STILLS = ("single_face.jpg",)


def data_folder() -> Path:
    """The folder of real faces, from FLEETING_DATA."""
    if "FLEETING_DATA" not in os.environ:
        raise SystemExit("set FLEETING_DATA to the folder with the real faces")
    return Path(os.environ["FLEETING_DATA"]) / "faces"


def draw_plants(
    rng: np.random.Generator,
    *,
    count: int,
    first_s: float,
    gap_s: tuple[float, float],
    strength: tuple[float, float],
) -> list[Plant]:
    plants, at = [], first_s
    for _ in range(count):
        aus = UNITS[rng.integers(len(UNITS))]
        side = (
            "both" if set(aus) & UNPAIRED else str(rng.choice(["both", "left", "right"], p=[0.5, 0.25, 0.25]))
        )
        duration = float(rng.uniform(0.2, 0.5))
        easing = str(rng.choice(["cosine", "cosine", "minimum-jerk", "linear"]))
        plants.append(
            Plant(
                aus, side, float(rng.uniform(*strength)), at, duration, float(rng.uniform(0.35, 0.65)), easing
            )
        )
        at += duration + float(rng.uniform(*gap_s))
    return plants


def portrait_clips(
    out: Path, *, fps: float, strength: tuple[float, float], clips: int, basis: str, seed: int
) -> None:
    from skimage import data

    picture = np.ascontiguousarray(data.astronaut()[:320, 60:380])
    _photo_clips(
        out,
        "portrait",
        picture,
        fps,
        strength,
        clips,
        basis,
        seed,
        CameraSettings(noise=2, flicker=0.01, scale=1.5, crf=23),
    )


def still_clips(out: Path, *, strength: tuple[float, float], clips: int, basis: str, seed: int) -> None:
    for name in STILLS:
        picture = cv2.cvtColor(cv2.imread(str(data_folder() / name)), cv2.COLOR_BGR2RGB)
        _photo_clips(out, name.split(".")[0], picture, 30, strength, clips, basis, seed, STILL)


def _photo_clips(out, name, picture, fps, strength, clips, basis, seed, camera) -> None:
    for i in range(clips):
        stem = f"{name}-{basis}-{fps:g}fps-{strength[0]:g}-{strength[1]:g}-{seed}-{i:02d}"
        if (out / f"{stem}.csv").exists():
            continue
        rng = np.random.default_rng([seed, i, round(100 * fps), round(1000 * strength[0]), basis == "tps"])
        plants = draw_plants(rng, count=10, first_s=1.0, gap_s=(0.8, 1.6), strength=strength)
        duration = plants[-1].at_s + plants[-1].duration_s + 1.0
        clip = plant(
            picture, plants, fps=fps, duration_s=duration, seed=int(rng.integers(2**31)),
            camera=camera, life=Life(head=SWAY), basis=basis,
        )  # fmt: skip
        write_planted(clip, out, stem, flows="none", subject=f"{name}/{name}")


def real_clips(out: Path, *, strength: tuple[float, float], repeats: int, basis: str, seed: int) -> None:
    for name in TALKING + ACTING:
        source = data_folder() / name
        with open_video(source) as video:
            length = float(max(frame.time for frame in video.frames()))
        for i in range(repeats):
            stem = f"{name.split('.')[0]}-{basis}-{strength[0]:g}-{strength[1]:g}-{seed}-{i:02d}"
            if (out / f"{stem}.csv").exists():
                continue
            rng = np.random.default_rng(
                [seed, i, sum(name.encode()), round(1000 * strength[0]), basis == "tps"]
            )
            first, room = (0.35, length - 0.9) if "face_" not in name else (0.4, 1.9)
            plants = draw_plants(
                rng, count=2, first_s=first + float(rng.uniform(0, 0.4)), gap_s=(0.4, 1.0), strength=strength
            )
            plants = [p for p in plants if p.at_s <= room]
            clip = plant(
                source, plants, seed=int(rng.integers(2**31)), camera=CameraSettings(crf=18), basis=basis
            )
            write_planted(clip, out, stem, flows="none", subject=f"real/{name.split('.')[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["portrait", "real", "still"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fps", type=float, default=30)
    parser.add_argument("--strength", type=float, nargs="+", default=[3.0])
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--basis", default="kernel")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    strength = (a.strength[0], a.strength[-1])
    if a.what == "portrait":
        portrait_clips(a.out, fps=a.fps, strength=strength, clips=a.clips, basis=a.basis, seed=a.seed)
    elif a.what == "still":
        still_clips(a.out, strength=strength, clips=a.clips, basis=a.basis, seed=a.seed)
    else:
        real_clips(a.out, strength=strength, repeats=a.repeats, basis=a.basis, seed=a.seed)


if __name__ == "__main__":
    main()
