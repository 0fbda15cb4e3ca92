"""Classical flow, with a fair chance: each method in many settings, the best on pairs that judge nothing.

    python benchmarks/flow_classical.py FOLDER

The grid holds the published settings, others, enlargement by 2, and blurring; `best_of` takes, for
each method, the setting with the least end-point error on "chosen on".
"""

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from flow_sets import folder_of, grey, pairs

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]
DIS = {"medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST}


def dis(first, second, preset="medium", alpha=20.0, delta=5.0, gamma=10.0, steps=5):
    engine = cv2.DISOpticalFlow.create(DIS[preset])
    engine.setVariationalRefinementIterations(steps)
    engine.setVariationalRefinementAlpha(alpha)
    engine.setVariationalRefinementDelta(delta)
    engine.setVariationalRefinementGamma(gamma)
    engine.setFinestScale(0)
    return engine.calc(np.ascontiguousarray(first), np.ascontiguousarray(second), None)


def shipped_dis(first, second, preset="medium"):
    engine = cv2.DISOpticalFlow.create(DIS[preset])
    return engine.calc(np.ascontiguousarray(first), np.ascontiguousarray(second), None)


def farneback(first, second, window=15, poly=5, sigma=1.2, gauss=0):
    return cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, window, 3, poly, sigma, gauss)


def tvl1(first, second, smoothness=0.15, warps=5):
    engine = cv2.optflow.DualTVL1OpticalFlow_create(lambda_=smoothness, warps=warps)
    return engine.calc(first, second, None)


def enlarged(flow: Flow, times: float, blur: float) -> Flow:
    """The same on larger pictures, or on blurred ones; answers in pixels of the given ones."""

    def measure(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        size = first.shape[::-1]
        given = [first, second]
        if times != 1:
            given = [
                cv2.resize(one, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC) for one in given
            ]
        if blur:
            given = [cv2.GaussianBlur(one, (0, 0), blur * times) for one in given]
        field = flow(*given)
        if times == 1:
            return field
        return cv2.resize(field, size, interpolation=cv2.INTER_AREA) / np.float32(times)

    return measure


def settings() -> Iterator[tuple[str, str, Flow]]:
    """Method, setting, flow."""
    for times, blur in product((1, 2), (0, 0.7)):
        told = f"x{times}" + (f", blur {blur}" if blur else "")
        yield "DIS", f"medium as it comes, {told}", enlarged(shipped_dis, times, blur)
        for alpha, steps in product((20.0, 40.0, 80.0), (5, 10)):
            flow = partial(dis, alpha=alpha, steps=steps)
            yield (
                "DIS",
                f"finest scale 0, alpha {alpha:g}, {steps} steps, {told}",
                enlarged(flow, times, blur),
            )
        for window, (poly, sigma) in product((11, 15, 21), ((5, 1.2), (7, 1.5))):
            flow = partial(farneback, window=window, poly=poly, sigma=sigma, gauss=256)
            yield "Farneback", f"Gaussian window {window}, poly {poly}, {told}", enlarged(flow, times, blur)
        yield "Farneback", f"window 15, poly 5 as published, {told}", enlarged(farneback, times, blur)
        if times == 1:
            for smoothness in (0.05, 0.15, 0.3):
                flow = partial(tvl1, smoothness=smoothness)
                yield "TV-L1", f"lambda {smoothness}, {told}", enlarged(flow, times, blur)


def epe(flow: np.ndarray, truth: np.ndarray, counts: np.ndarray) -> float:
    """Mean end-point error over the pixels that count."""
    return float(np.hypot(*np.moveaxis(flow - truth, -1, 0))[counts].mean())


def choose(root: Path, only: str | None = None) -> list[dict]:
    """Error of every setting on every third pair of "chosen on" (TV-L1: every twelfth), kept in the folder.

    ``only`` names a method to measure; another word measures nothing new.
    """
    path = folder_of(root, "chosen on") / "classical.json"
    found = json.loads(path.read_text()) if path.exists() else []
    done = {one["method"] for one in found}
    given = [(grey(p.image_1), grey(p.image_2), p.flow, p.face & p.visible) for p in pairs(root, "chosen on")]
    for method, told, flow in settings():
        if method not in done and only in (None, method):
            some = given[:: 12 if method == "TV-L1" else 3]
            error = np.mean([epe(flow(a, b), t, m) for a, b, t, m in some])
            found.append({"method": method, "setting": told, "epe": float(error)})
    path.write_text(json.dumps(found, indent=1))
    return found


def best_of(root: Path) -> dict[str, tuple[str, Flow]]:
    """For each method the setting with the least error, and its flow."""
    found = choose(root, "")
    flows = {(method, told): flow for method, told, flow in settings()}
    best = {}
    for method in dict.fromkeys(one["method"] for one in found):
        told = min((one for one in found if one["method"] == method), key=lambda one: one["epe"])["setting"]
        best[method] = (told, flows[method, told])
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=("DIS", "Farneback", "TV-L1"))
    args = parser.parse_args()
    found = choose(args.folder, args.only)
    for one in sorted(found, key=lambda one: (one["method"], one["epe"])):
        print(f"{one['method']:10} {one['epe']:.4f}  {one['setting']}")


if __name__ == "__main__":
    main()
