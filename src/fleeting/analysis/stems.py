"""Names of results: one for each video of a run, no two alike."""

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fleeting.report import default_stem

OVERVIEW_STEMS = ("summary", "index")  # `summary.csv` and `index.html` are over several videos
LONGEST_BYTES = 230  # file systems take 255 for a name; `.signals.npz` and a number come behind


def result_stems(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Name the results of several videos.

    A result is called as its video. Where two would be called alike (also to file systems that know no
    capitals), each gets the name of its folder in front; where that does not help, the later ones get a
    number behind. So does a name that stands for the overview.

    Parameters
    ----------
    paths
        The videos, no two of them the same file.

    Returns
    -------
    list of str
        One name for each, in the same order.

    Examples
    --------
    >>> result_stems(["s1/clip.mp4", "s2/clip.mp4", "s2/other.mp4"])
    ['s1_clip', 's2_clip', 'other']
    >>> result_stems(["s1/clip.mp4", "s1/clip.avi", "s1/index.mp4"])
    ['s1_clip', 's1_clip-2', 's1_index']
    """
    plain = [_short(default_stem(os.fspath(path))) for path in paths]
    often = Counter(_key(stem) for stem in plain)
    taken = {_key(stem) for stem in plain if often[_key(stem)] == 1} | set(OVERVIEW_STEMS)
    names = []
    for path, stem in zip(paths, plain, strict=True):
        if often[_key(stem)] > 1 or _key(stem) in OVERVIEW_STEMS:
            stem = _free(_short(_in_front(path, stem)), taken)
            taken.add(_key(stem))
        names.append(stem)
    return names


def _in_front(path: str | os.PathLike[str], stem: str) -> str:
    folder = Path(os.path.abspath(path)).parent.name  # noqa: PTH100 - a link keeps its own folder
    return f"{folder}_{stem}" if folder else stem


def _free(stem: str, taken: set[str]) -> str:
    name, number = stem, 1
    while _key(name) in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def _key(stem: str) -> str:
    return unicodedata.normalize("NFC", stem).casefold()


def _short(stem: str) -> str:
    data = os.fsencode(stem)
    return stem if len(data) <= LONGEST_BYTES else data[:LONGEST_BYTES].decode("utf-8", "ignore")
