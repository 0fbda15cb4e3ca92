"""A tiny tree in the layout of CASME II: JPEG frames of the public-domain portrait with planted movements."""

from pathlib import Path

import numpy as np

HEADER = (
    "Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units",
    "Estimated Emotion",
)  # fmt: skip
MOVES = (((12,), "happiness", "12"), ((4,), "disgust", "4"), ((1, 2), "surprise", "1+2"))
FPS = 100.0
FIRST = 31  # number of the first frame that is on disk


def portrait() -> np.ndarray:
    """The head of scikit-image's portrait, ``(280, 260, 3)`` uint8 RGB."""
    import skimage.data

    return np.ascontiguousarray(skimage.data.astronaut()[0:280, 90:350])


def planted(seed, aus, *, strength=5.0, sway=False, noise=1.0):
    """A clip of 19 frames."""
    from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant

    head = HeadMotion(sway_percent=1.5, roll_deg=0.4, yaw_deg=0.5, pitch_deg=0.5, scale_percent=0.4)
    return plant(
        portrait(),
        [Plant(aus, strength_percent=strength, at_s=0.02, duration_s=0.14)],
        fps=FPS,
        duration_s=0.19,
        seed=seed,
        camera=CameraSettings(noise=noise),
        life=Life(head=head) if sway else Life(),
    )


def write_jpeg(path: Path, image: np.ndarray) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 96])[1]
    path.write_bytes(data.tobytes())


def write_sheet(root: Path, rows) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    page.append(list(HEADER))
    for row in rows:
        page.append(list(row))
    book.save(root / "CASME2-coding-20140508.xlsx")


def folder_of(root: Path, subject: int, clip: str) -> Path:
    return root / "CASME2_RAW_selected" / f"sub{subject:02d}" / clip


def write_tree(root: Path, count: int = 6, people: int = 2):
    """Give ``(subject, clip, planted clip)`` for each; the sheet has the true onset, apex and offset."""
    root.mkdir(parents=True, exist_ok=True)
    rows, made = [], []
    for at in range(count):
        aus, emotion, units = MOVES[at % 3]
        subject, name = at // 3 % people + 1, f"EP{at + 1:02d}_01"
        clip = planted(at, aus)
        truth = clip.truth[0].interval
        for number, image in enumerate(clip.frames(), FIRST):
            write_jpeg(folder_of(root, subject, name) / f"img{number}.jpg", image)
        frames = (truth.onset_frame, truth.apex_frame, truth.offset_frame)
        onset, apex, offset = (FIRST + one for one in frames)
        rows.append((subject, name, None, onset, apex, offset, None, units, emotion))
        made.append((subject, name, clip))
    write_sheet(root, rows)
    return rows, made
