"""At which rate networks should go on after made flow maps: chosen on made clips, not on real maps.

    SHOWS_CLIPS=DIR/samples.csv PYTHONPATH=benchmarks python benchmarks/start_rate.py [SYSTEM ...]

Each network learns 2000 made maps first and then, fold by fold over people, the maps of the clips. The clips
are much like the made maps, so that the network that learns nothing more does well; only the order counts.
"""

import sys
from typing import Any

import numpy as np
import torch

import fleeting.training.recognizer as room
from fleeting.core import Examples
from fleeting.evaluation import kfold, subject_confusions, uf1
from recognition_maps import NETWORKS, load
from recognition_runs import CLIPS, FIRST, Run, learnt_first, make
from shows_clips import clips

RATES, SEEDS = (1.0, 0.3, 0.1), 3


def score(rows: Examples, run: Run, first: Any | None) -> float:
    """UF1 over five folds, from the start or from weights."""
    answers = np.zeros(len(rows), int)
    for fold in kfold(rows.subjects, 5, labels=rows.labels.tolist()):
        made = make(run)
        if first is not None:
            made.start_from(first)
        answers[fold.test] = made.fit(rows.take(fold.train)).predict(rows.take(fold.test).sealed()).argmax(1)
    counts = subject_confusions(rows.labels.tolist(), answers.tolist(), range(3), rows.subjects)[1]
    return float(uf1(counts.sum(0)))


def main() -> None:
    torch.set_num_threads(1)
    rows, made = clips("flowmap28"), load(FIRST)
    for name in sys.argv[1:] or ("ststnet", "off-apexnet", "rcn-a"):
        runs = [Run(name, CLIPS, seed, switches=NETWORKS[name]) for seed in range(SEEDS)]
        firsts = [learnt_first(run, made) for run in runs]
        print(name, "from the start", np.mean([score(rows, run, None) for run in runs]).round(3), flush=True)
        for rate in RATES:
            room.START_RATE = rate
            found = [score(rows, run, first) for run, first in zip(runs, firsts, strict=True)]
            print(name, "at", rate, np.mean(found).round(3), np.round(found, 3).tolist(), flush=True)


if __name__ == "__main__":
    main()
