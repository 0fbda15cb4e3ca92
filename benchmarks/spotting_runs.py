"""Which spotters `spotting_systems.py` measures, and how one of them is measured."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from fleeting import systems
from fleeting.bench import (
    SpotterSpec,
    SpottingRun,
    SpottingSettings,
    compare_spotters,
    decoder_counts,
    load_recordings,
    run_spotting,
    score_spotting_run,
)
from fleeting.bench.spotting import FoldWork, minutes_of, spans_of
from fleeting.core import Curve, iou
from fleeting.evaluation import Span, kfold
from fleeting.io import write_atomic

INPUTS = ("regions", "head", "openings", "roi12", "roi36", "roi10")
PICTURES = ("crop64", "flowmap42")  # what the oldest baselines see; loaded for them alone
DECODERS = ("own", "fixed", "fixed-nms", "scalable", "runs", "onset-offset", "durations", "fleeting")
TUNED_ON = ("training-free", "auw-gcn", "meldae", "boosting-vrme")  # curves that `fleeting` learnt from
ONE_KIND = ("me-tst", "me-tst-plus", "boosting-vrme", "meldae")
QUICK = {"batch_size": 64, "epochs": 15}
NOISE_FRAMES = 3  # deviation of the smoothing of curves that say nothing
FEW = {"epochs": 5}  # a quarter of the preset: each frame is a picture here
ALL = (
    SpotterSpec("training-free"),
    SpotterSpec("judged"),
    SpotterSpec("auw-gcn"),
    SpotterSpec("meldae"),
    SpotterSpec("pesformer"),
    SpotterSpec("boosting-vrme", {"training": QUICK}),
    SpotterSpec("me-tst", {"training": QUICK}),
    SpotterSpec("causal-ex"),
    SpotterSpec("me-tst-plus", {"training": QUICK}),
    SpotterSpec("mdmd"),
    SpotterSpec("softnet", {"training": FEW}),
    SpotterSpec("mean", {"training": FEW}),
)
SWITCHES = (  # what the network learns from or with: with its own decoder, and with fitted ones
    SpotterSpec("me-tst", {"training": QUICK, "state_space": False}, "me-tst, no state space"),
    SpotterSpec("me-tst-plus", {"training": QUICK, "regions": 5}, "me-tst-plus, 5 regions"),
    SpotterSpec("me-tst-plus", {"training": QUICK, "slow": False}, "me-tst-plus, no slow pathway"),
    SpotterSpec("boosting-vrme", {"training": QUICK, "shared": False}, "boosting-vrme, own pathways"),
    SpotterSpec("pesformer", {"whole": False}, "pesformer, windows"),
    SpotterSpec("pesformer", {"encoding": "anchors"}, "pesformer, anchors"),
    SpotterSpec("causal-ex", {"graph": "none"}, "causal-ex, no causal graph"),
    SpotterSpec("causal-ex", {"graph": "causal"}, "causal-ex, causal graph alone"),
    SpotterSpec("meldae", {"boundary": "frames"}, "meldae, heavier frames"),
    SpotterSpec("meldae", {"boundary": "none"}, "meldae, no boundary loss"),
)
OWN_SWITCHES = (  # with their own decoder alone: half the time
    SpotterSpec("causal-ex", {"debias": True}, "causal-ex, debiased"),
    SpotterSpec("causal-ex", {"select": True}, "causal-ex, tied regions alone"),
    SpotterSpec("me-tst", {"training": QUICK, "synergy": 0}, "me-tst, synergy 0"),
    SpotterSpec("me-tst", {"training": QUICK, "synergy": 1}, "me-tst, synergy 1"),
    SpotterSpec("me-tst", {"training": QUICK, "stitch": "official"}, "me-tst, official stitching"),
    SpotterSpec("me-tst", {"training": QUICK, "pathways": "official"}, "me-tst, official pathways"),
    SpotterSpec("causal-ex", {"adjacency": "self"}, "causal-ex, regions by themselves"),
    SpotterSpec("causal-ex", {"pools": False}, "causal-ex, no pools"),
    SpotterSpec("causal-ex", {"graph": "batch"}, "causal-ex, a graph for each batch"),
    SpotterSpec("auw-gcn", {"adjacency": "self"}, "auw-gcn, regions by themselves"),
    SpotterSpec("judged", {"rules": False}, "judged, no rules"),
    SpotterSpec("judged", {"around": False}, "judged, nothing around"),
    SpotterSpec("meldae", {"ends": False}, "meldae, no heads for the ends"),
    SpotterSpec("boosting-vrme", {"training": QUICK, "synergy": 2}, "boosting-vrme, synergy 2"),
    SpotterSpec("boosting-vrme", {"training": QUICK, "slow": False}, "boosting-vrme, no slow pathway"),
    SpotterSpec("pesformer", {"local": True}, "pesformer, attention near by"),
    SpotterSpec("pesformer", {"focal": False}, "pesformer, balanced cross-entropy"),
    SpotterSpec("pesformer", {"dice": False}, "pesformer, no overlap loss"),
    SpotterSpec("mdmd", {"relative": False}, "mdmd, ends kept"),
    SpotterSpec("softnet", {"training": FEW, "strain": False}, "softnet, no strain"),
    SpotterSpec("mean", {"training": FEW, "strain": False}, "mean, no strain"),
    SpotterSpec("mean", {"training": FEW, "shared": False}, "mean, streams not joined"),
)

MACRO = tuple(  # the networks published for micro-expressions alone, taught the others
    SpotterSpec(one.system, one.options, f"{one.name}, macro") for one in ALL if one.system in ONE_KIND
)


def films(folder: Path, more: tuple[str, ...] = ()) -> list:
    """Read the films' measured inputs."""
    return list(load_recordings("csv", folder / "samples.csv", inputs=INPUTS + more).recordings)


def takes_pictures(spec: SpotterSpec) -> bool:
    return any(name in PICTURES for name in systems.card(spec.system).inputs)


def measure(recordings: list, spec: SpotterSpec, seeds: int, folds: int, work: Path) -> dict:
    """One spotter with all decoders, in a form that JSON holds."""
    parts = [one_seed(recordings, spec, seed, folds, work) for seed in range(seeds)]
    run = replace(
        parts[0],
        found={key: spans for part in parts for key, spans in part.found.items()},
        seconds={spec.name: tuple(np.sum([part.seconds[spec.name] for part in parts], 0).tolist())},
    )
    told = {"seeds": seeds, "scores": score_spotting_run(run), "seconds": run.seconds[spec.name]}
    if spec in ALL:
        told["counts"] = {
            name: decoder_counts(run, spec.name, name, kind="micro").tolist() for name in DECODERS
        }
        told["expected"] = expected(run, spec.name)
        told["pairs"] = {
            other: compare_spotters(run, (spec.name, "fleeting"), (spec.name, other), kind="micro")
            for other in DECODERS
            if other != "fleeting"
        }
    return told


def one_seed(recordings: list, spec: SpotterSpec, seed: int, folds: int, work: Path) -> SpottingRun:
    """Train, run and decode, or take what is kept."""
    kinds = ("macro",) if spec in MACRO else ("micro",) if spec.system in ONE_KIND else ("micro", "macro")
    kept = work / "found" / f"{spec.name.replace(', ', '-').replace(' ', '-')}-{seed}.json"
    if not kept.exists():
        fitted = ("own", "runs", "fleeting") if spec in SWITCHES + MACRO else ("own",)
        decoders = DECODERS if spec in ALL else fitted
        settings = SpottingSettings(kinds=kinds, folds=folds, seeds=(seed,), decoders=decoders)
        run = run_spotting(recordings, [spec], settings, say=print, store=work / "trained")
        found = {key[1]: [asdict(span) for span in spans] for key, spans in run.found.items()}
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(kept, json.dumps({"found": found, "seconds": run.seconds[spec.name]}))
    told = json.loads(kept.read_text())
    return SpottingRun(
        tuple(span for one in recordings for span in spans_of(one, one.intervals, kinds)),
        {
            (spec.name, name, seed): tuple(Span(**span) for span in spans)
            for name, spans in told["found"].items()
        },
        minutes_of(recordings),
        float(np.median([1 / np.median(np.diff(one.times)) for one in recordings])),
        {spec.name: told["seconds"]},
        {},
    )


def expected(run: SpottingRun, system: str) -> list[tuple[float, float]]:
    """The IoU that our decoder expected of each span it gave, and the greatest there is with one coded."""
    pairs = []
    for (name, decoder, _), spans in run.found.items():
        if (name, decoder) == (system, "fleeting"):
            for one in spans:
                there = [t for t in run.truth if (t.video, t.kind) == (one.video, one.kind)]
                ends = [(t.onset, t.offset) for t in there]
                best = max((iou((one.onset, one.offset), end) for end in ends), default=0.0)
                pairs.append((round(one.score, 4), round(best, 4)))
    return pairs


def noise(recordings: list, seeds: int, folds: int) -> list[dict]:
    """Scores of fitted decoders on curves that say nothing: what they have from elsewhere."""
    settings = SpottingSettings(kinds=("micro",), folds=folds, decoders=("runs", "fleeting"))
    spec, found = SpotterSpec("training-free"), {}
    subjects = np.array([one.subject for one in recordings])
    for seed in range(seeds):
        known = {}
        for at, one in enumerate(recordings):
            drawn = np.random.default_rng([seed, at]).normal(size=len(one.times))
            known[one.id] = Curve(gaussian_filter1d(drawn, NOISE_FRAMES), one.times)
        for fold in kfold(subjects, folds):
            work = FoldWork(spec, seed, "micro", settings, {}, known=known)
            parts = ([recordings[at] for at in part] for part in (fold.train, fold.test))
            for decoder, spans in work.run(*parts).items():
                found.setdefault(("noise", decoder, seed), []).extend(spans)
    truth = tuple(span for one in recordings for span in spans_of(one, one.intervals, ("micro",)))
    fps = float(np.median([1 / np.median(np.diff(one.times)) for one in recordings]))
    return score_spotting_run(SpottingRun(truth, found, minutes_of(recordings), fps, {}, {}))
