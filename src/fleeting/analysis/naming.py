"""A movement -> its action units and emotion: the models' evidence, joined with what the spotter saw."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from fleeting import facs
from fleeting.analysis.describe import MOST_UNITS, action_units, emotion, never_together, side_of
from fleeting.analysis.rois import ROI_SHAPES
from fleeting.core import ActionUnit, Emotion, ModelUse, UsageError
from fleeting.models import (
    AuDetector,
    CurveSpotter,
    Model,
    Recognizer,
    Spotter,
    load_au_detector,
    load_recognizer,
    load_spotter,
)
from fleeting.motion import USUAL_FLOW, AlignedClip, FlowNetwork, InputMaker, find_flow, find_input
from fleeting.spotting import Spotted, decode

BY_UNITS = 0.5  # power of the units' evidence: the recogniser and the units saw the same frames
RULES, DEFAULT = "rules", "default"
SEEN_BY_SPOTTER = 4.0  # log odds that the spotter's own unit gets on top; chosen on development plants
LEAST_EVIDENCE = 0.5


@dataclass(frozen=True)
class Namer:
    """What names movements: a recogniser, a detector of action units, or the tables where one is ``None``."""

    recognizer: Recognizer | None
    detector: AuDetector | None

    @property
    def inputs(self) -> tuple[InputMaker, ...]:
        """All inputs that the models take."""
        models = [model for model in (self.recognizer, self.detector) if model is not None]
        return tuple(find_input(name) for name in dict.fromkeys(n for model in models for n in model.inputs))

    @property
    def uses(self) -> tuple[ModelUse, ...]:
        """The models, and what networks measure flow for them, for provenance."""
        models = [model for model in (self.recognizer, self.detector) if model is not None]
        flows = dict.fromkeys(flow_of(model) for model in models)
        networks = [find_flow(flow).measure for flow in flows]
        learnt = [one.use for one in networks if isinstance(one, FlowNetwork)]
        return tuple([*(model.use for model in models), *learnt])

    def name(
        self, spotted: Spotted, clips: Mapping[str, AlignedClip]
    ) -> tuple[tuple[ActionUnit, ...], Emotion | None]:
        """Give a movement its units and emotion.

        Parameters
        ----------
        spotted
            From ``fleeting.spotting.spot``.
        clips
            The movement's frames by what inputs look at: ``key``, ``all``, ``tracked``.
        """
        made: dict[tuple[str, str], np.ndarray] = {}  # by input and flow: models that take the same share it
        units = action_units(spotted)
        if self.detector is not None and spotted.candidate.vector.any():
            rows = rows_for(self.detector, clips, made)
            units = joined(spotted, units, self.detector.units, self.detector.predict(rows)[0])
        if self.recognizer is None:
            return units, emotion(units)
        return units, recognised(self.recognizer, rows_for(self.recognizer, clips, made), units)


def flow_of(model: Model) -> str:
    """Name the flow that a model's rows were measured with when it learnt.

    Raises
    ------
    UsageError
        Where that network is not the one that is here.
    """
    name = str(model.card.get("flow", USUAL_FLOW))
    found, wanted = find_flow(name), str(model.card.get("flow_sha256", ""))
    if found.version != wanted:
        raise UsageError(
            f"{model.use.name}: learnt with another network of flow than {name!r} is now; train it again"
        )
    return name


def rows_for(
    model: Model, clips: Mapping[str, AlignedClip], made: dict[tuple[str, str], np.ndarray]
) -> dict[str, np.ndarray]:
    """Make what a model takes, one row each, with its own flow; what is made is kept in ``made``."""
    flow, rows = flow_of(model), {}
    for name in model.inputs:
        if (name, flow) not in made:
            maker = find_input(name)
            made[name, flow] = maker.make(replace(clips[maker.frames], flow=flow))[None]
        rows[name] = made[name, flow]
    return rows


@cache
def namer(recognizer: str, au_detector: str) -> Namer:
    """Load the models once for all videos.

    Parameters
    ----------
    recognizer, au_detector
        ``default``, a folder, or ``rules`` for the tables alone.

    Raises
    ------
    UnknownNameError, InputError, UsageError
        Where a model cannot be had, or takes what cannot be made from a video.

    Examples
    --------
    >>> [one.name for one in namer("default", "default").inputs]
    ['flowmap28']
    """
    made = Namer(
        None if recognizer == RULES else load_recognizer(recognizer),
        None if au_detector == RULES else load_au_detector(au_detector),
    )
    for model in (made.recognizer, made.detector):
        if model is not None:
            flow_of(model)
    for one in made.inputs:
        if one.frames == "tracked":
            raise UsageError(f"{one.name}: needs landmarks of every frame; `analyze` keeps none of these")
    return made


@cache
def spotter_of(name: str) -> Spotter | CurveSpotter | None:
    """Load what finds movements once for all videos; ``None`` for ``default``, the rules that need no model.

    Raises
    ------
    UnknownNameError, InputError, UsageError
        Where it cannot be had, or takes what is not measured.

    Examples
    --------
    >>> spotter_of("default") is None
    True
    """
    found = None if name == DEFAULT else load_spotter(name)
    if isinstance(found, CurveSpotter) and found.input not in ROI_SHAPES:
        told = ", ".join(ROI_SHAPES)
        raise UsageError(f"{name}: takes {found.input}; for spotters `analyze` measures {told}")
    for how in found.decodings if isinstance(found, CurveSpotter) else ():
        decode(np.zeros(8), 30.0, how.method, **how.parameters)  # says what it does not know
    return found


def joined(
    spotted: Spotted, ruled: tuple[ActionUnit, ...], numbers: tuple[int, ...], probabilities: np.ndarray
) -> tuple[ActionUnit, ...]:
    """Join the detector's evidence with the spotter's.

    The spotter's own unit gets `SEEN_BY_SPOTTER` log odds more and is named in any case: it saw the whole
    course of the movement, the detector onset and apex alone. Units that the detector does not know are
    taken from the rules. Scores are shares of evidence, no probabilities: the detector is calibrated on
    synthetic people, the sum is not.

    Parameters
    ----------
    spotted
        The movement.
    ruled
        Units by the rules, the spotter's own first.
    numbers
        Units that the detector knows.
    probabilities
        ``(K,)`` its answers.
    """
    own = spotted.au
    odds = np.log(np.clip(probabilities, 1e-6, 1)) - np.log(np.clip(1 - probabilities, 1e-6, 1))
    scores = {
        au: float(1 / (1 + np.exp(-value - SEEN_BY_SPOTTER * (au == own))))
        for au, value in zip(numbers, odds, strict=True)
    }
    by_rule = {unit.au: unit for unit in ruled}
    scores |= {au: unit.score for au, unit in by_rule.items() if au not in scores}
    order = sorted(scores, key=lambda au: (au != own, -scores[au]))
    chosen: list[int] = []
    for au in order:
        likely = au == own or (scores[au] >= LEAST_EVIDENCE and (au in numbers or au in by_rule))
        if likely and not never_together(au, chosen) and len(chosen) < MOST_UNITS:
            chosen.append(au)
    sides = {au: by_rule[au].side if au in by_rule else side_of(spotted, au) for au in chosen}
    return tuple(ActionUnit(au, sides[au], round(scores[au], 4)) for au in chosen)


def recognised(
    model: Recognizer, rows: Mapping[str, np.ndarray], units: tuple[ActionUnit, ...] = ()
) -> Emotion:
    """Give the recogniser's answer, weighed by what the named units speak for; no expression is unclear.

    A recogniser of three classes sees a map alone, and may call a wrinkled nose a smile; so its shares are
    multiplied by the root of the units' evidence (`fleeting.facs.emotion_evidence`, what they leave open
    dealt out evenly). Other classes than the three are left as they are.

    Parameters
    ----------
    model, rows
        The recogniser, and what it takes.
    units
        As named for the movement.
    """
    none = float(model.none(rows)[0])
    shares = model.predict(rows)[0].astype(float)
    if units:
        evidence = facs.emotion_evidence({unit.au: unit.score for unit in units})
        open_each = evidence.pop(facs.UNCLEAR) / len(evidence)
        if set(model.labels) == set(evidence):
            shares *= np.array([evidence[name] + open_each for name in model.labels]) ** BY_UNITS
            shares /= shares.sum()
    told = {name: float(value) * (1 - none) for name, value in zip(model.labels, shares, strict=True)}
    if none:
        told[facs.UNCLEAR] = none
    return Emotion(max(told, key=lambda name: told[name]), told)
