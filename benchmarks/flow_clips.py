"""UF1 of recognisers on made clips, their maps by one flow or another.

    python benchmarks/flow_clips.py FOLDER [--flow dis --flow learnt] [--system svm-flow] [--set more]

Clips are made into FOLDER where they are not there yet. They go through the same road as any dataset's:
compression, face finder, one crop, the head's motion taken out. Folds are over people, the same for every
flow; every row is compared with the first flow, in pairs over people.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from fleeting import systems
from fleeting.bench import load_examples
from fleeting.synth import ClipSettings, write_clips
from shows import measure, table

USUAL = ClipSettings()
SLOW = replace(USUAL, filming=replace(USUAL.filming, fps=(25.0, 30.0)))  # cheap: few frames
SETS = {"usual": (120, 20, 3, USUAL), "more": (240, 40, 11, SLOW)}  # clips, people, seed
FOLDS = 5
SEEDS = {"svm-flow": 1, "ststnet": 3}  # svm-flow has no chance in it


def clips(root: Path, name: str) -> Path:
    """The table of a set; a stopped run goes on where it was."""
    count, people, seed, settings = SETS[name]
    write_clips(root / name, count, seed=seed, subjects=people, settings=settings)
    return root / name / "samples.csv"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", choices=SETS, action="append", default=[])
    parser.add_argument("--flow", action="append", default=[])
    parser.add_argument("--system", choices=SEEDS, action="append", default=[])
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in args.set or SETS:
        place = clips(args.folder, name)
        flows = args.flow or ["dis", "farneback", "learnt"]
        sets = {flow: load_examples("csv", place, flow=flow) for flow in flows}
        for system in args.system or SEEDS:
            found = [
                measure(
                    f"{system}, {flow}",
                    lambda seed, system=system: systems.create(system, seed=seed),
                    rows,
                    folds=FOLDS,
                    seeds=SEEDS[system],
                )
                for flow, rows in sets.items()
            ]
            print(f"**{name}**\n\n" + "\n".join(table(found)), flush=True)


if __name__ == "__main__":
    main()
