"""Which systems there are: those of this package and those that other packages bring by entry point.

A module that holds a system calls `register` as it is imported. Modules are imported when somebody first
asks; one whose packages are not installed is left out and named when it is asked for.
"""

import inspect
import json
import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from os import PathLike
from pathlib import Path
from typing import Any

from fleeting.core import InputError, Registry, UsageError
from fleeting.systems.contract import PRESETS, Card

ENTRY_POINTS = "fleeting.systems"
CARD_FILE = "card.json"
RESERVED = ("preset", "seed", "training")

Builder = Callable[..., Any]

_systems: Registry[tuple[Card, Builder]] = Registry("system")
_missing: dict[str, str] = {}  # module -> what it lacks
_searched = False


def register(card: Card) -> Callable[[Builder], Builder]:
    """Return a decorator that files a builder under a card.

    The builder takes ``preset``, ``seed``, ``training`` (a mapping of changes to the training, or ``None``)
    and one keyword with a default for each switch of the card.

    Raises
    ------
    UsageError
        Where the name is taken, or the card's switches and the builder's keywords differ.

    Examples
    --------
    >>> @register(Card("doctest", "A title", "", "recognition", ("flowmap28",), switches={"extra": "more"}))
    ... def build(*, preset="small", seed=0, training=None, extra=True):
    ...     return preset, seed, extra
    >>> create("doctest", extra=False)
    ('small', 0, False)
    >>> _ = forget("doctest")
    """

    def file(builder: Builder) -> Builder:
        keywords = set(inspect.signature(builder).parameters) - set(RESERVED)
        if keywords != set(card.switches):
            raise UsageError(
                f"system {card.name!r}: switches of the card {sorted(card.switches)} are not the builder's"
                f" keywords {sorted(keywords)}"
            )
        _systems.register(card.name)((card, builder))
        return builder

    return file


def forget(name: str) -> Card:
    """Take a system out again: for tests and notebooks that register anew."""
    card_, _ = _systems.get(name)
    del _systems._items[name]
    return card_


def names(task: str | None = None) -> list[str]:
    """List all systems, sorted, or those of one task.

    Examples
    --------
    >>> "ststnet" in names("recognition")
    True
    """
    _search()
    return [name for name in _systems if task in (None, _systems.get(name)[0].task)]


def card(name: str) -> Card:
    """Give the card of a system; raises UnknownNameError with the nearest name.

    Examples
    --------
    >>> card("ststnet").inputs
    ('flowmap28',)
    """
    return _find(name)[0]


def defaults(name: str) -> dict[str, Any]:
    """Give the switches of a system as they stand by default.

    Examples
    --------
    >>> defaults("ststnet")["dropout"]
    True
    """
    found, builder = _find(name)
    parameters = inspect.signature(builder).parameters
    return {switch: parameters[switch].default for switch in found.switches}


def create(name: str, *, preset: str = "small", seed: int = 0, training: Any = None, **switches: Any) -> Any:
    """Build a system that has learnt nothing yet.

    Parameters
    ----------
    name
        One of `names`.
    preset
        ``paper`` has the sizes of the paper (or of our reading), ``small`` trains on two CPU cores.
    seed
        Same seed, same data: same weights.
    training
        Changes to the training, such as ``{"epochs": 5}``; names as in `fleeting.training.TrainingSettings`.
    **switches
        As the card names them.

    Returns
    -------
    Recognizer, AUDetector or Spotter

    Raises
    ------
    UsageError
        For an unknown system, preset or switch.

    Examples
    --------
    >>> create("ststnet", training={"epochs": 1}).preset
    'small'
    """
    found, builder = _find(name)
    if preset not in PRESETS:
        raise UsageError(f"preset: expected {' or '.join(PRESETS)}, got {preset!r}")
    unknown = sorted(set(switches) - set(found.switches))
    if unknown:
        have = ", ".join(found.switches) or "none"
        raise UsageError(f"system {name!r}: no switch {unknown[0]!r}; available: {have}")
    changes = {} if training is None else {"training": training}
    return builder(preset=preset, seed=seed, **changes, **switches)


def load(folder: str | PathLike[str]) -> Any:
    """Build the system that a folder's ``card.json`` names, and give it the weights.

    Raises
    ------
    InputError
        Where there is no card, or it names no system.
    """
    path = Path(folder) / CARD_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        name, preset, seed, switches = (told[k] for k in ("system", "preset", "seed", "switches"))
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "give a folder that `fleeting train` wrote") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            path, "is no card of a system", "give a folder that `fleeting train` wrote"
        ) from error
    return create(name, preset=preset, seed=seed, **switches).load(folder)


def _find(name: str) -> tuple[Card, Builder]:
    if name not in _systems:
        _search()
    if name not in _systems and _missing:
        lacking = ", ".join(sorted(set(_missing.values())))
        raise UsageError(
            f"unknown system {name!r}; available: {', '.join(_systems) or 'none'}; some could not be loaded:"
            f" not installed: {lacking}; install the extra [train]"
        )
    return _systems.get(name)


def not_loaded() -> dict[str, str]:
    """Give the modules of systems that could not be imported, with the package that each lacks.

    Examples
    --------
    >>> "fleeting.systems.recognition.ststnet" in not_loaded()
    False
    """
    _search()
    return dict(_missing)


def _search() -> None:
    """Import every module that may hold a system, once."""
    global _searched
    if not _searched:
        _searched = True
        for module in _own_modules():
            _try(module, lambda module=module: import_module(module))  # type: ignore[misc]
        for entry in entry_points(group=ENTRY_POINTS):
            _try(f"{entry.name} ({entry.value})", entry.load)


def _own_modules() -> list[str]:
    """Modules in the folders by task; what starts with an underscore is looked at by its neighbours alone."""
    home = import_module("fleeting.systems")
    folders = [m.name for m in pkgutil.iter_modules(home.__path__) if m.ispkg]
    found = []
    for folder in folders:
        package = import_module(f"fleeting.systems.{folder}")
        inner = pkgutil.iter_modules(package.__path__)
        found += [f"{package.__name__}.{m.name}" for m in inner if not m.name.startswith("_")]
    return found


def _try(what: str, action: Callable[[], object]) -> None:
    """Run an import; a package that is not installed is noted, any other error comes through."""
    try:
        action()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "fleeting":  # ours: a fault, not a missing extra
            raise
        _missing[what] = error.name or str(error)
