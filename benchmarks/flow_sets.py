"""Pairs of splat faces with exact flow, on which flow is learnt and judged: no person is in two sets.

    python benchmarks/flow_sets.py FOLDER [--only NAME]

A stopped run goes on where it was.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from fleeting.synth import FlowPairs, FlowPairSettings, read_flow_pairs, write_flow_pairs

USUAL = FlowPairSettings()
SMALL = replace(USUAL, peak_px=(0.1, 1.0), head_px=(0.1, 1.0), kinds=(0.7, 0.0, 0.3, 0.0))
# name -> pairs, people, seed, settings. Seeds differ, and with them the people.
SETS = {
    "chosen on": (60, 6, 5301, USUAL),
    "judged on": (240, 24, 5302, USUAL),
    "small motion": (240, 24, 5303, SMALL),
    "learnt 1": (800, 80, 5311, USUAL),
    "other basis": (120, 12, 5304, replace(USUAL, basis="tps")),
    "learnt 2": (800, 80, 5312, USUAL),
    "learnt 3": (800, 80, 5313, USUAL),
}


def folder_of(root: Path, name: str) -> Path:
    return root / name.replace(" ", "_")


def pairs(root: Path, name: str) -> FlowPairs:
    """The pairs of one set; made where they are missing."""
    count, people, seed, settings = SETS[name]
    folder = folder_of(root, name)
    if not (folder / "pairs.csv").exists():
        write_flow_pairs(folder, count, subjects=people, seed=seed, settings=settings)
    return read_flow_pairs(folder)


def grey(picture: np.ndarray) -> np.ndarray:
    """Grey as the readers of videos give it."""
    import cv2

    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=sorted(SETS))
    args = parser.parse_args()
    for name in [args.only] if args.only else SETS:
        print(name, len(pairs(args.folder, name)), "pairs", flush=True)


if __name__ == "__main__":
    main()
