"""Train the small network of flow on the pairs of `flow_sets.py`, and the same with each loss off.

    python benchmarks/flow_train.py FOLDER [--variant NAME] [--epochs 12] [--seed 0] [--sets 3] [--no-export]

Weights, card and ONNX file go to FOLDER/networks/VARIANT-SEED (other numbers of epochs: VARIANT-SEED-eN);
`flow.py --network NAME=DIR` measures them, by their weights where nothing was exported (exporting takes
longer than a pass). A training that was stopped goes on from its checkpoint, epoch by epoch.
"""

import argparse
import itertools
import time
from pathlib import Path

import torch

from fleeting import systems
from flow_sets import pairs

EPOCHS = 12
VARIANTS = {
    "whole": {},
    "sobel": {"gradient": "sobel"},
    "no-mask": {"mask_loss": False},
    "no-gradient": {"gradient": "none"},
    "neither": {"mask_loss": False, "gradient": "none"},
    "no-lucas-kanade": {"lucas_kanade": False},
}


def train(root: Path, variant: str, *, epochs: int, seed: int, sets: int, export: bool = True) -> Path:
    folder = root / "networks" / (f"{variant}-{seed}" + ("" if epochs == EPOCHS else f"-e{epochs}"))
    if (folder / ("model.onnx" if export else "weights.safetensors")).exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    given = list(itertools.chain(*(pairs(root, f"learnt {k + 1}") for k in range(sets))))
    made = systems.create("srflow", seed=seed, training={"epochs": epochs}, **VARIANTS[variant])
    began = time.process_time()

    def tell(entry: dict[str, float]) -> None:
        took = time.process_time() - began
        print(f"{variant} {entry['epoch']:.0f}: loss {entry['loss']:.4f}, {took:.0f} s", flush=True)

    made.fit(given, checkpoint=folder / "checkpoint.safetensors", progress=tell)
    made.save(folder)
    if not export:
        return folder
    people = len({pair.row["subject"] for pair in given})
    made.export(
        folder,
        name="fleeting flow",
        licence="Apache-2.0",
        trained_on=f"{len(given)} pairs of {people} drawn people a set, {sets} sets, no real face",
        made_by="python benchmarks/flow_train.py",
        epochs=epochs,
        seed=seed,
        switches=VARIANTS[variant],
    )
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variant", choices=VARIANTS, action="append", default=[])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sets", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--no-export", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for variant in args.variant or VARIANTS:
        options = {"epochs": args.epochs, "seed": args.seed, "sets": args.sets}
        print(train(args.folder, variant, **options, export=not args.no_export), flush=True)


if __name__ == "__main__":
    main()
