"""Make the network of flow that ships: learnt from drawn faces alone. `make models` runs this.

    OMP_NUM_THREADS=1 python benchmarks/make_flow.py [--work build/flow]

Pairs are made by `flow_sets.py`, the network is trained by `flow_train.py` (goes on where it was stopped),
its errors and those of DIS are measured on people whom it has not seen, and all goes into one folder with its
card. On one idle core: ten minutes for the pairs, a minute for each pass, half a minute to measure.
"""

import argparse
import json
from pathlib import Path

from fleeting.io import write_atomic
from fleeting.motion import FlowNetwork, dis_flow
from flow import JUDGED, errors, interval
from flow_sets import SETS
from flow_train import train

ROOT = Path(__file__).parents[1]
OUT = ROOT / "src/fleeting/motion/data/flow/learnt"
WORK = ROOT / "build/flow"
EPOCHS, SEED = 48, 0


def make(work: Path = WORK) -> dict:
    """Train, judge, and put into the package; gives the card."""
    folder = train(work, "whole", epochs=EPOCHS, seed=SEED, sets=3)
    card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    flows = {"network": FlowNetwork(folder), "DIS": dis_flow}
    found = {name: errors(work, name, flow) for name, flow in flows.items()}
    learnt = [SETS[f"learnt {k + 1}"] for k in range(3)]
    pairs, people = (sum(one[at] for one in learnt) for at in (0, 1))
    card["trained_on"] = f"{pairs} pairs of {people} drawn people, no real face"
    card["made_by"] = "python benchmarks/make_flow.py"
    card["error_px"] = {
        one: {
            "pairs": SETS[one][0],
            "people": SETS[one][1],
            **{
                name: [round(value, 4) for value in interval(measured[one]["pairs"])]
                for name, measured in found.items()
            },
        }
        for one in JUDGED
    }
    card["limits"] = (
        "drawn faces alone, one seed; photographs of two real people were looked at, no real recording;"
        " grey pictures in focus, motion below about five pixels with the eyes 44 to 100 pixels apart"
    )
    OUT.mkdir(parents=True, exist_ok=True)
    write_atomic(OUT / "model.onnx", (folder / "model.onnx").read_bytes())
    write_atomic(OUT / "model.json", json.dumps(card, indent=1) + "\n")
    return card


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=WORK)
    print(json.dumps(make(parser.parse_args().work), indent=1))


if __name__ == "__main__":
    main()
