"""Pairs of pictures as rows to learn from, and how they are varied: zoom, light, noise, JPEG, grain."""

from collections.abc import Iterable

import cv2
import numpy as np
import torch
from torch import Tensor

from fleeting.core import ShapeError
from fleeting.synth import FlowPair
from fleeting.training import Rows

CROP = 72  # pixels that a training step sees of a pair
_WARPED = 0.3  # share of steps whose second picture is the first one moved by a drawn field
_ZOOM = 2.2


def as_flow_rows(pairs: Iterable[FlowPair]) -> Rows:
    """Turn pairs into rows: grey pictures ``(N, H, W)``; as label flow and face ``(N, H, W, 3)`` float16.

    Raises
    ------
    ShapeError
        Without a pair, or where sizes differ.
    """
    first, second, truth = [], [], []
    for pair in pairs:
        first.append(cv2.cvtColor(pair.image_1, cv2.COLOR_RGB2GRAY))
        second.append(cv2.cvtColor(pair.image_2, cv2.COLOR_RGB2GRAY))
        truth.append(np.dstack([pair.flow, pair.face]).astype(np.float16))
    if len({one.shape for one in first}) != 1:
        raise ShapeError(f"expected pairs of one size, got {sorted({one.shape for one in first})}")
    pictures = tuple(torch.from_numpy(np.stack(one)) for one in (first, second))
    return Rows(pictures, torch.from_numpy(np.stack(truth)))


def varied(
    inputs: tuple[Tensor, ...], labels: Tensor, rng: np.random.Generator
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Vary a batch; flow stays exact. Crops are of 72 pixels, or the whole picture where it is smaller."""
    pictures = [one.cpu().numpy() for one in inputs]
    made = [
        _varied(rng, first, second, truth)
        for first, second, truth in zip(*pictures, labels.cpu().numpy().astype(np.float32), strict=True)
    ]
    first, second, truth = (torch.from_numpy(np.stack(part)) for part in zip(*made, strict=True))
    return (first.to(inputs[0].device), second.to(inputs[0].device)), truth.to(labels.device)


def _varied(rng: np.random.Generator, *given: np.ndarray) -> tuple[np.ndarray, ...]:
    """Vary one pair: first, second ``(H, W)`` and truth ``(H, W, 3)``."""
    first, second, truth = _cut(rng, *given)
    if rng.random() < _WARPED:
        first, second, truth = _moved(rng, first, truth[..., 2])
    first, second, truth = _turned(rng, first, second, truth)
    first, second = _lit(rng, first, second)
    return (*_filmed(rng, first, second), np.ascontiguousarray(truth))


def _cut(
    rng: np.random.Generator, first: np.ndarray, second: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Enlarge and crop."""
    size = min(CROP, *first.shape)
    grow = _ZOOM ** rng.random() if rng.random() < 0.5 else 1.0
    sides = [round(side * grow) for side in first.shape]
    y, x = (int(rng.integers(0, side - size + 1)) for side in sides)
    if grow == 1.0:
        parts = [one[y : y + size, x : x + size].astype(np.float32) for one in (first, second, truth)]
        return tuple(parts)
    true_grow = np.array([sides[1] / first.shape[1], sides[0] / first.shape[0]], np.float32)
    at_x = (np.arange(x, x + size, dtype=np.float32) + 0.5) / true_grow[0] - 0.5
    at_y = (np.arange(y, y + size, dtype=np.float32) + 0.5) / true_grow[1] - 0.5
    to_x, to_y = np.meshgrid(at_x, at_y)
    cubic, linear = cv2.INTER_CUBIC, cv2.INTER_LINEAR
    pictures = [
        cv2.remap(one.astype(np.float32), to_x, to_y, cubic, borderMode=cv2.BORDER_REPLICATE)
        for one in (first, second)
    ]
    field = cv2.remap(truth, to_x, to_y, linear, borderMode=cv2.BORDER_REPLICATE)
    flow, face = field[..., :2] * true_grow, field[..., 2:] > 0.5
    return (*pictures, np.concatenate([flow, face], -1).astype(np.float32))


def _moved(rng: np.random.Generator, picture: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, ...]:
    """Give a picture with skin-like grain, the same moved by a field that is known exactly, and the truth.

    Both are fetched from one larger picture at broken places, so that neither is blurred more than the
    other. The field is a map back from the second; the flow is its inverse, found by repetition.
    """
    size = picture.shape[0]
    large = cv2.resize(picture, (2 * size, 2 * size), interpolation=cv2.INTER_CUBIC)
    large += _grain(rng, 2 * size)
    large = cv2.GaussianBlur(large, (0, 0), 0.9)
    x, y = (one.astype(np.float32) for one in np.meshgrid(np.arange(size), np.arange(size)))
    bumps = _bumps(rng, size)
    at_x, at_y = x.copy(), y.copy()
    for _ in range(8):  # q - g(q) = p; g is flat, so that each round gains a digit
        back = _field(bumps, at_x, at_y)
        at_x, at_y = x + back[0], y + back[1]
    here = rng.uniform(-0.5, 0.5, 2).astype(np.float32)
    back = _field(bumps, x, y)
    first = _fetch(large, x + here[0], y + here[1])
    second = _fetch(large, x - back[0] + here[0], y - back[1] + here[1])
    return first, second, np.stack([at_x - x, at_y - y, np.ones_like(face)], -1)


def _grain(rng: np.random.Generator, size: int) -> np.ndarray:
    grain = np.zeros((size, size), np.float32)
    for _ in range(3):
        sigma = float(np.exp(rng.uniform(np.log(0.7), np.log(8.0))))
        noise = cv2.GaussianBlur(rng.normal(size=(size, size)).astype(np.float32), (0, 0), sigma)
        grain += noise / noise.std() * float(rng.uniform(0, 1)) ** 2 * 10
    return grain


def _bumps(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw ``(B, 5)``: centre, 1 / width, push in x and y; the first is so wide that it moves all."""
    peak = float(np.exp(rng.uniform(np.log(0.1), np.log(5.0))))
    rows = []
    for number in range(int(rng.integers(1, 6))):
        wide = size * (1.5 if number == 0 else rng.uniform(0.08, 0.3))
        push = rng.normal(size=2) * peak * (rng.random() < 0.6 if number == 0 else 1.0)
        push *= min(1.0, 0.3 * wide / max(float(np.hypot(*push)), 1e-6))  # never folds
        rows.append([*rng.uniform(0, size, 2), 1 / wide, *push])
    return np.array(rows, np.float32)


def _field(bumps: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    field = np.zeros((2, *x.shape), np.float32)
    for at_x, at_y, narrow, push_x, push_y in bumps:
        bell = np.exp(-0.5 * (((x - at_x) * narrow) ** 2 + ((y - at_y) * narrow) ** 2))
        field[0] += push_x * bell
        field[1] += push_y * bell
    return field


def _fetch(large: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Look up places of the small grid in the picture of twice its size."""
    return cv2.remap(large, 2 * x + 0.5, 2 * y + 0.5, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _turned(
    rng: np.random.Generator, first: np.ndarray, second: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Mirror, upend, and lie down."""
    if rng.random() < 0.5:
        first, second, truth = (
            first[:, ::-1],
            second[:, ::-1],
            truth[:, ::-1] * np.array([-1, 1, 1], np.float32),
        )
    if rng.random() < 0.3:
        first, second, truth = first[::-1], second[::-1], truth[::-1] * np.array([1, -1, 1], np.float32)
    if rng.random() < 0.3 and first.shape[0] == first.shape[1]:
        first, second, truth = first.T, second.T, truth.transpose(1, 0, 2)[..., [1, 0, 2]]
    return first, second, truth


def _lit(rng: np.random.Generator, first: np.ndarray, second: np.ndarray) -> list[np.ndarray]:
    """Change contrast and brightness of both, and a little more of each alone."""
    both, level = float(rng.uniform(0.6, 1.3)), float(rng.uniform(-25, 25))
    alone = 0.01 * rng.normal(size=2)
    return [
        ((one - 128) * both + 128 + level) * (1 + part)
        for one, part in zip((first, second), alone, strict=True)
    ]


def _filmed(rng: np.random.Generator, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, ...]:
    """Add sensor noise, round to grey levels, and compress one pair in two."""
    noise = float(rng.uniform(0, 3)) * (rng.random() < 0.5)
    kept = [
        np.clip(np.round(one + noise * rng.normal(size=one.shape)), 0, 255).astype(np.uint8)
        for one in (first, second)
    ]
    how, quality = rng.random(), int(rng.integers(35, 96))
    if how < 0.3:
        kept = [_through_jpeg(one, quality) for one in kept]
    elif how < 0.5:  # as a codec of videos does: the second is the first and what its blocks can say
        kept[0] = _through_jpeg(kept[0], quality)
        rest = kept[1].astype(np.int16) - kept[0]
        said = _through_jpeg(np.clip(rest + 128, 0, 255).astype(np.uint8), quality).astype(np.int16) - 128
        kept[1] = np.clip(kept[0] + said, 0, 255).astype(np.uint8)
    return kept[0], kept[1]


def _through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
