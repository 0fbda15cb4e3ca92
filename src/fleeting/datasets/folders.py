"""Finding frame folders and sheets under a user's root without opening a picture."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from fleeting.core import InputError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})
VIDEO_SUFFIXES = frozenset({".avi", ".mp4", ".mov", ".mkv", ".mpg", ".mpeg", ".wmv", ".webm"})
SHEET_SUFFIXES = frozenset({".xlsx", ".xls", ".csv"})

# Folders of one subject or one clip, in the ways the datasets name them. Nothing is searched inside
# them for sheets: they hold millions of frames.
SUBJECT_FOLDER = re.compile(r"(sub\d+.*|s\d{1,2}([_-].*)?|spno\.\d+.*|\d{2,3}(_\d+)*|ep\d+.*)", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")


def entries(folder: Path) -> list["os.DirEntry[str]"]:
    """List what is in a folder; raises InputError where it may not be read."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except PermissionError as error:
        hint = "change its permissions, or name a folder below it"
        raise InputError(folder, "may not be read", hint) from error


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that puts ``img2`` before ``img10``.

    Examples
    --------
    >>> sorted(["img10.jpg", "img2.jpg"], key=natural_key)
    ['img2.jpg', 'img10.jpg']
    """
    parts = _DIGITS.split(name.lower())
    return tuple((0, int(p)) if p.isdigit() else (1, p) for p in parts if p)


def file_number(path: Path) -> int | None:
    """Give the last number in a file's name.

    Examples
    --------
    >>> file_number(Path("006_05562.jpg")), file_number(Path("EP01_8-012.jpg")), file_number(Path("a.png"))
    (5562, 12, None)
    """
    found = _DIGITS.findall(path.stem)
    return int(found[-1]) if found else None


def list_frames(path: Path | None, name: str) -> list[Path]:
    """List the pictures of a folder in natural order; raises InputError with what to do."""
    if path is None:
        raise InputError(
            name, "its frames are not on disk", "run `fleeting datasets check` to see what was expected"
        )
    if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
        raise InputError(path, "is a video, not a folder of frames", "open it with fleeting.open_video")
    if not path.is_dir():
        raise InputError(path, "is not a folder", "check the path")
    names = [e.name for e in entries(path) if Path(e.name).suffix.lower() in IMAGE_SUFFIXES]
    if not names:
        raise InputError(path, "holds no pictures", f"expected one of {', '.join(sorted(IMAGE_SUFFIXES))}")
    return [path / n for n in sorted(names, key=natural_key)]


def frame_for(frames: Sequence[Path], index: int, first_number: int | None, name: str) -> Path:
    """Give the file of a frame index, by its number where ``first_number`` is known, else by position."""
    if first_number is None:
        if 0 <= index < len(frames):
            return frames[index]
        raise InputError(name, f"frame {index} asked for, {len(frames)} are there", "check onset and offset")
    for one in frames:
        if file_number(one) == index + first_number:
            return one
    raise InputError(
        name,
        f"no file has the number {index + first_number} (frame {index}) among {len(frames)}",
        "the frame was dropped in the release, or the folder is another cut",
    )


def walk_folders(root: Path, depth: int = 4, skip: re.Pattern[str] | None = SUBJECT_FOLDER) -> Iterator[Path]:
    """Yield the root and the folders below it, shallow first, in natural order, none that ``skip`` names."""
    level = [root]
    for _ in range(depth + 1):
        following: list[Path] = []
        for folder in level:
            yield folder
            following += [
                child for child in subfolders(folder) if skip is None or not skip.fullmatch(child.name)
            ]
        level = following


def subfolders(folder: Path) -> list[Path]:
    """List the folders in a folder in natural order; hidden ones are left out."""
    names = [e.name for e in entries(folder) if e.is_dir() and not e.name.startswith((".", "__MACOSX"))]
    return [folder / n for n in sorted(names, key=natural_key)]


def squeeze(text: object) -> str:
    """Lower case, letters and digits only: how names and headers are compared.

    Examples
    --------
    >>> squeeze("CAS(ME)^2 code_final.xlsx"), squeeze("Onset Frame")
    ('casme2codefinalxlsx', 'onsetframe')
    """
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


def find_sheets(root: Path, patterns: Iterable[str]) -> list[Path]:
    """Find sheets whose squeezed name matches a pattern, in the order of the patterns.

    Parameters
    ----------
    patterns
        Regular expressions for the squeezed file stem, best first.
    """
    files: list[Path] = []
    for folder in walk_folders(root):
        names = [e.name for e in entries(folder) if e.is_file()]
        files += [
            folder / n
            for n in sorted(names, key=natural_key)
            if Path(n).suffix.lower() in SHEET_SUFFIXES and not n.startswith(("~$", "."))
        ]
    found: list[Path] = []
    for pattern in patterns:
        found += [f for f in files if f not in found and re.fullmatch(pattern, squeeze(f.stem))]
    return found


def find_base(
    root: Path,
    marker: str,
    prefer: Sequence[str] = (),
    avoid: Sequence[str] = (),
    accept: Callable[[Path], bool] = lambda folder: True,
) -> Path | None:
    r"""Find the folder whose children are the subjects (or clips) of a dataset.

    Parameters
    ----------
    marker
        Regular expression of a child's name, such as ``sub\d\d``.
    prefer, avoid
        Folder names, compared squeezed: the first preferred one that is found wins, then the
        shallowest that is not below an avoided one.
    accept
        A further test of a folder.
    """
    pattern = re.compile(marker, re.IGNORECASE)
    unwanted = {squeeze(name) for name in avoid}
    found = [
        folder
        for folder in walk_folders(root)
        if any(pattern.fullmatch(child.name) for child in subfolders(folder))
        and not {squeeze(part) for part in folder.relative_to(root).parts} & unwanted
        and accept(folder)
    ]
    for name in prefer:
        for folder in found:
            if squeeze(folder.name) == squeeze(name):
                return folder
    return found[0] if found else None
