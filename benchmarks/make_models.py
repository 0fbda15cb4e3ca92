"""Make the models that ship: trained on synthetic motion alone. `make models` runs this.

    python benchmarks/make_models.py [--look]

The recogniser is logistic regression on 100 principal components of flow maps in their own scale (half the
size, each channel to median 0 and deviation 1, clipped at 4), all folded into one linear layer, with a
temperature that is fitted on other synthetic people. ``--look`` also scores it on the real maps of
FLEETING_DATA, which counts as one look; nothing is chosen by it here.
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
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from fleeting.evaluation import expected_calibration_error, reliability_bins, top_label
from fleeting.synth import flowmaps
from fleeting.training import export_onnx
from flowmap_realism import BASE, by_subject, own_scale, real_maps, real_rows, scores

OUT = Path(__file__).parents[1] / "src/fleeting/models/data/recognizers/default"
MAPS, PEOPLE, SEED = 24_000, 240, 7
HELD = {"calibrated on": (4_000, 80, 1007), "judged on": (4_000, 80, 2007)}


class OwnScaleLinear(nn.Module):
    """One linear layer on maps in their own scale; see `flowmap_realism.own_scale`."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("weight", torch.from_numpy(weight.astype(np.float32)))
        self.register_buffer("bias", torch.from_numpy(bias.astype(np.float32)))

    def forward(self, maps: Tensor) -> Tensor:
        small = maps.float().reshape(-1, 14, 2, 14, 2, 3).mean((2, 4)).reshape(-1, 196, 3)
        ordered = torch.sort(small, dim=1).values
        centred = small - (ordered[:, 97:98] + ordered[:, 98:99]) / 2
        spread = (centred**2).mean(1, keepdim=True).sqrt()
        scaled = (centred / spread.clamp_min(1e-6)).clamp(-4, 4)
        return scaled.reshape(-1, 588) @ self.weight + self.bias


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


def calibration(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    sure, right = top_label(probabilities, labels)
    bins = reliability_bins(sure, right)
    rows = zip(bins.confidence, bins.frequency, bins.count, strict=True)
    return {
        "expected_calibration_error": round(float(expected_calibration_error(sure, right)), 4),
        "bins": [{"said": round(float(a), 3), "came": round(float(b), 3), "n": int(n)} for a, b, n in rows],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--look", action="store_true")
    look = parser.parse_args().look
    weight, bias = learn()
    first, second = held("calibrated on"), held("judged on")
    logits = own_scale(first.maps) @ weight + bias

    def loss(power: float) -> float:
        told = softmax(logits / np.exp(power))[np.arange(len(first)), first.labels]
        return float(-np.log(np.maximum(told, 1e-12)).mean())

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
    weight, bias = weight / temperature, bias / temperature
    answers = softmax(own_scale(second.maps) @ weight + bias)
    card = {
        "inputs": ["flowmap28"],
        "classes": ["negative", "positive", "surprise"],
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
            **calibration(answers, second.labels),
        },
        "limits": "maps lose the size of the motion; no class 'none'; spontaneous expressions of real people"
        " were seen in one set of 164 maps only, and the model was chosen among others by it",
    }
    if look:
        real = real_maps()
        told = softmax(own_scale(real["image_uvs"]) @ weight + bias)
        card["real SMIC maps"] = {
            "maps": len(told),
            "people": 16,
            **scores(by_subject(real["label"], told.argmax(1), real["subject"])),
            **calibration(told, real["label"]),
        }
    OUT.mkdir(parents=True, exist_ok=True)
    example = torch.from_numpy(second.maps[:4])
    print(export_onnx(OwnScaleLinear(weight, bias), (example,), OUT / "model.onnx", card))
    print(json.dumps(card, indent=1))


if __name__ == "__main__":
    main()
