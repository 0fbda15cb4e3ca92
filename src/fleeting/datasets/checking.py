"""What is there of a dataset and what is missing; reads names of files, opens no picture."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fleeting.core import InputError
from fleeting.datasets.base import CheckReport, Finding, Sample
from fleeting.datasets.folders import IMAGE_SUFFIXES, entries, file_number

if TYPE_CHECKING:
    from fleeting.datasets.dataset import Dataset

SHOWN = 3


def check_dataset(dataset: "Dataset") -> CheckReport:
    """Compare a dataset on disk with what was published; see :class:`CheckReport`."""
    info = dataset.info
    try:
        samples = dataset.all_samples()
    except InputError as error:
        lost = Finding("sheet", " or ".join(info.sheets) or "a table", str(error), "missing")
        return CheckReport(info.name, str(dataset.root), (lost,), request=info.request)
    findings = [
        *dataset.own_findings(),
        *count_findings(dataset, samples),
        *label_findings(dataset),
        *frame_findings(dataset, samples),
    ]
    unread = tuple((s.id, part) for s in samples for part in s.unread)
    changed = tuple((s.id, note) for s in samples for note in s.notes)
    for what, pairs in (
        ("action units not read", unread),
        ("rows not used", dataset.dropped),
        ("rows changed", changed),
    ):
        if pairs:
            findings.append(Finding(what, "listed below", str(len(pairs)), "note"))
    return CheckReport(
        info.name, str(dataset.root), tuple(findings), unread, dataset.dropped, changed, info.request
    )


def count_findings(dataset: "Dataset", samples: Sequence[Sample]) -> list[Finding]:
    """Numbers of rows and subjects beside those of the published sheet."""
    found = {
        "samples": len(samples) + len(dataset.dropped),
        "subjects": len({s.subject for s in samples}),
        "micro": sum(_kind(s) == "micro" for s in samples),
        "macro": sum(_kind(s) == "macro" for s in samples),
    }
    lines = []
    for what, counts in dataset.info.expect.items():
        state = "ok" if found[what] in counts else "differs"
        lines.append(Finding(what, " or ".join(map(str, counts)), str(found[what]), state))
    for what in ("samples", "subjects"):
        if what not in dataset.info.expect:
            lines.append(Finding(what, "not published", str(found[what]), "note"))
    return lines


def _kind(sample: Sample) -> str:
    interval = sample.interval
    return sample.kind or (interval.kind if interval else "")


def label_findings(dataset: "Dataset") -> list[Finding]:
    """Class counts under each protocol of the dataset."""
    lines = []
    # Class counts were published for the first of the releases that differ in their number of rows.
    published = dataset.info.expect.get("samples", ())
    rows = len(dataset.all_samples()) + len(dataset.dropped)
    main = rows not in published[1:]
    for key in dataset.protocols():
        counts = Counter(s.label for s in dataset.samples(key))
        expected = dataset.info.class_counts.get(key)
        found = ", ".join(f"{c} {counts[c]}" for c in dataset.classes(key))
        wanted = ", ".join(f"{c} {n}" for c, n in expected.items()) if expected else ""
        right = expected is not None and dict(expected) == dict(counts)
        state = "ok" if right else "note" if expected is None or not main else "differs"
        lines.append(Finding(f"classes={key}", wanted or "not published", found, state))
    return lines


def frame_findings(dataset: "Dataset", samples: Sequence[Sample]) -> list[Finding]:
    """Say how many samples have their frames on disk, and whether onset, apex and offset are there."""
    there = [s for s in samples if s.path is not None]
    lost = [s.id for s in samples if s.path is None]
    expected = "; ".join(dataset.info.layout) or "frames"
    found = f"{len(there)} of {len(samples)} on disk" + (f", not {_some(lost)}" if lost and there else "")
    lines = [Finding("frames", expected, found, "ok" if samples and not lost else "missing")]
    folders: dict[Path, set[int] | None] = {}
    holes = []
    for one in there:
        assert one.path is not None
        if one.path not in folders:
            folders[one.path] = _numbers(one.path)
        if not _complete(one, folders[one.path]):
            holes.append(one.id)
    if there:
        found = "all" if not holes else f"missing in {len(holes)}: {_some(holes)}"
        state = "ok" if not holes else "differs"
        lines.append(Finding("onset, apex, offset", "a file for each", found, state))
    return lines


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _numbers(folder: Path) -> set[int] | None:
    """Numbers of the pictures in a folder; ``None`` for a video, whose frames are not counted here."""
    if not folder.is_dir():
        return None
    files = [Path(e.name) for e in entries(folder) if Path(e.name).suffix.lower() in IMAGE_SUFFIXES]
    numbers = {file_number(f) for f in files}
    return set(range(len(files))) if None in numbers else {n for n in numbers if n is not None}


def _complete(sample: Sample, numbers: set[int] | None) -> bool:
    if numbers is None:
        return True
    if sample.first_number is None:
        return sample.offset < len(numbers)
    wanted = [i for i in (sample.onset, sample.apex, sample.offset) if i is not None]
    return all(i + sample.first_number in numbers for i in wanted)
