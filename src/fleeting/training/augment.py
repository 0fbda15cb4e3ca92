"""Augmentation that keeps labels true: what a mirror does to a flow, and to the sides of action units."""

import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from fleeting.core import ShapeError

_SIDE = re.compile(r"^(?P<stem>.*?)(?P<gap>[ _-]?)(?P<side>left|right|L|R)$")
_OTHER = {"left": "right", "right": "left", "L": "R", "R": "L"}


def mirror_flow_maps(maps: Tensor) -> Tensor:
    """Mirror maps of u, v (and more) left to right: x is turned round and u changes its sign.

    Parameters
    ----------
    maps
        ``(N, H, W, C)`` with u in channel 0. In uint8 maps, scaled per picture from the least to the greatest
        value to 0..255 (those of MEGC 2019), -u is ``255 - u``: the least value becomes the greatest. Floats
        are signed flows. v, strain and magnitude only change place.

    Returns
    -------
    Tensor
        A new tensor of the same type.

    Raises
    ------
    ShapeError
        For other shapes.

    Examples
    --------
    >>> maps = torch.tensor([[[[10, 1], [200, 2]]]], dtype=torch.uint8)
    >>> mirror_flow_maps(maps).tolist()
    [[[[55, 2], [245, 1]]]]
    """
    if maps.ndim != 4:
        raise ShapeError(f"maps: expected (N, H, W, C), got {tuple(maps.shape)}")
    turned = maps.flip(2)
    turned[..., 0] = turned[..., 0].neg() if turned.is_floating_point() else 255 - turned[..., 0]
    return turned


def swap_sides(names: Sequence[str]) -> np.ndarray:
    """Say where each label goes when the picture is mirrored.

    Parameters
    ----------
    names
        Such as ``"AU12_left"``, ``"AU12_right"``, ``"AU12L"`` or ``"4"``; without a side a label stays.

    Returns
    -------
    np.ndarray
        ``(C,)`` positions: ``labels[:, swap_sides(names)]`` are the labels of the mirrored pictures.

    Raises
    ------
    ShapeError
        Where a label has a side and its counterpart is missing.

    Examples
    --------
    >>> swap_sides(["AU4", "AU12L", "AU12R"]).tolist()
    [0, 2, 1]
    """
    place = {name: at for at, name in enumerate(names)}
    swapped = []
    for name in names:
        sided = _SIDE.match(name) if re.search(r"\d[ _-]?(L|R|left|right)$", name) else None
        other = f"{sided['stem']}{sided['gap']}{_OTHER[sided['side']]}" if sided else name
        if other not in place:
            raise ShapeError(f"label {name!r}: its other side {other!r} is not among the labels")
        swapped.append(place[other])
    return np.array(swapped, np.int64)


class MirrorSome:
    """Mirror each row with probability one half: the augmentation `mirror_some` of systems on flow maps.

    What is drawn and what is done with it are apart, so that the rows of many networks can be changed in one
    call (`fleeting.training.fit_many`): an augmentation that has ``draw`` and ``apply`` is stacked, any other
    callable of the same arguments is called for each network.
    """

    def __call__(
        self, inputs: tuple[Tensor, ...], labels: Tensor, rng: np.random.Generator, classes: Sequence[str]
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Mirror some rows.

        Parameters
        ----------
        inputs
            Each ``(N, H, W, C)`` with u in channel 0.
        labels
            ``(N,)``, or ``(N, C)``, whose sides are swapped where a row is mirrored.
        rng
            Random numbers of this batch.
        classes
            Names of the labels.

        Returns
        -------
        tuple
            Inputs and labels, new tensors.
        """
        return self.apply(inputs, labels, self.draw(rng, len(labels)), classes)

    def draw(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """Draw which rows are mirrored, ``(rows,)`` bool."""
        return rng.random(rows) < 0.5

    def apply(
        self, inputs: tuple[Tensor, ...], labels: Tensor, drawn: np.ndarray, classes: Sequence[str]
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Mirror the rows that were drawn."""
        rows = torch.from_numpy(np.flatnonzero(drawn)).to(labels.device)
        mirrored = []
        for values in inputs:
            copy = values.clone()
            copy[rows] = mirror_flow_maps(values[rows])
            mirrored.append(copy)
        if labels.ndim == 2:
            order = torch.from_numpy(swap_sides(classes)).to(labels.device)
            labels = labels.clone()
            labels[rows] = labels[rows][:, order]
        return tuple(mirrored), labels


mirror_some = MirrorSome()
