"""Strict scores of a comparison of spotters, with intervals over subjects, and a table of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fleeting.bench.spotting import SpottingRun
from fleeting.core import COARSE, UsageError
from fleeting.evaluation import (
    Span,
    SpottingScores,
    counts_f1,
    pair_errors,
    paired_test,
    score_spotting,
    score_str,
    subject_bootstrap,
)

RESAMPLES, EXCHANGES = 2000, 10_000
ALL = "overall"


def score_spotting_run(run: SpottingRun, *, rule: str = "strict") -> list[dict[str, Any]]:
    """Score every spotter with every decoder, over its seeds.

    Parameters
    ----------
    run
        From `run_spotting`.
    rule
        Of matching, see `fleeting.evaluation.matching_rules`.

    Returns
    -------
    list of dict
        ``system``, ``decoder``, ``seeds``; for ``micro``, ``macro`` and ``overall`` a dict of ``f1``
        ``{value, low, high}``, ``precision``, ``recall``, ``tp``, ``fp``, ``fn`` (summed over seeds),
        ``alarms`` (false ones) a minute ``{value, low, high}``, and mean absolute errors of onset, apex and
        offset in milliseconds over what was matched; ``strs`` of micro-expressions where emotions were
        named, else ``None``.
    """
    names = sorted({key[:2] for key in run.found})
    return [_scored(run, system, decoder, rule) for system, decoder in names]


def _seeds(run: SpottingRun, system: str, decoder: str) -> list[int]:
    found = sorted(seed for one, other, seed in run.found if (one, other) == (system, decoder))
    if not found:
        raise UsageError(f"nothing was found by {system!r} with {decoder!r}: it did not take part")
    return found


def _scored(run: SpottingRun, system: str, decoder: str, rule: str) -> dict[str, Any]:
    seeds = _seeds(run, system, decoder)
    scores = [score_spotting(run.truth, run.found[system, decoder, seed], rule=rule) for seed in seeds]
    told: dict[str, Any] = {"system": system, "decoder": decoder, "seeds": seeds}
    for kind in [*sorted({one.kind for one in run.truth}), ALL]:
        told[kind] = _of_kind(run, system, decoder, seeds, scores, None if kind == ALL else kind)
    told["strs"] = _strs(run, [run.found[system, decoder, seed] for seed in seeds], rule)
    return told


def _of_kind(
    run: SpottingRun,
    system: str,
    decoder: str,
    seeds: Sequence[int],
    scores: Sequence[SpottingScores],
    kind: str | None,
) -> dict[str, Any]:
    counts = subject_counts(run, scores, kind)  # (S, seeds, 4)
    pooled = counts.sum(0)
    f1 = subject_bootstrap(counts, _mean_f1, samples=RESAMPLES)
    rate = subject_bootstrap(counts, _mean_rate, samples=RESAMPLES)
    tp, fp, fn = (float(v) for v in pooled[:, :3].sum(0))
    errors: dict[str, list[float]] = {"onset": [], "apex": [], "offset": []}
    for seed, one in zip(seeds, scores, strict=True):
        found = run.found[system, decoder, seed]
        pairs = [(p, g) for p, g in one.pairs if kind in (None, run.truth[g].kind)]
        for name, error in pair_errors(run.truth, found, pairs).items():
            errors[name] += [error.mae] * error.n
    return {
        "f1": {"value": f1.value, "low": f1.low, "high": f1.high},
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / (tp + fn) if tp + fn else 0.0,
        "tp": int(tp),
        "fp": int(fp),
        "fn": int(fn),
        "alarms": {"value": rate.value, "low": rate.low, "high": rate.high},
        **{
            f"{name}_ms": float(np.mean(one)) / run.fps * 1000 if one else None
            for name, one in errors.items()
        },
    }


def subject_counts(run: SpottingRun, scores: Sequence[SpottingScores], kind: str | None = None) -> np.ndarray:
    """TP, FP, FN and minutes of each subject and seed, ``(S, seeds, 4)``, all subjects that were watched."""
    subjects = sorted(run.minutes)
    table = np.zeros((len(subjects), len(scores), 4))
    table[:, :, 3] = np.array([run.minutes[name] for name in subjects])[:, None]
    for at, one in enumerate(scores):
        names, counts = one.by_subject(kind=kind)
        for name, row in zip(names, counts, strict=True):
            table[subjects.index(name), at, :3] = row
    return table


def decoder_counts(run: SpottingRun, system: str, decoder: str, *, kind: str | None = None) -> np.ndarray:
    """Count strict TP, FP and FN, and minutes, by subject and seed: ``(S, seeds, 4)``.

    Raises
    ------
    UsageError
        Where the system did not take part with that decoder.
    """
    scores = [
        score_spotting(run.truth, run.found[system, decoder, seed]) for seed in _seeds(run, system, decoder)
    ]
    return subject_counts(run, scores, kind)


def compare_spotters(
    run: SpottingRun, first: tuple[str, str], second: tuple[str, str], *, kind: str | None = None
) -> dict[str, float]:
    """Test one (system, decoder) against another by F1, exchanging whole subjects.

    Returns
    -------
    dict
        ``difference`` of F1 with ``low`` and ``high``, and ``p``.
    """
    tables = [decoder_counts(run, system, decoder, kind=kind) for system, decoder in (first, second)]
    test = paired_test(tables[0], tables[1], _mean_f1, samples=EXCHANGES)
    return {"difference": test.difference, "low": test.low, "high": test.high, "p": test.p_value}


def spotting_table(rows: Sequence[dict[str, Any]]) -> str:
    """Write scores as a Markdown table, the best F1 of micro-expressions first.

    Examples
    --------
    >>> spotting_table([]).splitlines()[0].startswith("| spotter | decoder |")
    True
    """
    head = (
        "| spotter | decoder | F1 micro | F1 macro | F1 overall | STRS | recall micro |"
        " false alarms a minute, micro | onset / apex / offset, ms |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    lines = []
    for one in sorted(rows, key=lambda r: -r.get("micro", r[ALL])["f1"]["value"]):
        micro = one.get("micro", one[ALL])
        errors = " / ".join("–" if micro[f"{n}_ms"] is None else f"{micro[f'{n}_ms']:.0f}" for n in _ENDS)
        strs = "–" if one["strs"] is None else f"{one['strs']:.3f}"
        cells = [one["system"], one["decoder"]]
        kinds = [kind for kind in ("micro", "macro") if kind in one]
        shown = [*kinds, ALL] if len(kinds) == 2 else kinds  # over one kind alone there is no overall
        cells += [_with_interval(one[k]["f1"]) if k in shown else "–" for k in ("micro", "macro", ALL)]
        cells += [strs, f"{micro['recall']:.2f}", _with_interval(micro["alarms"], 1), errors]
        lines.append("| " + " | ".join(cells) + " |")
    return head + "\n".join(lines) + ("\n" if lines else "")


_ENDS = ("onset", "apex", "offset")


def _with_interval(one: dict[str, float], digits: int = 3) -> str:
    return f"{one['value']:.{digits}f} ({one['low']:.{digits}f} to {one['high']:.{digits}f})"


def _strs(run: SpottingRun, found: Sequence[tuple[Span, ...]], rule: str) -> float | None:
    """STRS of micro-expressions with one of three emotions, mean over seeds; "others" are left out."""
    truth = [one for one in run.truth if one.kind == "micro"]
    if not any(one.emotion for seed in found for one in seed) or not any(t.emotion in COARSE for t in truth):
        return None
    each = [
        score_str(truth, [one for one in seed if one.kind == "micro"], labels=COARSE, rule=rule).strs
        for seed in found
    ]
    return float(np.mean(each))


def _mean_f1(pooled: np.ndarray) -> np.ndarray:
    """F1 of pooled counts ``(B, seeds, 4)``, mean over seeds."""
    return counts_f1(pooled[..., :3]).mean(-1)


def _mean_rate(pooled: np.ndarray) -> np.ndarray:
    """Count false alarms a minute, mean over seeds."""
    rate: np.ndarray = (pooled[..., 1] / pooled[..., 3]).mean(-1)
    return rate
