"""Video -> Report: the one function behind the command line and the web page."""

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np

from fleeting.analysis.batch import (
    VideoOutcome,
    VideoProgress,
    VideoStarted,
    analyze_many,
    describe_failure,
    distinct_videos,
    write_overview,
)
from fleeting.analysis.by_curve import spot_by_curve
from fleeting.analysis.describe import action_units, emotion
from fleeting.analysis.measure import FaceMeasurement, Measurement, closed_lids, measure
from fleeting.analysis.naming import namer, spotter_of
from fleeting.analysis.quality import warn
from fleeting.analysis.rois import ROI_SHAPES, RoiFollower
from fleeting.analysis.second_look import look_again
from fleeting.analysis.views import FaceView, compared, find_view, magnified
from fleeting.core import CROP, Expression, Face, InputError, Provenance, Report, UsageError
from fleeting.face import FacesWanted, model_uses
from fleeting.io import open_video
from fleeting.models import CurveSpotter, Spotter
from fleeting.motion import motion_regions
from fleeting.spotting import Spotted, SpotterSettings, SpottingResult, as_score, spot

__all__ = [
    "ROI_SHAPES",
    "AnalysisSettings",
    "FaceMeasurement",
    "FaceView",
    "Measurement",
    "RoiFollower",
    "VideoOutcome",
    "VideoProgress",
    "VideoStarted",
    "analyze",
    "analyze_many",
    "closed_lids",
    "compared",
    "describe_failure",
    "distinct_videos",
    "find_view",
    "magnified",
    "measure",
    "write_overview",
]


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """What a user can choose; stands in every result.

    Parameters
    ----------
    faces
        ``largest`` or ``all``.
    start_s, stop_s
        Part of the video, seconds; ``None`` is the whole.
    fps
        Frame rate of an image folder.
    min_confidence
        Least confidence 0..1 of an expression that is reported.
    pictures
        Whether pictures of the face are taken into the report.
    recognizer, au_detector
        What names emotions and action units: ``default``, a folder that ``fleeting train`` wrote, or
        ``rules`` for the tables alone.
    spotter
        What finds movements: ``default``, which has not learnt, ``learnt``, which ships, or a folder.
    """

    faces: FacesWanted = "largest"
    start_s: float | None = None
    stop_s: float | None = None
    fps: float | None = None
    min_confidence: float = 0.0
    pictures: bool = True
    recognizer: str = "default"
    au_detector: str = "default"
    spotter: str = "default"

    def __post_init__(self) -> None:
        if self.faces not in ("largest", "all"):
            raise UsageError(f"faces: expected 'largest' or 'all', got {self.faces!r}")
        if not 0 <= self.min_confidence <= 1:
            raise UsageError(f"min_confidence: expected 0..1, got {self.min_confidence}")
        first, last = self.start_s or 0.0, np.inf if self.stop_s is None else self.stop_s
        if not 0 <= first <= last:
            raise UsageError(f"expected 0 <= start <= stop, got {self.start_s} and {self.stop_s} seconds")
        if self.fps is not None and not 0 < self.fps < np.inf:
            raise UsageError(f"fps: expected a positive number, got {self.fps}")


def analyze(
    path: str | PathLike[str],
    settings: AnalysisSettings | None = None,
    *,
    progress: Callable[[int, float], None] | None = None,
    **choices: object,
) -> Report:
    """Find the micro- and macro-expressions in a video.

    Parameters
    ----------
    path
        A video file or a folder of images.
    settings
        What to do; or give its fields by name: ``analyze("a.mp4", faces="all")``.
    progress
        Called with the number of frames done and the time of the last.

    Returns
    -------
    Report
        Data only; ``fleeting.save_report`` writes the files.

    Raises
    ------
    InputError
        Where the video cannot be read.
    UsageError
        Where a setting is wrong.

    Examples
    --------
    >>> import fleeting, numpy as np, tempfile, pathlib
    >>> clip = pathlib.Path(tempfile.mkdtemp()) / "grey.mp4"
    >>> _ = fleeting.io.write_video(clip, [np.full((64, 64, 3), 90, np.uint8)] * 5, fps=25)
    >>> report = analyze(clip)
    >>> len(report.expressions), [w.code for w in report.warnings]
    (0, ['frame_rate_low', 'no_face'])
    """
    chosen = replace(settings or AnalysisSettings(), **choices)  # type: ignore[arg-type]
    names, spotter = namer(chosen.recognizer, chosen.au_detector), spotter_of(chosen.spotter)
    began = time.perf_counter()
    with open_video(path, fps=chosen.fps) as video:
        roi = spotter.input if isinstance(spotter, CurveSpotter) else None
        frames = video.frames(chosen.start_s, chosen.stop_s)
        measured = measure(frames, faces=chosen.faces, progress=progress, roi=roi)
        if not len(measured.frames):
            raise InputError(path, f"ends before {chosen.start_s or 0:g} s", "give an earlier start (--from)")
        spotted = {n: spot_face(face, measured, spotter) for n, face in measured.faces.items()}
        found = expressions_of(spotted, chosen)
        tracks = {n: face.track for n, face in measured.faces.items()}
        seen = look_again(video, found, tracks, names, pictures=chosen.pictures)
        info = video.info()
        warnings = warn(info, measured, video.problems, _bytes(Path(path)))
    return Report(
        video=info,
        faces=tuple(_face(n, face, measured) for n, face in measured.faces.items()),
        expressions=tuple(expression for expression, _ in seen),
        warnings=tuple(warnings),
        provenance=provenance_of(chosen, time.perf_counter() - began),
        signals=_signals(measured, spotted, spotter),
        pictures=tuple(shown for _, shown in seen),
    )


AnySpotter = Spotter | CurveSpotter | None


def spot_face(face: FaceMeasurement, measured: Measurement, spotter: AnySpotter = None) -> SpottingResult:
    """Spot the movements of one face, by the rules where no spotter is given.

    Frames of the result are frames of the video.
    """
    signals = face.signals
    place = np.searchsorted(measured.frames, signals.frames)
    count = len(measured.frames)
    regions, head, openings = (
        _spread(one, place, count) for one in (signals.regions, signals.head, signals.openings)
    )
    if isinstance(spotter, CurveSpotter):
        result = spot_by_curve(
            spotter, _roi_rows(face, measured), regions, head, openings, measured.times, unit=1 / CROP.iod
        )
    else:
        result = spot(
            regions,
            head,
            openings,
            measured.times,
            spotter_settings(spotter),
            closed=closed_lids(face.lids, measured.times),
            unit=1 / CROP.iod,
            judge=None if spotter is None else spotter.judge,
        )
    first = int(measured.frames[0]) if len(measured.frames) else 0
    return _shifted(result, first)


def _roi_rows(face: FaceMeasurement, measured: Measurement) -> np.ndarray:
    """Rows ``(T, ...)`` of the region features, NaN where the face was not seen."""
    if face.rois is None:
        raise UsageError("the region features of this spotter were not measured; call measure with roi")
    frames, rows = face.rois
    return _spread(rows, np.searchsorted(measured.frames, frames), len(measured.frames))


def expressions_of(
    spotted: dict[int, SpottingResult], settings: AnalysisSettings
) -> list[tuple[Expression, Spotted]]:
    """Give every movement its action units and emotion by the rules, in order of time."""
    found = []
    for number, result in spotted.items():
        for one in result.spotted:
            units = action_units(one)
            known = one.candidate.score  # of a spotter that has learnt
            interval = one.interval.with_score(
                confidence(one.candidate.z) if known is None else round(known, 4)
            )
            if interval.score >= settings.min_confidence:
                found.append((Expression(number, interval, emotion(units), units), one))
    return sorted(found, key=lambda pair: (pair[0].interval.onset_frame, pair[0].face))


def confidence(z: float) -> float:
    """Order movements from 0 to 1 by their response; a score, no probability.

    Examples
    --------
    >>> confidence(4.5), round(confidence(9.0), 2)
    (0.5, 0.67)
    """
    return round(as_score(z), 4)


def spotter_settings(spotter: AnySpotter) -> SpotterSettings:
    """Give the thresholds that go with a spotter."""
    usual = SpotterSettings()
    return replace(usual, least_score=spotter.least_score) if isinstance(spotter, Spotter) else usual


def _spread(values: np.ndarray, place: np.ndarray, count: int) -> np.ndarray:
    if len(place) == count:
        return values
    whole = np.full((count, *values.shape[1:]), np.nan, np.float32)
    whole[place] = values
    return whole


def _shifted(result: SpottingResult, first: int) -> SpottingResult:
    """Count frames from the start of the video where only a part was analysed."""
    if not first:
        return result
    moved = tuple(
        replace(
            one,
            interval=replace(
                one.interval,
                onset_frame=one.interval.onset_frame + first,
                apex_frame=(one.interval.apex_frame or 0) + first,
                offset_frame=one.interval.offset_frame + first,
            ),
        )
        for one in result.spotted
    )
    return replace(result, spotted=moved)


def _face(number: int, face: FaceMeasurement, measured: Measurement) -> Face:
    return Face(number, round(len(face.signals.frames) / max(len(measured.frames), 1), 6))


def _signals(
    measured: Measurement, spotted: dict[int, SpottingResult], spotter: AnySpotter
) -> dict[str, np.ndarray]:
    settings = spotter_settings(spotter)
    arrays: dict[str, np.ndarray] = {
        "times": measured.times,
        "frames": measured.frames,
        "region_names": np.array(motion_regions()),
    }
    if not isinstance(spotter, CurveSpotter):  # its decoder has no one height
        arrays["threshold"] = np.array(settings.least_z if spotter is None else settings.least_score)
    for number, face in measured.faces.items():
        place = np.searchsorted(measured.frames, face.signals.frames)
        arrays[f"face{number}_curve"] = spotted[number].curve.values.astype(np.float32)
        corners = (face.track.landmarks.min(axis=1), face.track.landmarks.max(axis=1))
        arrays[f"face{number}_boxes"] = np.concatenate(corners, axis=1).astype(np.float32)
        arrays[f"face{number}_box_frames"] = face.track.frames
        arrays[f"face{number}_regions"] = _spread(face.signals.regions, place, len(measured.frames))
    return arrays


def provenance_of(settings: AnalysisSettings, runtime_s: float = 0.0) -> Provenance:
    """Say how a result with these settings comes to be; also to ask whether an earlier one still holds."""
    from fleeting import __version__

    crop = {"width": CROP.width, "height": CROP.height, "iod_px": CROP.iod}
    spotter = spotter_of(settings.spotter)
    told: dict[str, object] = {"name": settings.spotter}
    if isinstance(spotter, CurveSpotter):
        told |= {"input": spotter.input, "decodings": [asdict(one) for one in spotter.decodings]}
    else:
        told |= asdict(spotter_settings(spotter))
    learnt = () if spotter is None else (spotter.use,)
    return Provenance(
        version=__version__,
        settings={**asdict(settings), "crop": crop, "spotter": told},
        models=(*model_uses(), *namer(settings.recognizer, settings.au_detector).uses, *learnt),
        machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        runtime_s=round(runtime_s, 3),
    )


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
