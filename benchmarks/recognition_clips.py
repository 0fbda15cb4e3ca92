"""Every recogniser on made clips, five folds over people: from the video file to the answer."""

from typing import Any

from fleeting.core import Examples
from fleeting.systems.recognition._mol_tasks import FLOW, LANDMARKS
from recognition_maps import with_views
from recognition_runs import CLIPS, Run, Told, changed_table, main_table, pooled, runs_of, variants
from shows_clips import COUNT, MADE, clips

MAPS, RETURN, CLIP = "flowmap28", "flowmap28-return", "clip16"
INPUTS = (
    MAPS,
    RETURN,
    CLIP,
    "clip64",
    "flow64",
    "points68",
    "frames32",
    "marks32",
    "aus12",
    "clip8",
    "keyframes",
)
SYSTEMS: dict[str, tuple[str, dict[str, Any]]] = {  # the cheapest first
    "majority": ("nothing", {}),
    "svm-flow": ("map", {}),
    "svm-flow-rbf": ("map", {}),
    "hoof-svm": ("flow", {}),
    "mdmo-svm": ("flow, landmarks", {}),
    "lbp-top-svm": ("10 frames", {}),
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
DEAREST = "mol"
ALONE: dict[str, Any] = {"flow_task": False, "landmark_task": False}


def load() -> Examples:
    """Rows of the clips with all that systems take or learn beside the class."""
    return with_views(clips(*INPUTS, FLOW, LANDMARKS))


def usual(name: str, seeds: int) -> list[Run]:
    return runs_of(name, CLIPS, seeds, SYSTEMS[name][1])


def switched(name: str, seeds: int) -> list[list[Run]]:
    """Runs with each switch turned; MOL's tasks are left out together, too."""
    own = SYSTEMS[name][1]
    turned = variants(name, own) + ([ALONE] if name == DEAREST else [])
    return [runs_of(name, CLIPS, seeds, one) for one in turned]


def plan(seeds: int) -> list[Run]:
    """All runs: whole systems of all seeds, then switches, then the dearest."""
    runs = [run for name in SYSTEMS for run in usual(name, seeds)]
    runs += [run for name in SYSTEMS for part in switched(name, seeds) for run in part]
    own = {name: one for name, (_, one) in SYSTEMS.items()}
    return sorted(runs, key=lambda run: (run.system == DEAREST, run.switches != own[run.system], run.seed))


def results(seeds: int) -> dict[str, Told]:
    found = {name: pooled(usual(name, seeds)) for name in SYSTEMS}
    return {name: one for name, one in found.items() if one is not None}


def sections(seeds: int) -> list[str]:
    """The part of the page on clips."""
    found = results(seeds)
    lines = ["## Made clips, five folds over people", ""]
    lines += [
        f"Clips: {MADE}; {COUNT} clips of 20 people show an expression. Faces are found, followed and aligned"
        " in the video files as in films of a user, and all inputs are measured in them; of what was planted"
        " only class, onset, apex and offset are given, as a coder would give them, and the units to MEDN,"
        " which learns them beside the class. People are drawn: the order of systems is theirs on these"
        " clips, and may be another on faces.",
        "",
        *main_table(found),
        "What each takes: " + "; ".join(f"{name}: {told}" for name, (told, _) in SYSTEMS.items()) + ".",
        "",
        "### Every switch",
        "",
        "Each is turned by itself; the rest stays as in the table above.",
        "",
    ]
    changes = []
    for name in SYSTEMS:
        for runs in switched(name, seeds):
            own = SYSTEMS[name][1]
            what = ", ".join(
                f"{key} {value}" for key, value in runs[0].switches.items() if own.get(key) != value
            )
            changes.append((name, what, usual(name, seeds), runs))
    return lines + changed_table(changes)
