"""What the camera adds to a picture: blur, changing light, sensor noise."""

from dataclasses import dataclass

import numpy as np

from fleeting.core import UsageError, check_image

_POOL = 1 << 20  # ready-made normal numbers; each frame takes them from another place
_MEAN_LEVEL = 118.0  # mid grey, at which `noise` is given


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """The camera.

    Parameters
    ----------
    noise
        Standard deviation of the sensor noise at mid grey, grey levels of 255. Its variance grows with the
        signal as shot noise does: a quarter of it is there in the dark.
    flicker
        Relative change of the whole picture's brightness, amplitude 0..0.2.
    gradient
        Relative change between two opposite edges by a light that wanders round, amplitude 0..0.3.
    flicker_hz, gradient_hz
        Their rates.
    flicker_bands
        Rolling exposure: periods of the flicker over the height of the picture, 0..20. Sensors that read out
        row by row see mains light as bands that wander down at ``flicker_hz``: light that beats 100 times a
        second, read out in 20 ms, makes two. At 0 all rows see the same light.
    blur_px
        Standard deviation of a Gaussian blur, pixels.
    scale
        Size of the picture relative to the source: below 1 makes small faces.
    crf
        H.264 quality at writing: 0 best, 18 visually lossless, 51 worst.

    Raises
    ------
    UsageError
        For a value out of range.

    Examples
    --------
    >>> CameraSettings(noise=2.0).noise
    2.0
    """

    noise: float = 0.0
    flicker: float = 0.0
    flicker_hz: float = 3.0
    gradient: float = 0.0
    gradient_hz: float = 0.3
    blur_px: float = 0.0
    scale: float = 1.0
    crf: int = 18
    flicker_bands: float = 0.0

    def __post_init__(self) -> None:
        limits: dict[str, tuple[float, float]] = {
            "noise": (0, 60),
            "flicker": (0, 0.2),
            "gradient": (0, 0.3),
            "blur_px": (0, 20),
            "flicker_bands": (0, 20),
        }
        limits |= {"flicker_hz": (0, 1000), "gradient_hz": (0, 1000), "scale": (0.05, 4), "crf": (0, 51)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"camera {name}: expected {low}..{high}, got {getattr(self, name)}")

    @property
    def clean(self) -> bool:
        """Whether pictures pass through unchanged."""
        return not (self.noise or self.flicker or self.gradient or self.blur_px)


def noise_levels(noise: float) -> np.ndarray:
    """Give the standard deviation of the noise for each grey level, ``(256,)``.

    ``sigma^2 = noise^2 (1/4 + 3/4 level / 118)``: read-out noise and photon noise, whose variance is
    proportional to the signal (EMVA standard 1288).

    Examples
    --------
    >>> noise_levels(2.0)[[0, 118]].tolist()
    [1.0, 2.0]
    """
    return (noise * np.sqrt(0.25 + 0.75 * np.arange(256) / _MEAN_LEVEL)).astype(np.float32)


class Camera:
    """Apply camera settings to frames, the same for the same seed and frame number.

    Parameters
    ----------
    settings
        What to do.
    size
        ``(height, width)`` of the pictures.
    seed
        Of the noise and the light.
    """

    def __init__(self, settings: CameraSettings, size: tuple[int, int], seed: int) -> None:
        self.settings = settings
        rng = np.random.default_rng((seed, 505))
        self._phase = rng.uniform(0, 2 * np.pi, 4)
        self._seed = seed
        self._size = size
        self._levels = noise_levels(settings.noise)
        self._pool = np.empty(0, np.float32)
        if settings.noise:
            values = 3 * size[0] * size[1]
            self._pool = rng.standard_normal(values + _POOL, dtype=np.float32)
        if settings.gradient:
            y, x = np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1])
            self._ramp_y, self._ramp_x = y[:, None].astype(np.float32), x[None].astype(np.float32)

    def gain(self, time_s: float) -> np.ndarray:
        """Light at a time, ``(H, W)``, ``(H, 1)`` or ``(1, 1)`` float32, 1 where nothing changes."""
        s = self.settings
        turns: float | np.ndarray = s.flicker_hz * time_s
        if s.flicker_bands:  # each row is exposed a little after the one above it
            turns = turns - s.flicker_bands * np.arange(self._size[0])[:, None] / self._size[0]
        beat = 0.7 * np.sin(2 * np.pi * turns + self._phase[0])
        beat += 0.3 * np.sin(2 * np.pi * 2.7 * turns + self._phase[1])
        light = np.asarray(1.0 + s.flicker * beat, np.float32).reshape(-1, 1)
        if s.gradient:
            angle = 2 * np.pi * s.gradient_hz * time_s + self._phase[2]
            across = np.float32(s.gradient * np.cos(angle)) * self._ramp_x
            return light + across + np.float32(s.gradient * np.sin(angle)) * self._ramp_y
        return light

    def shoot(self, image: np.ndarray, frame: int, time_s: float) -> np.ndarray:
        """Take a picture ``(H, W, 3)`` uint8 RGB to what the camera stores, same shape and type."""
        import cv2

        s = self.settings
        check_image(image)
        if s.clean:
            return image
        if s.blur_px:
            image = cv2.GaussianBlur(image, (0, 0), s.blur_px)
        if s.gradient or (s.flicker and s.flicker_bands):
            light = np.broadcast_to(self.gain(time_s), self._size)
            image = cv2.multiply(image, cv2.merge([light] * 3), dtype=cv2.CV_8U)
        elif s.flicker:
            image = cv2.convertScaleAbs(image, alpha=float(self.gain(time_s)[0, 0]))
        if not s.noise:
            return image
        start = int(np.random.default_rng((self._seed, 606, frame)).integers(_POOL))
        grain: np.ndarray = self._pool[start : start + image.size].reshape(image.shape)
        # the level is looked up in the smooth picture: noise follows the light, not itself
        grain = cv2.multiply(grain, cv2.LUT(image, self._levels))
        return cv2.add(image, grain, dtype=cv2.CV_8U)
