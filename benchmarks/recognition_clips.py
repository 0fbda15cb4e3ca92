"""Every recogniser on made clips, five folds over people: from the video file to the answer.

    fleeting synth clips --out DIR --count 120 --subjects 20 --seed 3
    OMP_NUM_THREADS=1 SHOWS_CLIPS=DIR/samples.csv PYTHONPATH=benchmarks \
        python benchmarks/recognition_clips.py --out docs/benchmarks/recognition-clips.md \
        [--minutes 25] [--seeds 1]

Every run is kept in the cache as it ends; a later call goes on with those that are missing, the cheapest
first, until ``--minutes`` of processor time are spent, and writes the page from all that are there. With
``--seeds 3`` the same command adds two more.
"""

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from fleeting import systems
from fleeting.bench import cache_folder
from fleeting.core import Examples
from fleeting.systems.recognition.mol import FLOW, LANDMARKS
from recognition import Run, ended, main_table, paired_table, pooled, run_missing, with_views
from shows_clips import MADE, clips

FOLDER = cache_folder() / "benchmarks" / "recognition-clips"
SET = "clips"
MAPS, RETURN, CLIP = "flowmap28", "flowmap28-return", "clip16"
INPUTS = (MAPS, RETURN, CLIP, "clip64", "flow64", "points68", "frames32", "marks32", "aus12", "clip8")

FIXED: dict[str, str] = {  # learnt without chance; what each takes
    "majority": "nothing",
    "svm-flow": "map",
    "svm-flow-rbf": "map",
    "hoof-svm": "flow",
    "mdmo-svm": "flow, landmarks",
    "lbp-top-svm": "10 frames",
}
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {  # the cheapest first
    "ststnet": ("map", {}),
    "mm-cof": ("map and return", {}),
    "off-apexnet": ("map", {}),
    "rcn-a": ("map", {}),
    "microattnet": ("map and return, one view", {"two_views": False}),
    "fmanet": ("map and return", {}),
    "mpfnet-p": ("16 frames", {}),
    "mpfnet-c": ("16 frames", {}),
    "dual-branch": ("map", {}),
    "epir": ("map", {}),
    "gamdss": ("32 frames", {}),
    "medn": ("map, 16 frames; units", {}),
    "mol": ("8 frames; flow, landmarks", {}),
}
SWITCHED: dict[str, dict[str, Any]] = {
    "mpfnet-p": {"progressive": False},
    "mpfnet-c": {"progressive": False},
    "mm-cof": {"dual_phase": False},
    "fmanet": {"dual_phase": False},
    "gamdss": {"reselection": "none"},
    "medn": {"emotion_branch": False},
    "mol": {"flow_task": False, "landmark_task": False},
}
COUNT = 107
"""Of the 120 clips; the others show no expression."""
NOTES = (
    "Flow maps tell most on these clips, and most to FMANet, which sees the return beside them: 0.15 above"
    " the linear machine on maps, and 0.07 above itself without the return. MEDN, RCN-A, dual-branch,"
    " MicroAttNet and MM-COF are above the linear machine too, by differences that would not all stand a"
    " correction for the number of rows. From about 85 clips both MPFNets learn on raw frames, but less than"
    " any network of flow; MOL and LBP-TOP are far below. The emotion branch of MEDN and the re-selection of"
    " GAMDSS are not shown to help. One seed."
)
"""What these runs say, written after them; see to it when they are run anew."""
DEAREST = "mol"
HEAD = f"""# Recognition systems on made clips

Made by `benchmarks/recognition_clips.py`; do not edit. How pages are read: [README.md](README.md); the same
systems on real flow maps: [recognition-systems.md](recognition-systems.md); what each must show:
[recognition-shows.md](recognition-shows.md).

Clips: {MADE}. Faces are
found, followed and aligned in the video files as in films of a user, and all inputs are measured in them; of
what was planted only class, onset, apex and offset are given, as a coder would give them, and the units to
MEDN, which learns them beside the class. Five folds over people. Every network is of preset `small` with the
training that the preset names, in its full length; the last epoch counts. Nothing was tuned on these clips,
but for MOL's first weights (one fold was looked at). Intervals are over resampled people, differences paired
over people (p by exchange, not corrected for the number of rows). People are drawn: the order of systems is
theirs on these clips, and may be another on faces. Rows that are not there were not run; the same command
goes on with them.
"""


@dataclass(frozen=True)
class ClipRun(Run):
    """A run on the made clips, kept in a folder of its own."""

    @property
    def path(self) -> Path:
        told = json.dumps(asdict(self))
        return FOLDER / f"{self.system}-{hashlib.sha256(told.encode()).hexdigest()[:12]}.json"


def load() -> Examples:
    """Rows of the clips with all that systems take or learn beside the class."""
    return with_views(clips(*INPUTS, FLOW, LANDMARKS))


def make(run: Run) -> Any:
    """A system as its preset says."""
    return systems.create(run.system, seed=run.seed, **run.switches)


def runs_of(system: str, seeds: int, switches: dict[str, Any] | None = None) -> list[Run]:
    """One run for each seed; what is learnt without chance has the same one for all."""
    usual = NETWORKS[system][1] if system in NETWORKS else {}
    count = range(seeds) if system in NETWORKS else [0] * seeds
    return [ClipRun(system, SET, seed, switches=usual | (switches or {})) for seed in count]


def plan(seeds: int) -> list[Run]:
    """All runs: one seed after the other, then those with a part switched off; `DEAREST` at the end."""
    usual = [run for name in (*FIXED, *NETWORKS) for run in runs_of(name, seeds)]
    off = [run for name, one in SWITCHED.items() for run in runs_of(name, seeds, one)]
    return sorted(usual + off, key=lambda run: (run.seed, run.system == DEAREST))


def told(seeds: int, changes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Results by system, of those that were run, seeds pooled."""
    found = {name: pooled(runs_of(name, seeds, one)) for name, one in changes.items()}
    return {name: one for name, one in found.items() if one is not None}


def page(seeds: int) -> str:
    usual, off = told(seeds, {name: {} for name in (*FIXED, *NETWORKS)}), told(seeds, SWITCHED)
    lines = [HEAD, "## All systems", ""]
    lines += main_table(usual) if usual else ["Not run.", ""]
    takes = FIXED | {name: one for name, (one, _) in NETWORKS.items()}
    lines += [
        f"{COUNT} clips of 20 people. `fold`: processor seconds of one thread to train one fold and to answer"
        " its rows; `row`: milliseconds to answer one row among 32, inputs at hand. What each takes: "
        + "; ".join(f"{name}: {one}" for name, one in takes.items())
        + ".",
        "",
        "## A part switched off",
        "",
        *paired_table("switched", usual, off),
    ]
    lines += [f"**Read.** {NOTES}", ""] if NOTES else []
    return ended(lines, [*usual.values(), *off.values()])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the page, Markdown")
    parser.add_argument("--minutes", type=float, default=25, help="processor time to spend")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    run_missing(plan(asked.seeds), lambda: {SET: load()}, asked.minutes, make)
    asked.out.write_text(page(asked.seeds), encoding="utf-8")


if __name__ == "__main__":
    main()
