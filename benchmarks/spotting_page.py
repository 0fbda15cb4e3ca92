"""The page of `spotting_systems.py`: tables, and what is to be read in them."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from fleeting import systems
from fleeting.bench import SpotterSpec, compare_spotters, score_spotting_run, spotting_table
from fleeting.evaluation import counts_f1, paired_test
from spotting_runs import ALL, DECODERS, MACRO, OWN_SWITCHES, SWITCHES, TUNED_ON, one_seed

CLAIMS = """\
What a boundary loss does to onset and offset stands above (MELDAE). Tests hold that submission files of MEGC
keep the challenge's rules (`tests/bench/test_megc.py`), and that ME-TST frame by frame gives the curve of the
whole (`tests/systems/spotting/test_state_space.py`; how to use that: [live](../live.md)).
"""
DECODERS_TOLD = """\
Our decoder (`fleeting`) less each other one, F1 of micro-expressions, paired over subjects. It sees the
region signals that the curve was computed from, the others the curve alone; `own` is in some systems more
than a decoder (training-free and `judged` read their own candidates, MELDAE its own boundaries).
"""
EXPECTED = """\
Its score is the IoU that it expects with a coded movement. Over all spans that it gave, of all curves:
"""
SWITCHED = """\
One seed, the same for the whole; difference of F1 paired over subjects, with its 95 % interval, not corrected
for the number of rows: of this many some exclude zero by chance. `own`: the decoder of release; `fleeting`,
fitted, where it was run. Errors of the ends are over what was matched.
"""
TWOS = (
    ("me-tst-plus", "me-tst"),
    ("boosting-vrme", "me-tst-plus"),
    ("causal-ex", "auw-gcn"),
    ("pesformer", "auw-gcn"),
    ("meldae", "boosting-vrme"),
    ("judged", "training-free"),
)
BOTH_KINDS = """\
The networks published for micro-expressions alone, and beside each a second one that was taught
macro-expressions; one seed.
"""
LINK = """## A planted link that is no cause

`benchmarks/planted_link.py`: faint movements of the brows are coded; strong ones of the mouth go along with
them 85 times in a hundred in training, or half the time, which is no link. Average precision of frames of
people that no network has seen, where the link holds, says nothing, or is reversed.
"""
HOUR = """## An hour

`benchmarks/spotters_hour.py`: the curve of a recording of an hour at 30 frames/s, features given.
"""
READING = """## Reading it

- **Our decoder** is better than every other fitted one over all curves, and over those of spotters that it
  has not learnt from, with intervals that exclude zero; so `fleeting.decode` uses it where nothing is said.
  Much of it comes from the region signals: on the invented signals on which it was made it was no better
  than the others without them, and it finds a little even where the curve says nothing. On the curves of
  PESFormer, MELDAE, MEAN and `judged` some other decoder is as good. Training-free and `judged` do better
  with their own candidates than with any decoder of their curve.
- **Its score** orders, and is a little optimistic where it is high: it learnt on invented signals.
- `judged` finds most here. Drawn people move by the same patterns that it has learnt from, and the rules of
  the training-free spotter know; that is an advantage which neither has on faces: see the planted motion.
- MELDAE, ME-TST+ and BoostingVRME lead the published networks; with so few people most of them cannot be
  told apart. ME-TST+ is better than ME-TST with either decoder. All but AUW-GCN gain .10 to .40 over the
  decoder that they were released with, with intervals that exclude zero.
- Parts that help, by an interval that excludes zero: the slow pathways of ME-TST+ and BoostingVRME, the
  state space of ME-TST with the decoder of release, timestamps instead of anchors in PESFormer with ours.
  Parts that harm: focal loss and attention over the whole video in PESFormer, with the decoder of release,
  which finds little anyway. Causal-Ex does better with the causal graph alone than with both graphs, with
  its own decoder and not with ours.
- Not shown: eighteen regions against five, pathways shared or not (one has half the parameters), strategies
  of synergy, whole videos against windows (though windows lose intervals in training), boundary losses,
  heads for the ends, the causal graph beside that of units, and debiasing, on these films; where a link is
  planted, looking only at the regions that causal discovery ties to the coded movements holds, and all else
  loses when the link turns.
- The release's stitching changes nothing here: these films have fewer windows than a batch, and each is run
  by itself; the fault shows where videos share a batch (`tests/systems/spotting/test_state_space.py`).
- STRS is near the F1 of spotting for the networks that name an emotion.
"""
SCAN = """## State-space scan

Forward and backward, one thread, `benchmarks/scan.py`, against the loop with autograd that implementations
of Mamba fall back to without their CUDA kernels.
"""
PLANTED = """## On planted motion in real faces

The spotter that ships (`learnt`: the system `judged`, trained on 160 invented recordings) against the
default of `analyze`. `benchmarks/spotters_planted.py` on clips of `planted.py`, seed 4, 4 to 6 % of the eye
distance in the talking and acting ones, 1 to 6 % in the still ones: three people who talk, one who acts,
one photograph. Neither spotter was tuned on this seed nor on `tps`, the other motion basis, but both on
other plants (seeds 0 and 2) in the same faces: the thresholds of the one by hand; of the other, which
learner and which facts. A minute and a half for each row is little: intervals are wide.

While somebody talks or acts it finds **no more** than the rules at the same number of false alarms, so it is
not the default. On the still face it finds more. At its own level it is the more careful one: on the talking
and acting clips none of what it reported was false, but it found half as much.
"""


def page(told: dict, recordings: list, folds: int, work: Path) -> str:
    """Write all parts."""
    rows, names = told["rows"], [spec.name for spec in ALL if spec.name in told["rows"]]
    every = [one for name in names for one in rows[name]["scores"]]
    others = [spec for spec in SWITCHES + OWN_SWITCHES if spec.name in rows]
    parts = [_head(rows, names, recordings, folds)]
    parts.append("## Spotters\n\nEach with the decoder it was released with (`own`).\n")
    parts.append(spotting_table([one for one in every if one["decoder"] == "own"]))
    parts.append("Each with our decoder, fitted on training subjects.\n")
    parts.append(spotting_table([one for one in every if one["decoder"] == "fleeting"]))
    macro = [spec for spec in MACRO if spec.name in rows]
    if macro:
        parts += [BOTH_KINDS, _both_kinds(macro, recordings, folds, work)]
    parts += ["## Decoders\n", _decoders(rows, names)]
    if "noise" in told:
        parts.append(_noise(told["noise"]))
    parts += ["## Two by two\n", _twos(rows)]
    if others:
        parts += ["## Without a part\n", _switches(others, recordings, folds, work)]
    parts += ["## What a part is there for\n", _claims(recordings), "## Cost\n", _cost(rows, names)]
    if "link" in told:
        parts += [LINK, told["link"]]
    if "hour" in told:
        parts += [HOUR, told["hour"]]
    if "scan" in told:
        parts += [SCAN, told["scan"]]
    parts += [PLANTED, told.get("planted", "Not measured yet.\n"), READING, f"*{told['how']}*\n"]
    return "\n".join(parts)


def _noise(scores: list[dict]) -> str:
    by = {one["decoder"]: one["micro"]["f1"] for one in scores}
    told = {name: f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})" for name, one in by.items()}
    return (
        f"On curves of smoothed noise, three of each film, `fleeting` reaches {told['fleeting']} and `runs`"
        f" {told['runs']}: that much of what it finds it has from the region signals alone.\n"
    )


def _both_kinds(macro: list[SpotterSpec], recordings: list, folds: int, work: Path) -> str:
    """Spans of both kinds by the networks that were trained for each; seed 0."""
    whole, rows = {one.system: one for one in ALL}, []
    for spec in macro:
        runs = [one_seed(recordings, one, 0, folds, work) for one in (whole[spec.system], spec)]
        found = {
            (spec.system, name, 0): (*spans, *runs[1].found[spec.name, name, 0])
            for (_, name, _), spans in runs[0].found.items()
            if name in ("own", "fleeting")
        }
        rows += score_spotting_run(replace(runs[0], truth=runs[0].truth + runs[1].truth, found=found))
    return spotting_table(rows)


def _twos(rows: dict) -> str:
    """What a later system is said to do better than the one it builds on, or the nearest one."""
    lines = ["F1 of micro-expressions of the first less the second, paired over subjects, seeds averaged.\n"]
    lines += ["| first | second | with `own` decoders | with `fleeting` |", "|---|---|---|---|"]
    for first, second in TWOS:
        if first in rows and second in rows:
            gaps = []
            for decoder in ("own", "fleeting"):
                seeds = min(rows[name]["seeds"] for name in (first, second))
                one, other = (np.array(rows[name]["counts"][decoder])[:, :seeds] for name in (first, second))
                test = paired_test(
                    one, other, lambda counts: counts_f1(counts[..., :3]).mean(-1), samples=10_000
                )
                gaps.append(_gap({"difference": test.difference, "low": test.low, "high": test.high}))
            lines.append(f"| {first} | {second} | {gaps[0]} | {gaps[1]} |")
    return "\n".join(lines) + "\n"


def _switches(others: list[SpotterSpec], recordings: list, folds: int, work: Path) -> str:
    """Each system without a part less the whole, both of seed 0."""
    whole = {one.name: one for one in ALL}
    lines = [SWITCHED, "| spotter | switched | decoder | F1 micro, whole | switched | difference | STRS |"]
    lines[-1] += " onset / offset, ms |\n" + "|---" * 8 + "|"
    for spec in others:
        runs = [one_seed(recordings, one, 0, folds, work) for one in (whole[spec.system], spec)]
        run = replace(runs[0], found={key: spans for one in runs for key, spans in one.found.items()})
        for decoder in ("own", "fleeting") if spec in SWITCHES else ("own",):
            kept = {key: spans for key, spans in run.found.items() if key[1] == decoder}
            rows = {one["system"]: one for one in score_spotting_run(replace(run, found=kept))}
            before, after = rows[spec.system], rows[spec.name]
            gap = compare_spotters(run, (spec.name, decoder), (spec.system, decoder), kind="micro")
            cells = [spec.system, spec.name.partition(", ")[2], decoder]
            cells += [f"{one['micro']['f1']['value']:.3f}" for one in (before, after)]
            cells += [_gap(gap), _both(before["strs"], after["strs"], ".3f")]
            ends = [
                _both(before["micro"][end], after["micro"][end], ".0f") for end in ("onset_ms", "offset_ms")
            ]
            lines.append("| " + " | ".join([*cells, " / ".join(ends)]) + " |")
    return "\n".join(lines) + "\n"


def _both(before: float | None, after: float | None, digits: str) -> str:
    return "–" if before is None or after is None else f"{before:{digits}} → {after:{digits}}"


def _claims(recordings: list) -> str:
    """Counts that need no training: sizes, and intervals that training loses."""
    from fleeting.systems.spotting._slow_fast import SlowFastNet
    from fleeting.systems.spotting.me_tst import MeTstNet

    def count(*modules) -> str:
        return f"{sum(p.numel() for one in modules for p in one.parameters()):,}"

    released = MeTstNet(64, 12, 64, pathways="official")
    ran = (one for one in released.children() if one is not released.emotion_path)
    sizes = (
        ("ME-TST, declared", "1,249,926", count(released)),
        ("ME-TST, without the stack that is never run", "632,454", count(*ran)),
        ("ME-TST+, with the layer norms that are never used", "16,671,750",
         count(SlowFastNet(128, 4, 64, shared=False, spare_norm=True))),
        ("BoostingVRME, the same", "8,368,902", count(SlowFastNet(128, 4, 64, shared=True, spare_norm=True))),
    )  # fmt: skip
    lines = ["| `paper` preset | parameters, released | here |", "|---|---|---|"]
    lines += [f"| {name} | {theirs} | {ours} |" for name, theirs, ours in sizes]
    lines += ["", "Coded intervals that training sees whole, of the recordings above:", ""]
    lines += ["| PESFormer | seen whole | of |", "|---|---|---|"]
    for name, options in (("whole videos, padded", {}), ("sliding windows", {"whole": False})):
        kept, total = systems.create("pesformer", **options).training_intervals(recordings)
        lines.append(f"| {name} | {kept} | {total} |")
    lines += ["", CLAIMS]
    return "\n".join(lines)


def _head(rows: dict, names: list[str], recordings: list, folds: int) -> str:
    found = [one for recording in recordings for one in recording.intervals]
    micro = sum(one.kind == "micro" for one in found)
    minutes = sum(float(r.times[-1]) for r in recordings) / 60
    people = len({one.subject for one in recordings})
    seeds = max(rows[name]["seeds"] for name in names)
    fewer = [f"{name} {rows[name]['seeds']}" for name in names if rows[name]["seeds"] != seeds]
    but = f" ({', '.join(fewer)})" if fewer else ""
    macro = len(found) - micro
    return f"""# Spotters on films of drawn people

Generated by `benchmarks/spotting_systems.py`. The films are made by `fleeting synth recordings` (256 pixels,
30 frames/s, H.264): drawn people who speak, blink, swallow, look about and turn their heads among
expressions. They go the whole road: decoded, tracked, aligned, region motion measured. {people} people,
{len(recordings)} films, {minutes:.0f} minutes, {micro} micro- and {macro} macro-expressions: few, so that
intervals are wide. Systems are in their `small` presets, with short trainings. The numbers tell the spotters
of this package apart on drawn faces; they say nothing about the published systems.

{folds} folds by subject, {seeds} seeds{but}. Held-out films are sealed. Decoders other than
`own` are fitted on training subjects alone, on curves of a network that had not seen them. Matching is
strict: one to one, IoU of 0.5 at least. In brackets: 95 % intervals over resampled subjects. STRS is that of
micro-expressions of three emotions. Errors are mean absolute errors over what was matched: read them beside
the recall. ME-TST, ME-TST+, BoostingVRME and MELDAE are published for micro-expressions and were run for them
alone but for one table. MDMD, SOFTNet and MEAN are baselines of the field; one curve of theirs speaks of both
kinds, and the networks had 5 of the 20 epochs of their preset. `judged` is the learnt spotter that ships,
trained here on the training folds alone.
"""


def _decoders(rows: dict, names: list[str]) -> str:
    lines = ["F1 of micro-expressions, decoders across, the best fitted one of a spotter in bold.\n"]
    lines += ["| curve of | " + " | ".join(DECODERS) + " |", "|---" * (len(DECODERS) + 1) + "|"]
    for name in names:
        by = {one["decoder"]: one["micro"]["f1"]["value"] for one in rows[name]["scores"]}
        best = max(value for decoder, value in by.items() if decoder != "own")
        cells = [f"**{by[d]:.3f}**" if by[d] == best else f"{by[d]:.3f}" for d in DECODERS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    others = [d for d in DECODERS if d != "fleeting"]
    lines += ["", DECODERS_TOLD, "| curve of | " + " | ".join(others) + " |"]
    lines += ["|---" * (len(others) + 1) + "|"]
    for name in names:
        pairs = rows[name]["pairs"]
        lines.append(f"| {name} | " + " | ".join(_gap(pairs[d]) for d in others) + " |")
    strangers = [name for name in names if name not in TUNED_ON]
    lines.append("| **all curves** | " + " | ".join(_gap(pooled(rows, names, d)) for d in others) + " |")
    if strangers:
        cells = [_gap(pooled(rows, strangers, d)) for d in others]
        lines.append("| **curves it had not learnt from** | " + " | ".join(cells) + " |")
    pairs = np.array([pair for name in names for pair in rows[name]["expected"]])
    lines += ["", EXPECTED, "| expected | spans | found |", "|---|---|---|"]
    for low, high in pairwise((0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 1.01)):
        inside = pairs[(pairs[:, 0] >= low) & (pairs[:, 0] < high)]
        if len(inside):
            lines.append(f"| {inside[:, 0].mean():.2f} | {len(inside)} | {inside[:, 1].mean():.2f} |")
    wins = [d for d in others[1:] if strangers and pooled(rows, strangers, d)["low"] > 0]
    lines += ["", "On curves it had not learnt from, with an interval that excludes zero, it is better than:"]
    lines += [", ".join(f"`{one}`" for one in wins) + "." if wins else "none.", ""]
    return "\n".join(lines)


def _gap(test: dict) -> str:
    return f"{test['difference']:+.3f} ({test['low']:+.3f} to {test['high']:+.3f})"


def pooled(rows: dict, names: list[str], other: str) -> dict[str, float]:
    """Our decoder less another one: mean F1 over the curves of several spotters, subjects exchanged whole."""

    def counts(decoder: str) -> np.ndarray:  # (S, spotters, 4): seeds of a spotter summed
        return np.stack([np.sum(rows[name]["counts"][decoder], 1) for name in names], 1)

    test = paired_test(
        counts("fleeting"), counts(other), lambda table: counts_f1(table[..., :3]).mean(-1), samples=10_000
    )
    return {"difference": test.difference, "low": test.low, "high": test.high}


def _cost(rows: dict, names: list[str]) -> str:
    lines = ["Processor seconds of one core, on a machine shared with other work: training over all folds,"]
    lines += ["kinds and seeds, with the inner networks that decoders are fitted with, and running.\n"]
    lines += ["| spotter | training | running |", "|---|---|---|"]
    for name in names:
        train, run = rows[name]["seconds"]
        lines.append(f"| {name} | {train:.0f} | {run:.1f} |")
    return "\n".join(lines) + "\n"
