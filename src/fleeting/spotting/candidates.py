"""Moments at which the pulse response stands out, with what speaks for and against each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fleeting.core import MICRO_LIMIT_S, Side
from fleeting.motion import motion_regions
from fleeting.spotting.boundaries import refine
from fleeting.spotting.hypotheses import Hypotheses, hypotheses
from fleeting.spotting.pulses import Responses, Stretch, differences, respond, side_channels


@dataclass(frozen=True)
class Candidate:
    """One possible movement.

    Parameters
    ----------
    onset, apex, offset
        Frames of the evenly sampled signal; onset and offset may be fractions.
    z
        Response in units of what the face does otherwise.
    size
        Size of the action in eye distances.
    au, side
        The pattern that fits best.
    length_s
        Length of the pulse that responded most.
    fit
        Share (-1..1) of the movement, in units of the recording's own movements, that the pattern explains.
    rivals
        Largest movement of the same regions *against* the pattern elsewhere, relative to this one:
        a mouth that talks goes both ways, a micro-expression one.
    mouth_activity
        How much the mouth moves within the time of a syllable in the seconds around, eye distances.
    eyes
        Change of brightness in the eye openings.
    blink
        Whether an eye was closed meanwhile.
    beside_lids
        Response of the regions other than the lids alone.
    head
        Motion of the head within the movement, eye distances.
    vector
        ``(R, 2)`` displacement of the regions from before to the apex, eye distances.
    scale
        ``(D,)`` what the side channels do otherwise, eye distances.
    score
        What a judge that has learnt gives it, 0..1; ``None`` where rules decide.
    """

    onset: float
    apex: int
    offset: float
    z: float
    size: float
    au: int
    side: Side
    length_s: float
    fit: float
    rivals: float
    mouth_activity: float
    eyes: float
    blink: bool
    beside_lids: float
    head: float
    vector: np.ndarray
    scale: np.ndarray
    score: float | None = None


SYLLABLE_S = (0.15, 0.22, 0.32)
AROUND_S = 1.5  # where a mouth shows that it is talking, before and after

# Parts of the face that move by themselves: what is refused in one says nothing of the others.
FAMILY = {
    au: part
    for part, units in enumerate(((1, 2, 4), (5, 7, 43), (6, 9), (10, 12, 14, 15, 17, 20, 24, 25, 26)))
    for au in units
}


def find_candidates(
    stretch: Stretch,
    lengths_s: tuple[float, ...],
    *,
    least_z: float,
    least_size: float,
    refuse: Callable[[Candidate], str | None] = lambda _: None,
) -> tuple[list[Candidate], list[tuple[str, Candidate]], np.ndarray]:
    """Find all moments whose response exceeds ``least_z``, strongest first.

    Parameters
    ----------
    stretch
        Signals of one face.
    lengths_s
        Lengths to look for, seconds.
    least_z, least_size
        Least response, and least size in eye distances.
    refuse
        Says why a candidate is not to be kept. A refused one hides only its own part of the face, so
        that a brow can still be found during a blink; a kept one takes its time as a whole.

    Returns
    -------
    kept
        Strongest first.
    refused
        With the reason.
    curve
        ``(T,)`` strongest response of any pattern and length.
    """
    chosen = hypotheses()
    families = np.array([FAMILY[au] for au, _ in chosen.units])
    z = np.zeros((len(stretch), len(chosen.units)), np.float32)
    which = np.zeros(z.shape, np.int8)
    responses = [respond(stretch, length, chosen) for length in lengths_s]
    for i, response in enumerate(responses):
        strong = np.where(response.size >= least_size, response.z, 0)
        higher = strong > z
        z[higher], which[higher] = strong[higher], i
    curve = z.max(1).astype(float) if len(z) else np.zeros(0)
    mouth = mouth_motion(stretch)
    kept: list[Candidate] = []
    refused: list[tuple[str, Candidate]] = []
    while z.size and z.max() >= least_z:
        t, k = (int(i) for i in np.unravel_index(int(z.argmax()), z.shape))
        one = _describe(stretch, t, k, responses[which[t, k]], chosen, mouth)
        # the length that stands out most may see only part of the movement
        one = replace(one, size=max(float(response.size[t, k]) for response in responses))
        half = one.length_s * stretch.fps / 2
        span = slice(max(0, int(min(one.onset, t - half))), int(np.ceil(max(one.offset, t + half))) + 1)
        reason = refuse(one)
        if reason is None:
            kept.append(one)
            z[span] = 0
        else:
            refused.append((reason, one))
            z[span, families == families[k]] = 0
    return kept, refused, curve


def _describe(
    stretch: Stretch, t: int, k: int, response: Responses, chosen: Hypotheses, mouth: np.ndarray
) -> Candidate:
    length, fps = response.length_s, stretch.fps
    half = max(1, round(length * fps / 2))
    scale = response.noise_at(t)
    flat = side_channels() @ chosen.patterns[k].ravel() / scale**2
    reach = round(1.6 * half) + 1
    low = max(0, t - reach)
    onset, apex, offset = refine(stretch.channels[low : t + reach + 1] @ flat, t - low, reach)
    elsewhere = np.abs(np.arange(len(stretch)) - t) > (1.2 * length + 0.1) * fps
    up, down = response.rise @ flat, response.fall @ flat
    here = max(min(up[t], down[t]), 1e-9)
    against = np.minimum(-up, -down)[elsewhere]
    near = slice(max(0, t - half), t + half + 1)
    eyes = differences(stretch.openings[max(0, t - 3 * half - 8) : t + 3 * half + 9, :2], fps, length)[2]
    au, side = chosen.units[k]
    near = slice(max(0, t - half), t + half + 1)
    return Candidate(
        onset=low + onset,
        apex=low + apex,
        offset=low + offset,
        z=float(response.z[t, k]),
        size=float(response.size[t, k]),
        au=au,
        side=side,
        length_s=length,
        fit=float(response.fit[t, k]),
        rivals=float(against.max() / here) if len(against) else 0.0,
        mouth_activity=_busy(mouth, t, length, fps),
        eyes=float(np.abs(eyes).max()),
        blink=bool(stretch.closed[max(0, int(low + onset)) : int(np.ceil(low + offset)) + 1].any()),
        beside_lids=_beside_lids(response, t, chosen.patterns[k]),
        head=float(np.ptp(stretch.head[near, :2], axis=0).max()),
        vector=(response.around[t] @ side_channels()).reshape(-1, 2),
        scale=scale,
    )


def _beside_lids(response: Responses, t: int, pattern: np.ndarray) -> float:
    """Response of a pattern without its lids: what is left of it in a blink."""
    lids = [i for i, name in enumerate(motion_regions()) if "lid" in name or "eye" in name]
    rest = pattern.copy()
    rest[lids] = 0
    wanted = side_channels() @ rest.ravel() / response.noise_at(t)
    length = float(np.linalg.norm(wanted))
    if length < 1e-9:
        return 0.0
    scaled = wanted / response.noise_at(t) / length
    return float(min(response.rise[t] @ scaled, response.fall[t] @ scaled))


def mouth_motion(stretch: Stretch) -> np.ndarray:
    """Say how much the mouth moves within the time of a syllable around each frame ``(T,)``, eye distances.

    Examples
    --------
    >>> still = np.zeros((60, len(motion_regions()), 2))
    >>> stretch = Stretch.of(still, np.zeros((60, 4)), np.ones((60, 3)), np.zeros(60, bool), 30.0)
    >>> float(mouth_motion(stretch).max())
    0.0
    """
    words = ("lip", "mouth", "chin", "jaw", "buccal")
    rows = [i for i, name in enumerate(motion_regions()) if any(word in name for word in words)]
    columns = [2 * row + axis for row in rows for axis in (0, 1)]
    moved = stretch.channels @ side_channels()[:, columns].astype(np.float32)
    each = [np.abs(differences(moved, stretch.fps, length)[2]).mean(1) for length in SYLLABLE_S]
    return np.asarray(np.max(each, axis=0))


def _busy(mouth: np.ndarray, t: int, length_s: float, fps: float) -> float:
    """Take the usual motion of the mouth near a moment: without the moment, unless that is long itself."""
    away = np.abs(np.arange(len(mouth)) - t) / fps
    own = 0.75 * length_s + 0.1 if length_s <= MICRO_LIMIT_S else 0.0
    near = (away <= AROUND_S) & (away >= own)
    return float(np.quantile(mouth[near], 0.6)) if near.any() else 0.0
