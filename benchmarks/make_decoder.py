"""Make what the decoder ``fleeting`` knows: which spans of a curve fit a movement. `make models` runs this.

    OMP_NUM_THREADS=1 python benchmarks/make_decoder.py [--work build/decoder]

Four spotters are trained on invented recordings, each fold by people; of every curve of recordings that a
network had not seen all possible spans are described, once with the raw signals and once without, and boosted
trees learn the IoU with what is coded. Curves are kept in ``--work``. How much better it is than other
decoders is measured on drawn faces, also on curves of other spotters: docs/benchmarks/spotting.md.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from fleeting import systems
from fleeting.core import Interval, iou
from fleeting.evaluation import kfold
from fleeting.io import write_atomic
from fleeting.spotting._moved import Moved
from fleeting.spotting._span_search import SPAN_FACTS, possible_spans, span_facts
from fleeting.systems import FeatureSettings, SpottingRecording, feature_recordings
from fleeting.systems.spotting._trees import whole_trees

OUT = Path(__file__).parents[1] / "src/fleeting/spotting/data/decoder.json"
PEOPLE, SEED, FOLDS = 16, 77, 4
SETTINGS = FeatureSettings(seconds=60.0, micro_per_minute=8.0)
SPOTTERS = {
    ("training-free", "micro"): {},
    ("training-free", "macro"): {},
    ("auw-gcn", "micro"): {},
    ("auw-gcn", "macro"): {},
    ("meldae", "micro"): {},
    ("boosting-vrme", "micro"): {"training": {"batch_size": 64, "epochs": 15}},
}
SIGNALS = "roi36"
ROUNDS, RATE, SHARE, LEAST_ROWS = 160, 0.1, 0.3, 80
DIGITS = 5


def curves(
    name: str, kind: str, options: dict, recordings: list[SpottingRecording], work: Path
) -> dict[str, np.ndarray]:
    """Curves of held-out recordings by id, from the folder of work where they are there."""
    kept = work / f"{name}-{kind}.npz"
    if kept.exists():
        return dict(np.load(kept))
    found = {}
    for fold in kfold(np.array([one.subject for one in recordings]), FOLDS):
        made = systems.create(
            name, seed=0, **options, **({"target": kind} if "target" in systems.defaults(name) else {})
        )
        made.fit([recordings[at] for at in fold.train])
        for at in fold.test:
            found[recordings[at].id] = made.curve(recordings[at].sealed()).values
    work.mkdir(parents=True, exist_ok=True)
    np.savez(kept, **found)
    return found


def rows_of(curve: np.ndarray, recording: SpottingRecording, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Facts of all possible spans of a curve, with and without signals, and the IoU of each."""
    coded = [one for one in recording.intervals or () if one.kind == kind]
    usual = 0.33 if kind == "micro" else 1.5
    fps = 1 / float(np.median(np.diff(recording.times)))
    curve = np.where(np.isfinite(curve), curve, np.nanmedian(curve))
    facts, truth = [], []
    for moved in (None, Moved(recording.inputs[SIGNALS], fps, usual)):
        spans = possible_spans(curve, fps, usual, moved)
        facts.append(span_facts(curve, fps, usual, spans, moved))
        truth.append(best_iou(spans, coded))
    return np.concatenate(facts), np.concatenate(truth)


def best_iou(spans: np.ndarray, coded: list[Interval]) -> np.ndarray:
    return np.array(
        [
            max((iou((a, b), (one.onset_frame, one.offset_frame)) for one in coded), default=0.0)
            for a, b in spans.tolist()
        ]
    )


def make(work: Path) -> dict:
    """Learn and write the file."""
    recordings = feature_recordings(PEOPLE, 1, settings=SETTINGS, seed=SEED)
    facts, truth = [], []
    for (name, kind), options in SPOTTERS.items():
        found = curves(name, kind, options, recordings, work)
        each = [rows_of(found[one.id], one, kind) for one in recordings]
        facts += [rows for rows, _ in each]
        truth += [fit for _, fit in each]
        print(f"{name}, {kind}: {sum(len(one) for one in facts)} rows", flush=True)
    rows, fit = np.concatenate(facts), np.concatenate(truth)
    model = GradientBoostingRegressor(
        n_estimators=ROUNDS, max_depth=3, learning_rate=RATE, subsample=SHARE,
        max_features=len(SPAN_FACTS) // 3, min_samples_leaf=LEAST_ROWS, random_state=SEED,
    ).fit(rows, fit)  # fmt: skip
    learnt = whole_trees(model, RATE, float(np.mean(fit)))
    told = {
        "about": "IoU with a coded movement that is to be expected of a span of a curve",
        "made_by": "python benchmarks/make_decoder.py",
        "trained_on": f"{len(fit)} spans of curves of {PEOPLE} invented people, no real face",
        "spotters": sorted({name for name, _ in SPOTTERS}),
        "licence": "Apache-2.0",
        "facts": SPAN_FACTS,
        **{name: np.round(values.astype(float), DIGITS).tolist() for name, values in learnt.arrays().items()},
    }
    OUT.parent.mkdir(exist_ok=True)
    write_atomic(OUT, json.dumps(told, separators=(",", ":")) + "\n")
    return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("build/decoder"))
    make(parser.parse_args().work)
