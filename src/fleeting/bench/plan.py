"""What a benchmark consists of: settings, systems with switches, and one piece of work for each fold."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from fleeting.bench.prepare import can_prepare
from fleeting.core import Examples, UsageError
from fleeting.evaluation import Fold, SealedFold, TrainingView, inner_split, make_folds
from fleeting.motion import USUAL_FLOW

BASELINES = ("majority", "svm-flow", "ststnet")
PROTOCOLS = ("loso", "kfold", "cross-dataset")
VALIDATION_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What is measured, and how; everything here changes the numbers.

    Parameters
    ----------
    protocol
        ``loso``, ``kfold`` (by subject) or ``cross-dataset``.
    folds
        Number of folds of ``kfold``; dealt once, the same for all seeds.
    seeds
        How many: 0, 1, ... ``seeds - 1``.
    preset
        ``small`` or ``paper``.
    oracle_epoch
        Whether to measure, too, what choosing the epoch on the held-out fold would feign.
    validation
        Share of the training rows that is held back by subject for the system to choose on. By default none,
        but for systems that keep the best epoch or stop early, which get 0.15.
    pretrain
        Name of the set to learn from first, only for the record; the rows are given apart.
    flow
        What flow of the rows was measured with, only for the record, too.

    Raises
    ------
    UsageError
        For a value out of range.
    """

    protocol: str = "loso"
    folds: int = 5
    seeds: int = 1
    preset: str = "small"
    oracle_epoch: bool = False
    validation: float | None = None
    pretrain: str | None = None
    flow: str = USUAL_FLOW

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise UsageError(f"protocol: expected one of {', '.join(PROTOCOLS)}, got {self.protocol!r}")
        if self.seeds < 1 or self.folds < 2:
            raise UsageError(
                f"expected seeds of 1 and folds of 2 at least, got seeds={self.seeds}, folds={self.folds}"
            )
        if self.validation is not None and not 0 <= self.validation <= 0.5:
            raise UsageError(f"validation: expected a share of 0 to 0.5, got {self.validation}")


@dataclass(frozen=True)
class SystemSpec:
    """A system with its switches, as in ``ststnet:strain=off,training.epochs=5``.

    Parameters
    ----------
    label
        The text itself: its name in every table.
    name
        As in ``systems.create``.
    switches, training
        Keywords for it.
    """

    label: str
    name: str
    switches: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def create(self, preset: str, seed: int = 0) -> Any:
        """Make the system, which has learnt nothing yet."""
        from fleeting import systems

        training = dict(self.training) or None
        return systems.create(self.name, preset=preset, seed=seed, training=training, **self.switches)

    def digest(self, *told: Any) -> str:
        """Name what is measured by all that goes into it: the system, its switches, and what else is told."""
        whole = [self.name, dict(self.switches), dict(self.training), *told]
        return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()[:16]


def read_spec(text: str) -> SystemSpec:
    """Read the name of a system, with what is switched behind a colon.

    Parameters
    ----------
    text
        ``NAME`` or ``NAME:SWITCH=VALUE,...``; ``on`` and ``off`` are values, numbers are numbers, and what
        begins with ``training.`` is a setting of the training.

    Raises
    ------
    UsageError
        Where it cannot be read.

    Examples
    --------
    >>> spec = read_spec("ststnet:strain=off,training.epochs=5")
    >>> spec.name, spec.switches, spec.training
    ('ststnet', {'strain': False}, {'epochs': 5})
    """
    name, _, rest = text.partition(":")
    switches: dict[str, Any] = {}
    training: dict[str, Any] = {}
    for part in rest.split(",") if rest else []:
        key, equals, value = (one.strip() for one in part.partition("="))
        if not (key and equals and value):
            raise UsageError(f"system {text!r}: cannot read {part!r}; write NAME:SWITCH=VALUE,SWITCH=VALUE")
        if key.startswith("training."):
            training[key.removeprefix("training.")] = _read_value(value)
        else:
            switches[key] = _read_value(value)
    return SystemSpec(text, name, switches, training)


def _read_value(text: str) -> Any:
    if text in ("on", "off"):
        return text == "on"
    try:
        return json.loads(text)
    except ValueError:
        return text


def needed_inputs(system_names: Sequence[str], imports: Sequence[str] = ()) -> tuple[str, ...]:
    """List what systems take, in the order of the systems, each once; what only a loss needs comes last.

    Parameters
    ----------
    system_names
        As `read_spec` reads them.
    imports
        Modules that register systems of your own.

    Raises
    ------
    UsageError
        For an unknown system.

    Examples
    --------
    >>> needed_inputs(["majority", "ststnet"])
    ('flowmap28',)
    """
    from fleeting import systems

    for module in imports:
        import_own(module)
    cards = [systems.card(read_spec(text).name) for text in system_names]
    taken = [name for card in cards for name in card.inputs]
    targets = [name for card in cards for name in card.check.get("targets", ())]
    return tuple(dict.fromkeys([*taken, *(name for name in targets if can_prepare(name))]))


def import_own(name: str) -> None:
    """Import a module that registers systems of the user's own; raises UsageError where it is not there."""
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"module {name!r} with systems of your own: {error}") from error


@dataclass(frozen=True, slots=True)
class Piece:
    """One fold of one system with one seed: plain data without a test label, safe to send anywhere.

    Parameters
    ----------
    key
        Names it in every run alike, from all that it depends on.
    data, fold, seed
        Which.
    spec
        The system.
    view
        Row positions, and the labels of those that may be learnt from.
    """

    key: str
    data: str
    fold: str
    seed: int
    spec: SystemSpec
    view: TrainingView


def data_folds(examples: Examples, settings: BenchSettings) -> list[Fold]:
    """Split a set as the protocol says; raises UsageError where that cannot be."""
    if examples.labels.ndim != 1:
        raise UsageError("bench measures recognition: one label a row; these rows hold several at once")
    return make_folds(
        settings.protocol,
        subjects=examples.subjects,
        datasets=examples.datasets,
        labels=examples.labels.tolist(),
        k=settings.folds,
    )


def make_pieces(
    data: str,
    examples: Examples,
    specs: Mapping[str, tuple[SystemSpec, float]],
    settings: BenchSettings,
    content: str,
    pretrained: str,
) -> Iterator[tuple[Piece, SealedFold]]:
    """Give every piece of work on a set, with the seal that keeps its test labels.

    Parameters
    ----------
    data, examples
        Name and rows.
    specs
        Label -> system and its share of validation rows.
    settings
        The protocol.
    content, pretrained
        Fingerprints of the rows and of the rows learnt from first.

    Yields
    ------
    tuple
        The piece, to be sent out, and the seal, to be kept.
    """
    labels = examples.labels.tolist()
    for fold in data_folds(examples, settings):
        split: dict[tuple[float, int], Fold] = {}
        for spec, share in specs.values():
            for seed in range(settings.seeds):
                if (share, seed) not in split:
                    split[share, seed] = _split(fold, examples, labels, share, seed)
                inner = split[share, seed]
                seal = SealedFold(inner, labels, examples.subjects)
                key = _key(spec, fold.name, seed, share, settings, content, pretrained)
                yield Piece(key, data, fold.name, seed, spec, seal.view), seal


def _split(fold: Fold, examples: Examples, labels: list[int], share: float, seed: int) -> Fold:
    return inner_split(fold, examples.subjects, share=share, labels=labels, seed=seed) if share > 0 else fold


def _key(
    spec: SystemSpec,
    fold: str,
    seed: int,
    share: float,
    settings: BenchSettings,
    content: str,
    pretrained: str,
) -> str:
    from fleeting import __version__

    told = asdict(settings) | {
        "seeds": None,  # more seeds, or another name for the same rows, are no other piece
        "pretrain": pretrained,
        "validation": share,
        "system": [spec.name, dict(spec.switches), dict(spec.training)],
        "content": content,
        "version": __version__,
    }
    del told["flow"]  # the content says it
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
    return f"{spec.label} {fold} seed {seed} {digest[:16]}"


def rows_in_order(count: int, seed: int) -> np.ndarray:
    """Give an order of rows that has nothing to do with their labels, ``(count,)`` positions.

    Examples
    --------
    >>> sorted(rows_in_order(4, 0).tolist())
    [0, 1, 2, 3]
    """
    return np.random.default_rng([seed, count, 4]).permutation(count)
