"""One report as one page: everything inside, nothing fetched."""

import base64
import hashlib
import json
import os
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from fleeting.core import Report
from fleeting.io import write_atomic
from fleeting.report.cards import card_of
from fleeting.report.signals import span_of
from fleeting.report.svg import MACRO, MICRO
from fleeting.report.timeline import timeline
from fleeting.report.words import clock, count, file_name, found, length, visible

# Largest side of the pictures in pixels by the number of expressions: a page must stay one that opens.
PICTURE_SIDES = ((60, 320), (200, 200), (float("inf"), 120))


def _finalize(value: Any) -> Any:
    """Make every string harmless before autoescape sees it; markup of our own passes."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Build the template environment: everything is escaped, an unknown name is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("fleeting.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.update(count=count, micro_colour=MICRO, macro_colour=MACRO)
    return made


def package_text(name: str) -> str:
    """Read a style sheet or script that ships beside the templates."""
    return (resources.files("fleeting.report") / "templates" / name).read_text(encoding="utf-8")


def policy(script: str = "", *, pictures: bool = False) -> str:
    """Write a content security policy that forbids the page everything it does not carry itself.

    Examples
    --------
    >>> policy()
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    """
    rules = ["default-src 'none'", "style-src 'unsafe-inline'", *(["img-src data:"] if pictures else [])]
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
        rules.append(f"script-src 'sha256-{digest}'")
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def render_report(report: Report) -> str:
    """Render a report as one self-contained HTML page.

    Parameters
    ----------
    report
        What ``analyze`` found. ``report.signals`` and ``report.pictures`` may be empty: the page shows what
        is there. Each of ``pictures`` may hold ``onset`` and ``apex`` ``(H, W, 3)`` uint8 RGB, views of the
        aligned crop at any scale; ``landmarks`` ``(468, 2)`` in their pixels; ``flow`` ``(h, w, 2)`` over the
        same view, in pixels of its own grid; ``region_motion`` ``(R, 2)``, in pixels of the aligned crop
        itself (``core.CROP``), with the names ``regions`` ``(R,)``.

    Returns
    -------
    str
        HTML without any outside resource, the same for the same report. Without onset and apex pictures it
        holds no picture of a face at all; the evidence is drawn on a neutral mesh.

    Raises
    ------
    ShapeError
        Where an array does not have the shape of the contract.

    Examples
    --------
    >>> from fleeting.core import Provenance, VideoInfo
    >>> video = VideoInfo("a <b>.mp4", "0" * 64, 640, 480, 0, 0.0, 0.0, False)
    >>> page = render_report(Report(video, (), (), (), Provenance("0.1.0", {})))
    >>> "a &lt;b&gt;.mp4" in page, "<b>" in page
    (True, False)
    """
    return environment().get_template("page.html.j2").render(_context(report))


def _context(report: Report) -> dict[str, Any]:
    """Gather what the template shows, by the names that it uses."""
    side = next(px for most, px in PICTURE_SIDES if len(report.expressions) <= most)
    cards = [card_of(report, index, side=side) for index in range(len(report.expressions))]
    pictured = any(card.pictures for card in cards)
    script = package_text("page.js") if pictured else ""
    return {
        "report": report,
        "name": file_name(report.video.path),
        "facts": _facts(report),
        "found": _found(report),
        "timelines": _timelines(report),
        "part": _part(report),
        "cards": cards,
        "pictured": pictured,
        "wires": _wires() if any(card.mesh for card in cards) else "",
        "settings": flat_settings(report.provenance.settings),
        "digest": settings_digest(report.provenance.settings),
        "script": Markup(script),
        "policy": policy(script, pictures=pictured),
    }


def _wires() -> Markup:
    from fleeting.report.mesh import mesh_wires

    return mesh_wires()


def _found(report: Report) -> str:
    if not report.expressions:
        return "No expression found"
    return found([expression.interval.kind for expression in report.expressions])


def _facts(report: Report) -> list[tuple[str, str]]:
    video = report.video
    rate = (
        f"{video.fps:.2f}".rstrip("0").rstrip(".")
        + " frames/s"
        + (", variable" if video.variable_rate else "")
    )
    seen = ", ".join(f"{round(100 * face.coverage)} %" for face in report.faces)
    return [
        ("Duration", length(video.duration_s)),
        ("Frame rate", rate if video.fps > 0 else "unknown"),
        ("Frames", f"{video.frames:,}"),
        ("Picture", f"{video.width} × {video.height} px"),
        ("Faces", f"{len(report.faces)}, seen in {seen} of the frames" if report.faces else "none found"),
        ("Models", ", ".join(model.name for model in report.provenance.models) or "none"),
        ("Analysed by", f"fleeting {report.provenance.version}"),
    ]


def _timelines(report: Report) -> list[tuple[int, float | None, Markup]]:
    numbered = list(enumerate(report.expressions, start=1))
    coverage = {face.id: face.coverage for face in report.faces}
    faces = sorted(set(coverage) | {expression.face for expression in report.expressions})
    return [
        (
            face,
            coverage.get(face),
            timeline(report, face, [item for item in numbered if item[1].face == face]),
        )
        for face in faces
    ]


def _part(report: Report) -> str:
    """Say which part was analysed, where it was not the whole recording."""
    start, stop = span_of(report)
    total = report.video.duration_s
    if start <= 0.1 + 0.01 * total and stop >= total - 0.1 - 0.01 * total:
        return ""
    return f"{clock(start, max(total, stop))} to {clock(stop, max(total, stop))}"


def flat_settings(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """List settings as dotted names and values, sorted by name.

    Examples
    --------
    >>> flat_settings({"spotter": {"name": "fleeting", "k": 3}, "faces": "largest"})
    [('faces', 'largest'), ('spotter.k', '3'), ('spotter.name', 'fleeting')]
    """
    out: list[tuple[str, str]] = []
    for key in sorted(settings, key=str):
        value = settings[key]
        if isinstance(value, dict) and value:
            out.extend(flat_settings(value, f"{prefix}{key}."))
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
            out.append((f"{prefix}{key}", text))
    return out


def settings_digest(settings: dict[str, Any]) -> str:
    """Give the settings a short name: the first 12 hex digits of the SHA-256 of their sorted JSON.

    Examples
    --------
    >>> settings_digest({"a": 1, "b": 2}) == settings_digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(settings, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def write_html(report: Report, path: str | os.PathLike[str]) -> Path:
    """Write the page of a report; a half-written file is never left behind.

    Parameters
    ----------
    report
        As for :func:`render_report`.
    path
        File to write.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        Where it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.core import Provenance, VideoInfo
    >>> video = VideoInfo("a.mp4", "0" * 64, 640, 480, 0, 0.0, 0.0, False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_html(Report(video, (), (), (), Provenance("0.1.0", {})), Path(folder) / "a.html").name
    'a.html'
    """
    return write_atomic(path, render_report(report))
