"""UF1 of recognisers on made clips, their maps by one flow or another.

    python benchmarks/flow_clips.py TABLE [--flow dis --flow learnt] [--system svm-flow]

TABLE is what `fleeting synth clips --count 120 --subjects 20 --seed 3` wrote. Folds are over people, the same
for every flow; every row is compared with the first flow, in pairs over people. Clips go through the same
road as any dataset's: compression, face finder, one crop, the head's motion taken out.
"""

import argparse
from pathlib import Path

import torch

from fleeting import systems
from fleeting.bench import load_examples
from shows import measure, table

FOLDS = 5
SEEDS = {"svm-flow": 1, "ststnet": 3}  # svm-flow has no chance in it


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--flow", action="append", default=[])
    parser.add_argument("--system", choices=SEEDS, action="append", default=[])
    args = parser.parse_args()
    torch.set_num_threads(1)
    flows = args.flow or ["dis", "farneback", "learnt"]
    sets = {flow: load_examples("csv", args.table, flow=flow) for flow in flows}
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
        print("\n".join(table(found)), flush=True)


if __name__ == "__main__":
    main()
