"""A planted clip on disk: video, truth, flow and settings."""

import dataclasses
import io
import json
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from fleeting.synth._render import Box
from fleeting.synth.clip import PlantedClip

SCHEMA = "fleeting.synth/1"
TRUTH_COLUMNS = (
    *("subject", "video", "onset", "offset", "type", "apex", "aus", "side", "strength"),
    *("onset_s", "apex_s", "offset_s"),
)

Flows = Literal["none", "onset-apex", "frames"]


class PlantedPaths(NamedTuple):
    """Files of one planted clip; ``flow`` is None where none was asked for."""

    video: Path
    truth: Path
    settings: Path
    flow: Path | None


def truth_rows(clip: PlantedClip, video: str, subject: str) -> list[dict[str, object]]:
    """Give one row for each plant with the names of `TRUTH_COLUMNS`; ``strength`` is in percent.

    Frames are zero-based and both ends belong to the interval.
    """
    rows = []
    for one in clip.truth:
        i = one.interval
        rows.append(
            {
                "subject": subject,
                "video": video,
                "onset": i.onset_frame,
                "offset": i.offset_frame,
                "type": i.kind,
                "apex": i.apex_frame,
                "aus": "+".join(str(au) for au in one.aus),
                "side": one.plant.side,
                "strength": one.plant.strength_percent,
                "onset_s": i.onset_s,
                "apex_s": i.apex_s,
                "offset_s": i.offset_s,
            }
        )
    return rows


def write_planted(
    clip: PlantedClip,
    out_dir: str | PathLike[str],
    stem: str,
    *,
    subject: str | None = None,
    crf: int | None = None,
    flows: Flows = "onset-apex",
    on_frame: Callable[[int], None] | None = None,
) -> PlantedPaths:
    """Write a clip.

    Parameters
    ----------
    clip
        From `plant`.
    out_dir, stem
        Folder, made where it is missing, and name of the files without ending.
    subject
        For the truth table; ``synth/<stem>`` by default.
    crf
        H.264 quality, instead of the camera's.
    flows
        ``onset-apex``: the exact flow of each plant from its onset frame to its apex frame. ``frames``: also
        the flow from the first frame to every frame. ``none``: no flow file.
    on_frame
        Called with the number of frames done, for a progress bar.

    Returns
    -------
    PlantedPaths
        ``<stem>.mp4``; ``<stem>.csv``, the truth, one row for each plant (see `TRUTH_COLUMNS`), which
        ``fleeting score`` reads; ``<stem>.synth.json``, how the clip was made and what else moves in it;
        ``<stem>.flow.npz`` with ``flow_onset_apex`` ``(K, h, w, 2)`` float32 in the order of the truth,
        ``box`` (top, left, height, width) where it lies in the picture, and with ``frames`` also
        ``flow_first_to_frame`` ``(T, h, w, 2)`` float16.

    Raises
    ------
    InputError
        Where a file cannot be written.
    """
    from fleeting.io import VideoWriter, validate_folder, write_atomic, write_table

    folder = Path(out_dir)
    validate_folder(folder)
    height, width = clip.size
    pixels = "yuv444p" if height % 2 or width % 2 else "yuv420p"
    quality = clip.camera.crf if crf is None else crf
    video = folder / f"{stem}.mp4"
    with VideoWriter(
        video, width=width, height=height, fps=clip.fps, crf=quality, pixel_format=pixels
    ) as writer:
        for i, image in enumerate(clip.frames()):
            writer.write(image, None if clip.scene.still else float(clip.times[i]))
            if on_frame is not None:
                on_frame(i + 1)
    truth = write_table(
        folder / f"{stem}.csv", TRUTH_COLUMNS, truth_rows(clip, stem, subject or f"synth/{stem}")
    )
    text = json.dumps(describe(clip, quality), indent=1, allow_nan=False) + "\n"
    settings = write_atomic(folder / f"{stem}.synth.json", text.encode("utf-8"))
    flow = None
    if flows != "none":
        packed = io.BytesIO()
        np.savez_compressed(packed, **_flow_arrays(clip, flows))  # type: ignore[arg-type]
        flow = write_atomic(folder / f"{stem}.flow.npz", packed.getvalue())
    return PlantedPaths(video, truth, settings, flow)


def face_box(clip: PlantedClip) -> Box:
    """Rows and columns that hold the face in every frame, with a tenth of its size around it."""
    lattice = clip.lattice
    reach = lattice.spacing * np.array([lattice.width, lattice.height])
    corners = np.array([[x, y] for x in (-0.1, 1.1) for y in (-0.1, 1.1)]) * reach + lattice.origin
    points = np.concatenate([corners @ a[:, :2].T + a[:, 2] for a in clip.scene.affines])
    low, high = np.floor(points.min(0)).astype(int), np.ceil(points.max(0)).astype(int) + 1
    height, width = clip.size
    return (
        slice(int(np.clip(low[1], 0, height)), int(np.clip(high[1], 0, height))),
        slice(int(np.clip(low[0], 0, width)), int(np.clip(high[0], 0, width))),
    )


def _flow_arrays(clip: PlantedClip, flows: Flows) -> dict[str, np.ndarray]:
    box = face_box(clip)
    y, x = np.mgrid[box[0], box[1]]
    points = np.stack([x.ravel(), y.ravel()], 1)

    def flow(start_s: float, end_s: float) -> np.ndarray:
        return clip.flow_at(points, start_s, end_s).reshape(*x.shape, 2).astype(np.float32)

    pairs = [(float(one.interval.onset_s), float(one.interval.apex_s or 0.0)) for one in clip.truth]
    arrays = {
        "box": np.array([box[0].start, box[1].start, *x.shape], np.int32),
        "flow_onset_apex": np.stack([flow(*pair) for pair in pairs])
        if pairs
        else np.zeros((0, *x.shape, 2), np.float32),
    }
    if flows == "frames":
        first = float(clip.times[0])
        arrays["flow_first_to_frame"] = np.stack(
            [flow(first, float(t)).astype(np.float16) for t in clip.times]
        )
    return arrays


def describe(clip: PlantedClip, crf: int) -> dict[str, object]:
    """Say how a clip was made, for its ``.synth.json``."""
    from fleeting import __version__

    return {
        "schema": SCHEMA,
        "version": __version__,
        "source": clip.scene.name,
        "seed": clip.seed,
        "basis": clip.basis,
        "fps": clip.fps,
        "frames": len(clip),
        "width": clip.size[1],
        "height": clip.size[0],
        "iod_px": round(clip.iod_px, 3),
        "camera": {**dataclasses.asdict(clip.camera), "crf": crf},
        "life": dataclasses.asdict(clip.life),
        "plants": [dataclasses.asdict(plant) for plant in clip.plants],
        "events": [
            {
                "what": event.what,
                "aus": list(event.key.aus),
                "side": event.key.side,
                "at_s": round(event.at_s, 6),
                "duration_s": round(event.duration_s, 6),
                "strength": round(event.strength, 6),
            }
            for event in clip.events
        ],
    }
