"""Many folds at once or one after the other: what a stack of networks gains, and what the loop costs.

    OMP_NUM_THREADS=1 python benchmarks/folds_at_once.py --out docs/benchmarks/folds-at-once.md

Trains STSTNet on the folds of a leave-one-subject-out over 442 synthetic flow maps of 68 subjects (the sizes
of the MEGC 2019 composite), for a few epochs, in these ways:

- plain: a loop written out in torch, the network's three streams apart as in the release,
- plain, joined: the same loop with the network of this package,
- one at a time: ``fit`` of this package,
- stack of k: ``fit_many(..., at_once=k)``.

Times are milliseconds for one epoch of one fold, the best of the repeats, which are taken in turn.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fleeting import systems
from fleeting.core import Examples
from fleeting.evaluation import loso
from fleeting.synth import flowmaps
from fleeting.systems.recognition.ststnet import STSTNet
from fleeting.training import fit_many


class Release(nn.Module):
    """Three streams apart, as the release computes them."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, maps, 3, padding=2),
                nn.ReLU(),
                nn.BatchNorm2d(maps),
                nn.MaxPool2d(3, 3, 1),
                nn.Dropout(0.5),
            )
            for maps in (3, 5, 8)
        )
        self.head = nn.Linear(400, 3)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        x = maps.permute(0, 3, 1, 2).float()
        seen = torch.cat([stream(x) for stream in self.streams], 1)
        return self.head(nn.functional.avg_pool2d(seen, 2).flatten(1))


def folds(count: int) -> list[Examples]:
    """Training parts of the first folds."""
    made = flowmaps(442, seed=1, subjects=68)
    ids = np.array([f"{subject}/{at}" for at, subject in enumerate(made.subjects)])
    labels = np.minimum(made.labels, 2)  # three classes; which is which does not matter to the clock
    rows = Examples(
        ids, made.subjects, np.array(["synth"] * 442), labels, made.classes[:3], {"flowmap28": made.maps}
    )
    return [rows.take(fold.train) for fold in loso(rows.subjects)[:count]]


def plain(make: Callable[[], nn.Module], parts: list[Examples], epochs: int, batch: int, device: str) -> None:
    """Train each fold by a loop written out."""
    for part in parts:
        maps = torch.from_numpy(part.inputs["flowmap28"]).to(device)
        labels = torch.from_numpy(part.labels).to(device)
        module = make().to(device).train()
        optimizer = torch.optim.Adam(module.parameters(), 1e-3)
        for _ in range(epochs):
            for at in np.array_split(np.random.permutation(len(labels)), -(-len(labels) // batch)):  # noqa: NPY002
                rows = torch.from_numpy(at).to(device)
                loss = nn.functional.cross_entropy(module(maps[rows]), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()


def ours(parts: list[Examples], at_once: int, epochs: int, batch: int, device: str) -> None:
    """Train each fold by this package."""
    training = {"epochs": epochs, "batch_size": batch, "augment": False, "device": device}
    made = [systems.create("ststnet", seed=seed, training=training) for seed in range(len(parts))]
    fit_many(made, parts, at_once=at_once)


def measure(ways: dict[str, Callable[[], None]], repeats: int, units: int) -> dict[str, float]:
    """Give the best time of each way, ms for each unit, the ways taken in turn."""
    best = dict.fromkeys(ways, np.inf)
    for _ in range(repeats):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            best[name] = min(best[name], (time.perf_counter() - began) * 1e3 / units)
            print(f"  {name}: {best[name]:.1f} ms", flush=True)
    return best


def table(best: dict[str, float]) -> list[str]:
    """Give the times as Markdown."""
    one = best["one at a time"]
    lines = ["| way | ms for one epoch of one fold | as fast as one at a time |", "|---|---|---|"]
    return lines + [f"| {name} | {value:.1f} | {one / value:.2f} |" for name, value in best.items()]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--folds", type=int, default=68)
    asked.add_argument("--epochs", type=int, default=2)
    asked.add_argument("--batch", type=int, nargs="+", default=[256])
    asked.add_argument("--stacks", type=int, nargs="+", default=[4, 16])
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--threads", type=int, default=1)
    asked.add_argument("--device", default="cpu")
    asked.add_argument("--out", type=Path)
    options = asked.parse_args()
    torch.set_num_threads(options.threads)
    parts, device, epochs = folds(options.folds), options.device, options.epochs
    ours(parts[:2], 1, 1, 256, device)  # imports
    load = [os.getloadavg()[0]]
    lines = []
    for batch in options.batch:
        ways: dict[str, Callable[[], None]] = {
            "plain": lambda batch=batch: plain(Release, parts, epochs, batch, device),
            "plain, joined": lambda batch=batch: plain(lambda: STSTNet(3), parts, epochs, batch, device),
            "one at a time": lambda batch=batch: ours(parts, 1, epochs, batch, device),
        }
        for stack in options.stacks:
            ways[f"stack of {stack}"] = lambda stack=stack, batch=batch: ours(
                parts, stack, epochs, batch, device
            )
        print(f"batch of {batch}", flush=True)
        lines += [
            f"\nBatches of up to {batch}:\n",
            *table(measure(ways, options.repeats, options.folds * epochs)),
        ]
    load.append(os.getloadavg()[0])
    told = (
        f"{options.folds} folds of {np.mean([len(p) for p in parts]):.0f} maps on average, {epochs} epochs,"
        f" best of {options.repeats}; {device}, {options.threads} thread(s), torch {torch.__version__},"
        f" {os.cpu_count()} cores, load of the machine {load[0]:.1f} before and {load[1]:.1f} after."
    )
    text = "\n".join([told, *lines]) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
