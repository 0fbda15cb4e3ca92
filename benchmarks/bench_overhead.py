"""What the runner of ``fleeting bench`` costs, and what two processes gain.

    OMP_NUM_THREADS=1 python benchmarks/bench_overhead.py --out docs/benchmarks/bench.md

Data: synthetic flow maps, 442 of 68 people (the sizes of the MEGC 2019 composite); STSTNet, a few epochs.

- Overhead: one leave-one-subject-out through ``run_bench`` (seals, ledger on disk, checks) over the same loop
  written plainly: create, fit, predict, nothing else. Both in this process, in turn.
- Two processes: ``run_bench(jobs=2)`` against its ceiling, two independent processes that each do every other
  fold by the plain loop, started together in the same run. Both times hold the start of the processes. As the
  ceiling holds no waiting for the last fold, 1 cannot quite be reached.

Each is done so many times in turn; the page gives the median of the ratios, which travel between machines,
and the load before each, for a busy machine spoils both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from fleeting import systems
from fleeting.bench import load_examples, run_bench
from fleeting.bench.provenance import describe_code, describe_machine
from fleeting.core import Examples
from fleeting.evaluation import loso

DATA = "synth-flowmaps:442:68"


def plain(rows: Examples, epochs: int, start: int = 0, step: int = 1, folds: int | None = None) -> None:
    """Train and answer every ``step``-th fold by a loop written out."""
    for fold in loso(rows.subjects)[:folds][start::step]:
        made = systems.create("ststnet", training={"epochs": epochs})
        made.fit(rows.take(fold.train))
        made.predict(rows.take(fold.test))


def through_the_runner(rows: Examples, epochs: int, jobs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = run_bench([f"ststnet:training.epochs={epochs}"], {DATA: rows}, out=folder, jobs=jobs)
    assert not run.failures


def timed(action: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time of this process and of those it started and waited for."""
    wall, spent = time.perf_counter(), processor()
    action()
    return time.perf_counter() - wall, processor() - spent


def processor() -> float:
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system


def two_alone(epochs: int) -> None:
    """Two processes that know nothing of each other, half of the folds each, until both are done."""
    command = [sys.executable, __file__, "--epochs", str(epochs), "--half"]
    processes = [subprocess.Popen([*command, str(half)]) for half in (0, 1)]
    assert [one.wait() for one in processes] == [0, 0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="the page, Markdown")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--half", type=int, choices=(0, 1), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = load_examples(DATA)
    if asked.half is not None:
        plain(rows, asked.epochs, asked.half, 2)
        return
    plain(rows, 1, folds=2)  # so that nothing is measured that is done once
    lines: list[tuple[float, ...]] = []
    for _ in range(asked.repeats):
        one = [
            timed(lambda: plain(rows, asked.epochs)),
            timed(lambda: through_the_runner(rows, asked.epochs, 1)),
        ]
        load = os.getloadavg()[0]
        two = [
            timed(lambda: two_alone(asked.epochs)),
            timed(lambda: through_the_runner(rows, asked.epochs, 2)),
        ]
        lines.append((*one[0], *one[1], load, *two[0], *two[1]))
        print(lines[-1], flush=True)
    text = page(asked, lines)
    if asked.out is None:
        print(text)
    else:
        asked.out.write_text(text, encoding="utf-8")


def page(asked: argparse.Namespace, lines: list[tuple[float, ...]]) -> str:
    machine, code = describe_machine(), describe_code()
    overhead = statistics.median(one[3] / one[1] - 1 for one in lines)
    share = statistics.median(one[5] / one[7] for one in lines)
    work = statistics.median(one[6] / one[8] for one in lines)
    overheads = "\n".join(
        f"| {wall:.1f} | {more:.1f} | {own:.2f} | {spent:.2f} | {100 * (spent / own - 1):+.1f} % |"
        for wall, own, more, spent, *_ in lines
    )
    shares = "\n".join(
        f"| {load:.1f} | {a:.1f} | {b:.1f} | {a / b:.3f} | {own:.1f} | {spent:.1f} | {own / spent:.3f} |"
        for *_, load, a, own, b, spent in lines
    )
    commit = code["commit"][:12] + (" with changes" if code["changed"] else "")
    return f"""# What the runner costs

Made by `python benchmarks/bench_overhead.py --epochs {asked.epochs} --repeats {asked.repeats} --out
docs/benchmarks/bench.md`; do not edit.
{machine["processor"]}, {machine["cores"]} cores, Python {machine["python"]},
torch {torch.__version__}, commit {commit}.

One leave-one-subject-out of STSTNet (preset small, {asked.epochs} epochs) over 442 synthetic maps of 68
people, 68 folds, one thread a process. Load is that of the whole machine in the minute before; with one far
above what is measured itself (1, then 2) the figures say little.

## Overhead of the runner in one process

Seals, checks, a ledger forced to the disk after each fold. Goal: at most 10 %. The share is of processor
time, which a busy machine changes less than the clock; waiting for the disk is in the clock alone.
**Median {100 * overhead:+.1f} %.**

| plain loop, clock s | `run_bench`, clock s | plain loop, processor s | `run_bench`, processor s | overhead |
|---|---|---|---|---|
{overheads}

## Two processes

Against two independent processes with half of the folds each, started together; both with their start.
Goal: at least 0.9 by the clock. **Median {share:.3f} by the clock, {work:.3f} by processor time** of all
processes together; the second says how much more work the runner makes, and nothing of waiting.
Where the shares of the repeats differ by more than a tenth the machine was busy: the goal is **not shown**.

| load | alone, clock s | `--jobs 2`, clock s | share | alone, processor s | `--jobs 2`, processor s | share |
|---|---|---|---|---|---|---|
{shares}
"""


if __name__ == "__main__":
    main()
