"""``fleeting train`` of a spotter: recordings rather than samples, and a decoder beside the network."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from fleeting.bench import LoadedRecordings


def train_for_use(
    system: str,
    options: Mapping[str, Any],
    data: str,
    root: Path | None,
    folder: Path,
    *,
    decoder: str,
    seed: int,
    jobs: int,
) -> None:
    """Train, and write what is needed to go on and to use it.

    Parameters
    ----------
    system, options
        For `fleeting.systems.create`.
    data, root
        Set of recordings, and its folder where it is a real one.
    folder
        There already.
    decoder
        To fit, or ``own``.
    seed
        Of synthetic sets.
    jobs
        Processes that measure films.
    """
    from fleeting import systems
    from fleeting.bench import train_spotter
    from fleeting.cli.train import Lines, export_for_use

    if not systems.card(system).learns:
        from fleeting.core import UsageError

        raise UsageError(f"system {system!r} learns nothing: there is nothing to train")
    loaded = _recordings(system, data, root, seed=seed, jobs=jobs)
    found = loaded.recordings
    told = f"{len(found)} recordings of {data}"
    typer.echo(f"{system}: {told}, {len({one.subject for one in found})} subjects")
    made, decodings = train_spotter(
        partial(systems.create, system, **options), found, method=decoder, folder=folder,
        progress=Lines((options.get("training") or {}).get("epochs")), say=typer.echo,
    )  # fmt: skip
    made.save(folder)
    typer.echo(str(folder / "card.json"))
    fitted = {} if decodings is None else {"decodings": decodings}
    export_for_use(made, folder, trained_on=told, **fitted)
    for name in ("inner.safetensors", "checkpoint.safetensors"):
        (folder / name).unlink(missing_ok=True)
    if loaded.missing:
        raise typer.Exit(1)


def _recordings(system: str, data: str, root: Path | None, *, seed: int, jobs: int) -> "LoadedRecordings":
    """Films are measured once and kept; signals without pixels are made anew, of many kinds of people."""
    from fleeting import systems
    from fleeting.bench import LoadedRecordings, load_recordings, signal_set
    from fleeting.cli._prepare import prepare_lines

    if data.partition(":")[0] == "synth-signals":
        return LoadedRecordings(tuple(signal_set(data, seed=seed)))
    inputs = systems.card(system).inputs
    return load_recordings(data, root, inputs=inputs, seed=seed, jobs=jobs, on_progress=prepare_lines())
