"""A folder with small results and their videos, and a viewer over it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleeting.core import (
    ActionUnit,
    Emotion,
    Expression,
    Face,
    Interval,
    Provenance,
    QualityWarning,
    Report,
    VideoInfo,
)
from fleeting.io import content_sha256, open_video, write_result, write_video

pytest.importorskip("fastapi", reason="the viewer needs the extra [serve]")
pytest.importorskip("httpx2", reason="Starlette's test client needs httpx2")

PORT = 8123
TOKEN = "secret-of-this-start"
FRAMES, FPS = 50, 25


def numbered_picture(number: int) -> np.ndarray:
    """A picture whose brightness of eight bars is its number in binary."""
    bars = (number >> (np.arange(48) * 8 // 48)) & 1
    picture = np.repeat(np.where(bars, 220, 40)[:, None], 64, axis=1)
    return np.stack([picture, picture, picture], -1).astype(np.uint8)


def number_on(picture: np.ndarray) -> int:
    """Read the number off a decoded picture of any size."""
    height = len(picture)
    rows = picture[(np.arange(8) * 2 + 1) * height // 16].mean(axis=(1, 2))
    return int(sum(1 << bit for bit, level in enumerate(rows) if level > 130))


@pytest.fixture
def make_recording() -> Callable[..., Path]:
    """Write a video and its result: ``make_recording(results, name, video=..., ...)``."""

    def make(
        results: Path,
        name: str = "film",
        *,
        video: Path | None = None,
        pictures: list[np.ndarray] | None = None,
        named: str | None = None,
        spans: tuple[tuple[int, int, int], ...] = ((10, 13, 17), (30, 33, 40)),
        warnings: tuple[QualityWarning, ...] = (),
    ) -> Path:
        results.mkdir(parents=True, exist_ok=True)
        place = video or results / f"{name}.mp4"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            write_video(place, pictures or [numbered_picture(n) for n in range(FRAMES)], fps=FPS)
        with open_video(place) as reader:
            times = np.array([float(frame.time) for frame in reader.frames()])
            height, width, count = reader.height, reader.width, len(times)
            rate = reader.info().variable_rate
        fps = float(Fraction(FPS))
        info = VideoInfo(
            named or str(place),
            content_sha256(place),
            width,
            height,
            count,
            float(times[-1]) + 1 / fps,
            fps,
            rate,
        )
        report = Report(
            info, (Face(0, 1.0),), _expressions(spans, times), warnings, _provenance(), _signals(times)
        )
        write_result(report, results, name)
        return place

    return make


def _expressions(spans: tuple[tuple[int, int, int], ...], times: np.ndarray) -> tuple[Expression, ...]:
    units = (ActionUnit(12, "left", 0.8),)
    feeling = Emotion("positive", {"positive": 0.9, "unclear": 0.1})
    return tuple(
        Expression(
            0,
            Interval(a, b, c, *(float(times[n]) for n in (a, b, c)), 1 / FPS, "micro", 0.7),
            feeling,
            units,
        )
        for a, b, c in spans
    )


def _provenance() -> Provenance:
    return Provenance("0.1.0", {"fps": None})


def _signals(times: np.ndarray) -> dict[str, np.ndarray]:
    count = len(times)
    moved = np.zeros((count, 2, 2), np.float32)
    moved[12:13, 0] = 3, 4
    curve = np.sin(np.arange(count)).astype(np.float32)
    curve[5:6] = np.nan
    return {
        "times": times,
        "frames": np.arange(count),
        "region_names": np.array(["brow", "lip"]),
        "threshold": np.array(0.5),
        "face0_curve": curve,
        "face0_regions": moved,
    }


@dataclass
class Viewer:
    """A client that carries the token, and what it talks to."""

    client: Any
    desk: Any
    folder: Path

    @property
    def id(self) -> str:
        """Of the first recording."""
        return str(self.client.get("/api/recordings").json()[0]["id"])

    def get(self, path: str, **options: Any) -> Any:
        """Ask, of the first recording where the path begins with a dot."""
        return self.client.get(self._full(path), **options)

    def post(self, path: str, content: Any) -> Any:
        """Send JSON."""
        return self.client.post(self._full(path), json=content)

    def edit(self, op: str, revision: int, coder: str = "anna", **more: Any) -> Any:
        """Change annotations."""
        return self.post("./annotations", {"coder": coder, "op": op, "revision": revision, **more})

    def _full(self, path: str) -> str:
        return f"/api/recordings/{self.id}{path[1:]}" if path.startswith("./") else path


@pytest.fixture
def open_viewer() -> Iterator[Callable[..., Viewer]]:
    """Open a viewer: ``open_viewer(results, videos=..., blind=...)``."""
    from starlette.testclient import TestClient

    from fleeting.serve import Desk, create_app

    opened: list[Viewer] = []

    def start(results: Path, videos: Path | None = None, *, blind: bool = False) -> Viewer:
        desk = Desk(results, videos, blind=blind)
        app = create_app(desk, token=TOKEN, port=PORT)
        headers = {"X-Fleeting-Token": TOKEN}
        client = TestClient(
            app, base_url=f"http://127.0.0.1:{PORT}", headers=headers, raise_server_exceptions=True
        )
        viewer = Viewer(client, desk, results)
        opened.append(viewer)
        return viewer

    yield start
    for viewer in opened:
        viewer.client.close()
        viewer.desk.close()


@pytest.fixture
def viewer(tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Viewer]) -> Viewer:
    """A viewer over one recording of 50 numbered frames with two expressions."""
    make_recording(tmp_path / "results")
    return open_viewer(tmp_path / "results")


@pytest.fixture
def read_number() -> Callable[[bytes], int]:
    """Read the number off a JPEG."""
    import cv2

    return lambda data: number_on(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
