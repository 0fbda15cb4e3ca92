"""``fleeting doctor``: what is installed, what the machine offers, and whether what is needed works."""

import hashlib
import importlib
import io
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

State = Literal["ok", "absent", "broken"]

# A package's name where it is not the name of the module.
_MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "opencv-contrib-python-headless": "cv2",
    "pympi-ling": "pympi",
}
_REINSTALL = "install fleeting again: pip install --force-reinstall . in its folder"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor.

    Parameters
    ----------
    group
        ``python``, ``machine``, ``needed``, ``extra``, ``models`` or ``video``.
    name
        What was looked at.
    state
        ``ok``; ``absent`` for what fleeting can do without; ``broken`` for what it cannot.
    detail
        What was found.
    advice
        What to do, where something is to be done.
    """

    group: str
    name: str
    state: State
    detail: str
    advice: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what is installed and whether what is needed works; exit 1 where it does not."""
    checks = examine()
    broken = [check for check in checks if check.state == "broken"]
    if as_json:
        result = {"ok": not broken, "checks": [asdict(check) for check in checks]}
        typer.echo(json.dumps(result, indent=1))
    else:
        typer.echo(as_text(checks))
    if broken:
        raise typer.Exit(1)


def examine() -> list[Check]:
    """Look at everything; takes a few seconds, since it loads all that is needed.

    Examples
    --------
    >>> sorted({check.group for check in examine()})
    ['extra', 'machine', 'models', 'needed', 'python', 'video']
    """
    return [
        *_python(),
        *_machine(Path.cwd()),
        *_needed(),
        *_extras(),
        *_models(),
        _networks_run(),
        _h264(),
    ]


def as_text(checks: list[Check]) -> str:
    r"""Lay checks out in columns, with a closing line that says what to do.

    Examples
    --------
    >>> print(as_text([Check("needed", "av", "ok", "18.1.0"), Check("video", "H.264", "ok", "works")]))
    needed   av     18.1.0
    video    H.264  works
    <BLANKLINE>
    all that is needed works
    """
    width = max(len(check.name) for check in checks)
    lines, group = [], ""
    for check in checks:
        shown = check.group if check.group != group else ""
        group = check.group
        mark = {"ok": "", "absent": "absent: ", "broken": "BROKEN: "}[check.state]
        advice = f" ({check.advice})" if check.advice and check.state != "broken" else ""
        lines.append(f"{shown:8} {check.name:{width}}  {mark}{check.detail}{advice}".rstrip())
    broken = [check for check in checks if check.state == "broken"]
    verdict = [f"{check.name} is broken: {check.advice}" for check in broken] or ["all that is needed works"]
    return "\n".join([*lines, "", *verdict])


def _python() -> Iterator[Check]:
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Check(
        "python",
        "python",
        "ok" if good else "broken",
        f"{platform.python_version()} at {sys.executable}",
        "" if good else "use Python 3.11, 3.12 or 3.13",
    )
    from fleeting import __version__

    found = f"{__version__} at {Path(__file__).parents[1]}"
    if _version("fleeting") is None:
        yield Check(
            "python", "fleeting", "broken", f"{found}, but is not installed", "pip install . in its folder"
        )
    else:
        yield Check("python", "fleeting", "ok", found)


def _machine(folder: Path) -> Iterator[Check]:
    yield Check("machine", "system", "ok", f"{platform.system()} {platform.release()} {platform.machine()}")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Check("machine", "processors", "ok", f"{usable} usable of {os.cpu_count()}")
    yield Check("machine", "memory", "ok", _memory())
    free = shutil.disk_usage(folder).free / 1e9
    yield Check("machine", "free disk", "ok", f"{free:.1f} GB in {folder}")
    yield _writable("temporary files", _temporary_folder())
    yield _writable("cache", cache_folder())


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return "unknown on this system"
    return f"{total / 2**30:.1f} GiB"


def cache_folder() -> Path:
    """Where fleeting keeps what can be made again: ``FLEETING_CACHE``, or the user's cache folder.

    Examples
    --------
    >>> cache_folder().name
    'fleeting'
    """
    if os.environ.get("FLEETING_CACHE"):
        return Path(os.environ["FLEETING_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "fleeting"


def _temporary_folder() -> Path | None:
    import tempfile

    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # no candidate can be written to
        return None


def _writable(name: str, folder: Path | None) -> Check:
    """Whether files could be made in a folder, which need not be there yet; makes nothing."""
    if folder is None:
        return Check(
            "machine", name, "broken", "no folder can be written to", "free or allow one, set TMPDIR"
        )
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Check("machine", name, "ok", str(folder))
    return Check("machine", name, "absent", f"{folder} cannot be written to", "set FLEETING_CACHE or TMPDIR")


def _requirements() -> dict[str, list[str]]:
    """Names of packages by extra, ``""`` for the core, as the installed fleeting states them."""
    import importlib.metadata  # it takes a fifth of `fleeting --help`, which needs none of it

    wanted: dict[str, list[str]] = {}
    if _version("fleeting") is None:
        return wanted
    for line in importlib.metadata.requires("fleeting") or []:
        requirement, _, marker = line.partition(";")
        package = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", marker)
        if package and package[0] != "fleeting":
            wanted.setdefault(extra[1] if extra else "", []).append(package[0])
    return wanted


def _version(package: str) -> str | None:
    import importlib.metadata

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _needed() -> Iterator[Check]:
    for package in _requirements().get("", []):
        version = _version(package)
        if version is None:
            yield Check("needed", package, "broken", "is not installed", f"pip install {package}")
            continue
        try:
            importlib.import_module(_MODULES.get(package, package))
        except (ImportError, OSError) as fault:  # OSError: a shared library is missing
            found = f"{version} does not load: {fault}"
            yield Check("needed", package, "broken", found, f"pip install --force-reinstall {package}")
        else:
            yield Check("needed", package, "ok", version)


def _extras() -> Iterator[Check]:
    for extra, packages in _requirements().items():
        if not extra:
            continue
        versions = {package: _version(package) for package in packages}
        have = ", ".join(f"{package} {version}" for package, version in versions.items() if version)
        lack = ", ".join(package for package, version in versions.items() if not version)
        if lack:
            yield Check("extra", extra, "absent", lack, f"pip install '.[{extra}]'")
        else:
            yield Check("extra", extra, "ok", have)


def _models() -> Iterator[Check]:
    from importlib import resources

    try:
        from fleeting.face import model_uses
    except ImportError as fault:  # one of the needed packages, named above
        yield Check("models", "face models", "broken", f"cannot be looked at: {fault}", "mend that first")
        return
    for model in model_uses():
        file = resources.files("fleeting.face") / "data" / f"{model.name}.tflite"
        if not file.is_file():
            yield Check("models", model.name, "broken", "file is missing", _REINSTALL)
        elif hashlib.sha256(file.read_bytes()).hexdigest() != model.sha256:
            yield Check("models", model.name, "broken", "file is not the one that ships", _REINSTALL)
        else:
            yield Check("models", model.name, "ok", f"whole, sha256 {model.sha256[:12]}")


def _networks_run() -> Check:
    """Whether the runtime of the face models works here: on an empty picture it must find no face."""
    try:
        import numpy as np

        from fleeting.core import InputError
        from fleeting.face import find_faces

        found = len(find_faces(np.zeros((128, 128, 3), np.uint8)))
    except (ImportError, OSError, RuntimeError, ValueError, InputError) as fault:
        return Check("models", "face finder", "broken", f"does not run: {fault}", _REINSTALL)
    if found:
        return Check("models", "face finder", "broken", f"finds {found} faces in nothing", _REINSTALL)
    return Check("models", "face finder", "ok", "runs")


def _h264() -> Check:
    """Whether PyAV can write and read H.264."""
    advice = "pip install --force-reinstall av (its wheels bring H.264)"
    try:
        import av
    except ImportError as fault:
        return Check("video", "H.264", "broken", f"cannot be tried: {fault}", advice)
    try:
        wrong = _round_trip([20 * level for level in range(8)])
    except (av.FFmpegError, ImportError, OSError, ValueError) as fault:  # ValueError: no such codec
        return Check("video", "H.264", "broken", f"cannot be written and read: {fault}", advice)
    if wrong:
        return Check("video", "H.264", "broken", wrong, advice)
    ffmpeg = ".".join(map(str, av.library_versions["libavcodec"]))
    return Check("video", "H.264", "ok", f"writes and reads (libavcodec {ffmpeg})")


def _round_trip(levels: list[int]) -> str:
    """Encode grey frames as H.264 in memory, read them back; what is wrong with them, or nothing."""
    import av
    import numpy as np

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for level in levels:
            picture = np.full((64, 64, 3), level, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as source:
        got = [float(frame.to_ndarray(format="rgb24").mean()) for frame in source.decode(video=0)]
    if len(got) != len(levels):
        return f"wrote {len(levels)} frames, read {len(got)}"
    worst = max(abs(a - b) for a, b in zip(levels, got, strict=True))
    return "" if worst < 6 else f"grey levels come back wrong by {worst:.0f} of 255"
