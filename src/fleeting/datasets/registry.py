"""Names of the readers, and opening one at a path."""

import importlib
import inspect
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from fleeting.core import Registry, UsageError
from fleeting.datasets.base import CheckReport, DatasetInfo
from fleeting.datasets.dataset import Dataset

READERS: Registry[type[Dataset]] = Registry("dataset")

# Importing these files registers their readers.
MODULES = (
    "casme", "casme2", "samm", "smic", "mmew", "casme_sq", "casme3", "samm_lv", "fourdme",
    "dfme", "mmme", "cmed", "wdmd", "megc2019", "megc2019_flow", "csv_table",
)  # fmt: skip

ALIASES = {
    "smic": "smic-hs",
    "smic-e": "smic-e-hs",
    "casme3": "casme3-a",
    "casme2-long": "casme-sq",
    "cas(me)2": "casme-sq",
    "cas(me)^2": "casme-sq",
    "cas(me)3": "casme3-a",
    "cas(me)^3": "casme3-a",
    "casme-ii": "casme2",
    "fourdme": "4dme",
    "sammlv": "samm-lv",
    "megc2019": "megc2019-composite",
}

T = TypeVar("T", bound=type[Dataset])


def reader(cls: T) -> T:
    """File a reader under the name in its info."""
    READERS.register(cls.info.name)(cls)
    return cls


@lru_cache
def _load_all() -> None:
    for module in MODULES:
        importlib.import_module(f"fleeting.datasets.{module}")


def names() -> list[str]:
    """Names of all datasets.

    Examples
    --------
    >>> "casme2" in names()
    True
    """
    _load_all()
    return READERS.names()


def get(name: str) -> type[Dataset]:
    """Look a reader up by name or alias; raises UnknownNameError with the nearest names.

    Examples
    --------
    >>> get("SMIC").info.name
    'smic-hs'
    """
    _load_all()
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    return READERS.get(ALIASES.get(plain, plain))


def info(name: str) -> DatasetInfo:
    """Give the facts about a dataset."""
    return get(name).info


def open(name: str, root: str | Path, **options: Any) -> Dataset:
    """Open a dataset where it lies.

    Parameters
    ----------
    name
        One of :func:`names`.
    root
        Folder of the dataset; for ``csv`` the table itself.
    options
        ``sheet``, ``frames``, ``apex``, ``offset``; see :class:`Dataset`.

    Raises
    ------
    InputError
        Where nothing of the dataset is there; the message says what was expected.
    UnknownNameError
        Where no reader has this name.
    """
    dataset = _make(name, root, options)
    dataset.ready()
    return dataset


def check(name: str, root: str | Path, **options: Any) -> CheckReport:
    """Say what of a dataset is there and what is missing; a sheet that is missing is a finding, not an error.

    Raises
    ------
    InputError
        Where the root does not exist.
    UnknownNameError, UsageError
        For a name or an option that does not exist.
    """
    return _make(name, root, options).check()


def _make(name: str, root: str | Path, options: dict[str, Any]) -> Dataset:
    kind = get(name)
    known = set(inspect.signature(kind).parameters) - {"root"}
    stray = sorted(set(options) - known)
    if stray:
        raise UsageError(
            f"{kind.info.name} takes no {stray[0]}; it takes {', '.join(sorted(known)) or 'no option'}"
        )
    return kind(root, **options)
