"""Analyse clips with planted micro-expressions and score what was found.

    python benchmarks/analyze_planted.py DIR [--cache DIR] [--plain VIDEO...] [--markdown FILE]
        [--misses] [--rules]

DIR holds pairs ``<stem>.mp4`` and ``<stem>.csv`` from ``planted.py``. Clips are grouped by what stands
before the last two parts of the stem. Micro-expressions only, rule ``strict``: one to one, IoU >= 0.5,
inclusive native frames. ``--plain`` gives untouched videos whose finds are false alarms by definition.
"""

import argparse
import csv
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fleeting.analysis import AnalysisSettings, expressions_of, namer, spot_face
from fleeting.analysis.measure import FaceMeasurement, Measurement, measure
from fleeting.analysis.naming import Namer
from fleeting.analysis.second_look import look_again
from fleeting.core import FaceTrack
from fleeting.evaluation import match_intervals, poisson_interval, wilson_interval
from fleeting.io import open_video
from fleeting.motion import RegionSignals

SIGNALS = ("frames", "regions", "head", "likeness", "openings")
TRACK = ("frames", "times", "landmarks")


@dataclass
class Tally:
    hits: int = 0
    alarms: int = 0
    misses: int = 0
    seconds: float = 0.0
    apex: list[float] = field(default_factory=list)
    units: Counter = field(default_factory=Counter)
    by_unit: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    named: dict[int, np.ndarray] = field(default_factory=lambda: defaultdict(lambda: np.zeros(3, int)))

    def merge(self, other: "Tally") -> None:
        for name in ("hits", "alarms", "misses", "seconds", "apex", "units"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for au, counts in other.named.items():
            self.named[au] = self.named[au] + counts

    def unit_f1(self) -> float | None:
        """Mean over the planted units of the F1 at the movements found."""
        planted = [c for c in self.named.values() if c[0] + c[2]]
        return float(np.mean([2 * c[0] / (2 * c[0] + c[1] + c[2]) for c in planted])) if planted else None

    def row(self) -> dict:
        planted, found = self.hits + self.misses, self.hits + self.alarms
        minutes = max(self.seconds / 60, 1e-9)
        rate = poisson_interval(self.alarms, minutes)

        def share(part: int, whole: int):
            low_high = wilson_interval(part, whole) if whole else None
            return (None, None) if low_high is None else (low_high.value, (low_high.low, low_high.high))

        recall, recall_95 = share(self.hits, planted)
        precision, precision_95 = share(self.hits, found)
        return {
            "planted": planted,
            "found": found,
            "recall": recall,
            "recall_95": recall_95,
            "precision": precision,
            "precision_95": precision_95,
            "f1": 2 * self.hits / (planted + found) if planted + found else None,
            "alarms_per_minute": rate.value,
            "alarms_95": (rate.low, rate.high),
            "minutes": minutes,
            "apex_frames": float(np.median(self.apex)) if self.apex else None,
            "unit_f1": self.unit_f1(),
            "unit_right": self.units["unit"] / self.hits if self.hits else None,
            "side_right": self.units["side"] / self.units["sided"] if self.units["sided"] else None,
        }


def measured(path: Path, cache: Path | None) -> Measurement:
    """Measure a clip, or read what was measured before (the cache knows no versions: clear it yourself)."""
    store = cache / f"{path.stem}.npz" if cache else None
    if store and store.exists():
        with np.load(store) as data:
            faces = {}
            for n in data["faces"]:
                track = FaceTrack(int(n), *(data[f"{n}-track-{k}"] for k in TRACK))
                signals = RegionSignals(*(data[f"{n}-{k}"] for k in SIGNALS))
                faces[int(n)] = FaceMeasurement(track, signals, data[f"{n}-lids"])
            return Measurement(data["frames"], data["times"], faces)
    with open_video(path) as video:
        result = measure(video.frames())
    if store:
        store.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"frames": result.frames, "times": result.times, "faces": np.array(list(result.faces), int)}
        for n, face in result.faces.items():
            arrays |= {f"{n}-{k}": getattr(face.signals, k) for k in SIGNALS}
            arrays |= {f"{n}-track-{k}": getattr(face.track, k) for k in TRACK} | {f"{n}-lids": face.lids}
        np.savez_compressed(store, **arrays)
    return result


def micro(measurement: Measurement, path: Path, names: Namer) -> list:
    spotted = {n: spot_face(face, measurement) for n, face in measurement.faces.items()}
    found = [pair for pair in expressions_of(spotted, AnalysisSettings()) if pair[0].interval.kind == "micro"]
    if not names.inputs:
        return [expression for expression, _ in found]
    tracks = {n: face.track for n, face in measurement.faces.items()}
    with open_video(path) as video:
        return [expression for expression, _ in look_again(video, found, tracks, names, pictures=False)]


def tally_clip(path: Path, tally: Tally, cache: Path | None, names: Namer, *, misses: bool) -> None:
    measurement = measured(path, cache)
    found = micro(measurement, path, names)
    rows = []
    if path.with_suffix(".csv").exists():
        with path.with_suffix(".csv").open() as file:
            rows = list(csv.DictReader(file))
    truth = np.array([[int(r["onset"]), int(r["offset"])] for r in rows]).reshape(-1, 2)
    spans = np.array([[e.interval.onset_frame, e.interval.offset_frame] for e in found]).reshape(-1, 2)
    matches = match_intervals(truth, spans, np.array([e.interval.score for e in found]))
    pairs = [(t, p) for p, t in matches.pairs]
    times = measurement.times
    tally.seconds += float(times[-1] - times[0]) if len(times) > 1 else 0
    tally.hits += len(pairs)
    tally.alarms += len(found) - len(pairs)
    tally.misses += len(rows) - len(pairs)
    for t, p in pairs:
        row, one = rows[t], found[p]
        tally.apex.append(abs(one.interval.apex_frame - int(row["apex"])))
        said = {unit.au: unit.side for unit in one.action_units}
        aus = {int(a) for a in row["aus"].split("+")}
        for au in aus | set(said):
            tally.named[au] += [au in aus and au in said, au not in aus, au not in said]
        tally.units["unit"] += bool(aus & set(said))
        if aus & set(said):
            tally.units["sided"] += 1
            tally.units["side"] += any(said[a] == row["side"] for a in aus & set(said))
    for i, row in enumerate(rows):
        hit = any(t == i for t, _ in pairs)
        tally.by_unit[row["aus"]][not hit] += 1
        if misses and not hit:
            near = [(e.interval.onset_frame, e.interval.offset_frame) for e in found]
            print(f"  miss {path.stem} {row['aus']} {row['side']} {row['onset']}-{row['offset']}", near)
    if misses:
        taken = {p for _, p in pairs}
        for i, e in enumerate(found):
            if i not in taken:
                units, span = [(u.au, u.side, round(u.score, 2)) for u in e.action_units], e.interval
                print(f"  false {path.stem} {span.onset_frame}-{span.offset_frame} {span.score} {units}")


def line(name: str, r: dict) -> str:
    def show(key: str, form: str = "{:.2f}") -> str:
        return "-" if r[key] is None else form.format(r[key])

    low, high = r["alarms_95"]
    return (
        f"{name:34s} planted {r['planted']:4d} recall {show('recall')} precision {show('precision')}"
        f" F1 {show('f1')} FA/min {r['alarms_per_minute']:.1f} [{low:.1f}, {high:.1f}]"
        f" apex {show('apex_frames', '{:.1f}')} AU {show('unit_right')} AU F1 {show('unit_f1')}"
        f" side {show('side_right')}"
    )


def table(tallies: dict[str, Tally]) -> str:
    """Markdown: each group, and sums over talking, acting and portrait clips by motion basis."""
    sums: dict[str, Tally] = defaultdict(Tally)
    for name, tally in tallies.items():
        if name.startswith("untouched"):
            continue
        clip, basis = name.split("-")[:2]
        kind = {"bbaf2n": "talking", "brbk7n": "talking", "lbax4n": "talking"}.get(clip)
        if kind is None and "fps" not in name:
            kind = "acting"
        if kind:
            percent = "-".join(name.split("-")[2:])
            sums[f"**{kind}, {basis}, {percent} %, all**"].merge(tally)
    lines = [
        "| clips | planted | recall | precision | F1 | false alarms a minute | apex, frames"
        " | AU right | AU F1 | side right |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, tally in [*tallies.items(), *sums.items()]:
        r = tally.row()

        def share(key: str, r: dict = r) -> str:
            if r[key] is None:
                return "-"
            low, high = r[f"{key}_95"]
            return f"{r[key]:.2f} [{low:.2f}, {high:.2f}]"

        def number(key: str, form: str = "{:.2f}", r: dict = r) -> str:
            return "-" if r[key] is None else form.format(r[key])

        low, high = r["alarms_95"]
        lines.append(
            f"| {name} | {r['planted']} | {share('recall')} | {share('precision')} | {number('f1')}"
            f" | {r['alarms_per_minute']:.1f} [{low:.1f}, {high:.1f}] in {r['minutes']:.1f} min"
            f" | {number('apex_frames', '{:.1f}')} | {number('unit_right')} | {number('unit_f1')}"
            f" | {number('side_right')} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--plain", type=Path, nargs="*", default=[])
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--rules", action="store_true", help="name units by the rules alone")
    a = parser.parse_args()
    names = namer(*["rules" if a.rules else "default"] * 2)
    tallies: dict[str, Tally] = defaultdict(Tally)
    for clip in (p.with_suffix(".mp4") for p in sorted(a.folder.glob("[!.]*.csv"))) if a.folder else ():
        tally_clip(clip, tallies["-".join(clip.stem.split("-")[:-2])], a.cache, names, misses=a.misses)
    for clip in a.plain:
        tally_clip(clip, tallies[f"untouched {clip.name}"], a.cache, names, misses=a.misses)
        tally_clip(clip, tallies["untouched, all"], a.cache, names, misses=False)
    for name, tally in tallies.items():
        print(line(name, tally.row()))
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for tally in tallies.values():
        for unit, (hit, miss) in tally.by_unit.items():
            total[unit][0] += hit
            total[unit][1] += miss
    print(
        "found by unit:",
        ", ".join(f"{u} {h}/{h + m}" for u, (h, m) in sorted(total.items(), key=lambda i: i[0])),
    )
    if a.markdown:
        a.markdown.write_text(table(tallies))


if __name__ == "__main__":
    main()
