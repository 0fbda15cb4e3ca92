"""The cache of prepared clips: time to make, size, read rate; and how near measured flow is to the truth.

    OMP_NUM_THREADS=1 python benchmarks/cache.py --out docs/benchmarks/cache.md
    OMP_NUM_THREADS=1 python benchmarks/cache.py --out docs/benchmarks/cache.md --part use --made DIR

DIR is from `fleeting synth clips --out DIR --count 120 --subjects 20 --seed 3`; without it "use" is left out.
With `--part` the other parts of a page that is there are kept; each part names its own machine and commit.

Speed: a folder of JPEG clips (560x520, 200 frames/s, about 50 frames each) of the public-domain portrait with
planted movements is prepared afresh and again from the cache, in one process, input by input. Then entries of
random numbers are read in a random order.

Truth: movements are planted in the same portrait at two sizes, with a still and with a swaying head; flow
from onset to apex is measured in several ways and compared with the planted displacement over the part of the
face that the public 28 x 28 maps show.

Use: the same ways, as inputs of a classifier. Made clips of drawn people are prepared in each way; a linear
SVM is trained and judged person by person, and the recogniser that ships is asked.
"""

import argparse
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from fleeting import datasets
from fleeting.bench import prepare
from fleeting.bench._clip_align import find_face
from fleeting.core import CROP, CropGeometry, invert, transform_points
from fleeting.face import crop_transform
from fleeting.io import ArrayCache, entry_key
from fleeting.motion import (
    AlignedClip,
    dis_flow,
    field_box,
    find_input,
    movement,
    sample_crop,
)
from fleeting.motion.inputs import _head_flow
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, PlantedClip, plant

INPUTS = (
    *("flowmap28", "flowmap28-return", "flow64", "points68", "keyframes", "clip64", "clip16", "clip8"),
    *("clip8-flow", "clip8-landmarks", "flow-clip"),
)
UNITS = ((12,), (4,), (1, 2), (9,), (6, 12), (15,), (14,), (7,))
SWAY = HeadMotion(sway_percent=1.5, roll_deg=0.4, yaw_deg=0.5, pitch_deg=0.5, scale_percent=0.4)


def portrait() -> np.ndarray:
    import skimage.data

    return np.ascontiguousarray(skimage.data.astronaut()[0:280, 90:350])


def planted(seed: int, units: tuple[int, ...], *, strength: float, scale: float, life: Life) -> PlantedClip:
    move = Plant(units, strength_percent=strength, at_s=0.05, duration_s=0.25)
    camera = CameraSettings(noise=2.0, scale=scale)
    return plant(portrait(), [move], fps=200, duration_s=0.32, seed=seed, camera=camera, life=life)


TITLES = {
    "speed": "Making and reading",
    "reading": "Read rate of entries",
    "truth": "Nearness to the truth",
    "use": "Use",
}
HEAD = """
# The cache of prepared clips

Made by `benchmarks/cache.py`, whose head says how each part is run; do not edit. What is made, and how it
is kept: [cache](../cache.md). Times are processor time of one thread, since the machine was shared (load is
that of the whole machine when a part began); a disk that must be waited for is not in them: all files had
just been written and lay in memory.

- *Making and reading.* "From the cache" is a whole second run for that input: the sources are looked at for
  a change, entries are found, checked and put into one array. "Kept" is the input and the aligned frames
  that it was made of; several inputs share frames.
- *Read rate.* Entries of random numbers in a random order, each copied into an array as training does;
  "verified" means that the CRC-32 is computed again. Small entries cost what opening a file costs.
- *Nearness to the truth.* Eight movements a row. Error and size are means over the part of the face that
  the 28 x 28 maps show, pixels with the eyes 44 apart; cosine and gain compare whole fields (gain below
  1: motion is measured too small); the correlation is of the 28 x 28 map along the stronger axis. Bold is
  what `flowmap28` does. Small pictures are enlarged for it.
- *Use.* The same maps as inputs of a classifier. Made clips are easier than real ones, and the recogniser
  that ships learnt from maps of the same synthesis: the differences between rows, not their height, are
  what this says. At 107 clips the intervals of all ways overlap but for the whole crop, which the
  recogniser was not made for: nearness to the truth (above) has **not been shown** to help a classifier.
"""


# Speed ----------------------------------------------------------------------------------------------------


def write_clips(root: Path, count: int) -> tuple[list[datasets.Sample], int]:
    samples, size = [], 0
    for at in range(count):
        clip = planted(at, UNITS[at % len(UNITS)], strength=4, scale=2.0, life=Life(head=SWAY))
        folder = root / f"{at:03d}"
        folder.mkdir(parents=True)
        truth = clip.truth[0].interval
        for number, image in enumerate(clip.frames()):
            if truth.onset_frame <= number <= truth.offset_frame:
                data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
                (folder / f"{number}.jpg").write_bytes(data)
                size += len(data)
        onset, apex, offset = (
            one - truth.onset_frame for one in (truth.onset_frame, truth.apex_frame, truth.offset_frame)
        )
        samples.append(
            datasets.Sample(f"b/s/{at}", "b", "b/s", str(at), 200.0, onset, apex, offset, folder, None)
        )
    return samples, size


def speed(count: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as scratch:
        samples, size = write_clips(Path(scratch) / "clips", count)
        frames = samples[0].offset + 1
        prepare(samples[:1], INPUTS, cache=Path(scratch) / "warm")  # models are loaded, code is compiled
        yield f"{count} clips of {frames} frames, {size / 1e6:.1f} MB of JPEG. Processor time, one thread.\n"
        yield "| input | ms a clip, afresh | ms a clip, from the cache | times faster | kB a clip kept |"
        yield "|---|---|---|---|---|"
        for name in INPUTS:
            yield _speed_of(name, samples, Path(scratch) / name)
        once = Path(scratch) / "all"
        began = time.process_time()
        prepare(samples, INPUTS, cache=once)
        spent = 1e3 * (time.process_time() - began) / count
        entries, held = size_of(once)
        yield (
            f"\nAll {len(INPUTS)} together: {spent:.0f} ms a clip, {entries} entries, {held / 1e6:.1f} MB: "
            f"{held / size:.1f} times the JPEG files, {held / count / 1e3:.0f} kB a clip."
        )


def size_of(folder: Path) -> tuple[int, int]:
    """Entries and bytes of inputs and aligned frames together."""
    parts = [ArrayCache(folder / name).size() for name in ("inputs", "frames")]
    return sum(one[0] for one in parts), sum(one[1] for one in parts)


def _speed_of(name: str, samples: list[datasets.Sample], folder: Path) -> str:
    spent = []
    for turn in range(3):
        began = time.process_time()
        made = prepare(samples, [name], cache=folder)
        spent.append(1e3 * (time.process_time() - began) / len(samples))
        if (made.computed == 0) != (turn > 0) or made.missing:
            raise AssertionError(f"{name}: computed {made.computed} in turn {turn}, missing {made.missing}")
    afresh, again = spent[0], min(spent[1:])
    held = size_of(folder)[1] / len(samples) / 1e3
    return f"| `{name}` | {afresh:.1f} | {again:.2f} | {afresh / again:.0f} | {held:.1f} |"


def reading() -> Iterator[str]:
    rng = np.random.default_rng(0)
    yield "| entry | entries | verified | MB/s | entries a second |"
    yield "|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as scratch:
        for words, shape, count in (
            ("flow map, 28 x 28 x 3 bytes", (28, 28, 3), 4000),
            ("clip, 16 x 112 x 112 bytes", (16, 112, 112), 1500),
            ("aligned frames, 100 x 128 x 112 bytes", (100, 128, 112), 300),
        ):
            cache = ArrayCache(Path(scratch) / words.split(",")[0])
            value = rng.integers(0, 255, shape, np.uint8)
            keys = [entry_key(n=n) for n in range(count)]
            for key in keys:
                cache.put(key, {"value": value})
            for verify in (True, False):
                spent = [_read_all(cache, keys, rng, verify=verify) for _ in range(3)]
                rate = count / min(spent)
                told = f"{rate * value.nbytes / 1e6:.0f} | {rate:.0f}"
                yield f"| {words} | {count} | {'yes' if verify else 'no'} | {told} |"


def _read_all(cache: ArrayCache, keys: list[str], rng: np.random.Generator, *, verify: bool) -> float:
    """Read every entry once, copying it into one array as training does; seconds of the processor."""
    total = 0
    place = None
    began = time.process_time()
    for at in rng.permutation(len(keys)):
        entry = cache.get(keys[at], verify=verify)
        if entry is None:
            raise AssertionError("an entry is gone")
        place = np.empty_like(entry.arrays["value"]) if place is None else place
        place[...] = entry.arrays["value"]
        total += int(place[0].flat[0])
    return time.process_time() - began


# Truth ----------------------------------------------------------------------------------------------------


def tvl1(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.optflow.DualTVL1OpticalFlow_create().calc(first, second, None))


def true_flow(clip: PlantedClip, transform: np.ndarray, geometry: CropGeometry) -> np.ndarray:
    """Planted displacement from onset to apex in the crop, without the head, pixels of the crop."""
    y, x = np.mgrid[: geometry.height, : geometry.width].astype(float)
    back = transform_points(invert(transform), np.stack([x, y], -1)).astype(np.float32)
    field = clip.displacement(float(clip.times[clip.truth[0].interval.apex_frame]))
    parts = [cv2.remap(field[..., k], back, None, cv2.INTER_LINEAR) for k in (0, 1)]
    return np.stack(parts, -1) @ transform[:, :2].T


class Pair:
    """Onset and apex of a clip with the landmarks at the onset."""

    def __init__(self, clip: PlantedClip) -> None:
        self.clip, span = clip, clip.truth[0].interval
        kept = {n: one for n, one in enumerate(clip.frames()) if n in (span.onset_frame, span.apex_frame)}
        marks = find_face(kept[span.onset_frame])
        if marks is None:
            raise AssertionError("no face in the portrait")
        self.marks = marks
        self.images = [cv2.cvtColor(kept[n], cv2.COLOR_RGB2GRAY) for n in sorted(kept)]

    def cut(self, scale: float) -> tuple[list[np.ndarray], np.ndarray, np.ndarray, CropGeometry]:
        """Crops, landmarks in them, true flow without the head."""
        geometry = CROP.scaled(scale)
        transform = crop_transform(np.pad(self.marks, ((0, 0), (0, 1))), geometry)
        crops = [sample_crop(one, transform, geometry) for one in self.images]
        mesh = transform_points(transform, self.marks).astype(np.float32)
        return crops, mesh, true_flow(self.clip, transform, geometry), geometry


def measure(pair: Pair, scale: float, way: Callable[..., np.ndarray], *, head: bool) -> list[float]:
    """Error and size (pixels with eyes 44 apart), cosine, gain, and correlation of the 28 x 28 map."""
    crops, mesh, true, geometry = pair.cut(scale)
    flow = way(*crops)
    flow = flow - _head_flow(flow, mesh, geometry) if head else flow
    box = field_box(geometry)
    flow, true = flow[box] / scale, true[box] / scale
    small = [cv2.resize(np.float32(one), (28, 28), interpolation=cv2.INTER_AREA) for one in (flow, true)]
    near = [np.corrcoef(small[0][..., k].ravel(), small[1][..., k].ravel())[0, 1] for k in (0, 1)]
    strong = int(np.argmax([np.ptp(small[1][..., k]) for k in (0, 1)]))
    return [
        float(np.linalg.norm(flow - true, axis=-1).mean()),
        float(np.linalg.norm(true, axis=-1).mean()),
        float((flow * true).sum() / np.linalg.norm(flow) / np.linalg.norm(true)),
        float((flow * true).sum() / (true**2).sum()),
        float(near[strong]),
    ]


def truth(repeats: int) -> Iterator[str]:
    yield (
        "| eyes apart in the picture | head | flow | eyes apart where it is measured | head taken out | "
        "error px | size px | cosine | gain | correlation of the map |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for scale in (1.0, 2.5):
        for sway in (False, True):
            life = Life(head=SWAY) if sway else Life()
            clips = [
                Pair(planted(100 * turn + at, units, strength=3.0, scale=scale, life=life))
                for turn in range(repeats)
                for at, units in enumerate(UNITS)
            ]
            iod = round(clips[0].clip.iod_px)
            for word, way, size, head in (
                ("DIS", dis_flow, 1.0, False),
                ("DIS", dis_flow, 2.0, False),
                ("DIS", dis_flow, 1.0, True),
                ("**DIS**", dis_flow, 2.0, True),
                ("DIS", dis_flow, 3.0, True),
                ("TV-L1", tvl1, 1.0, True),
                ("TV-L1", tvl1, 2.0, True),
            ):
                rows = [measure(clip, size, way, head=head) for clip in clips]
                error, strength, near, gain, maps = np.mean(rows, axis=0)
                yield (
                    f"| {iod} px | {'sways' if sway else 'still'} | {word} | {44 * size:.0f} px | "
                    f"{'yes' if head else 'no'} | {error:.3f} | {strength:.3f} | {near:.2f} | {gain:.2f} | "
                    f"{maps:.2f} |"
                )


def same_road() -> None:
    """The way in bold is what `fleeting.motion.movement` does; else the page would tell of another one."""
    pair = Pair(planted(0, (12,), strength=3.0, scale=1.0, life=Life()))
    cut, mesh, _, geometry = pair.cut(2.0)
    made = AlignedClip(np.stack(cut), 0, 1, 1, None, mesh, geometry)
    flow = dis_flow(*cut)
    np.testing.assert_allclose(movement(made, 0, 1), flow - _head_flow(flow, mesh, geometry), atol=1e-5)
    assert find_input("flowmap28").make(made).shape == (28, 28, 3)


def machine() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"OpenCV {cv2.__version__}, commit {commit}, load {load:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=1, help="of each movement, for the truth")
    parser.add_argument("--part", choices=tuple(TITLES))
    parser.add_argument("--made", type=Path)
    asked = parser.parse_args()
    runs: dict[str, Callable[[], Iterator[str]]] = {
        "speed": lambda: speed(asked.clips),
        "reading": reading,
        "truth": lambda: truth(asked.repeats),
    }
    if asked.made:
        from cache_use import use

        runs["use"] = lambda: use(asked.made)
    elif asked.part == "use":
        parser.error("--part use needs --made, a folder of made clips; see --help")
    parts = {name: (TITLES[name], run) for name, run in runs.items()}
    same_road()
    sections = read_sections(asked.out) if asked.out and asked.part else {}
    for name, (title, run) in parts.items():
        if asked.part in (None, name):
            told = [f"{machine()}.", ""]
            for line in run():
                print(line, flush=True)
                told.append(line)
            sections[title] = "\n".join(told).strip()
    if asked.out:
        order = [title for title in TITLES.values() if title in sections]
        body = [f"## {title}\n\n{sections[title]}" for title in order]
        asked.out.write_text("\n\n".join([HEAD.strip(), *body]) + "\n", encoding="utf-8")


def read_sections(path: Path) -> dict[str, str]:
    """Parts of a page that was written before, by title."""
    if not path.exists():
        return {}
    parts = path.read_text(encoding="utf-8").split("\n## ")[1:]
    return {one.partition("\n")[0]: one.partition("\n")[2].strip() for one in parts}


if __name__ == "__main__":
    main()
