"""Make the models that ship: trained on synthetic motion alone. `make models` runs this.

    python benchmarks/make_models.py [--look]

The recogniser is logistic regression on 100 principal components of flow maps in their own scale (half the
size, each channel to median 0 and deviation 1, clipped at 4), all folded into one linear layer, with a
temperature that is fitted on other synthetic people; a small network says whether there is any expression.
The detector of action units is made by `make_au_detector.py`, the spotter by `make_spotter.py`, what the
decoder of curves knows by `make_decoder.py`, the network of flow by `make_flow.py`; ``--only`` makes one
of them. ``--look`` also scores the recogniser on the real maps of FLEETING_DATA, which counts as one look;
nothing is chosen by it here.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

import make_au_detector
import make_decoder
import make_flow
import make_spotter
from fleeting.evaluation import top_label
from fleeting.synth import flowmaps
from fleeting.training import export_onnx
from flowmap_realism import BASE, by_subject, own_scale, real_maps, real_rows, scores
from model_parts import Network, OwnScale, calibrate, calibration, logits, train

ROOT = Path(__file__).parents[1]
OUT = ROOT / "src/fleeting/models/data/recognizers/default"
MAPS, PEOPLE, SEED = 24_000, 240, 7
NONE = replace(BASE, class_shares=(0.3, 0.3, 0.3, 0.1), talk_share=0.2, head_spread=1.0)
HELD = {"calibrated on": (4_000, 80, 1007), "judged on": (4_000, 80, 2007)}


class OwnScaleLinear(nn.Module):
    """Three classes by one linear layer, and by a network of its own whether there is any expression."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray, none: Network) -> None:
        super().__init__()
        self.scale, self.none = OwnScale(), none
        self.register_buffer("weight", torch.from_numpy(weight.astype(np.float32)))
        self.register_buffer("bias", torch.from_numpy(bias.astype(np.float32)))

    def forward(self, maps: Tensor) -> Tensor:
        """Logarithms of the four shares: those of the three are what `weight` says, times 1 - none."""
        features = self.scale(maps)
        none = self.none(features)
        three = torch.log_softmax(features @ self.weight + self.bias, 1)
        return torch.cat([three + logsigmoid(-none), logsigmoid(none)], 1)


def learn() -> tuple[np.ndarray, np.ndarray]:
    """Weights ``(588, 3)`` and offsets of the one layer."""
    made = real_rows(flowmaps(MAPS, seed=SEED, subjects=PEOPLE, settings=BASE))
    scaler, axes = StandardScaler(), PCA(100, random_state=0)
    reduced = axes.fit_transform(scaler.fit_transform(own_scale(made.maps)))
    model = LogisticRegression(C=0.01, max_iter=300).fit(reduced, made.labels)
    weight = (model.coef_ @ axes.components_ / scaler.scale_).T
    shift = scaler.mean_ @ weight + (axes.mean_ @ axes.components_.T) @ model.coef_.T
    return weight, model.intercept_ - shift


def held(name: str):
    count, people, seed = HELD[name]
    return real_rows(flowmaps(count, seed=seed, subjects=people, settings=replace(BASE, label_noise=0.0)))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def learn_none() -> Network:
    """Whether a map holds no expression: noise, blinks, gaze, speech and what is left of the head.

    Learnt on as many maps with as without one, calibrated for one without in ten.
    """
    even = replace(NONE, class_shares=(1.0, 1.0, 1.0, 3.0))
    made = flowmaps(MAPS, seed=SEED + 1, subjects=PEOPLE, settings=even)
    network = train(own_scale(made.maps), (made.labels == 3)[:, None], hidden=48, epochs=8, seed=SEED)
    count, people, seed = HELD["calibrated on"]
    other = flowmaps(count, seed=seed, subjects=people, settings=NONE)
    calibrate(network, logits(network, own_scale(other.maps))[:, 0], other.labels == 3, shift=True)
    return network


def judge_none(network: Network) -> dict:
    """Calibration, and how well maps with and without expression are told apart, by strength."""
    count, people, seed = HELD["judged on"]
    told = {}
    for percent in (1.0, 2.0, 4.0):
        made = flowmaps(
            count, seed=seed, subjects=people, settings=replace(NONE, strength_percent=(percent, 0.2))
        )
        said, true = logits(network, own_scale(made.maps))[:, 0], made.labels == 3
        told[f"area under the curve, {percent:g} %"] = round(float(roc_auc_score(true, said)), 3)
    made = flowmaps(count, seed=seed, subjects=people, settings=NONE)
    said = 1 / (1 + np.exp(-logits(network, own_scale(made.maps))[:, 0]))
    return told | calibration(said, made.labels == 3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--look", action="store_true")
    parser.add_argument("--only", choices=("recogniser", "units", "spotter", "decoder", "flow"))
    asked = parser.parse_args()
    if asked.only in (None, "recogniser"):
        print(json.dumps(make_recogniser(look=asked.look), indent=1))
    if asked.only in (None, "units"):
        print(json.dumps(make_au_detector.make(), indent=1))
    if asked.only in (None, "spotter"):
        print(json.dumps(make_spotter.make(), indent=1))
    if asked.only in (None, "decoder"):
        make_decoder.make(ROOT / "build" / "decoder")
    if asked.only in (None, "flow"):
        print(json.dumps(make_flow.make(), indent=1))


def make_recogniser(*, look: bool) -> dict:
    weight, bias = learn()
    first, second = held("calibrated on"), held("judged on")
    raw = own_scale(first.maps) @ weight + bias

    def loss(power: float) -> float:
        told = softmax(raw / np.exp(power))[np.arange(len(first)), first.labels]
        return float(-np.log(np.maximum(told, 1e-12)).mean())

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
    weight, bias = weight / temperature, bias / temperature
    answers = softmax(own_scale(second.maps) @ weight + bias)
    none = learn_none()
    card = {
        "name": "fleeting recogniser",
        "inputs": ["flowmap28"],
        "classes": ["negative", "positive", "surprise", "none"],
        "task": "recognition",
        "licence": "Apache-2.0",
        "trained_on": f"{MAPS} synthetic flow maps of {PEOPLE} synthetic people, no real face",
        "made_by": "python benchmarks/make_models.py",
        "seed": SEED,
        "temperature": round(temperature, 4),
        "synthetic": {
            "maps": len(second),
            "people": HELD["judged on"][1],
            **scores(by_subject(second.labels, answers.argmax(1), second.subjects)),
            **calibration(*top_label(answers, second.labels)),
        },
        "none": judge_none(none),
        "limits": "maps lose the size of the motion; spontaneous expressions of real people"
        " were seen in one set of 164 maps only, and the model was chosen among others by it",
    }
    if look:
        real = real_maps()
        told = softmax(own_scale(real["image_uvs"]) @ weight + bias)
        card["real SMIC maps"] = {
            "maps": len(told),
            "people": 16,
            **scores(by_subject(real["label"], told.argmax(1), real["subject"])),
            **calibration(*top_label(told, real["label"])),
        }
    OUT.mkdir(parents=True, exist_ok=True)
    example = torch.from_numpy(second.maps[:4])
    export_onnx(OwnScaleLinear(weight, bias, none), (example,), OUT / "model.onnx", card)
    return card


if __name__ == "__main__":
    main()
