"""All recognisers and baselines: real flow maps, made ones and made clips; every switch; what they cost.

    fleeting synth clips --out DIR --count 120 --subjects 20 --seed 3
    OMP_NUM_THREADS=1 FLEETING_DATA=... SHOWS_CLIPS=DIR/samples.csv PYTHONPATH=benchmarks \
        python benchmarks/recognition.py --out docs/benchmarks/recognition.md \
        [--seeds 3] [--minutes 60] [--parts real pretrain made switches clips]

Every run is kept in the cache as it ends; a later call goes on with those that are missing, until
``--minutes`` of processor time are spent, and writes the page from all that are there.
"""

import argparse
from pathlib import Path

import torch

import recognition_clips
import recognition_maps
from recognition_runs import CLIPS, FIRST, MADE, SMIC, Run, Told, run_missing, seeds_of, spread, table

PARTS = (*recognition_maps.PARTS, CLIPS)
HEAD = """# Recognition

Made by `benchmarks/recognition.py`; do not edit. How pages are read: [README.md](README.md). What each
published system must show beyond these tables: [recognition-shows.md](recognition-shows.md). Published
numbers are of other people, classes and folds, and several chose the epoch on the people they were judged on
([what that feigns](smic-flow.md)); they are not shown beside these.

Every network is of preset `small` with the training that the preset names, in its full length; the last epoch
counts, nothing is chosen on held-out people. SMIC is a development set: its maps were looked at while this
package was made. On the made clips nothing was tuned but the rate after learning from made maps, and one
fold was looked at for MOL. Confusion matrices are pooled over folds and seeds. Intervals are over resampled
people; differences are paired over people, p by exchange of people, in brackets corrected for the rows of its
table (Holm). On sets of this size differences of less than about 0.05 cannot be told from chance. Rows with
fewer seeds, or rows that are not there, were not run for want of time; the same command goes on with them.
"""
COSTS = (
    "`fold`: processor seconds of one thread to train one fold and to answer its rows; `row`: milliseconds to"
    " answer one row among 32, inputs at hand. –: learns the same from every seed."
)
READ = (
    "On the real maps no network is shown to be better than the support vector machine with radial"
    " kernel, and only FMANet and Off-ApexNet come near to being better than the linear one. Learning from"
    " made maps first raises all seven networks that were run with three seeds, by 0.03 in the mean and by"
    " up to 0.06; with one seed it raises EPIR, which has the most to learn, by 0.135, and MEDN not at"
    " all. The intervals of two of the nine exclude zero, and none stands the correction. On made clips"
    " FMANet, MEDN, RCN-A and Off-ApexNet are better than the linear machine on the same maps, also after"
    " correction; systems of raw frames alone (MPFNet, MOL, LBP-TOP) stand below those of flow, and MOL"
    " learns nothing there (strong movements of still heads it does learn:"
    " [recognition-shows.md](recognition-shows.md)). Most published components make no difference that"
    " could be told from chance on 107 clips. Those that do: blocks of the face for HOOF and the advanced"
    " encoder of MPFNet; and, before correction alone, vertical flow for Off-ApexNet, merged tokens for"
    " EPIR, stems of their own for both phases of FMANet, the second phase turned round in MM-COF, and"
    " flow rather than the difference of frames for the dual branch. With the first seed alone FMANet's"
    " second phase had looked worth 0.075; over three seeds it is 0.027 and cannot be told from chance."
)
"""What these runs say, written after them; see to it when they are run anew."""


def overview(seeds: int) -> list[str]:
    """One line a system: UF1 on each set, size and cost."""
    real, made = (recognition_maps.results(one, seeds) for one in (SMIC, MADE))
    first, films = recognition_maps.learnt_first(seeds), recognition_clips.results(seeds)
    rows = []
    for name in recognition_clips.SYSTEMS:
        parts = [real.get(name), first.get(name), made.get(name), films.get(name)]
        known = [one for one in parts if one is not None]
        if known:
            size = f"{known[-1]['parameters']:,}"
            rows.append([name, *(shown(one) for one in parts), size, f"{known[-1]['infer_ms']:.2f}"])
    head = (
        "system",
        "real maps",
        "real maps, learnt first",
        "made maps",
        "made clips",
        "parameters",
        "row, ms",
    )
    return [
        "## At a glance",
        "",
        "UF1 [95 %] (seeds).",
        "",
        *table(head, rows),
        COSTS,
        "",
        f"**Read.** {READ}",
        "",
    ]


def shown(one: Told | None) -> str:
    return f"{spread(one)} ({seeds_of(one)})" if one else ""


def page(seeds: int) -> str:
    lines = [HEAD, *overview(seeds), *recognition_maps.sections(seeds), *recognition_clips.sections(seeds)]
    runs = [*recognition_maps.plan(recognition_maps.PARTS, seeds), *recognition_clips.plan(seeds)]
    how = sorted(
        {one["how"] for one in (run.found() for run in runs) if one}, key=lambda one: one.split(", ")[2]
    )
    lines += [f"*First and last run: {how[0]}; {how[-1]}*"] if how else []
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the page, Markdown")
    parser.add_argument(
        "--minutes", type=float, default=60, help="processor time to spend; 0 writes the page alone"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    maps: list[Run] = recognition_maps.plan(tuple(asked.parts), asked.seeds)
    run_missing(maps, lambda: {one: recognition_maps.load(one) for one in (SMIC, MADE, FIRST)}, asked.minutes)
    if CLIPS in asked.parts:
        films = recognition_clips.plan(asked.seeds)
        run_missing(films, lambda: {CLIPS: recognition_clips.load()}, asked.minutes)
    asked.out.write_text(page(asked.seeds), encoding="utf-8")


if __name__ == "__main__":
    main()
