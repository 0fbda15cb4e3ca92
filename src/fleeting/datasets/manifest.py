"""One table of a dataset, a row for each coded movement; the ``csv`` reader reads it back."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fleeting.core import UsageError
from fleeting.datasets.base import ClassKey, Sample

if TYPE_CHECKING:
    from fleeting.datasets.dataset import Dataset

PROTOCOLS: tuple[ClassKey, ...] = (3, 4, 5, 7)
MANIFEST_COLUMNS = (
    "sample", "dataset", "subject", "clip", "recording", "path", "first_number", "fps", "onset", "apex",
    "offset", "kind", "label", "label_3", "label_4", "label_5", "label_7", "objective", "aus", "unread_aus",
    "split", "notes",
)  # fmt: skip


def manifest_rows(dataset: "Dataset") -> Iterator[dict[str, str]]:
    """Give one row for each sample, as text, under :data:`MANIFEST_COLUMNS`.

    Frames are zero-based and inclusive. ``label`` is the dataset's own word; ``label_N`` the class
    under the protocol with N classes, empty where the sample takes no part in it.
    """
    classes: dict[ClassKey, dict[str, str]] = {}
    for key in PROTOCOLS:
        if key in dataset.info.labels:
            classes[key] = {s.id: s.label or "" for s in dataset.samples(key)}
    for one in dataset.samples():
        yield _row(one, {f"label_{k}": found.get(one.id, "") for k, found in classes.items()})


def _row(one: Sample, labels: dict[str, str]) -> dict[str, str]:
    interval = one.interval
    values = {
        "sample": one.id,
        "dataset": one.dataset,
        "subject": one.subject,
        "clip": one.clip,
        "recording": one.recording,
        "path": "" if one.path is None else str(one.path.resolve()),
        "first_number": "" if one.first_number is None else str(one.first_number),
        "fps": "" if one.fps is None else f"{one.fps:g}",
        "onset": str(one.onset),
        "apex": "" if one.apex is None else str(one.apex),
        "offset": str(one.offset),
        "kind": one.kind or (interval.kind if interval else ""),
        "label": one.emotion,
        "objective": "" if one.objective is None else str(one.objective),
        "aus": one.au_text,
        "unread_aus": " ".join(one.unread),
        "split": one.split,
        "notes": "; ".join(one.notes),
        **labels,
    }
    return {name: values.get(name, "") for name in MANIFEST_COLUMNS}


def write_manifest(dataset: "Dataset", out: str | Path) -> int:
    """Write the manifest as UTF-8 CSV with a header; give the number of rows.

    Raises
    ------
    UsageError
        Where ``out`` does not end in ``.csv``.
    """
    path = Path(out)
    if path.suffix.lower() != ".csv":
        raise UsageError(f"{out}: expected a file that ends in .csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = list(manifest_rows(dataset))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MANIFEST_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)
