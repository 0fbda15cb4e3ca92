"""What else may be done with a network of flow, on the pairs that judge nothing.

    python benchmarks/flow_tries.py FOLDER NETWORK

FOLDER is that of `flow.py`, NETWORK a folder of `flow_train.py`. Run again on what is left after warping,
averaged with its answer to the mirrored pair or to the pair the other way round, joined with tuned DIS.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from flow import SIZES, network, table
from flow_classical import Flow, best_of, epe
from flow_sets import grey, pairs


def fetched(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """A picture, or a field, fetched back along a flow."""
    x, y = np.meshgrid(*(np.arange(size, dtype=np.float32) for size in picture.shape[1::-1]))
    how = cv2.INTER_CUBIC if picture.ndim == 2 else cv2.INTER_LINEAR
    return cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], how, borderMode=cv2.BORDER_REPLICATE)


def ways(net: Flow, tuned: Flow) -> dict[str, Flow]:
    def refined(first: Flow) -> Flow:
        def measure(a, b):
            flow = first(a, b)
            return flow + net(a, fetched(b, flow))

        return measure

    def mirrored(a, b):
        other = net(*(np.ascontiguousarray(one[:, ::-1]) for one in (a, b)))[:, ::-1]
        return (net(a, b) + other * np.float32([-1, 1])) / 2

    def both_ways(a, b):
        flow = net(a, b)
        return (flow - fetched(net(b, a), flow)) / 2

    return {
        "network": net,
        "again on what is left": refined(net),
        "mean with the mirrored pair": mirrored,
        "mean with the way back": both_ways,
        "DIS, chosen": tuned,
        "network on what DIS, chosen, leaves": refined(tuned),
        "mean with DIS, chosen": lambda a, b: (net(a, b) + tuned(a, b)) / 2,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("network", type=Path)
    args = parser.parse_args()
    flows = ways(network(args.network), best_of(args.folder)["DIS"][1])
    found: dict[str, list[float]] = {name: [] for name in flows}
    highest = []
    for pair in pairs(args.folder, "chosen on"):
        first, second, counts = grey(pair.image_1), grey(pair.image_2), pair.face & pair.visible
        highest.append(pair.row["highest_px"])
        for name, flow in flows.items():
            found[name].append(epe(flow(first, second), pair.flow, counts))
    motion, rows = np.array(highest), []
    for name, errors in found.items():
        every = np.array(errors)
        parts = [every[(motion >= low) & (motion < high)] for low, high in SIZES]
        rows.append([name, f"{every.mean():.4f}", *(f"{part.mean():.3f}" for part in parts)])
    print(table(["60 pairs", "error, px", "below 0.3", "0.3 to 1", "1 to 3", "above 3 px"], rows))


if __name__ == "__main__":
    main()
