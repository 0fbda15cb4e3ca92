"""What a set of flow maps is drawn from, and how much of each nuisance."""

from dataclasses import dataclass

import numpy as np

from fleeting.core import UsageError
from fleeting.synth._flowmap_units import TABLES


@dataclass(frozen=True, slots=True)
class FlowMapSettings:
    """What is drawn, and how much of each nuisance; 0 switches a nuisance off.

    Parameters
    ----------
    class_shares
        Shares of negative, positive, surprise and none.
    tables
        Tables of `fleeting.facs.emotion_rates` that units are drawn from. That of CAS(ME)^3, whose labels
        rest on self-report, is left out by default: it makes the dimpler (14) a sign of happiness.
    single_units
        Whether only one unit acts at a time, instead of the sets of the tables.
    even_units
        Share of expressions whose units are drawn evenly (`even_sets`) instead of by the tables: a detector
        of units must also know those that are rare.
    strength_percent
        Median and log standard deviation of the greatest displacement, percent of the eye distance.
    one_sided
        Share of expressions on one side only.
    label_noise
        Share of labels replaced by another class.
    shape, motion, asymmetry
        Differences between people in proportions, ways to move and between halves; 1 is usual.
    extent
        Size of the moving regions relative to the kernel basis.
    head_percent
        What is left of head motion, percent of the eye distance at the edge of the face (median of its size).
    head_spread
        Log standard deviation of that from map to map.
    blink_share, gaze_share, talk_share
        Share of maps that hold a piece of a blink, a gaze shift, or a mouth that speaks.
    noise_percent, smoothness_percent
        Noise of the flow where texture is good, and strength of its total-variation smoothing; medians,
        percent of the eye distance.
    outliers
        Share of pixels with a large error.
    crop_spread
        Difference of the people's crops in size and place; 1 is as public sets differ, 0 is `usual_crop`.
    crop_jitter
        The same from map to map of a person, in parts of the crop.
    usual_crop
        Left and top edge, width and height in eye distances, counted from the middle between the eyes.

    Raises
    ------
    UsageError
        For shares outside 0..1, negative amounts, or an unknown table.
    """

    class_shares: tuple[float, float, float, float] = (0.3, 0.3, 0.3, 0.1)
    tables: tuple[str, ...] = ("CASME II", "SAMM")
    single_units: bool = False
    even_units: float = 0.0
    strength_percent: tuple[float, float] = (4.0, 0.5)
    one_sided: float = 0.2
    label_noise: float = 0.0
    shape: float = 1.0
    motion: float = 1.0
    asymmetry: float = 1.0
    extent: float = 1.2
    head_percent: float = 0.3
    head_spread: float = 0.6
    blink_share: float = 0.25
    gaze_share: float = 0.15
    talk_share: float = 0.0
    noise_percent: float = 0.6
    smoothness_percent: float = 0.3
    outliers: float = 0.002
    crop_spread: float = 1.0
    crop_jitter: float = 0.02
    usual_crop: tuple[float, float, float, float] = (-0.83, -0.56, 1.66, 2.06)

    def __post_init__(self) -> None:
        shares_of_one = ("even_units", "one_sided", "label_noise", "blink_share", "gaze_share", "talk_share")
        for name in (*shares_of_one, "outliers"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name}: expected a share in 0..1, got {getattr(self, name)}")
        amounts = ("shape", "motion", "asymmetry", "head_percent", "noise_percent", "smoothness_percent")
        for name in (*amounts, "head_spread", "crop_spread", "crop_jitter"):
            if not 0 <= getattr(self, name) < 100:
                raise UsageError(f"{name}: expected an amount from 0 on, got {getattr(self, name)}")
        shares = np.array(self.class_shares, float)
        if shares.shape != (4,) or not (shares >= 0).all() or not shares.sum() > 0:
            raise UsageError(f"class_shares: expected four shares, got {self.class_shares}")
        if not self.tables or not set(self.tables) <= set(TABLES):
            raise UsageError(f"tables: expected some of {', '.join(TABLES)}, got {self.tables}")
        if not (self.strength_percent[0] > 0 and self.strength_percent[1] >= 0 and self.extent > 0):
            raise UsageError("strength_percent and extent: expected amounts above 0")
        if not (self.usual_crop[2] > 0 and self.usual_crop[3] > 0):
            raise UsageError(f"usual_crop: expected a width and a height, got {self.usual_crop}")
