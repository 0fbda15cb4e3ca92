"""Examples by the name of their dataset: synthetic ones are made and cached, real ones are read."""

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.bench.made_sets import CLIPS, RECORDINGS, USUAL, made_set
from fleeting.bench.prepare import PREPARED, Missing, Prepared, prepare_examples
from fleeting.core import Examples, InputError, UsageError

SYNTHETIC = "synth-flowmaps"
USUAL_COUNT, USUAL_SUBJECTS, PRETRAIN_COUNT = 1000, 40, 10_000
PRETRAIN_CLIPS = 800
SYNTHETIC_CLASSES = {3: (1 / 3, 1 / 3, 1 / 3, 0.0), 4: (0.3, 0.3, 0.3, 0.1)}
INPUT = "flowmap28"


@dataclass(frozen=True)
class Loaded:
    """A dataset as rows, and what of it is not among them.

    Parameters
    ----------
    examples
        The rows.
    missing
        Labelled samples that could not be prepared, each with the reason: nothing is measured on them, and
        every table says so.
    prepared
        What was made and what came from the cache; ``None`` where nothing had to be prepared.
    """

    examples: Examples
    missing: tuple[Missing, ...] = ()
    prepared: Prepared | None = None


def load_examples(name: str, root: str | os.PathLike[str] | None = None, **options: Any) -> Examples:
    """Give a dataset as the rows that systems learn from; see `load_data` for all that can be said.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = load_examples("synth-flowmaps:12:4", cache=folder)
    >>> rows.inputs["flowmap28"].shape, rows.classes, len(set(rows.subjects))
    ((12, 28, 28, 3), ('negative', 'positive', 'surprise'), 4)
    """
    return load_data(name, root, **options).examples


def load_data(
    name: str,
    root: str | os.PathLike[str] | None = None,
    *,
    classes: int = 3,
    inputs: Sequence[str] = (INPUT,),
    count: int | None = None,
    subjects: int | None = None,
    seed: int = 0,
    cache: str | os.PathLike[str] | None = None,
    reading: Mapping[str, Any] | None = None,
    **working: Any,
) -> Loaded:
    """Give a dataset as the rows that systems learn from, and say what is missing.

    Parameters
    ----------
    name
        ``synth-flowmaps``, also with a count (``synth-flowmaps:20000``) and a number of people
        (``synth-flowmaps:680:68``); ``synth-clips`` in the same way, made by `fleeting.synth.write_clips`;
        ``megc2019-flow``; or another name of `fleeting.datasets.names`. Clips are prepared (see
        `fleeting.bench.prepare`).
    root
        Folder of the dataset; synthetic sets need none.
    classes
        3, 4, 5 or 7, as far as the set has them. Synthetic maps have 3 (negative, positive, surprise), and 4
        with "none".
    inputs
        What to make of clips. Sets of maps have ``flowmap28`` alone.
    count, subjects, seed
        Of synthetic sets; by default 1000 maps of 40 people, 400 clips of 50.
    cache
        Folder for what can be made again; by default ``FLEETING_CACHE`` or the user's cache folder.
    reading
        Options of `fleeting.datasets.open`.
    working
        ``jobs``, ``ray_address``, ``imports``, ``flow``, ``on_progress`` of `fleeting.bench.prepare`. Sets of
        maps are taken as they are, whatever ``flow`` says.

    Raises
    ------
    UsageError
        For classes that the set does not have, a real set without a root, an unknown name or input.
    InputError
        Where nothing of the set lies at the root, or none of its clips can be prepared.
    """
    folder = cache_folder() if cache is None else Path(cache)
    plain, _, size = name.partition(":")
    if plain == SYNTHETIC:
        asked = read_size(name, size)
        number = count or asked[0] or USUAL_COUNT
        return Loaded(_synthetic(classes, number, subjects or asked[1], seed, folder))
    from fleeting import datasets

    if plain == CLIPS:
        jobs = working.get("jobs", 1)
        place = made_set(
            name, cache=folder, classes=classes, count=count, subjects=subjects, seed=seed, jobs=jobs
        )
        made_clips = datasets.open("csv", place)
        rows, made = prepare_examples(made_clips, classes, inputs, cache=folder / PREPARED, **working)
        return Loaded(rows, made.missing, made)
    if plain == RECORDINGS:
        raise UsageError(
            f"{name} holds untrimmed videos for spotters, no samples; take {CLIPS} or {SYNTHETIC}"
        )
    datasets.get(name)  # an unknown name is told before a missing root
    if root is None:
        raise UsageError(f"dataset {name!r} lies in a folder of yours; give it with --root")
    dataset = datasets.open(name, Path(root), **(reading or {}))
    if hasattr(dataset, "maps"):
        return Loaded(_ready_maps(dataset, classes))
    rows, made = prepare_examples(dataset, classes, inputs, cache=folder / PREPARED, **working)
    return Loaded(rows, made.missing, made)


def _ready_maps(dataset: Any, classes: int) -> Examples:
    """Rows of a set that holds flow maps rather than clips."""
    chosen = dataset.samples(classes)
    return Examples(
        ids=np.array([one.id for one in chosen]),
        subjects=np.array([one.subject for one in chosen]),
        datasets=np.array([one.dataset for one in chosen]),
        labels=np.array([one.target for one in chosen], np.int64),
        classes=tuple(dataset.classes(classes)),
        inputs={INPUT: dataset.maps(chosen)},
    )


def is_synthetic(name: str) -> bool:
    """Whether a set of this name is made rather than read.

    Examples
    --------
    >>> is_synthetic("synth-flowmaps:500"), is_synthetic("synth-clips"), is_synthetic("samm")
    (True, True, False)
    """
    return name.partition(":")[0] in (SYNTHETIC, *USUAL)


def pretrain_count(name: str) -> int | None:
    """How many to make of a synthetic set to learn from first, where its name says no number.

    Examples
    --------
    >>> pretrain_count("synth-flowmaps"), pretrain_count("synth-clips"), pretrain_count("synth-clips:50")
    (10000, 800, None)
    """
    return {SYNTHETIC: PRETRAIN_COUNT, CLIPS: PRETRAIN_CLIPS}.get(name)


def cache_folder() -> Path:
    """Folder for what can be made again: ``FLEETING_CACHE``, or ``fleeting`` in the user's cache folder."""
    if os.environ.get("FLEETING_CACHE"):
        return Path(os.environ["FLEETING_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "fleeting"


def join_examples(parts: Mapping[str, Examples]) -> Examples:
    """Put sets under one another, for training on some and testing on another.

    Parameters
    ----------
    parts
        By name. Classes must be the same in the same order; inputs that not all have are left out.

    Raises
    ------
    UsageError
        Where classes differ, or no input is common to all.

    Examples
    --------
    >>> from dataclasses import replace
    >>> one = Examples(np.array(["a/1/x"]), np.array(["a/1"]), np.array(["a"]), np.array([0]), ("no", "yes"),
    ...                {"v": np.zeros((1, 2))})
    >>> two = replace(one, ids=np.array(["b/1/x"]), subjects=np.array(["b/1"]), datasets=np.array(["b"]))
    >>> join_examples({"a": one, "b": two}).datasets.tolist()
    ['a', 'b']
    """
    sets = list(parts.values())
    if not sets:
        raise UsageError("no dataset was given")
    if len({one.classes for one in sets}) > 1:
        told = "; ".join(f"{name}: {', '.join(one.classes)}" for name, one in parts.items())
        raise UsageError(f"sets of different classes cannot be one: {told}")
    shared = [name for name in sets[0].inputs if all(name in one.inputs for one in sets)]
    if not shared:
        raise UsageError(f"the sets {', '.join(parts)} have no input in common")
    return Examples(
        ids=np.concatenate([one.ids for one in sets]),
        subjects=np.concatenate([one.subjects for one in sets]),
        datasets=np.concatenate([one.datasets for one in sets]),
        labels=np.concatenate([one.labels for one in sets]),
        classes=sets[0].classes,
        inputs={name: np.concatenate([one.inputs[name] for one in sets]) for name in shared},
    )


def fingerprint(examples: Examples) -> str:
    """Name the content of examples: 64 hex digits, the same for the same rows in the same order.

    Examples
    --------
    >>> rows = Examples(np.array(["a"]), np.array(["s"]), np.array(["d"]), np.array([0]), ("no", "yes"), {})
    >>> fingerprint(rows) == fingerprint(rows.take([0])), fingerprint(rows) == fingerprint(rows.sealed())
    (True, False)
    """
    digest = hashlib.sha256(repr(examples.classes).encode())
    columns = (examples.ids, examples.subjects, examples.datasets)
    for column in columns:
        digest.update("\n".join(map(str, column)).encode() + b"\0")
    digest.update(np.ascontiguousarray(examples.labels, np.int64).tobytes())
    for name in sorted(examples.inputs):
        values = np.ascontiguousarray(examples.inputs[name])
        digest.update(f"{name} {values.dtype} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def read_size(name: str, text: str) -> tuple[int | None, int | None]:
    """Read ``680:68`` as a count of maps and of people."""
    parts = text.split(":") if text else []
    if len(parts) > 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(
            f"data {name!r}: expected {SYNTHETIC}, {SYNTHETIC}:COUNT or {SYNTHETIC}:COUNT:PEOPLE"
        )
    numbers = [int(part) for part in parts]
    return (numbers[0] if numbers else None), (numbers[1] if len(numbers) > 1 else None)


def _synthetic(classes: int, count: int, subjects: int | None, seed: int, cache: Path) -> Examples:
    if classes not in SYNTHETIC_CLASSES:
        raise UsageError(f"{SYNTHETIC} has 3 classes, or 4 with 'none'; got classes={classes}")
    from fleeting.io import validate_folder

    people = subjects or min(max(2, count // (USUAL_COUNT // USUAL_SUBJECTS)), count)
    folder = validate_folder(cache / SYNTHETIC)
    file = folder / f"classes{classes}-{count}-of-{people}-seed{seed}-{_maker()}.npz"
    if not file.exists():
        _make(file, SYNTHETIC_CLASSES[classes], count, people, seed)
    try:
        with np.load(file) as kept:
            maps, labels, owners, names = (kept[k] for k in ("maps", "labels", "subjects", "classes"))
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(file, "is damaged", "remove it; it will be made again") from error
    if seed:  # other people than those of the same numbers with another seed
        owners = np.char.replace(owners, "/", f"/seed{seed}-")
    ids = np.array([f"{owner}/{at:05d}" for at, owner in enumerate(owners)])
    held = tuple(names.tolist()[:classes])
    sets = np.array(["synth"] * len(ids))
    return Examples(ids, owners, sets, labels.astype(np.int64), held, {INPUT: maps})


def _make(file: Path, shares: tuple[float, float, float, float], count: int, people: int, seed: int) -> None:
    from fleeting.io import write_atomic
    from fleeting.synth import FlowMapSettings, flowmaps

    made = flowmaps(count, seed=seed, subjects=people, settings=FlowMapSettings(class_shares=shares))
    packed = io.BytesIO()
    np.savez_compressed(
        packed, maps=made.maps, labels=made.labels, subjects=made.subjects, classes=np.array(made.classes)
    )
    write_atomic(file, packed.getvalue())


def _maker() -> str:
    """Twelve letters for the code that draws the maps: a cached set of another generator is not taken."""
    from fleeting import facs, synth

    home = Path(synth.__file__).parent
    digest = hashlib.sha256()
    for path in [*sorted(home.glob("*flowmap*.py")), Path(facs.__file__).parent / "emotions.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
