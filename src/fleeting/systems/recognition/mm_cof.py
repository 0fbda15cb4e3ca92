"""MM-COF: the hand-made descriptor of both phases under a shallow network (arXiv:2510.07810)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fleeting.core import Examples
from fleeting.motion import mm_cof_of_maps
from fleeting.nn import magnitude, signed_maps, stretched
from fleeting.systems.contract import Card, Published
from fleeting.systems.recognition.fmanet import PHASES
from fleeting.systems.recognition.ststnet import STSTNet
from fleeting.systems.registry import register
from fleeting.systems.through import with_input
from fleeting.training import TorchRecognizer, TrainingSettings, mirror_some

_DIGEST = "digest of the paper by others; the predecessor COF"

CARD = Card(
    name="mm-cof",
    title="Magnitude-modulated combined optical flow under a shallow network",
    paper="arXiv:2510.07810",
    task="recognition",
    kind="reading of the abstract",
    inputs=PHASES,
    claims=("one descriptor of both phases, for direct use in recognition networks, does better than COF",),
    parts={
        "magnitudes stretched and mixed; magnitude modulates the combined flow": "digest of the paper",
        "half and half, second phase turned round, M^0.5, 0 below 0.02": "our reading",
        "network: STSTNet, whose three channels are u, v and M here": "our choice",
        "training: that of STSTNet's preset small": "our choice",
    },
    published=(
        Published("CASME II", "unknown", "accuracy", 0.6735, f"{_DIGEST}, VGG19"),
        Published("SAMM", "unknown", "accuracy", 0.5926, f"{_DIGEST}, ResNet50"),
    ),
    switches={
        "dual_phase": "the phase from apex to offset; off takes flowmap28 alone",
        "modulation": "flow weighed by magnitude",
        "turn_back": "the second phase turned round before it is added",
    },
    check={"training": {"epochs": 60, "learning_rate": 3e-3}},
)


class MMCOF(nn.Module):
    """The descriptor as the first step of a network; numbers as those of `fleeting.motion.mm_cof_of_maps`.

    ``modulation`` and ``turn_back`` as the card says.
    """

    def __init__(self, *, modulation: bool = True, turn_back: bool = True) -> None:
        super().__init__()
        self.modulation, self.turn_back = modulation, turn_back

    def forward(self, *maps: Tensor) -> Tensor:
        """Give ``(N, H, W, 3)``, 0..255, of maps of one phase or of both."""
        flows = [signed_maps(one[..., :2]) for one in maps]
        signs = (1.0, -1.0 if self.turn_back else 1.0)
        size = torch.stack([stretched(magnitude(one)) for one in flows]).mean(0)
        flow = torch.stack([sign * one for sign, one in zip(signs, flows, strict=False)]).mean(0)
        if self.modulation:
            flow = flow * torch.where(size < 0.02, 0.0, size.clamp_min(1e-12).sqrt())
        return 255 * stretched(torch.cat([flow, size], 1)).permute(0, 2, 3, 1)


class MMCOFNet(nn.Module):
    """The descriptor, then STSTNet."""

    def __init__(self, classes: int, **options: bool) -> None:
        super().__init__()
        self.describe, self.network = MMCOF(**options), STSTNet(classes)

    def forward(self, *maps: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits."""
        return self.network(self.describe(*maps))


def as_mm_cof(examples: Examples, training: bool = False) -> Examples:  # noqa: FBT001, FBT002
    """Put the descriptor in the place of flow maps, for any recogniser of those (see `systems.Through`).

    Examples
    --------
    >>> from fleeting import systems
    >>> rows = systems.invented_examples(["flowmap28", "flowmap28-return"], 6)
    >>> made = systems.Through(systems.create("svm-flow"), as_mm_cof).fit(rows)
    >>> made.predict(rows).shape
    (6, 3)
    """
    maps = mm_cof_of_maps(examples.inputs[PHASES[0]], examples.inputs.get(PHASES[1]))
    return with_input(examples, PHASES[0], maps)


PRESETS = {
    "small": TrainingSettings(epochs=60, batch_size=256, learning_rate=1e-3, augment=True),
    "paper": TrainingSettings(epochs=800, batch_size=256, learning_rate=5e-5),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    dual_phase: bool = True,
    modulation: bool = True,
    turn_back: bool = True,
) -> TorchRecognizer:
    """Build the recogniser on MM-COF; presets differ in the training alone."""
    options = {"modulation": modulation, "turn_back": turn_back}
    return TorchRecognizer(
        system=CARD.name,
        inputs=PHASES if dual_phase else PHASES[:1],
        build=lambda classes, _: MMCOFNet(classes, **options),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches={"dual_phase": dual_phase, **options},
        augment=mirror_some,
    )
