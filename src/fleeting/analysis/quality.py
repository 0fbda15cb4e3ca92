"""What a reader of a result must know of the video: codes and sentences."""

import numpy as np

from fleeting import facs
from fleeting.analysis.measure import Measurement
from fleeting.core import QualityWarning, VideoInfo

LOW_FPS = 50.0  # 1/25 s must hold at least two frames
TOO_LOW_FPS = 20.0
SMALL_FACE_PX = 40.0
TURNED = 0.35  # asymmetry of the distances nose - cheek beyond which the head is turned away
BITS_PER_PIXEL = 0.02


def warn(
    video: VideoInfo, measured: Measurement, problems: list[QualityWarning], file_bytes: int
) -> list[QualityWarning]:
    """Collect the warnings of one video: what the reader said, then rate, face and compression."""
    found = list(problems)

    def add(code: str, message: str) -> None:
        found.append(QualityWarning(code, message))

    if video.frames == 1:
        add("one_frame", "there is a single frame: nothing can move")
    elif video.fps < TOO_LOW_FPS:
        add("frame_rate_too_low", f"{video.fps:.1f} frames/s: micro-expressions fall between frames")
    elif video.fps < LOW_FPS:
        add("frame_rate_low", f"{video.fps:.1f} frames/s: a movement of 1/25 s shows in one frame only")
    if not measured.faces:
        add("no_face", "no face was found in any frame")
    for number, face in measured.faces.items():
        name = f"face {number}"
        coverage = len(face.signals.frames) / max(len(measured.frames), 1)
        if coverage < 0.98:
            add(
                "face_lost",
                f"{name} was seen in {100 * coverage:.0f} % of the frames; nothing is made up for the rest",
            )
        size = float(np.median([facs.iod(mesh) for mesh in face.track.landmarks]))
        if size < SMALL_FACE_PX:
            add(
                "face_small",
                f"{name}: {size:.0f} px between the eyes; under {SMALL_FACE_PX:.0f} px much is missed",
            )
        turned = float(np.mean([_turn(mesh) > TURNED for mesh in face.track.landmarks]))
        if turned > 0.2:
            add("head_turned", f"{name} is turned away in {100 * turned:.0f} % of the looks")
    if len(measured.faces) > 1:
        add("several_faces", f"{len(measured.faces)} faces were followed")
    pixels = video.width * video.height * max(video.frames, 1)
    if file_bytes and 8 * file_bytes / pixels < BITS_PER_PIXEL and measured.faces:
        add(
            "strong_compression",
            f"{8 * file_bytes / pixels:.3f} bits per pixel: weak movements may have been coded away",
        )
    return found


def _turn(mesh: np.ndarray) -> float:
    """How unequal the two halves of the face are, 0 (frontal) to 1."""
    nose, right, left = mesh[1, 0], mesh[234, 0], mesh[454, 0]
    a, b = abs(nose - right), abs(left - nose)
    return float(abs(a - b) / max(a + b, 1e-6))
