"""Public names may come, but none may go unnoticed: notebooks and scripts of other people use them.

``tests/api_surface.json`` lists the public names of ``fleeting`` and of each room, and the commands with
their options. A name that is gone fails here. Where it went on purpose, keep an alias for one minor
version, say so in CHANGELOG.md, and write the list anew: ``make api-surface``.
"""

import importlib
import json
import pkgutil
import warnings
from pathlib import Path

import pytest

import fleeting

LIST = Path(__file__).with_name("api_surface.json")
HOW = "if that is meant, say so in CHANGELOG.md and run `make api-surface`"
COMMANDS = "command line"


def public_names(name: str) -> list[str]:
    """Names that a module offers in its ``__all__``; none where the room is still empty."""
    return sorted(getattr(importlib.import_module(name), "__all__", []))


def commands() -> list[str]:
    """Every command with every option, as in ``analyze --out``."""
    import typer

    from fleeting.cli.main import app

    found: list[str] = []
    waiting = [((), typer.main.get_command(app))]
    while waiting:
        path, command = waiting.pop()
        found += [" ".join(path)] if path else []
        for parameter in command.params:
            found += [" ".join((*path, option)) for option in parameter.opts if option.startswith("--")]
        waiting += [((*path, name), inner) for name, inner in getattr(command, "commands", {}).items()]
    return sorted(found)


def surface() -> dict[str, list[str]]:
    """All that is public now."""
    modules = sorted(
        f"fleeting.{m.name}" for m in pkgutil.iter_modules(fleeting.__path__) if m.name[0] != "_"
    )
    named = {name: public_names(name) for name in ["fleeting", *modules]}
    return {name: names for name, names in named.items() if names} | {COMMANDS: commands()}


def gone(promised: dict[str, list[str]], now: dict[str, list[str]]) -> list[str]:
    """Names that were promised and are no longer there."""
    return [
        f"{where}: {name}"
        for where, names in promised.items()
        for name in names
        if name not in now.get(where, [])
    ]


def test_no_public_name_has_gone() -> None:
    promised, now = json.loads(LIST.read_text(encoding="utf-8")), surface()
    missing = gone(promised, now)
    assert not missing, f"no longer public: {'; '.join(missing)}; {HOW}"
    if new := gone(now, promised):
        warnings.warn(
            f"newly public, not yet promised: {'; '.join(new)}; run `make api-surface`", stacklevel=1
        )


@pytest.mark.parametrize("where", sorted(set(json.loads(LIST.read_text(encoding="utf-8"))) - {COMMANDS}))
def test_every_promised_name_can_be_had(where: str) -> None:
    """``__all__`` is only a list of words; lazily loaded names in particular must really come."""
    module = importlib.import_module(where)
    missing = [
        name for name in json.loads(LIST.read_text(encoding="utf-8"))[where] if not hasattr(module, name)
    ]
    assert not missing, f"{where}.__all__ names what is not there: {missing}"


def test_a_lost_name_would_be_found() -> None:
    before = {"fleeting": ["analyze", "decode"], "fleeting.io": ["read_table"]}
    assert gone(before, {"fleeting": ["analyze", "new"]}) == ["fleeting: decode", "fleeting.io: read_table"]
    assert gone(before, before | {"fleeting.nn": ["Attention"]}) == []


if __name__ == "__main__":
    LIST.write_text(json.dumps(surface(), indent=1) + "\n", encoding="utf-8")
