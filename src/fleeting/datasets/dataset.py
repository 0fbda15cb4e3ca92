"""A dataset at a path: samples, recordings, classes, check. Readers fill in where the rows come from."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from fleeting.core import InputError, UsageError
from fleeting.datasets.base import CheckReport, ClassKey, DatasetInfo, Finding, LabelMap, Recording, Sample
from fleeting.datasets.folders import natural_key

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
OBJECTIVE = LabelMap(ROMAN, {})


class Dataset(ABC):
    """Base of all readers.

    Parameters
    ----------
    root
        Folder of the dataset as the user has it.

    Raises
    ------
    InputError
        Where the root does not exist.
    """

    info: ClassVar[DatasetInfo]

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        if not self.root.exists():
            raise InputError(
                root, f"no such file or folder for {self.info.name}", f"expected {self.expected()}"
            )

    @abstractmethod
    def all_samples(self) -> Sequence[Sample]:
        """Give every usable coded movement, micro and macro, without labels."""

    @abstractmethod
    def ready(self) -> None:
        """Read the annotations now, so that a wrong root is known at once; raises InputError."""

    @property
    def dropped(self) -> tuple[tuple[str, str], ...]:
        """Sample ids of the rows that cannot be used, with the reason."""
        return ()

    def protocols(self) -> Mapping[ClassKey, LabelMap]:
        """Label maps by number of classes, and ``"objective"`` where objective classes are known."""
        have: dict[ClassKey, LabelMap] = dict(self.info.labels)
        if any(one.objective for one in self.all_samples()):
            have["objective"] = OBJECTIVE
        return have

    def classes(self, classes: ClassKey) -> tuple[str, ...]:
        """Give the class names of a protocol in order.

        Raises
        ------
        UsageError
            Naming the protocols that the dataset has.
        """
        return self._label_map(classes).classes

    def samples(self, classes: ClassKey | None = None, *, kind: str | None = "micro") -> tuple[Sample, ...]:
        """Give the coded movements, or those of one protocol with ``label`` and ``target`` set.

        Parameters
        ----------
        classes
            3, 4, 5, 7 or ``"objective"``; ``None`` for all, without labels.
        kind
            ``micro`` (default) or ``macro`` alone, ``None`` for both. Only the dataset's own type
            counts here: a row without one is never left out for its duration.

        Raises
        ------
        UsageError
            Where the dataset has no such protocol.
        """
        if kind not in ("micro", "macro", None):
            raise UsageError(f"kind {kind!r}: expected 'micro', 'macro' or None")
        chosen = [one for one in self.all_samples() if kind is None or one.kind in (kind, None)]
        if classes is None:
            return tuple(chosen)
        order = self.classes(classes)
        labelled = ((one, self.label_of(one, classes)) for one in chosen)
        return tuple(one.labelled(label, order.index(label)) for one, label in labelled if label is not None)

    def label_of(self, sample: Sample, classes: ClassKey) -> str | None:
        """Give the class of a sample under a protocol, ``None`` where it takes no part."""
        if classes == "objective":
            return ROMAN[sample.objective - 1] if sample.objective else None
        return self._label_map(classes).words.get(sample.emotion)

    def recordings(self) -> tuple[Recording, ...]:
        """Give the untrimmed videos with all their events; empty for a set of trimmed clips."""
        groups: dict[str, list[Sample]] = {}
        for one in self.all_samples():
            if one.recording:
                groups.setdefault(one.recording, []).append(one)
        made = {key: self._recording(key, events) for key, events in groups.items()}
        for key, path in self.videos_on_disk().items():
            if key not in made:
                made[key] = self._recording(key, [], path)
        return tuple(made[key] for key in sorted(made, key=natural_key))

    def videos_on_disk(self) -> Mapping[str, Path]:
        """Give the untrimmed videos on disk by recording key, with or without rows in the sheet."""
        return {}

    def check(self) -> CheckReport:
        """Compare what is on disk with what was published; opens no picture."""
        from fleeting.datasets.checking import check_dataset

        return check_dataset(self)

    def own_findings(self) -> list[Finding]:
        """Give the lines of the check that only this dataset has."""
        return []

    def expected(self) -> str:
        """Say what the reader looks for, for messages."""
        return "; ".join((*self.info.sheets, *self.info.layout))

    def default_fps(self) -> float | None:
        """Give the frame rate of recordings that have no event."""
        return None

    def _recording(self, key: str, events: Sequence[Sample], path: Path | None = None) -> Recording:
        subject = key.split("/")[0]
        name = self.info.name
        return Recording(
            id=f"{name}/{key}",
            dataset=name,
            subject=events[0].subject if events else f"{name}/{subject}",
            fps=events[0].fps if events else self.default_fps(),
            events=tuple(sorted(events, key=lambda e: (e.onset, e.offset))),
            path=path or (events[0].path if events else None),
            first_number=events[0].first_number if events else 1,
            person=events[0].person if events else f"{self.info.people or name}/{subject}",
        )

    def _label_map(self, classes: ClassKey) -> LabelMap:
        if classes not in self._protocols:
            listed = ", ".join(sorted(map(str, self._protocols))) or "none"
            raise UsageError(f"{self.info.name} has no protocol with classes={classes!r}; it has {listed}")
        return self._protocols[classes]

    @cached_property
    def _protocols(self) -> Mapping[ClassKey, LabelMap]:
        return self.protocols()


def kind_of(sample: Sample) -> str:
    """Give ``micro`` or ``macro``: the dataset's own type, else the duration's, else nothing."""
    if sample.kind:
        return sample.kind
    interval = sample.interval
    return interval.kind if interval else ""


def unique_ids(ids: Iterable[str]) -> list[str]:
    """Make ids unique by a running number on the second and later ones.

    Examples
    --------
    >>> unique_ids(["a", "b", "a", "a"])
    ['a', 'b', 'a#2', 'a#3']
    """
    seen: Counter[str] = Counter()
    made = []
    for one in ids:
        seen[one] += 1
        made.append(one if seen[one] == 1 else f"{one}#{seen[one]}")
    return made
