"""Spotters on films of drawn people: ``docs/benchmarks/spotting.md``.

    fleeting synth recordings --out FILMS --count 16 --subjects 16 --seed 7101 --minutes 0.75 --fps 30 \\
        --micro-per-minute 10 --macro-per-minute 4
    OMP_NUM_THREADS=1 python benchmarks/spotting_systems.py --films FILMS --seeds 3 --switches

Small presets. Films are measured once (the cache of `fleeting bench`). Trained networks are kept in
``--work``, and scores as JSON, each part as soon as it is done: what was cut off goes on where it ended.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from fleeting import systems
from fleeting.io import write_atomic
from shows import provenance
from spotting_page import page
from spotting_runs import ALL, MACRO, OWN_SWITCHES, PICTURES, SWITCHES, films, measure, noise, takes_pictures

TABLES = {
    "planted": "spotters_planted.py",
    "scan": "scan.py",
    "hour": "spotters_hour.py",
    "link": "planted_link.py",
}

NOISES = 3


def main() -> int:
    """Run what is missing, write the page."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--films", type=Path, required=True, help="folder of `fleeting synth recordings`")
    asked.add_argument("--out", type=Path, default=Path("docs/benchmarks/spotting.md"))
    asked.add_argument("--work", type=Path, default=Path("build/spotting"), help="networks and scores")
    asked.add_argument("--folds", type=int, default=5)
    asked.add_argument("--seeds", type=int, default=1)
    asked.add_argument("--only", nargs="*", help="these spotters alone")
    asked.add_argument("--switches", action="store_true", help="also each system without a part, one seed")
    for name, script in TABLES.items():
        asked.add_argument(f"--{name}", type=Path, help=f"table that {script} wrote")
    asked.add_argument("--page", action="store_true", help="run nothing, write the page from what is kept")
    given = asked.parse_args()
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    recordings = films(given.films)
    given.work.mkdir(parents=True, exist_ok=True)
    scores = given.work / "scores.json"
    told = json.loads(scores.read_text()) if scores.exists() else {"rows": {}}
    for name in TABLES:
        if (table := getattr(given, name)) is not None:
            told[name] = table.read_text(encoding="utf-8")
    todo = [] if given.page else [(one, given.seeds) for one in ALL]
    todo += [(one, 1) for one in SWITCHES + OWN_SWITCHES + MACRO] if given.switches and not given.page else []
    for spec, seeds in todo:
        count = seeds if systems.card(spec.system).learns else 1
        there = told["rows"].get(spec.name, {}).get("seeds") == count
        if there or (given.only and spec.name not in given.only):
            continue
        seen = films(given.films, PICTURES) if takes_pictures(spec) else recordings
        told["rows"][spec.name] = measure(seen, spec, count, given.folds, given.work)
        told["how"] = provenance()
        write_atomic(scores, json.dumps(told))
    if "noise" not in told and not given.page:
        told["noise"] = noise(recordings, NOISES, given.folds)
    write_atomic(scores, json.dumps(told))
    write_atomic(given.out, page(told, recordings, given.folds, given.work))
    return 0


if __name__ == "__main__":
    sys.exit(main())
