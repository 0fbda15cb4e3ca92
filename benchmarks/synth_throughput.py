"""How fast each synthetic set is made, how large it is, and what ``fleeting analyze`` finds in recordings.

    OMP_NUM_THREADS=1 python benchmarks/synth_throughput.py --log FILE --sets
    OMP_NUM_THREADS=1 python benchmarks/synth_throughput.py --log FILE --analyse drawn-30 --recordings 8
    python benchmarks/synth_throughput.py --log FILE --page docs/benchmarks/synthesis.md

One process each, settings as the commands have them, every set in a folder that is thrown away. The first
piece of a set is made before the clock starts, so that imports do not count. Results are lines of JSON in the
log, so that a long run can be made in pieces; the page is made of them.

Analysis: recordings of a minute with more micro-expressions than real sets have (6 a minute instead of 1.8,
for tighter intervals), all else by default. Micro-expressions only, rule ``strict``: one to one, IoU >= 0.5,
native frames.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fleeting
from fleeting.bench.provenance import describe_code, describe_machine
from fleeting.core import Interval
from fleeting.evaluation import Span, poisson_interval, score_spotting, wilson_interval
from fleeting.synth import (
    Filming,
    RecordingSettings,
    read_recordings,
    write_4d,
    write_clips,
    write_flow_pairs,
    write_flowmaps,
    write_recordings,
)

MICRO_A_MINUTE = 6.0
CONDITIONS = {
    "drawn-30": ("drawn people, 30 fps", {"fps": (30.0,)}),
    "drawn-100": ("drawn people, 100 fps", {"fps": (100.0,)}),
    "drawn-30-tps": ("drawn people, 30 fps, other motion basis (tps)", {"fps": (30.0,), "basis": "tps"}),
    "portrait-30": ("one portrait, other motion for each, 30 fps", {"fps": (30.0,)}),
}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def processor() -> float:
    told = os.times()
    return told.user + told.system


def timed(make: Callable[[Path, int], object], first: int, count: int) -> dict[str, float]:
    """Make a set of ``first`` pieces, then one of ``count``, and time the second."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "warm", first)
        load, wall, spent = os.getloadavg()[0], time.perf_counter(), processor()
        make(Path(folder) / "set", count)
        wall, spent = time.perf_counter() - wall, processor() - spent
        return {"count": count, "wall": wall, "processor": spent, "load": load} | {
            "bytes": size_of(Path(folder) / "set")
        }


def recordings_at(fps: float) -> Callable[[Path, int], object]:
    settings = RecordingSettings(filming=Filming(fps=(fps,)))
    return lambda out, count: write_recordings(out, count, seed=1, settings=settings)


def clips_at(fps: tuple[float, ...]) -> Callable[[Path, int], object]:
    from fleeting.synth import ClipSettings

    settings = ClipSettings(filming=Filming(fps=fps))
    return lambda out, count: write_clips(out, count, seed=1, settings=settings)


SETS: dict[str, tuple[str, Callable[[Path, int], object], int, int, str]] = {
    "flowmaps": ("maps", lambda out, n: write_flowmaps(out, n, seed=1), 10, 4000, "100 maps a person"),
    "clips": ("clips", clips_at(Filming().fps), 1, 24, "8 clips a person; 25, 30, 60, 100 or 200 fps"),
    "clips-200": ("clips", clips_at((200.0,)), 1, 8, "the same, all at 200 fps"),
    "recordings-30": ("minutes", recordings_at(30.0), 1, 2, "a minute each, 30 fps, up to 256 x 256"),
    "recordings-100": ("minutes", recordings_at(100.0), 1, 1, "a minute, 100 fps, up to 256 x 256"),
    "flow": ("pairs", lambda out, n: write_flow_pairs(out, n, seed=1), 1, 40, "128 x 128, 20 pairs a person"),
    "4d": ("clips", lambda out, n: write_4d(out, n, seed=1), 1, 8, "two views of 112 x 112 with depth"),
}


def what_is_there(found: Interval, told: dict[str, Any], truth: tuple[Interval, ...]) -> str:
    """Name what moves during a false alarm, the rarest first."""
    start, end = found.onset_s, found.offset_s

    def near(a: float, b: float) -> bool:
        return a < end and start < b

    kinds = {one.kind for one in truth if near(one.onset_s, one.offset_s)}
    if kinds:
        return "an expression, its bounds or kind wrong" if "micro" in kinds else "a macro-expression"
    events = {e["what"] for e in told["events"] if near(e["at_s"], e["at_s"] + e["duration_s"])}
    turns = told["life"]["head"]["turns"]
    if any(near(t["at_s"], t["at_s"] + t["duration_s"]) for t in turns):
        events.add("turn")
    names = {"talk": "talk", "swallow": "a swallow", "turn": "a turn of the head", "gaze": "a gaze shift"}
    return next((text for what, text in {**names, "blink": "a blink"}.items() if what in events), "nothing")


def analysed(name: str, count: int, seed: int) -> dict[str, Any]:
    """Make recordings, analyse them, count."""
    _, filming = CONDITIONS[name]
    settings = RecordingSettings(
        minutes=1.0,
        micro_per_minute=MICRO_A_MINUTE,
        filming=Filming(**filming),  # type: ignore[arg-type]
    )
    there: Counter[str] = Counter()
    truth, spans, minutes, faceless = [], [], 0.0, 0
    macro = [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        portraits = [portrait(Path(folder) / "portrait.png")] if name.startswith("portrait") else []
        write_recordings(Path(folder) / "set", count, seed=seed, settings=settings, portraits=portraits)
        for one in read_recordings(Path(folder) / "set"):
            report = fleeting.analyze(one.path)
            video = one.path.stem
            minutes += one.frames / one.fps / 60
            faceless += not report.faces
            found = [expression.interval for expression in report.expressions]
            for kind in ("micro", "macro"):
                own = [Span.from_interval(i, video) for i in one.intervals if i.kind == kind]
                said = [i for i in found if i.kind == kind]
                scores = score_spotting(own, [Span.from_interval(i, video) for i in said], threshold=0.5)
                hit = {p for p, _ in scores.pairs}
                if kind == "macro":
                    macro = [a + b for a, b in zip(macro, (len(hit), len(said), len(own)), strict=True)]
                    continue
                truth += own
                spans += [i in hit for i in range(len(said))]
                told = json.loads(one.path.with_suffix(".synth.json").read_text())
                there.update(
                    what_is_there(i, told, one.intervals) for at, i in enumerate(said) if at not in hit
                )
    return {
        "planted": len(truth),
        "hits": sum(spans),
        "alarms": len(spans) - sum(spans),
        "minutes": minutes,
        "faceless": faceless,
        "during": dict(there),
        "macro": macro,
        "recordings": count,
        "seed": seed,
    }


def portrait(path: Path) -> Path:
    import cv2
    from skimage.data import astronaut

    cv2.imwrite(str(path), astronaut()[0:320, 64:384, ::-1])
    return path


def throughput_table(rows: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| set | what | made | a second of processor time | a second by the clock | load | size of one |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (unit, _, _, _, what) in SETS.items():
        if name not in rows:
            continue
        r = rows[name]
        size = r["bytes"] / r["count"]
        told = f"{size / 1e6:.1f} MB" if size > 1e6 else f"{size / 1e3:.1f} kB"
        speed = [r["count"] / r["processor"], r["count"] / r["wall"]]
        if unit == "minutes":  # a minute of video a minute
            shown = [f"{60 * s:.2f} minutes a minute" for s in speed]
        else:
            shown = [f"{s:.2f}" if s < 10 else f"{s:.0f}" for s in speed]
        cells = (name.partition("-")[0], what, f"{r['count']} {unit}", *shown, f"{r['load']:.1f}", told)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def analysis_table(rows: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| recordings | n | micro found | recall (95 %) | false alarms a minute (95 %) | macro found |",
        "|---|---|---|---|---|---|",
    ]
    for name, (what, _) in CONDITIONS.items():
        if name not in rows:
            continue
        r = rows[name]
        recall = wilson_interval(r["hits"], r["planted"])
        rate = poisson_interval(r["alarms"], r["minutes"])
        alarms = f"{r['alarms']} in {r['minutes']:.0f} min"
        cells = (
            what,
            str(r["recordings"]),
            f"{r['hits']} of {r['planted']}",
            f"{recall.value:.2f} ({recall.low:.2f} to {recall.high:.2f})",
            f"{rate.value:.1f} ({rate.low:.1f} to {rate.high:.1f}), {alarms}",
            f"{r['macro'][0]} of {r['macro'][2]}, {r['macro'][1]} said",
        )
        lines.append(f"| {' | '.join(cells)} |")
    total: Counter[str] = Counter()
    for r in rows.values():
        total.update(r["during"])
    told = ", ".join(f"{what} {n}" for what, n in total.most_common())
    faceless = sum(r["faceless"] for r in rows.values())
    return (
        "\n".join(lines)
        + f"\n\nFalse alarms fell on: {told}. Recordings in which no face was found: {faceless}."
    )


def page(log: list[dict[str, Any]], given: str) -> str:
    machine, code = describe_machine(), describe_code()
    sets = {one["set"]: one for one in log if "set" in one}
    found = {one["condition"]: one for one in log if "condition" in one}
    commit = code["commit"][:12] + (" with changes" if code["changed"] else "")
    return f"""# Making synthetic sets

Made by `python benchmarks/synth_throughput.py {given}`
from its log; do not edit.
{machine["processor"]}, {machine["cores"]} cores, Python {machine["python"]}, commit {commit}.

## Throughput

One process, one thread. "Load" is that of the whole machine in the minute before: with one far above 1 the
clock says little about an idle machine, processor time more. Sets are made in parallel with `--jobs`: people
are independent of each other, so it grows with free cores.

{throughput_table(sets)}

A person of clips and recordings costs a drawn portrait besides (a second or two); time goes to the frames
themselves: the way back through the motion, sensor noise, H.264.

## What `fleeting analyze` finds in made recordings

Recordings of a minute with {MICRO_A_MINUTE:g} micro-expressions a minute in the mean (median strength 4 %
of the eye distance) among macro-expressions, talk, swallows, blinks, gaze shifts and turns of the
head. Micro only, rule `strict` (IoU >= 0.5). The training-free spotter was tuned on the kernel motions of one
portrait, and "person" (the default here) is those kernels varied; "tps" is a basis that nothing was tuned on.
Synthetic distractors are shown and do not count: false alarms are judged on [real footage](analyze.md).

{analysis_table(found)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", choices=tuple(SETS), help="which sets to time; none: all")
    parser.add_argument("--analyse", nargs="*", choices=tuple(CONDITIONS), default=[])
    parser.add_argument("--recordings", type=int, default=4)
    parser.add_argument("--seed", type=int, default=900)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    for name in SETS if asked.sets == [] else asked.sets or []:
        _, make, first, count, _ = SETS[name]
        note(asked.log, {"set": name, **timed(make, first, count)})
    for name in asked.analyse:
        note(asked.log, {"condition": name, **analysed(name, asked.recordings, asked.seed)})
    if asked.page:
        log = [json.loads(line) for line in asked.log.read_text(encoding="utf-8").splitlines()]
        asked.page.write_text(page(log, f"--log FILE --page {asked.page}"), encoding="utf-8")


def note(log: Path, told: dict[str, Any]) -> None:
    print(told, flush=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
