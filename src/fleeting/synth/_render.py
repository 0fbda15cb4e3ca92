"""From strengths and a pose to the place in the source from which each pixel is read."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fleeting.core import invert as invert_affine
from fleeting.synth._fields import Lattice, UnitField
from fleeting.synth._mapping import invert_lattice, sample_planes, support
from fleeting.synth.head import HeadPath

Box = tuple[slice, slice]


@dataclass
class Warp:
    """Where the pixels of a box come from: ``x`` and ``y`` ``(h, w)`` float32 pixels of the source.

    ``light`` ``(h, w)`` float32, if there, is what they are multiplied by.
    """

    box: Box
    x: np.ndarray
    y: np.ndarray
    light: np.ndarray | None = None


class Renderer:
    """Make the look-up maps of frames.

    Parameters
    ----------
    lattice
        Grid over the face.
    fields
        Motions with peak 1 IOD.
    head
        Head motion.
    affine
        ``(2, 3)`` face units to pixels at rest, for the head motion.
    size
        ``(height, width)`` of the pictures.
    """

    def __init__(
        self,
        lattice: Lattice,
        fields: list[UnitField],
        head: HeadPath,
        affine: np.ndarray,
        size: tuple[int, int],
    ) -> None:
        self._lattice = lattice
        self._size = size
        self._head = head
        self._affine = affine
        self.samples = [(lattice.sample(field) / lattice.spacing).astype(np.float32) for field in fields]
        self._supports = [support(sample) for sample in self.samples]
        self._shades: dict[int, tuple[np.ndarray, Callable[[float], float]]] = {}
        self._planes: np.ndarray | None = None
        self._head_box: Box = (slice(0, 0), slice(0, 0))
        if not head.motion.still:
            self._prepare_head()

    def _prepare_head(self) -> None:
        height, width = self._size
        y, x = np.mgrid[0:height, 0:width]
        back = invert_affine(self._affine)
        points = np.stack([x.ravel(), y.ravel()], 1) @ back[:, :2].T + back[:, 2]
        planes = self._head.planes(points).T.reshape(4, height, width).astype(np.float32)
        box = support(np.moveaxis(planes, 0, -1), 0)
        if box is not None:
            self._head_box = box
            self._planes = np.ascontiguousarray(planes[:, box[0], box[1]])

    def shade(self, field: int, where: np.ndarray, amount: Callable[[float], float]) -> None:
        """Let a field darken the picture.

        Parameters
        ----------
        field
            Its number.
        where
            ``(height * width,)`` 0..1 on the lattice, moving with the face.
        amount
            From the field's strength (IOD) to a darkness of 0..1.
        """
        plane = where.reshape(self._lattice.height, self._lattice.width)
        self._shades[field] = plane.astype(np.float32), amount

    def reach(self, affine: np.ndarray) -> Box:
        """Pixel box that a face can touch: all of its lattice, or all of its head where the head moves."""
        if self._planes is not None:
            return self._head_box
        return self._pixels((slice(0, self._lattice.height), slice(0, self._lattice.width)), affine, 0.0)

    def warp(self, strengths: np.ndarray, affine: np.ndarray, time_s: float) -> Warp | None:
        """Look-up map of one frame; None where nothing moves.

        Parameters
        ----------
        strengths
            ``(F,)`` IOD, one for each field.
        affine
            ``(2, 3)`` face units to pixels in this frame.
        time_s
            For the head's pose.
        """
        mix = self._head.mix(time_s) if self._planes is not None else None
        inverse = self._inverse(strengths)
        light: np.ndarray | None = None
        if mix is None and inverse is None:
            return None
        if mix is None:
            assert inverse is not None
            box = self._pixels(inverse[1], affine, 0.0)
            x, y = _grid(box)
            shift = 0.0
        else:
            assert self._planes is not None
            box = self._head_box
            x, y = _grid(box)
            weights = (mix @ self._affine[:, :2].T).astype(np.float32)
            dx, dy = _mixed(self._planes, weights[:, 0]), _mixed(self._planes, weights[:, 1])
            shift = float(max(np.abs(dx).max(), np.abs(dy).max()))
            x, y = x + dx, y + dy
        if inverse is not None:
            light = self._move_face(x, y, box, inverse, affine, shift, strengths)
        return Warp(box, x, y, light)

    def _inverse(self, strengths: np.ndarray) -> tuple[np.ndarray, Box] | None:
        """Backward displacement ``(2, h, w)`` in lattice spacings over a box of the lattice."""
        active = [k for k in np.flatnonzero(strengths) if self._supports[k] is not None]
        if not active:
            return None
        boxes = [self._supports[k] for k in active]
        rows = slice(min(b[0].start for b in boxes if b), max(b[0].stop for b in boxes if b))
        columns = slice(min(b[1].start for b in boxes if b), max(b[1].stop for b in boxes if b))
        total = np.float32(strengths[active[0]]) * self.samples[active[0]][rows, columns]
        for k in active[1:]:
            total += np.float32(strengths[k]) * self.samples[k][rows, columns]
        return np.ascontiguousarray(np.moveaxis(invert_lattice(total), -1, 0)), (rows, columns)

    def _pixels(self, where: Box, affine: np.ndarray, margin: float) -> Box:
        """Pixel box of a lattice box, cut to the picture."""
        rows, columns = where
        corners = np.array([[x, y] for x in (columns.start, columns.stop) for y in (rows.start, rows.stop)])
        points = (corners * self._lattice.spacing + self._lattice.origin) @ affine[:, :2].T + affine[:, 2]
        low = np.floor(points.min(0) - margin).astype(int)
        high = np.ceil(points.max(0) + margin).astype(int) + 1
        height, width = self._size
        top, left = np.clip(low[1], 0, height), np.clip(low[0], 0, width)
        return slice(int(top), int(max(top, min(high[1], height)))), slice(
            int(left), int(max(left, min(high[0], width)))
        )

    def _move_face(
        self,
        x: np.ndarray,
        y: np.ndarray,
        box: Box,
        inverse: tuple[np.ndarray, Box],
        affine: np.ndarray,
        shift: float,
        strengths: np.ndarray,
    ) -> np.ndarray | None:
        """Add the face's own backward displacement to the maps, in place, and tell the light."""
        planes, where = inverse
        near = self._pixels(where, affine, shift + 1)
        rows = slice(max(near[0].start - box[0].start, 0), max(near[0].stop - box[0].start, 0))
        columns = slice(max(near[1].start - box[1].start, 0), max(near[1].stop - box[1].start, 0))
        part_x, part_y = x[rows, columns], y[rows, columns]
        if not part_x.size:
            return None
        back = invert_affine(affine) / self._lattice.spacing
        start = self._lattice.origin / self._lattice.spacing + [where[1].start, where[0].start]
        at = np.stack(
            [
                np.float32(back[i, 0]) * part_x
                + np.float32(back[i, 1]) * part_y
                + np.float32(back[i, 2] - start[i])
                for i in (0, 1)
            ]
        )
        v = sample_planes(planes, at)
        grow = (affine[:, :2] * self._lattice.spacing).astype(np.float32)
        part_x += grow[0, 0] * v[0] + grow[0, 1] * v[1]
        part_y += grow[1, 0] * v[0] + grow[1, 1] * v[1]
        dark = [(plane, np.float32(amount(strengths[k]))) for k, (plane, amount) in self._shades.items()]
        dark = [(plane, much) for plane, much in dark if much > 0]
        if not dark:
            return None
        light = np.ones(x.shape, np.float32)
        planes = np.stack([much * plane[where] for plane, much in dark])
        light[rows, columns] -= np.clip(sample_planes(planes, at + v).sum(0), 0.0, 1.0)
        return light


def _mixed(planes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sum of planes, one at a time: ten times as fast as a matrix product of this shape."""
    total = planes[0] * weights[0]
    for plane, weight in zip(planes[1:], weights[1:], strict=True):
        total += plane * weight
    return total


def _grid(box: Box) -> tuple[np.ndarray, np.ndarray]:
    columns = np.arange(box[1].start, box[1].stop, dtype=np.float32)
    rows = np.arange(box[0].start, box[0].stop, dtype=np.float32)
    x, y = np.meshgrid(columns, rows)
    return x, y
