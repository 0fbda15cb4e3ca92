"""A folder of numbered images as a video."""

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.io._frame import DecodedFrame
from fleeting.io._ledger import SLOWEST_FPS, Ledger, as_fraction
from fleeting.io.video import VideoReader

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that reads runs of digits as numbers.

    Examples
    --------
    >>> sorted(["img_10.jpg", "img_9.jpg", "img_1.jpg"], key=natural_key)
    ['img_1.jpg', 'img_9.jpg', 'img_10.jpg']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts)


def list_images(folder: Path) -> list[Path]:
    """List the images of a folder in natural order of their names, hidden files left out."""
    images = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(images, key=lambda path: (natural_key(path.name), path.name))


class FolderReader(VideoReader):
    """A folder of images: frame ``k`` stands at ``k / fps`` seconds. See :class:`fleeting.io.VideoReader`.

    An image that cannot be read is left out and leaves a gap in time, as a lost frame of a video would; the
    frames after it keep their time.
    """

    def __init__(self, path: Path, *, fps: float | None) -> None:
        super().__init__(path)
        self._images = list_images(path)
        if not self._images:
            raise InputError(
                path, "is a folder without images", f"expected {', '.join(IMAGE_SUFFIXES)} files in it"
            )
        if fps is None or not SLOWEST_FPS <= fps < math.inf:
            got = "none" if fps is None else str(fps)
            raise UsageError(f"{path}: a folder of images needs its frame rate, got {got}; give --fps (fps=)")
        self._rate = as_fraction(fps).limit_denominator(1001)
        self.nominal_fps = float(fps)
        self.expected_frames = len(self._images)
        first = next((gray for gray in map(_gray, self._images) if gray is not None), None)
        if first is None:
            raise InputError(path, "not one of its images can be decoded", "check that they are images")
        self.height, self.width = first.shape

    def _new_ledger(self, stop: Fraction | None = None) -> Ledger:
        return Ledger(1 / self._rate, 1 / self._rate, stop)

    def _decode(self, ledger: Ledger) -> Iterator[DecodedFrame]:
        for position, path in enumerate(self._images):
            gray = _gray(path)
            if gray is None:
                ledger.damaged += 1
                continue
            ledger.resized += gray.shape != (self.height, self.width)
            time = ledger.add(position, key=True, mark=0)
            if time is None:
                return
            yield DecodedFrame(len(ledger) - 1, time, self._picture(path, gray))

    def _picture(self, path: Path, gray: np.ndarray) -> "_ImagePicture":
        return _ImagePicture(path, gray, (self.width, self.height))

    def _pick(self, wanted: list[int], ledger: Ledger) -> dict[int, DecodedFrame]:
        found = {}
        for index in wanted:
            position = ledger.stamps[index]
            path = self._images[position]
            gray = _gray(path)
            if gray is not None:
                time = (position - ledger.stamps[0]) * ledger.tick
                found[index] = DecodedFrame(index, time, self._picture(path, gray))
        return found


class _ImagePicture:
    """An image file; its grey picture has shown already that it can be decoded."""

    __slots__ = ("_gray", "_path", "_size")

    def __init__(self, path: Path, gray: np.ndarray, size: tuple[int, int]) -> None:
        self._path, self._gray, self._size = path, gray, size

    def gray(self) -> np.ndarray:
        return self._fitted(self._gray)

    def rgb(self) -> np.ndarray:
        import cv2

        image = _load(self._path, cv2.IMREAD_COLOR)
        if image is None:
            raise InputError(self._path, "has changed while it was read", "start again")
        return self._fitted(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def _fitted(self, image: np.ndarray) -> np.ndarray:
        import cv2

        if image.shape[1::-1] == self._size:
            return image
        return np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA))


def _gray(path: Path) -> np.ndarray | None:
    import cv2

    return _load(path, cv2.IMREAD_GRAYSCALE)


def _load(path: Path, mode: int) -> np.ndarray | None:
    """Decode an image file, or give None. Through memory: OpenCV opens no name beyond ASCII on Windows."""
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the reader's problems tell it
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        return cv2.imdecode(data, mode) if data.size else None
    except (OSError, cv2.error):
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
