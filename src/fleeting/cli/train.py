"""``fleeting train``: one system on all of a dataset, into a folder that can be used."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from fleeting.cli._prepare import FlowName

LINE_EVERY_S = 5.0
PRETRAIN_SEED = 1  # other people than those of a synthetic set to train on


def train(
    system: Annotated[str, typer.Argument(help="One of the names that `fleeting systems list` shows.")],
    data: Annotated[str, typer.Option(help="Dataset to train on.")],
    out: Annotated[Path, typer.Option(help="Folder for the weights, the card and the exported model.")],
    root: Annotated[
        Path | None, typer.Option(help="Folder of the dataset; synthetic sets need none.")
    ] = None,
    preset: Annotated[str, typer.Option(help="small or paper.")] = "small",
    pretrain: Annotated[str | None, typer.Option(help="Dataset to learn from first.")] = None,
    pretrain_root: Annotated[Path | None, typer.Option(help="Its folder, where it is a real one.")] = None,
    classes: Annotated[int, typer.Option(help="Classes of the dataset: 3, 4, 5 or 7.")] = 3,
    seed: Annotated[int, typer.Option(help="Same seed, same data: same weights.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs, where not the preset's.")] = None,
    off: Annotated[list[str] | None, typer.Option(help="Switch a component off; may be given again.")] = None,
    decoder: Annotated[
        str, typer.Option(help="Of a spotter: decoder to fit, or own for that of the system.")
    ] = "fleeting",
    flow: FlowName = "dis",
    jobs: Annotated[int, typer.Option(min=1, help="Processes that prepare clips or films.")] = 1,
) -> None:
    """Train a system on a whole dataset; a training that was stopped goes on where it was.

    The folder holds card.json and weights.safetensors, to go on from, and model.onnx with model.json, to use.
    """
    from fleeting import systems
    from fleeting.cli._prepare import check_flow
    from fleeting.core import UsageError
    from fleeting.io import validate_folder

    changes = {} if epochs is None else {"training": {"epochs": epochs}}
    made = systems.create(system, preset=preset, seed=seed, **changes, **{name: False for name in off or []})
    folder = validate_folder(out)
    if systems.card(system).task in ("flow", "spotting"):
        check_flow(flow, measured=False)
    if systems.card(system).task == "flow":
        _train_flow(made, data, root, folder, epochs)
        return
    if systems.card(system).task == "spotting":
        if pretrain is not None:
            raise UsageError(f"system {system!r} is a spotter: leave --pretrain out")
        from fleeting.cli._train_spotter import train_for_use

        made_of = {"preset": preset, "seed": seed, **changes, **{name: False for name in off or []}}
        train_for_use(system, made_of, data, root, folder, decoder=decoder, seed=seed, jobs=jobs)
        return

    from fleeting.bench import load_data, load_examples, needed_inputs, pretrain_count
    from fleeting.cli._prepare import prepare_lines

    options: dict[str, Any] = {"classes": classes, "inputs": needed_inputs([system]), "jobs": jobs}
    options |= {"flow": flow, "on_progress": prepare_lines()}
    loaded = load_data(data, root, **options)
    check_flow(flow, measured=loaded.prepared is not None)
    examples = loaded.examples
    if pretrain is not None:
        from fleeting.training import match_classes

        if not hasattr(made, "pretrain"):
            raise UsageError(f"system {system!r} cannot be pre-trained; leave --pretrain out")
        count = pretrain_count(pretrain)
        other = load_examples(pretrain, pretrain_root, count=count, seed=PRETRAIN_SEED, **options)
        first = match_classes(other, examples.classes)
        typer.echo(f"{system}: learning from {len(first)} samples of {pretrain}")
        made.pretrain(first, **_options(made.pretrain, folder / "pretrain.safetensors", epochs))
    typer.echo(f"{system}: learning from {len(examples)} samples of {len(set(examples.subjects))} subjects")
    made.fit(examples, **_options(made.fit, folder / "checkpoint.safetensors", epochs))
    made.save(folder)
    typer.echo(str(folder / "card.json"))
    export_for_use(made, folder, trained_on=_said(data, pretrain, len(examples)), **_flow_facts(flow))
    for name in ("pretrain.safetensors", "checkpoint.safetensors"):
        (folder / name).unlink(missing_ok=True)
    if loaded.missing:
        raise typer.Exit(1)


def _train_flow(made: Any, data: str, root: Path | None, folder: Path, epochs: int | None) -> None:
    """Train a network of flow on the pairs that `fleeting synth flow` wrote."""
    from fleeting.core import UsageError
    from fleeting.synth import read_flow_pairs

    if data != "synth-flow" or root is None:
        raise UsageError(
            "a system for flow learns from pairs: --data synth-flow --root DIR of `fleeting synth flow`"
        )
    pairs = read_flow_pairs(root)
    typer.echo(f"learning from {len(pairs)} pairs of {len(set(pairs.subjects.tolist()))} people")
    made.fit(pairs, **_options(made.fit, folder / "checkpoint.safetensors", epochs))
    made.save(folder)
    typer.echo(str(folder / "card.json"))
    export_for_use(made, folder, trained_on=_said(data, None, len(pairs)))
    (folder / "checkpoint.safetensors").unlink(missing_ok=True)


def _options(action: Callable[..., Any], checkpoint: Path, epochs: int | None) -> dict[str, Any]:
    """Give what a `fit` or `pretrain` takes of checkpoint and progress: not every system has epochs."""
    import inspect

    known = inspect.signature(action).parameters
    offered = {"checkpoint": checkpoint, "progress": Lines(epochs)}
    return {name: value for name, value in offered.items() if name in known}


def export_for_use(made: Any, folder: Path, **facts: Any) -> None:
    """Write the model for use; a system that cannot be exported says why, and keeps its weights."""
    from fleeting.core import UsageError

    if not hasattr(made, "export"):
        typer.echo("not exported: this system has no export, so `fleeting analyze` cannot use it", err=True)
        return
    try:
        typer.echo(str(made.export(folder, **facts)))
    except UsageError as error:
        typer.echo(f"not exported: {error}", err=True)


def _flow_facts(flow: str) -> dict[str, str]:
    """Say what `analyze` must measure flow with for this model, where it is not the usual one."""
    from fleeting.motion import USUAL_FLOW, find_flow

    found = find_flow(flow)
    return {} if flow == USUAL_FLOW else {"flow": found.name, "flow_sha256": found.version}


def _said(data: str, pretrain: str | None, rows: int) -> str:
    return f"{rows} samples of {data}" + (f", after {pretrain}" if pretrain else "")


class Lines:
    """A line now and then: which epoch, which loss."""

    def __init__(self, epochs: int | None) -> None:
        self._of = f" of {epochs}" if epochs else ""
        self._said = time.monotonic()

    def __call__(self, entry: dict[str, float]) -> None:
        """Say it, where the last line is some seconds old."""
        if time.monotonic() - self._said > LINE_EVERY_S:
            self._said = time.monotonic()
            typer.echo(f"epoch {entry['epoch']:.0f}{self._of}: loss {entry['loss']:.4f}")
