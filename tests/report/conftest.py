"""Small reports with everything in them, and a reader of pages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from fleeting import facs
from fleeting.core import (
    CROP,
    ActionUnit,
    Emotion,
    Expression,
    Face,
    Interval,
    ModelUse,
    Provenance,
    QualityWarning,
    Report,
    VideoInfo,
)

NAMES = ("brow_inner_left", "brow_inner_right", "mouth_corner_left", "chin")
VOID = {"meta", "img", "br", "hr", "input", "link", "col"}


def expression(onset: int, *, fps: float = 100.0, face: int = 0, macro: bool = False) -> Expression:
    frames = 120 if macro else 24
    interval = Interval.from_frames(onset, onset + frames - 1, apex=onset + frames // 2, fps=fps, score=0.75)
    units = (ActionUnit(12, "left", 0.86, 0.62), ActionUnit(4, "both", 0.41))
    emotion = Emotion("surprise", {"surprise": 0.7, "negative": 0.2, "positive": 0.1})
    return Expression(face, interval, emotion, units)


def crop_pictures(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    onset = rng.integers(60, 200, (CROP.height, CROP.width, 3), np.uint8)
    apex = onset.copy()
    apex[80:90, 40:60] += 8
    flow = np.zeros((CROP.height, CROP.width, 2), np.float32)
    flow[80:90, 40:60] = (0.6, -0.8)
    landmarks = facs.neutral_mesh()[:, :2] * CROP.iod + CROP.origin
    return {"onset": onset, "apex": apex, "flow": flow, "landmarks": landmarks.astype(np.float32)}


def signals_of(frames: int, fps: float, faces: Iterable[int], found: Iterable[Expression]) -> dict[str, Any]:
    """Flat curves and still regions, but for a bump at each expression: chin up by 2 px."""
    times = np.arange(frames) / fps
    signals: dict[str, Any] = {"times": times, "region_names": np.array(NAMES), "threshold": np.array(2.0)}
    for face in faces:
        curve = np.full(frames, 0.5, np.float32)
        regions = np.zeros((frames, len(NAMES), 2), np.float32)
        for one in found:
            if one.face == face:
                inside = slice(one.interval.onset_frame, one.interval.offset_frame + 1)
                bump = np.sin(np.linspace(0, np.pi, one.interval.frames))
                curve[inside] += 4 * bump
                regions[inside, 3, 1] -= 2 * bump
        signals[f"face{face}_curve"], signals[f"face{face}_regions"] = curve, regions
    return signals


def build(
    onsets: Iterable[int] = (100, 400),
    *,
    frames: int = 1000,
    fps: float = 100.0,
    faces: int = 1,
    pictures: bool = True,
    path: str = "films/anna.mp4",
    warnings: tuple[QualityWarning, ...] = (QualityWarning("low_rate", "25 frames/s are few"),),
    settings: dict[str, Any] | None = None,
) -> Report:
    found = tuple(
        expression(onset, fps=fps, face=i % max(faces, 1), macro=i % 3 == 2) for i, onset in enumerate(onsets)
    )
    video = VideoInfo(path, "ab" * 32, 640, 480, frames, frames / fps, fps, False)
    model = ModelUse("face_landmark", "cd" * 32, "Apache-2.0", "made-up faces")
    provenance = Provenance("0.1.0", settings or {"faces": "largest"}, (model,), "test machine", 1.5)
    motion = {"region_motion": np.array([[0.1, 0], [0, 0.05], [0, 0], [0, -2.0]]), "regions": np.array(NAMES)}
    entries = tuple({**motion, **(crop_pictures(i) if pictures else {})} for i in range(len(found)))
    seen = tuple(Face(i, 0.9) for i in range(faces))
    signals = signals_of(frames, fps, range(faces), found)
    return Report(video, seen, found, warnings, provenance, signals, entries)


@dataclass
class Page:
    """Elements of a page: tag names with their attributes in order, and the text that a reader sees."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name in names]


class _Reader(HTMLParser):
    """Reads a page and fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.page.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.page.scripts.append(data)
        elif inside == "style":
            self.page.styles.append(data)
        else:
            self.page.text += data


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.page


@pytest.fixture
def make_report() -> Callable[..., Report]:
    return build


@pytest.fixture
def read_page() -> Callable[[str], Page]:
    return read
