"""Ways to make 28 x 28 maps, compared as inputs of a classifier: the part "use" of ``cache.py``."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import fleeting
from fleeting import datasets
from fleeting.bench import prepare_examples, run_bench
from fleeting.bench.summary import score_answers
from fleeting.core import CROP, CropGeometry
from fleeting.motion import AlignedClip, dis_flow, field_box, flow_map, input_maker, movement
from fleeting.motion.inputs import _head_flow


def _at44(clip: AlignedClip) -> tuple[list[np.ndarray], CropGeometry]:
    pair = (clip.frames[clip.onset], clip.frames[clip.apex])
    size = (CROP.width, CROP.height)
    return [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in pair], CROP


def tvl1(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.optflow.DualTVL1OpticalFlow_create().calc(first, second, None))


@input_maker("bench-map-head-kept")
def head_kept(clip: AlignedClip) -> np.ndarray:
    flow = dis_flow(clip.frames[clip.onset], clip.frames[clip.apex])
    return flow_map(flow[field_box(clip.geometry)])


@input_maker("bench-map-44")
def small(clip: AlignedClip) -> np.ndarray:
    pair, geometry = _at44(clip)
    flow = dis_flow(*pair)
    return flow_map(
        (flow - _head_flow(flow, (clip.landmarks + 0.5) / 2 - 0.5, geometry))[field_box(geometry)]
    )


@input_maker("bench-map-44-head-kept")
def small_head_kept(clip: AlignedClip) -> np.ndarray:
    pair, geometry = _at44(clip)
    return flow_map(dis_flow(*pair)[field_box(geometry)])


@input_maker("bench-map-tvl1-44-head-kept")
def tvl1_map(clip: AlignedClip) -> np.ndarray:
    pair, geometry = _at44(clip)
    return flow_map(tvl1(*pair)[field_box(geometry)])


@input_maker("bench-map-tvl1")
def tvl1_head_out(clip: AlignedClip) -> np.ndarray:
    flow = tvl1(clip.frames[clip.onset], clip.frames[clip.apex])
    return flow_map((flow - _head_flow(flow, clip.landmarks, clip.geometry))[field_box(clip.geometry)])


@input_maker("bench-map-whole-crop")
def whole_crop(clip: AlignedClip) -> np.ndarray:
    return flow_map(movement(clip, clip.onset, clip.apex))


VARIANTS = {
    "flowmap28": "**as prepared**: DIS, eyes 88 px, head out, part of the face",
    "bench-map-head-kept": "head kept",
    "bench-map-44": "eyes 44 px",
    "bench-map-44-head-kept": "eyes 44 px, head kept",
    "bench-map-tvl1": "TV-L1",
    "bench-map-tvl1-44-head-kept": "TV-L1, eyes 44 px, head kept",
    "bench-map-whole-crop": "the whole crop",
}


def use(made: Path) -> Iterator[str]:
    dataset = datasets.open("csv", made)
    shipped = fleeting.load_recognizer("default")
    with tempfile.TemporaryDirectory() as scratch:
        rows, told = prepare_examples(dataset, 3, list(VARIANTS), cache=scratch)
    people = len(set(rows.subjects.tolist()))
    yield f"{len(rows)} of {len(rows) + len(told.missing)} made clips of {people} people, three classes.\n"
    yield "| map | linear SVM, by person: UF1 [95 %] | UAR | recogniser that ships: UF1 [95 %] | UAR |"
    yield "|---|---|---|---|---|"
    for name, words in VARIANTS.items():
        own = replace(rows, inputs={"flowmap28": rows.inputs[name]})
        learnt = run_bench(["svm-flow"], {name: own}).answers[0]
        scores = shipped.predict(own.inputs["flowmap28"])
        order = [shipped.labels.index(one) for one in rows.classes]
        asked = replace(learnt, system="default", predictions=scores[:, order].argmax(1))
        cells = []
        for one in (learnt, asked):
            score = next(s for s in score_answers([one]) if s["subset"] == "all")
            value, low, high = (score["uf1"][k] for k in ("value", "low", "high"))
            cells += [f"{value:.3f} [{low:.2f}, {high:.2f}]", f"{score['uar']['value']:.3f}"]
        yield f"| {words} | " + " | ".join(cells) + " |"
