"""The public flow maps of the MEGC 2019 clips, in the folder layout ``three_norm_u_v_os``."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from fleeting.core import COARSE, InputError
from fleeting.datasets.base import ClassKey, DatasetInfo, Finding, LabelMap, Sample
from fleeting.datasets.dataset import Dataset
from fleeting.datasets.folders import IMAGE_SUFFIXES, find_base, list_frames, subfolders
from fleeting.datasets.labels import plain
from fleeting.datasets.megc2019 import LIST_SHA256, list_lines
from fleeting.datasets.registry import reader

SIZE = 28
SUBJECT = r"sub\d{2}|s\d{2}|\d{3}|f\d{4}"
CLIPS = {
    "casme2": (r"sub\d{2}", re.compile(r"EP\d+_\d+\w*$")),
    "samm": (r"\d{3}", re.compile(r"\d{3}_\d+_\d+$")),
    "smic": (r"s\d{2}", re.compile(r"s\d{2}_(?:ne|po|sur)_\d+$")),
    "synth": (r"f\d{4}", re.compile(r"f\d{4}_\d{4,}$")),  # written by `fleeting synth flowmaps`
}


@reader
class Megc2019Flow(Dataset):
    """Flow maps onset to apex, 28 x 28, R = u, G = v, B = strain, each channel scaled to 0..255 per picture.

    The folders hold every leave-one-subject-out fold: ``{subject}/u_train`` and ``u_test``, each with
    the class folders 0, 1 and 2. A sample is the picture of a subject's own ``u_test``.
    """

    info = DatasetInfo(
        name="megc2019-flow",
        title="Flow maps of the MEGC 2019 composite",
        clips="442",
        subjects="68",
        fps="none: one picture a clip",
        licence="derived from casme2, samm and smic, whose licences hold; the maps themselves carry none",
        request="The maps are in a public repository of the HTNet authors; ask them, and see "
        "`fleeting datasets info casme2`, `samm` and `smic-hs` for the licences of the clips.",
        citation="Wang, Zhang, Luo, Sankaranarayana: HTNet. Neurocomputing 602, 2024.",
        layout=("three_norm_u_v_os/sub01/u_test/1/*.png and u_train/{0,1,2}/*.png",),
        sheets=("none: the folders hold the classes (0 negative, 1 positive, 2 surprise)",),
        labels={3: plain(*COARSE)},
        expect={"samples": (442,), "subjects": (68,)},
        class_counts={3: {"negative": 250, "positive": 109, "surprise": 83}},
        notes=(
            "size and zero of the motion are lost in the scaling",
            "use for measuring: the clips behind the maps are licensed",
        ),
    )

    @cached_property
    def base(self) -> Path:
        """Folder of the subjects.

        Raises
        ------
        InputError
            Where no subject folder with ``u_test`` is there.
        """
        found = find_base(self.root, SUBJECT, ("three_norm_u_v_os",)) if self.root.is_dir() else None
        if found is None or not any((s / "u_test").is_dir() for s in subfolders(found)):
            raise InputError(self.root, "no flow-map folders found", f"expected {self.info.layout[0]}")
        return found

    def ready(self) -> None:
        """Find the folders now; raises InputError."""
        _ = self._samples

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        made = [
            flow_sample(subject.name, path, label)
            for subject in subfolders(self.base)
            for label, path in _pictures(subject / "u_test")
        ]
        if not made:
            raise InputError(
                self.base, "its u_test folders hold no pictures", f"expected {self.info.layout[0]}"
            )
        return tuple(made)

    def all_samples(self) -> Sequence[Sample]:
        """Give one sample for each map."""
        return self._samples

    def protocols(self) -> Mapping[ClassKey, LabelMap]:
        """Give the one protocol, with 3 classes."""
        return self.info.labels

    def maps(self, samples: Sequence[Sample] | None = None) -> np.ndarray:
        """Read maps.

        Returns
        -------
        numpy.ndarray
            ``(N, 28, 28, 3)`` uint8 in the order of the samples: u, v, strain.

        Raises
        ------
        InputError
            Where a picture cannot be read or has another size.
        """
        chosen = self._samples if samples is None else samples
        if not chosen:
            return np.zeros((0, SIZE, SIZE, 3), np.uint8)
        return np.stack([read_map(one.path) for one in chosen if one.path is not None])

    def folds(self) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Give the names of the clips in training and test by left-out subject, as the folders have them."""
        return {
            subject.name: (
                tuple(_clip(p)[1] for _, p in _pictures(subject / "u_train")),
                tuple(_clip(p)[1] for _, p in _pictures(subject / "u_test")),
            )
            for subject in subfolders(self.base)
        }

    def own_findings(self) -> list[Finding]:
        """Give the proof of the list and say whether a fold leaks."""
        entries = [
            (s.dataset, s.subject.split("/")[1], s.clip, COARSE.index(s.emotion)) for s in self._samples
        ]
        sha = hashlib.sha256(list_lines(entries).encode()).hexdigest()
        everything = Counter(s.clip for s in self._samples)
        wrong = [
            name
            for name, (train, test) in self.folds().items()
            if set(train) & set(test) or Counter(train) + Counter(test) != everything
        ]
        return [
            Finding("sha256 of the list", LIST_SHA256, sha, "ok" if sha == LIST_SHA256 else "differs"),
            Finding(
                "folds", "training and test are all clips, none in both",
                "so in all" if not wrong else f"not in {', '.join(wrong)}", "ok" if not wrong else "differs",
            ),
        ]  # fmt: skip


def _pictures(folder: Path) -> list[tuple[int, Path]]:
    found: list[tuple[int, Path]] = []
    for label in range(len(COARSE)):
        inner = folder / str(label)
        if inner.is_dir() and any(p.suffix.lower() in IMAGE_SUFFIXES for p in inner.iterdir()):
            found += [(label, path) for path in list_frames(inner, folder.name)]
    return found


def _clip(path: Path) -> tuple[str, str]:
    """Give dataset and clip of a picture's name such as ``sub01_EP02_01f .png``."""
    stem = path.stem.strip()
    for dataset, (_, pattern) in CLIPS.items():
        found = pattern.search(stem)
        if found is not None:
            return dataset, found[0]
    raise InputError(path, "its name is not that of a clip", "expected names such as 'sub01_EP02_01f .png'")


def flow_sample(subject: str, path: Path, label: int) -> Sample:
    """Make a sample of one map; the dataset follows from the name of the subject's folder.

    Examples
    --------
    >>> one = flow_sample("006", Path("006_006_1_2 .png"), 0)
    >>> one.id, one.emotion
    ('samm/006/006_1_2', 'negative')
    """
    dataset, clip = _clip(path)
    if not re.fullmatch(CLIPS[dataset][0], subject):
        raise InputError(
            path, f"a clip of {dataset} in the folder of {subject!r}", "the folders are mixed up"
        )
    name = f"{dataset}/{subject}"
    return Sample(
        id=f"{name}/{clip}", dataset=dataset, subject=name, clip=clip, fps=None, onset=0, apex=None, offset=0,
        path=path, kind="micro", emotion=COARSE[label], person=name,
    )  # fmt: skip


def read_map(path: Path) -> np.ndarray:
    """Read one map as ``(28, 28, 3)`` uint8: u, v, strain; raises InputError."""
    import cv2

    # cv2.imread cannot open every path name on every system; the bytes are read here instead.
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if picture is None or picture.shape != (SIZE, SIZE, 3):
        shape = "unreadable" if picture is None else "x".join(map(str, picture.shape[:2]))
        raise InputError(path, f"is {shape}", f"expected a picture of {SIZE}x{SIZE}")
    return np.ascontiguousarray(picture[..., ::-1])
