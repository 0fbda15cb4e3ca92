"""Main directional maximal difference as a spotter: the baseline of the challenges."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np

from fleeting.core import Curve, InputError, UsageError
from fleeting.spotting import mdmd_differences, relative_differences
from fleeting.systems.contract import Card, Published, SpottingRecording
from fleeting.systems.registry import register
from fleeting.systems.representations import Representation, register_representation

NAME, INPUT = "mdmd", "crop64"
HALF_S = {False: 0.4, True: 1.3}  # half the window for micro and macro, seconds

register_representation(INPUT, Representation((64, 64), "uint8", 0, 255, "aligned grey face"))


class MDMD:
    """Nothing is learnt. The curve is in pixels of the crop, 0 where the window is not whole.

    Parameters
    ----------
    preset, seed
        For the card.
    macro
        The long window, for longer movements.
    relative
        Whether the mean of the frames at the window's ends is taken off.
    """

    def __init__(self, preset: str, seed: int, *, macro: bool, relative: bool) -> None:
        self.preset, self.seed, self.macro, self.relative = preset, seed, macro, relative

    def fit(self, recordings: Sequence[SpottingRecording]) -> Self:
        """Do nothing, and return itself."""
        return self

    def half(self, recording: SpottingRecording) -> int:
        """Give half the window in frames, at the recording's median rate."""
        step = float(np.median(np.diff(recording.times))) if len(recording.times) > 1 else 1.0
        return max(2, round(HALF_S[self.macro] / step))

    def curve(self, recording: SpottingRecording) -> Curve:
        """Give the differences for every frame."""
        half = self.half(recording)
        found = mdmd_differences(np.asarray(recording.inputs[INPUT]), half)
        values = relative_differences(found, half) if self.relative else np.nan_to_num(found)
        return Curve(np.asarray(values, np.float32), recording.times)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json``, and weights that hold nothing."""
        from fleeting.training import save_arrays

        told = {"system": NAME, "preset": self.preset, "seed": self.seed, "classes": [], "inputs": [INPUT]}
        told["switches"] = {"macro": self.macro, "relative": self.relative}
        save_arrays(folder, {"nothing": np.zeros(1, np.float32)}, told)

    def load(self, folder: str | PathLike[str]) -> Self:
        """See that the folder is of this spotter."""
        from fleeting.training import load_arrays

        _, told = load_arrays(folder)
        if told.get("system") != NAME:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {NAME!r}")
        return self


_SOURCE = "MEGC2020/2021 tables; counts from the authors' released predictions"


@register(
    Card(
        name=NAME,
        title="Main directional maximal difference",
        paper="He et al., FG 2020",
        task="spotting",
        inputs=(INPUT,),
        parts={
            "blocks, directions, shares": "recalled: 6 x 6, 4, a third and a third",
            "window": "recalled: 12 and 39 frames at 30 fps, 80 and 260 at 200 fps; here 0.4 s and 1.3 s",
            "decoding": "spotting.mdmd_decode: p 0.01; published lengths, frames: CAS(ME)^2 micro 7-16, macro"
            " from 17; SAMM-LV micro 47-105, macro from 106",
            "flow": "ours: DIS on the aligned 64 x 64 face",
        },
        published=(
            Published("CAS(ME)^2 micro", "MEGC2020", "F1", 0.008248, _SOURCE),
            Published("CAS(ME)^2 macro", "MEGC2020", "F1", 0.119583, _SOURCE),
            Published("CAS(ME)^2 all", "MEGC2020", "F1", 0.037599, _SOURCE),
            Published("SAMM-LV micro", "MEGC2020", "F1", 0.036364, _SOURCE),
            Published("SAMM-LV macro", "MEGC2020", "F1", 0.062947, _SOURCE),
            Published("SAMM-LV all", "MEGC2020", "F1", 0.044464, _SOURCE),
        ),
        switches={"macro": "the long window", "relative": "frames at the window's ends are taken off"},
        kind="re-implementation",
        learns=False,
        bibtex="@inproceedings{he2020mdmd, author={He, Ying and Wang, Su-Jing and Li, Jingting and Yap, Moi"
        " Hoon}, title={Spotting macro- and micro-expression intervals in long video sequences},"
        " booktitle={FG}, year={2020}}",
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    macro: bool = False,
    relative: bool = True,
) -> MDMD:
    """Make it; it has no training to set."""
    if training:
        raise UsageError(f"system {NAME!r} has no training to set")
    return MDMD(preset, seed, macro=macro, relative=relative)
