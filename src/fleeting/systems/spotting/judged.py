"""What may be a movement by its pulse, judged by trees: the spotter of `analyze` that has learnt."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from fleeting.core import Curve, InputError, Interval, UsageError, iou
from fleeting.evaluation import kfold, match_intervals
from fleeting.spotting import FACTS, SpotterSettings, SpottingResult, possible_facts, spot
from fleeting.systems.contract import Card, SpottingRecording
from fleeting.systems.registry import register
from fleeting.systems.spotting._trees import Trees, grow, tree_module
from fleeting.systems.spotting.training_free import HEAD, OPENINGS, REGIONS, closed_of

NAME = "judged"
ROUNDS = {"small": 60, "paper": 150}  # of boosting
HELD_PART = 4  # of so many parts of the training subjects one chooses the least score
RULES = tuple(i for i, name in enumerate(FACTS) if name.startswith("rules"))
AROUND = tuple(i for i, name in enumerate(FACTS) if "elsewhere" in name or "nearby" in name)
LEAST_IOU = 0.5
LEVELS = np.linspace(0.05, 0.95, 19)


class JudgedSpotter:
    """Finds possible movements without learning, and learns which of them count.

    Parameters
    ----------
    preset, seed, switches
        As for every system.
    rounds
        Of boosting; each adds a tree.
    """

    def __init__(self, preset: str, seed: int, switches: Mapping[str, bool], rounds: int) -> None:
        self.system, self.preset, self.seed = NAME, preset, seed
        self.switches, self.rounds = dict(switches), rounds
        self.trees: Trees | None = None
        self.least_score = 0.5

    def fit(self, recordings: Sequence[SpottingRecording]) -> Self:
        """Learn from the micro-expressions; the least score comes from a part of the subjects held out."""
        made = [_rows(one) for one in recordings]
        subjects = np.array([one.subject for one in recordings])
        if len(set(subjects.tolist())) >= HELD_PART:
            inner = kfold(subjects, HELD_PART)[0]
            self.trees = self._learn([made[at] for at in inner.train])
            held = [recordings[at] for at in inner.test]
            self.least_score = _best_level([self._spot(one, 0.0) for one in held], held)
        self.trees = self._learn(made)
        return self

    def judge(self, facts: np.ndarray) -> np.ndarray:
        """Score facts ``(N, F)``: ``(N,)`` in 0..1."""
        return 1 / (1 + np.exp(-self._learnt().answers(facts)))

    def curve(self, recording: SpottingRecording) -> Curve:
        """Give the best score of a movement that holds the frame; NaN where the face was not seen."""
        return self._spot(recording, self.least_score).curve

    def intervals(self, recording: SpottingRecording) -> list[Interval]:
        """Give what `analyze` would report with this spotter, of all kinds."""
        return [one.interval for one in self._spot(recording, self.least_score).spotted]

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        from fleeting.training import save_arrays

        told = {"system": NAME, "preset": self.preset, "seed": self.seed, "switches": self.switches}
        told |= {"classes": ["movement"], "inputs": [REGIONS, HEAD, OPENINGS]}
        save_arrays(folder, self._learnt().arrays(), told | {"least_score": self.least_score})

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the trees of a saved folder; raises InputError where it is of another system."""
        from fleeting.training import load_arrays

        arrays, told = load_arrays(folder)
        if told.get("system") != NAME:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {NAME!r}")
        self.trees, self.least_score = Trees(**arrays), float(told["least_score"])
        return self

    def export(self, folder: str | PathLike[str], **facts: Any) -> Path:
        """Write ``model.onnx`` and ``model.json`` for ``fleeting analyze --spotter``.

        Parameters
        ----------
        folder
            Made where it is missing.
        **facts
            For the card, such as ``trained_on`` and ``licence``.
        """
        import torch

        from fleeting.io import validate_folder
        from fleeting.training import export_onnx

        told: dict[str, Any] = {"system": NAME, "task": "spotting", "classes": ["movement"]}
        told |= {"inputs": ["movement-facts"], "facts": list(FACTS)}
        told |= {"least_score": round(self.least_score, 4)} | facts
        rows = np.random.default_rng(0).normal(size=(4, len(FACTS))).astype(np.float32)
        target = validate_folder(folder) / "model.onnx"
        return export_onnx(tree_module(self._learnt()), (torch.from_numpy(rows),), target, told, several=True)

    def _learnt(self) -> Trees:
        if self.trees is None:
            raise UsageError(f"system {NAME!r} has learnt nothing yet; call fit or load first")
        return self.trees

    def _spot(self, recording: SpottingRecording, least: float) -> SpottingResult:
        regions, head, openings = _given(recording)
        settings = SpotterSettings(least_score=least)
        return spot(
            regions, head, openings, recording.times, settings, closed=closed_of(recording), judge=self.judge
        )

    def _learn(self, made: Sequence[tuple[np.ndarray, np.ndarray]]) -> Trees:
        facts = np.concatenate([one for one, _ in made]) if made else np.zeros((0, len(FACTS)), np.float32)
        labels = np.concatenate([one for _, one in made]) if made else np.zeros(0)
        if len(set(labels.tolist())) < 2:
            raise UsageError(
                f"system {NAME!r}: nothing to learn from: it needs movements that count and others"
            )
        facts = facts.copy()
        facts[
            :, [*(() if self.switches["rules"] else RULES), *(() if self.switches["around"] else AROUND)]
        ] = 0
        return grow(facts, labels, self.rounds, self.seed)


def _given(recording: SpottingRecording) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    regions, head, openings = (np.asarray(recording.inputs[name]) for name in (REGIONS, HEAD, OPENINGS))
    return regions, head, openings


def _rows(recording: SpottingRecording) -> tuple[np.ndarray, np.ndarray]:
    """Facts of all that may be a movement, and whether it is a coded micro-expression by IoU of 0.5."""
    if recording.intervals is None:
        raise UsageError(f"{recording.id}: the intervals are withheld; nothing can be learnt from it")
    regions, head, openings = _given(recording)
    facts, found = possible_facts(regions, head, openings, recording.times, closed=closed_of(recording))
    coded = [(one.onset_frame, one.offset_frame) for one in recording.intervals if one.kind == "micro"]
    labels = [
        any(iou((one.onset_frame, one.offset_frame), other) >= LEAST_IOU for other in coded) for one in found
    ]
    return facts, np.array(labels, np.float32)


def _best_level(results: Sequence[SpottingResult], recordings: Sequence[SpottingRecording]) -> float:
    """Give the least score with the greatest strict F1 of micro-expressions."""

    def f1(level: float) -> float:
        hits = found = there = 0
        for result, recording in zip(results, recordings, strict=True):
            kept = [one.interval for one in result.spotted if one.interval.kind == "micro"]
            kept = [one for one in kept if one.score >= level]
            coded = [one for one in recording.intervals or () if one.kind == "micro"]
            hits += match_intervals(_ends(coded), _ends(kept), np.array([one.score for one in kept])).tp
            found, there = found + len(kept), there + len(coded)
        return 2 * hits / (found + there) if found + there else 0.0

    return float(max(LEVELS, key=f1))


def _ends(intervals: Sequence[Interval]) -> np.ndarray:
    return np.array([(one.onset_frame, one.offset_frame) for one in intervals]).reshape(-1, 2)


@register(
    Card(
        name=NAME,
        title="Possible pulses of action units in region signals, judged by boosted trees",
        paper="",
        task="spotting",
        inputs=(REGIONS, HEAD, OPENINGS),
        parts={
            "candidates and their ends": "our own, those of the training-free spotter at a lower threshold",
            "judge": "our own; gradient boosting (Friedman 2001) of trees; learns short movements alone, long"
            " ones stay with the rules",
        },
        kind="baseline",
        switches={
            "rules": "knows what the rules of the training-free spotter say",
            "around": "knows of other movements near by and elsewhere",
        },
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    rules: bool = True,
    around: bool = True,
) -> JudgedSpotter:
    """Make it; of ``training`` it knows ``epochs`` alone, the rounds of boosting."""
    stray = set(training or {}) - {"epochs"}
    if stray:
        raise UsageError(f"system {NAME!r} knows epochs alone, got {', '.join(sorted(stray))}")
    rounds = int((training or {}).get("epochs", ROUNDS[preset]))
    return JudgedSpotter(preset, seed, {"rules": rules, "around": around}, rounds)
