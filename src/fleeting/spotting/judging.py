"""Possible movements and what is known of each, for a judge that has learnt which of them count."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fleeting.spotting.candidates import FAMILY, Candidate, find_candidates
from fleeting.spotting.hypotheses import BLINK, hypotheses
from fleeting.spotting.pulses import MACRO_S, MICRO_S, Stretch, respond

Judge = Callable[[np.ndarray], np.ndarray]
"""Rows of facts ``(N, F)`` float32 to scores ``(N,)`` in 0..1."""

LEAST_Z, LEAST_SIZE = 2.0, 0.003  # so weak that little which counts is lost: the judge decides
APART_S, NEAR_S = 0.3, 1.6  # another movement is so far away at least; a neighbour is within this
SPEECH, STRETCH, LIDS = (17, 24, 25, 26), 20, (5, 7)
REASONS = ("blink", "talking", "weak")
FACTS = (
    "log z", "log size", "fit", "log rivals", "log mouth activity", "log eyes", "share beside the lids",
    "log head", "duration", "length", "both sides", "place of the apex", "log usual motion",
    "log strongest of its part elsewhere", "log strongest nearby", "strong ones nearby",
    "log strongest elsewhere", "log larger when longer", "log z when longer", "brows", "lids",
    "nose and cheeks", "mouth", "speech", "stretched lips", "blink", "lid", "rules say blink",
    "rules say talking", "rules say weak",
)  # fmt: skip
"""What each column of the facts says of a candidate."""


OVERLAP = 0.3  # most that two kept ones may share, of the shorter


def judged_movements(
    stretch: Stretch, judge: Judge, *, least: float, refuse: Callable[[Candidate], str | None]
) -> tuple[list[Candidate], list[tuple[str, Candidate]], np.ndarray]:
    """Let a judge decide which possible movements count.

    Parameters
    ----------
    stretch
        Signals of one face.
    judge
        Scores facts.
    least
        Least score of one that is kept.
    refuse
        The rules, which the judge knows of; what they call a blink because an eye was seen closed is one.

    Returns
    -------
    kept
        Best first, without much in common.
    refused
        With the reason.
    curve
        ``(T,)`` best score of a movement that holds the frame, 0 outside all.
    """
    found = possible_movements(stretch)
    curve = np.zeros(len(stretch))
    kept: list[Candidate] = []
    refused: list[tuple[str, Candidate]] = []
    if not found:
        return kept, refused, curve
    scores = judge(facts_of(stretch, found, refuse))
    scored = [replace(one, score=float(score)) for one, score in zip(found, scores, strict=True)]
    for one in sorted(scored, key=lambda c: -(c.score or 0.0)):
        if one.blink and refuse(one) == "blink":
            refused.append(("blink", one))
            continue
        part = slice(max(0, int(np.ceil(one.onset))), int(one.offset) + 1)
        curve[part] = np.maximum(curve[part], one.score or 0.0)
        if (one.score or 0.0) < least:
            refused.append(("unlikely", one))
        elif all(_common(one, other) <= OVERLAP for other in kept):
            kept.append(one)
    return kept, refused, curve


def _common(a: Candidate, b: Candidate) -> float:
    """Give the common time as a share of the shorter of the two."""
    inside = min(a.offset, b.offset) - max(a.onset, b.onset)
    return inside / max(min(a.offset - a.onset, b.offset - b.onset), 1e-9)


def possible_movements(stretch: Stretch) -> list[Candidate]:
    """List all that may be a short movement, strongest first, far more than there are."""
    seconds = len(stretch) / stretch.fps
    lengths = tuple(s for s in MICRO_S if 2 / stretch.fps <= s <= seconds / 1.5)
    if not lengths:
        return []
    _, left, _ = find_candidates(
        stretch, lengths, least_z=LEAST_Z, least_size=LEAST_SIZE, refuse=lambda _: "left to the judge"
    )
    return [one for _, one in left]


def facts_of(
    stretch: Stretch, found: Sequence[Candidate], refuse: Callable[[Candidate], str | None]
) -> np.ndarray:
    """Say what is known of each candidate.

    Parameters
    ----------
    stretch
        Signals that they were found in.
    found
        From `possible_movements`.
    refuse
        Says why the rules would refuse a candidate, or None.

    Returns
    -------
    numpy.ndarray
        ``(N, len(FACTS))`` float32; nothing in it depends on the frame rate or the size of the picture.
    """
    if not found:
        return np.zeros((0, len(FACTS)), np.float32)
    longer = [respond(stretch, s) for s in MACRO_S if s <= len(stretch) / stretch.fps / 1.5]
    units = hypotheses().units
    seconds = np.array([one.apex for one in found]) / stretch.fps
    z = np.array([one.z for one in found])
    family = np.array([FAMILY[one.au] for one in found])
    rows = []
    for at, one in enumerate(found):
        away = np.abs(seconds - seconds[at])
        far = away > APART_S
        near = far & (away < NEAR_S)
        k = units.index((one.au, one.side))
        sizes = [float(r.size[one.apex, k]) for r in longer]
        heights = [float(r.z[one.apex, k]) for r in longer]
        reason = refuse(one)
        rows.append(
            [
                *_own(one, stretch.fps),
                _strongest(z[far & (family == family[at])], one.z),
                _strongest(z[near], one.z),
                float((near & (z > 0.5 * one.z)).sum()) / 3,
                _strongest(z[far], one.z),
                float(np.log(max([*sizes, 0.1 * one.size]) / one.size)),
                float(np.log(max([*heights, 0.1 * one.z]) / one.z)),
                *[float(family[at] == part) for part in range(4)],
                float(one.au in SPEECH),
                float(one.au == STRETCH),
                float(one.au == BLINK),
                float(one.au in LIDS),
                *[float(reason == why) for why in REASONS],
            ]
        )
    return np.array(rows, np.float32)


def _own(one: Candidate, fps: float) -> list[float]:
    length = max(one.offset - one.onset, 1e-9)
    return [
        np.log(one.z),
        np.log(one.size),
        one.fit,
        np.log(min(one.rivals, 20.0) + 0.05),
        np.log(one.mouth_activity + 1e-4),
        np.log(one.eyes + 0.005),
        one.beside_lids / one.z,
        np.log(one.head + 1e-3),
        length / fps,
        one.length_s,
        float(one.side == "both"),
        (one.apex - one.onset) / length,
        float(np.median(np.log(one.scale))),
    ]


def _strongest(others: np.ndarray, own: float) -> float:
    return float(np.log(max(float(others.max()), 0.1 * own) / own)) if len(others) else float(np.log(0.1))
