"""Make the spotter that ships: `judged`, learnt from invented region signals alone. `make models` runs this.

    python benchmarks/make_spotter.py [--people 160]

Half a minute of one core. It is judged on other invented people, beside the training-free spotter;
on planted motion in real faces by ``analyze_planted.py --spotter learnt`` and ``spotters_planted.py``.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from fleeting import systems
from fleeting.evaluation import match_intervals
from fleeting.systems import SpottingRecording, varied_recordings

OUT = Path(__file__).parents[1] / "src/fleeting/models/data/spotters/learnt"
PEOPLE, SEED = 160, 7
JUDGED_ON = (40, 2007)


def make(people: int = PEOPLE) -> dict:
    """Train, judge, export; gives the card."""
    learnt = systems.create("judged", preset="paper", seed=SEED)
    learnt.fit(varied_recordings(people, seed=SEED))
    count, seed = JUDGED_ON
    others = varied_recordings(count, seed=seed)
    card = {
        "name": "fleeting spotter",
        "licence": "Apache-2.0",
        "trained_on": f"{people} invented recordings of region signals, of 3 to 20 s, no real face",
        "made_by": "python benchmarks/make_spotter.py",
        "seed": SEED,
        "synthetic": {
            "recordings": count,
            "micro-expressions": sum(len(micro(one.intervals)) for one in others),
            "this spotter": scores(learnt, others),
            "training-free spotter": scores(systems.create("training-free"), others),
        },
        "limits": "learnt from a model of region signals, in which speech, smiles and blinks are simple;"
        " on planted motion in real faces see docs/benchmarks/spotting.md",
    }
    learnt.export(OUT, **card)
    return card


def micro(intervals) -> list:
    return [one for one in intervals if one.kind == "micro"]


def ends(intervals) -> np.ndarray:
    return np.array([(one.onset_frame, one.offset_frame) for one in intervals]).reshape(-1, 2)


def scores(spotter, recordings: list[SpottingRecording]) -> dict:
    """Strict scores of micro-expressions, pooled."""
    hits = found = there = 0
    for one in recordings:
        kept, coded = micro(spotter.intervals(one.sealed())), micro(one.intervals)
        hits += match_intervals(ends(coded), ends(kept), np.array([i.score for i in kept])).tp
        found, there = found + len(kept), there + len(coded)
    minutes = sum(float(one.times[-1]) for one in recordings) / 60
    return {
        "F1": round(2 * hits / max(found + there, 1), 3),
        "recall": round(hits / max(there, 1), 3),
        "false alarms a minute": round((found - hits) / minutes, 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=PEOPLE)
    print(json.dumps(make(parser.parse_args().people), indent=1))
