"""Made clips and recordings on disk: video, what moves in it, and lines of the table."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.synth._clip_people import Sitter
from fleeting.synth.clip import FoldError, PlantedClip, plant
from fleeting.synth.life import Life
from fleeting.synth.timing import Plant, PlantedInterval
from fleeting.synth.write import describe

MOTION_COLUMNS = (
    *("path", "subject", "onset", "apex", "offset", "fps", "label", "aus"),
    *("sample", "clip", "kind", "side", "strength", "onset_s", "apex_s", "offset_s"),
)
"""Columns of the dataset reader ``csv`` first, then what it leaves alone; strength in percent."""

_SHARES = (1.0, 0.8, 0.6, 0.45, 0.3)
_WHOLE = ("onset", "apex", "offset", "frames")
_REAL = ("fps", "strength", "onset_s", "apex_s", "offset_s", "iod_px")


def film(
    sitter: Sitter,
    plants: Sequence[Plant],
    life: Life,
    *,
    length_s: float,
    seed: int,
    basis: str,
) -> PlantedClip:
    """Plant movements in a sitter's picture; where they would fold the face together, all of them weaker.

    Raises
    ------
    FoldError
        Where not even a third of them fits.
    """
    for share in _SHARES:
        try:
            return plant(
                sitter.picture,
                [replace(one, strength_percent=round(share * one.strength_percent, 3)) for one in plants],
                fps=sitter.fps,
                duration_s=length_s,
                seed=seed,
                camera=sitter.camera,
                life=replace(
                    life,
                    talk=tuple(replace(t, strength_percent=share * t.strength_percent) for t in life.talk),
                ),
                basis=basis,
                landmarks=sitter.landmarks,
                person=sitter.person,
            )
        except FoldError:
            if share == _SHARES[-1]:
                raise
    raise AssertionError("no share was tried")


def event_row(
    one: PlantedInterval, sitter: Sitter, path: str, *, emotion: str, aus: tuple[int, ...]
) -> dict[str, Any]:
    """Give the line of one movement; times to a microsecond."""
    i = one.interval
    letter = {"left": "L", "right": "R", "both": ""}[one.plant.side]
    return {
        "path": path,
        "subject": sitter.subject,
        "onset": i.onset_frame,
        "apex": i.apex_frame,
        "offset": i.offset_frame,
        "fps": sitter.fps,
        "label": emotion,
        "aus": "+".join(f"{letter}{au}" for au in aus),
        "kind": i.kind,
        "side": one.plant.side if aus else "",
        "strength": one.plant.strength_percent if aus else 0.0,
        "onset_s": round(float(i.onset_s), 6),
        "apex_s": round(float(i.apex_s or 0.0), 6),
        "offset_s": round(float(i.offset_s), 6),
    }


def write_film(clip: PlantedClip, folder: Path, stem: str, rows: list[dict[str, Any]]) -> None:
    """Write the video frame by frame, ``<stem>.synth.json`` and the lines of the table (``rows.json``)."""
    from fleeting.io import VideoWriter

    height, width = clip.size
    # one thread: the bytes must not depend on the number of cores
    with VideoWriter(
        folder / f"{stem}.mp4",
        width=width,
        height=height,
        fps=clip.fps,
        crf=clip.camera.crf,
        options={"threads": "1"},
    ) as writer:
        for image in clip.frames():
            writer.write(image)
    told = json.dumps(describe(clip, clip.camera.crf), indent=1, allow_nan=False) + "\n"
    (folder / f"{stem}.synth.json").write_text(told, encoding="utf-8")
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")


def read_pictures(path: Path) -> np.ndarray:
    """Read a whole video, ``(T, H, W, 3)`` uint8 RGB."""
    from fleeting.io import open_video

    with open_video(path) as video:
        return np.stack([frame.rgb() for frame in video.frames()])


def numbers_of(cells: dict[str, str]) -> dict[str, Any]:
    """Turn the cells of a line into numbers where they are some; empty ones stay empty."""
    whole = {name: int(cells[name]) for name in _WHOLE if cells.get(name)}
    real = {name: float(cells[name]) for name in _REAL if cells.get(name)}
    return {**cells, **whole, **real}
