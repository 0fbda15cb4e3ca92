"""The spotter that has learnt against the training-free one, on planted micro-expressions in real faces.

    python benchmarks/spotters_planted.py DIR [--cache DIR] [--spotter learnt] [--markdown FILE]

DIR holds pairs ``<stem>.mp4`` and ``<stem>.csv`` from ``planted.py``; ``--cache`` is as in
``analyze_planted.py``. Strict matching of micro-expressions. The level of the learnt spotter is set so that
it gives no more false alarms than the other in the same clips, and recall is compared there; intervals are
over resampled clips, with the level set anew in each.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from analyze_planted import measured
from fleeting.analysis import spot_face
from fleeting.evaluation import match_intervals, poisson_interval, wilson_interval
from fleeting.models import Spotter, load_spotter

TALKING, ACTING = ("bbaf2n", "brbk7n", "lbax4n"), ("single_face", "face_noface")
LEVELS = np.linspace(0.02, 0.98, 97)
RESAMPLES = 2000


class AtLevel:
    """A spotter with another least score."""

    def __init__(self, spotter: Spotter, level: float) -> None:
        self.judge, self.least_score = spotter.judge, level


def group(stem: str) -> str:
    """Talking, acting or still, and the basis of the motion."""
    name, basis = stem.split("-")[:2]
    what = "talking" if name in TALKING else "acting" if name in ACTING and "fps" not in stem else "still"
    return f"{what}, {basis}"


def intervals(clip: Path, cache: Path | None, spotter: object) -> tuple[list, float]:
    """Give micro-expressions of all faces, and minutes."""
    measurement = measured(clip, cache)
    found = []
    for face in measurement.faces.values():
        found += [one.interval for one in spot_face(face, measurement, spotter).spotted]  # type: ignore[arg-type]
    times = measurement.times
    return [one for one in found if one.kind == "micro"], float(times[-1] - times[0]) / 60


def counts(truth: np.ndarray, found: list) -> tuple[int, int]:
    """Hits and false alarms."""
    ends = np.array([(one.onset_frame, one.offset_frame) for one in found]).reshape(-1, 2)
    hits = match_intervals(truth, ends, np.array([one.score for one in found])).tp
    return hits, len(found) - hits


def tables(folder: Path, cache: Path | None, spotter: Spotter) -> dict[str, dict[str, np.ndarray]]:
    """For each group: planted, minutes, hits and alarms of the rules, and of the learnt at each level."""
    rows: dict[str, list] = defaultdict(list)
    for clip in (path.with_suffix(".mp4") for path in sorted(folder.glob("[!.]*.csv"))):
        with clip.with_suffix(".csv").open() as file:
            truth = np.array([[int(r["onset"]), int(r["offset"])] for r in csv.DictReader(file)]).reshape(
                -1, 2
            )
        ruled, minutes = intervals(clip, cache, None)
        all_found, _ = intervals(clip, cache, AtLevel(spotter, LEVELS[0]))
        levels = [counts(truth, [one for one in all_found if one.score >= least]) for least in LEVELS]
        own = counts(truth, [one for one in all_found if one.score >= spotter.least_score])
        rows[group(clip.stem)].append((len(truth), minutes, counts(truth, ruled), own, levels))
    return {
        name: {
            "planted": np.array([one[0] for one in some]),
            "minutes": np.array([one[1] for one in some]),
            "rules": np.array([one[2] for one in some]),
            "own": np.array([one[3] for one in some]),
            "levels": np.array([one[4] for one in some]),  # (clips, levels, 2)
        }
        for name, some in sorted(rows.items())
    }


def matched(table: dict[str, np.ndarray], rows: np.ndarray) -> tuple[float, float]:
    """Recall of the rules on these clips, and of the learnt where it gives no more false alarms."""
    planted = table["planted"][rows].sum()
    hits, alarms = table["rules"][rows].sum(0)
    by_level = table["levels"][rows].sum(0)
    allowed = by_level[by_level[:, 1] <= alarms, 0]
    return hits / planted, (allowed.max() if len(allowed) else 0) / planted


def line(name: str, table: dict[str, np.ndarray]) -> str:
    """One row of the page."""
    clips, planted, minutes = len(table["planted"]), table["planted"].sum(), table["minutes"].sum()
    cells = [name, str(clips), str(planted), f"{minutes:.1f}"]
    for who in ("rules", "own"):
        hits, alarms = table[who].sum(0)
        share, rate = wilson_interval(int(hits), int(planted)), poisson_interval(int(alarms), minutes)
        cells.append(f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]")
        cells.append(f"{rate.value:.1f} [{rate.low:.1f}, {rate.high:.1f}]")
    rules, learnt = matched(table, np.arange(clips))
    rng = np.random.default_rng(0)
    drawn = [matched(table, rng.integers(0, clips, clips)) for _ in range(RESAMPLES)]
    low, high = np.quantile([b - a for a, b in drawn], (0.025, 0.975))
    cells += [f"{learnt:.2f}", f"{learnt - rules:+.2f} [{low:+.2f}, {high:+.2f}]"]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| clips | n | planted | minutes | training-free: recall | false alarms a minute"
    " | learnt, at its own level: recall | false alarms a minute"
    " | learnt, with as many false alarms as training-free: recall | difference [95 %] |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--cache", type=Path)
    asked.add_argument("--spotter", default="learnt")
    asked.add_argument("--markdown", type=Path)
    given = asked.parse_args()
    found = tables(given.folder, given.cache, load_spotter(given.spotter))
    for what in ("talking", "acting", "still"):
        parts = [one for name, one in found.items() if name.startswith(what)]
        if len(parts) > 1:
            found[f"**{what}, all**"] = {key: np.concatenate([one[key] for one in parts]) for key in parts[0]}
    page = HEAD + "\n".join(line(name, one) for name, one in found.items()) + "\n"
    print(page)
    if given.markdown:
        given.markdown.write_text(page)


if __name__ == "__main__":
    main()
