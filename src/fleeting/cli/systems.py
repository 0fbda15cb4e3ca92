"""``fleeting systems``: which published systems there are, and what is known of each."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fleeting.systems import Card

app = typer.Typer(help="Published systems: list, show.", no_args_is_help=True)


@app.command("list")
def list_systems(
    task: Annotated[
        str | None, typer.Option(help="Only those of a task, such as recognition, au, spotting.")
    ] = None,
) -> None:
    """Show all systems with task, input and paper."""
    from fleeting import systems
    from fleeting.cli._tables import print_table

    if task is not None and task not in systems.TASKS:
        raise typer.BadParameter(
            f"expected one of {', '.join(systems.TASKS)}, got {task!r}", param_hint="--task"
        )
    cards = [systems.card(name) for name in systems.list(task)]
    rows = [[one.name, one.task, ", ".join(one.inputs), one.kind, one.paper] for one in cards]
    if rows:
        print_table(["system", "task", "input", "what it is", "paper"], rows, left=(0, 1, 2, 3, 4))
    else:
        typer.echo("no system" if task is None else f"no system for {task}")
    for module, lacking in sorted(systems.not_loaded().items()):
        typer.echo(f"not loaded: {module}: not installed: {lacking}; install the extra [train]", err=True)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="One of the names that `fleeting systems list` shows.")],
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Only the citation, for a .bib file.")] = False,
) -> None:
    """Show a system's card: claims, where its parts come from, published numbers, faults, switches."""
    from fleeting import systems

    one = systems.card(name)
    if bibtex:
        from fleeting.core import UsageError

        if not one.bibtex:
            raise UsageError(f"system {name!r}: no citation is known; its paper: {one.paper or 'none'}")
        typer.echo(one.bibtex)
        return
    for line in card_lines(one, systems.defaults(name)):
        typer.echo(line)


def card_lines(one: "Card", usual: dict[str, object]) -> list[str]:
    """Give a card as lines of text.

    Parameters
    ----------
    one
        The card.
    usual
        Switch -> its value by default.

    Examples
    --------
    >>> from fleeting.systems import Card
    >>> card_lines(Card("x", "A title", "", "recognition", ("flowmap28",), faults=("none known",)), {})
    ['x: A title', '  task: recognition', '  input: flowmap28', '  what it is: baseline', '  known faults:',
     '    none known']
    """
    lines = [f"{one.name}: {one.title}"]
    facts = {"paper": one.paper, "task": one.task, "input": ", ".join(one.inputs), "what it is": one.kind}
    lines += [f"  {what}: {text}" for what, text in facts.items() if text]
    switches = [
        f"{name} ({_value(usual.get(name))}{_choices(one, name)}): {meaning}"
        for name, meaning in one.switches.items()
    ]
    numbers = [f"{p.dataset}, {p.protocol}: {p.metric} {p.value:g} ({p.source})" for p in one.published]
    blocks = {
        "claims": list(one.claims),
        "parts": [f"{part}: {source}" for part, source in one.parts.items()],
        "published, not measured here": numbers,
        "known faults": list(one.faults),
        "switches (by default)": switches,
    }
    for title, texts in blocks.items():
        if texts:
            lines += [f"  {title}:", *(f"    {text}" for text in texts)]
    return lines


def _value(usual: object) -> str:
    return {True: "on", False: "off"}.get(usual, str(usual)) if isinstance(usual, bool) else str(usual)


def _choices(one: "Card", name: str) -> str:
    found = one.choices.get(name)
    return f" of {', '.join(map(str, found))}" if found else ""
