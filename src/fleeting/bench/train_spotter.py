"""A spotter for use: its decoder fitted on people new to its network."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

from fleeting.bench._spotting_fit import WITH_SIGNALS, fit_decoder
from fleeting.bench.spotting import RAW, inner_part
from fleeting.core import Curve, UsageError
from fleeting.systems import SpottingRecording

INNER, WHOLE = "inner.safetensors", "checkpoint.safetensors"
Progress = Callable[[dict[str, float]], object]


def train_spotter(
    make: Callable[[], Any],
    recordings: Sequence[SpottingRecording],
    *,
    method: str = "fleeting",
    folder: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    say: Callable[[str], object] | None = None,
) -> tuple[Any, list[dict[str, Any]] | None]:
    """Train a spotter on all recordings, and fit the decoder that goes with it.

    The decoder's parameters come from curves of a quarter of the subjects, by a network that has learnt from
    the others, as in `run_spotting`; then a network learns from all.

    Parameters
    ----------
    make
        Makes the system anew, such as ``partial(systems.create, "me-tst")``.
    recordings
        With intervals.
    method
        Name of a decoder; ``own`` takes that of the system, which is not fitted.
    folder
        Where checkpoints are kept: a training that was stopped goes on there. They are left.
    progress
        Called after each epoch, where the system has any.
    say
        Called with a line before each part.

    Returns
    -------
    system
        Trained.
    decodings
        For its ``export``; ``None`` where the system has its own.

    Raises
    ------
    UsageError
        Where the intervals are withheld, or there is one subject alone and the decoder shall be fitted.
    """
    first = make()
    decodings = None
    if method != "own" and hasattr(first, "curves"):
        if len({one.subject for one in recordings}) < 2:
            raise UsageError("one subject is too few to fit a decoder on: give more, or take --decoder own")
        fold = inner_part(recordings)
        train, held = ([recordings[at] for at in part] for part in (fold.train, fold.test))
        if say is not None:
            say(f"for the decoder: {len(train)} recordings to learn from, {len(held)} of others to fit it on")
        _fit(first, train, folder, INNER, progress)
        decodings = _decodings(first, recordings, held, method)
    made = make()
    if say is not None:
        say(f"learning from {len(recordings)} recordings")
    _fit(made, recordings, folder, WHOLE, progress)
    return made, decodings


def _fit(
    system: Any,
    recordings: Sequence[SpottingRecording],
    folder: str | PathLike[str] | None,
    name: str,
    progress: Progress | None,
) -> None:
    import inspect

    known = inspect.signature(system.fit).parameters
    given: dict[str, Any] = {"progress": progress}
    if folder is not None:
        given["checkpoint"] = Path(folder) / name
    system.fit(recordings, **{key: value for key, value in given.items() if key in known})


def _decodings(
    system: Any, recordings: Sequence[SpottingRecording], held: Sequence[SpottingRecording], method: str
) -> list[dict[str, Any]]:
    """Fit the decoder for each kind that the system speaks of; a kind that nobody showed is left out."""
    found = []
    # in use there is nothing to look at but the rows that the network takes
    positions = method in WITH_SIGNALS and system.inputs in RAW
    under = [one.inputs[system.inputs] if positions else None for one in held]
    said = [system.outputs(one.sealed()) for one in held]
    for kind, name in system.curves.items():
        lengths = [i.duration_s for one in recordings for i in one.intervals or () if i.kind == kind]
        if not lengths:
            continue
        curves = [Curve(one[name], recording.times) for one, recording in zip(said, held, strict=True)]
        truths = [[i for i in one.intervals or () if i.kind == kind] for one in held]
        fitted = asdict(fit_decoder(method, curves, truths, lengths_s=lengths, signals=under))
        found.append({"kind": kind, "with_rows": positions, **fitted})
    if not found:
        raise UsageError(f"nothing to learn from: no {' or '.join(system.curves)} interval is coded")
    return found
