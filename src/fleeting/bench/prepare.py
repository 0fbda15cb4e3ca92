"""From the clips of a dataset to what systems see: once, in parallel, through the cache."""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.bench._prepare_one import INPUTS, VALUE, Plan, find_makers, prepare_one
from fleeting.core import UNLABELLED, Examples, InputError, ShapeError, UsageError
from fleeting.datasets import Dataset, Sample
from fleeting.facs import TWELVE_UNITS
from fleeting.io import ArrayCache
from fleeting.jobs import JobResult, run_jobs
from fleeting.motion import USUAL_FLOW, find_flow, input_names

PREPARED = "prepared"  # folder of the cache
UNITS = "aus12"


@dataclass(frozen=True, slots=True)
class Missing:
    """A sample that could not be prepared: its id, its label under the protocol, and why."""

    sample: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class PrepareProgress:
    """Told after each sample: how many are done, of how many, which, and what went wrong with it."""

    done: int
    total: int
    sample: str
    error: Exception | None = None


@dataclass(frozen=True)
class Prepared:
    """What was made of samples.

    Parameters
    ----------
    samples
        Those that went well, in the order given.
    inputs
        Arrays by name, a row for each of ``samples``.
    missing
        Those that did not, with the reason.
    computed, decoded
        Inputs that were made, and samples whose frames were decoded for it; all else came from the cache.
    damaged
        Sample and entry of the cache that was found damaged and was made again.
    notes
        Sample and what was done for want of a frame, a face or an apex.
    """

    samples: tuple[Sample, ...]
    inputs: dict[str, np.ndarray]
    missing: tuple[Missing, ...] = ()
    computed: int = 0
    decoded: int = 0
    damaged: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=())


def prepare(
    samples: Sequence[Sample],
    inputs: Sequence[str] = ("flowmap28",),
    *,
    cache: str | os.PathLike[str],
    jobs: int = 1,
    ray_address: str | None = None,
    imports: Sequence[str] = (),
    flow: str = USUAL_FLOW,
    on_progress: Callable[[PrepareProgress], object] | None = None,
) -> Prepared:
    """Decode, find the face, align, and make inputs; what the cache holds is not made again.

    Each input is on disk as soon as it is made, so a killed run goes on where it was. A sample that cannot be
    prepared costs only itself.

    Parameters
    ----------
    samples
        As a dataset gives them.
    inputs
        Names, see `fleeting.motion.input_names`; and ``aus12``, the coded action units.
    cache
        Folder; with Ray all machines must see it.
    jobs, ray_address
        As in `fleeting.jobs.run_jobs`.
    imports
        Modules that register inputs of your own.
    flow
        What inputs measure flow with, a name for `fleeting.motion.find_flow`. An apex that is not coded is
        looked for with the usual one in any case.
    on_progress
        Called after each sample.

    Raises
    ------
    UsageError
        For an input that no function makes, or none at all, or an unknown flow.
    InputError
        Where the cache cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> lost = Sample(id="d/s/a", dataset="d", subject="d/s", clip="a", fps=50, onset=0, apex=1, offset=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = prepare([lost], cache=folder)
    >>> len(made.samples), made.missing[0].reason
    (0, 'd/s/a: its frames are not on disk; run `fleeting datasets check` to see what was expected')
    """
    names = tuple(dict.fromkeys(inputs))
    if not names:
        raise UsageError("name an input to prepare")
    pictured = tuple(one for one in names if one != UNITS)
    find_makers(pictured, tuple(imports))  # an unknown name is told before the first frame is decoded
    measuring = find_flow(flow).name  # absolute, where it is a folder: workers may run elsewhere
    folder = Path(cache).absolute()
    store = ArrayCache(folder / INPUTS)
    plan = Plan(str(folder), pictured, tuple(imports), measuring)
    results = _run(plan, samples, jobs, ray_address, on_progress)
    good = [at for at, one in enumerate(results) if one.error is None]
    kept = tuple(samples[at] for at in good)
    told = [results[at].unwrap() for at in good]
    arrays = {name: _rows(store, name, [one["keys"][name] for one in told]) for name in pictured}
    arrays |= {UNITS: units_of(kept)} if UNITS in names else {}
    return Prepared(
        kept,
        {name: arrays[name] for name in names},
        tuple(_missing(samples[at], one.error) for at, one in enumerate(results) if one.error is not None),
        sum(len(one["computed"]) for one in told),
        sum(one["read"] for one in told),
        tuple(
            (one.id, damage) for one, result in zip(kept, told, strict=True) for damage in result["damaged"]
        ),
        tuple((one.id, note) for one, result in zip(kept, told, strict=True) for note in result["notes"]),
    )


def _run(
    plan: Plan,
    samples: Sequence[Sample],
    jobs: int,
    ray_address: str | None,
    on_progress: Callable[[PrepareProgress], object] | None,
) -> list[JobResult[dict[str, Any]]]:
    found: list[JobResult[dict[str, Any]] | None] = [None] * len(samples)
    working = run_jobs(partial(prepare_one, plan), samples, jobs=jobs, ray_address=ray_address)
    with closing(working) as results:
        for done, one in enumerate(results, 1):
            found[one.index] = one
            if on_progress is not None:
                on_progress(PrepareProgress(done, len(samples), samples[one.index].id, one.error))
    return [one for one in found if one is not None]


def _missing(sample: Sample, error: Exception | None) -> Missing:
    told = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    return Missing(sample.id, sample.label or "", told)


def _rows(store: ArrayCache, name: str, keys: Sequence[str]) -> np.ndarray:
    """Read the rows of an input into one array."""
    rows: np.ndarray | None = None
    for at, key in enumerate(keys):
        entry = store.get(key, verify=False)  # whoever made or found it just now has verified it
        if entry is None:
            raise InputError(store.path(key), "was taken away while it was needed", "run again")
        value = entry.arrays[VALUE]
        if rows is None:
            rows = np.empty((len(keys), *value.shape), value.dtype)
        if value.shape != rows.shape[1:]:
            raise ShapeError(f"input {name!r}: {value.shape} for one sample, {rows.shape[1:]} for others")
        rows[at] = value
    return np.zeros((0,), np.float32) if rows is None else rows


def can_prepare(name: str) -> bool:
    """Whether an input of this name can be made from clips, as far as the files of systems are imported.

    Examples
    --------
    >>> can_prepare("keyframes"), can_prepare("aus12"), can_prepare("flowviews28")
    (True, True, False)
    """
    return name == UNITS or name in input_names()


def units_of(samples: Sequence[Sample]) -> np.ndarray:
    """Say which of the twelve usual action units were coded: ``(N, 12)`` int8, -1 where nothing was.

    Examples
    --------
    >>> quiet = Sample(id="d/s/a", dataset="d", subject="d/s", clip="a", fps=50, onset=0, apex=1, offset=2)
    >>> units_of([quiet])
    array([[-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1]], dtype=int8)
    """
    rows = np.full((len(samples), len(TWELVE_UNITS)), -1, np.int8)
    for at, one in enumerate(samples):
        if one.codes:
            rows[at] = [unit in one.aus for unit in TWELVE_UNITS]
    return rows


def prepare_examples(
    dataset: Dataset, classes: int = 3, inputs: Sequence[str] = ("flowmap28",), **options: Any
) -> tuple[Examples, Prepared]:
    """Prepare the samples of a protocol, as rows to learn from.

    Parameters
    ----------
    dataset
        From `fleeting.datasets.open`.
    classes
        3, 4, 5 or 7, as far as it has them.
    inputs, options
        As of `prepare`.

    Returns
    -------
    examples, prepared
        Rows of all samples that could be prepared, and the report.

    Raises
    ------
    InputError
        Where none could be.
    """
    chosen = dataset.samples(classes)
    if not chosen:
        raise InputError(dataset.root, f"no sample has a label under classes={classes}", "see datasets info")
    made = prepare(chosen, inputs, **options)
    if not made.samples:
        first = made.missing[0]
        told = f"none of the {len(chosen)} clips could be prepared; the first: {first.reason}"
        raise InputError(dataset.root, told)
    labels = [UNLABELLED if one.target is None else one.target for one in made.samples]
    rows = Examples(
        ids=np.array([one.id for one in made.samples]),
        subjects=np.array([one.subject for one in made.samples]),
        datasets=np.array([one.dataset for one in made.samples]),
        labels=np.array(labels, np.int64),
        classes=tuple(dataset.classes(classes)),
        inputs=made.inputs,
        fps=np.array([one.fps or np.nan for one in made.samples], float),
    )
    return rows, made
