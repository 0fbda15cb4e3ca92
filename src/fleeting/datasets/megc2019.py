"""The MEGC 2019 composite: 442 clips of three datasets, 3 classes, built from the user's own copies.

No label ships. The list follows from a rule (which words go to which class) and named exclusions
(``fixes/megc2019-composite.toml``). That it is the organisers' list is proven by the sha256 of its
sorted lines ``dataset,subject,clip,label``.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from fleeting.core import COARSE, InputError, UsageError
from fleeting.datasets.base import ClassKey, DatasetInfo, Finding, LabelMap, Sample
from fleeting.datasets.casme2 import Casme2
from fleeting.datasets.dataset import OBJECTIVE, Dataset
from fleeting.datasets.fixes import exclusions_for
from fleeting.datasets.folders import squeeze, subfolders
from fleeting.datasets.labels import plain, protocol
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.samm import Samm
from fleeting.datasets.sheet import SheetDataset
from fleeting.datasets.smic import SmicHs

LIST_SHA256 = "423e3d4e8f145eb662176ff63908e9a767eb6e6a5ec6b30be87812c819750c93"
PARTS: Mapping[str, type[SheetDataset]] = {"casme2": Casme2, "samm": Samm, "smic": SmicHs}
FOLDERS = {
    "casme2": ("casme2", "casmeii"),
    "samm": ("samm",),
    "smic": ("smic", "smichs"),
}
COUNTS = {"casme2": (88, 32, 25), "samm": (92, 26, 15), "smic": (70, 51, 43)}
RULES: Mapping[str, LabelMap] = {
    "casme2": protocol(negative=("disgust", "repression"), positive=("happiness",), surprise=("surprise",)),
    "samm": protocol(
        negative=("anger", "contempt", "disgust", "fear", "sadness"),
        positive=("happiness",),
        surprise=("surprise",),
    ),
    "smic": plain(*COARSE),
}


def list_lines(entries: Iterable[tuple[str, str, str, int]]) -> str:
    r"""Write the list whose sha256 is its proof: sorted lines, each with a line end.

    Examples
    --------
    >>> list_lines([("smic", "s20", "s20_sur_04", 2), ("casme2", "sub01", "EP02_01f", 1)])
    'casme2,sub01,EP02_01f,1\nsmic,s20,s20_sur_04,2\n'
    """
    return "".join(sorted(f"{d},{s},{c},{label}\n" for d, s, c, label in entries))


@reader
class Megc2019(Dataset):
    """The composite over a root that holds CASME II, SAMM and SMIC-HS, each in a folder of its own or not.

    Parameters
    ----------
    root
        Folder of the three.
    sheets
        Sheets by part (``casme2``, ``samm``, ``smic``), where they lie elsewhere.
    apex, offset
        Policies; SMIC has no apex, so ``midpoint`` applies to all its clips.
    """

    info = DatasetInfo(
        name="megc2019-composite",
        title="MEGC 2019 composite of CASME II, SAMM and SMIC-HS",
        clips="442",
        subjects="68 (24, 28, 16)",
        fps="200 and 100",
        licence="the licences of casme2, samm and smic-hs",
        request="Ask for the three: see `fleeting datasets info casme2`, `samm` and `smic-hs`.",
        citation="See, Yap, Li, Hong, Wang: MEGC 2019. IEEE FG 2019.",
        layout=("the layouts of casme2, samm and smic-hs below one folder",),
        sheets=("the sheets of casme2 and samm; for smic-hs its folders or a sheet",),
        labels={3: plain(*COARSE)},
        expect={"samples": (442,), "subjects": (68,)},
        class_counts={3: {"negative": 250, "positive": 109, "surprise": 83}},
        notes=("left out: CASME II fear, sadness, others and two clips by name; SAMM other",),
    )

    def __init__(
        self,
        root: str | Path,
        *,
        sheets: Mapping[str, str | Path] | None = None,
        apex: str = "midpoint",
        offset: str = "apex",
    ) -> None:
        super().__init__(root)
        unknown = set(sheets or {}) - set(PARTS)
        if unknown:
            raise UsageError(f"sheets: expected some of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
        self.parts = {
            name: kind(part_root(self.root, name), sheet=(sheets or {}).get(name), apex=apex, offset=offset)
            for name, kind in PARTS.items()
        }

    def ready(self) -> None:
        """Read all three now; raises InputError that says which of them is wanting."""
        _ = self.entries

    @cached_property
    def entries(self) -> tuple[tuple[str, str, str, int], ...]:
        """Dataset, subject, clip and class of every clip on the list, whether or not it is usable."""
        return tuple(
            (name, row.subject, row.clip, COARSE.index(RULES[name].words[row.emotion]))
            for name in PARTS
            for row in self._listed(name)
        )

    def _listed(self, name: str) -> list[Row]:
        try:
            rows = self.parts[name].rows
        except InputError as error:
            raise InputError(
                self.root,
                f"the composite needs {name}: {error}",
                "put casme2, samm and smic below one folder",
            ) from error
        out = {
            one.sample
            for one in exclusions_for("megc2019-composite")
            if not one.rows_in_sheet or one.rows_in_sheet == len(rows)
        }
        return [r for r in rows if r.emotion in RULES[name].words and f"{name}/{r.key}" not in out]

    def sha256(self) -> str:
        """Give the sha256 of the sorted list lines: ``LIST_SHA256`` for the organisers' list."""
        return hashlib.sha256(list_lines(self.entries).encode()).hexdigest()

    def all_samples(self) -> Sequence[Sample]:
        """Give the clips of the list as samples of ``casme2``, ``samm`` and ``smic``."""
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        made = []
        for name, part in self.parts.items():
            listed = {f"{part.info.name}/{row.key}" for row in self._listed(name)}
            made += [_renamed(one, name) for one in part.all_samples() if one.id in listed]
        return tuple(made)

    @property
    def dropped(self) -> tuple[tuple[str, str], ...]:
        """Clips of the list whose row cannot be used."""
        found = []
        for name, part in self.parts.items():
            listed = {f"{part.info.name}/{row.key}" for row in self._listed(name)}
            found += [(i.replace(part.info.name, name, 1), why) for i, why in part.dropped if i in listed]
        return tuple(found)

    def protocols(self) -> Mapping[ClassKey, LabelMap]:
        """Give the one protocol, with 3 classes, and the objective classes of the clips with action units."""
        return {3: self.info.labels[3], "objective": OBJECTIVE}

    def label_of(self, sample: Sample, classes: ClassKey) -> str | None:
        """Give the class by the rule of the part that the sample comes from."""
        return (
            RULES[sample.dataset].words[sample.emotion] if classes == 3 else super().label_of(sample, classes)
        )

    def own_findings(self) -> list[Finding]:
        """Give the proof of the list and the counts of each part."""
        lines = []
        for name, counts in COUNTS.items():
            found = Counter(COARSE[label] for d, _, _, label in self.entries if d == name)
            have = ", ".join(f"{c} {found[c]}" for c in COARSE)
            want = ", ".join(f"{c} {n}" for c, n in zip(COARSE, counts, strict=True))
            lines.append(Finding(name, want, have, "ok" if have == want else "differs"))
        sha = self.sha256()
        state = "ok" if sha == LIST_SHA256 else "differs"
        lines.append(Finding("sha256 of the list", LIST_SHA256, sha, state))
        return lines


def part_root(root: Path, name: str) -> Path:
    """Give the folder of a part where it has one of its own, else the common root."""
    for folder in subfolders(root) if root.is_dir() else []:
        if squeeze(folder.name) in FOLDERS[name]:
            return folder
    return root


def _renamed(one: Sample, name: str) -> Sample:
    """Give the sample the name that the composite has for its dataset."""
    subject = f"{name}/{one.subject.split('/', 1)[1]}"
    return replace(one, id=f"{subject}/{one.clip}", dataset=name, subject=subject, person=subject)
