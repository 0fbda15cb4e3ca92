"""What a link that is no cause does to Causal-Ex: a table for ``docs/benchmarks/spotting.md``.

    OMP_NUM_THREADS=1 python benchmarks/planted_link.py --out build/link.md

Recordings of `fleeting.systems.linked_recordings`: faint movements of the brows are coded, strong ones of the
mouth go along with them in training 85 times in a hundred (or half the time: no link). Average precision of
frames, over people that the networks have not seen.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from fleeting import systems
from fleeting.io import write_atomic

VARIANTS = {
    "causal-ex": {},
    "tied regions alone (`select`)": {"select": True},
    "debiased (`debias`)": {"debias": True},
    "causal graph alone": {"graph": "causal"},
    "no causal graph": {"graph": "none"},
}
LINKS = {"linked": 0.85, "not linked": 0.5}
TESTS = {"holds": 0.85, "says nothing": 0.5, "is reversed": 0.15}
PEOPLE, SEEDS = (6, 8), 3


def precision(made, recordings: list) -> float:
    """Average precision of the curve's frames, pooled over recordings."""
    values = np.concatenate([made.curve(one.sealed()).values for one in recordings])
    inside = np.concatenate([coded(one) for one in recordings])
    return float(average_precision_score(inside, values))


def coded(recording) -> np.ndarray:
    inside = np.zeros(len(recording.times), bool)
    for one in recording.intervals:
        inside[one.onset_frame : one.offset_frame + 1] = True
    return inside


def rows() -> list[str]:
    lines = [
        "| learnt from | variant | regions left in | " + " | ".join(f"link {one}" for one in TESTS) + " |"
    ]
    lines.append("|---" * (3 + len(TESTS)) + "|")
    tests = {name: systems.linked_recordings(PEOPLE[1], link, seed=100) for name, link in TESTS.items()}
    for told, link in LINKS.items():
        for name, options in VARIANTS.items():
            kept, scores = [], []
            for seed in range(SEEDS):
                given = systems.linked_recordings(PEOPLE[0], link, seed=1 + seed)
                made = systems.create("causal-ex", seed=seed, training={"epochs": 15}, **options).fit(given)
                kept.append(made.network.keep.flatten().bool().numpy())
                scores.append([precision(made, one) for one in tests.values()])
            brows, mouth = (np.mean([k[part].sum() for k in kept]) for part in (slice(0, 6), slice(8, 12)))
            cells = [
                f"{mean:.3f} ± {sd:.3f}"
                for mean, sd in zip(np.mean(scores, 0), np.std(scores, 0), strict=True)
            ]
            regions = f"{brows:g} of 6 brows, {mouth:g} of 4 mouth"
            lines.append("| " + " | ".join([told, name, regions, *cells]) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    how = f"Mean and deviation over {SEEDS} seeds; {PEOPLE[0]} people to learn from, {PEOPLE[1]} to test."
    write_atomic(parser.parse_args().out, "\n".join([*rows(), "", how, ""]))


if __name__ == "__main__":
    main()
