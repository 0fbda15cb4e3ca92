"""Sets of made clips and recordings by name: made once, kept in the cache, read like anybody's own data."""

import hashlib
from functools import cache as once
from pathlib import Path

from fleeting.core import UsageError

CLIPS, RECORDINGS = "synth-clips", "synth-recordings"
USUAL = {CLIPS: (400, 50), RECORDINGS: (30, 30)}
_NOT_IN_THEM = ("splat", "fourd", "flowpairs", "_flowmap_camera", "_flowmap_files")
_FPS = (30.0,)  # of recordings: as CAS(ME)^2 and CAS(ME)^3, and a fifth of the work of 200


def made_set(
    name: str,
    *,
    cache: Path,
    classes: int = 3,
    count: int | None = None,
    subjects: int | None = None,
    seed: int = 0,
    jobs: int = 1,
) -> Path:
    """Make a set where it is not there yet, and give its folder; `fleeting.datasets` reads it as ``csv``.

    Parameters
    ----------
    name
        ``synth-clips`` or ``synth-recordings``, also with a count (``synth-clips:800``) and a number of
        people (``synth-clips:800:100``); by default 400 clips of 50 people, 30 recordings of a minute of 30.
    cache
        Folder for what can be made again.
    classes
        Of clips: with 4 a tenth of them shows no expression, with any other number none does.
    count, subjects, seed
        Where the name says nothing of them. Other seeds have other people.
    jobs
        Processes. A stopped run goes on where it was.

    Raises
    ------
    UsageError
        For a name or a number that does not fit.
    """
    from fleeting.synth import (
        ClipSettings,
        Filming,
        RecordingSettings,
        write_clips,
        write_recordings,
    )

    kind, asked = read_size(name)
    number = asked[0] or count or USUAL[kind][0]
    each = USUAL[kind][0] // USUAL[kind][1]
    people = asked[1] or subjects or max(1, number // each)
    if people > number:
        raise UsageError(f"data {name!r}: {people} people cannot share {number} pieces")
    said = f"{number}-of-{people}-seed{seed}-{_maker()}"
    if kind == RECORDINGS:
        folder = cache / kind / said
        settings = RecordingSettings(filming=Filming(fps=_FPS))
        write_recordings(folder, number, seed=seed, subjects=people, settings=settings, jobs=jobs)
        return folder
    folder = cache / kind / f"classes{4 if classes == 4 else 3}-{said}"
    usual = ClipSettings()
    shares = usual.class_shares if classes == 4 else (*usual.class_shares[:3], 0.0)
    clips = ClipSettings(class_shares=shares)
    write_clips(folder, number, seed=seed, subjects=people, settings=clips, jobs=jobs)
    return folder


def read_size(name: str) -> tuple[str, tuple[int | None, int | None]]:
    """Read ``synth-clips:800:100``: the set, and count and people where they are given.

    Raises
    ------
    UsageError
        For anything else.

    Examples
    --------
    >>> read_size("synth-clips:800")
    ('synth-clips', (800, None))
    """
    kind, _, size = name.partition(":")
    parts = size.split(":") if size else []
    if kind not in USUAL or len(parts) > 2 or not all(p.isdecimal() and int(p) > 0 for p in parts):
        raise UsageError(f"data {name!r}: expected {kind}, {kind}:COUNT or {kind}:COUNT:PEOPLE")
    numbers: list[int | None] = [*map(int, parts), None, None]
    return kind, (numbers[0], numbers[1])


@once
def _maker() -> str:
    """Twelve letters for the code that draws them: a cached set of another version is not taken."""
    from fleeting import facs, synth

    home = Path(synth.__file__).parent
    files = [p for p in sorted(home.rglob("*.*")) if p.suffix in (".py", ".json")]
    files = [p for p in files if not any(word in p.name for word in _NOT_IN_THEM)]
    digest = hashlib.sha256()
    for path in [*files, *sorted((Path(facs.__file__).parent / "data").glob("*.json"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
