"""What the models that ship have in common: maps in their own scale, networks, calibration."""

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor, nn

from fleeting.evaluation import expected_calibration_error, reliability_bins

FEATURES = 588  # 14 x 14 x 3


class OwnScale(nn.Module):
    """Half the size, each channel to median 0, deviation 1, clipped at 4: `flowmap_realism.own_scale`."""

    def forward(self, maps: Tensor) -> Tensor:
        small = maps.float().reshape(-1, 14, 2, 14, 2, 3).mean((2, 4)).reshape(-1, 196, 3)
        ordered = torch.sort(small, dim=1).values
        centred = small - (ordered[:, 97:98] + ordered[:, 98:99]) / 2
        spread = (centred**2).mean(1, keepdim=True).sqrt()
        return (centred / spread.clamp_min(1e-6)).clamp(-4, 4).reshape(-1, FEATURES)


class Network(nn.Module):
    """One hidden layer on features."""

    def __init__(self, outputs: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(FEATURES, hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(hidden, outputs),
        )
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("shift", torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features) / self.temperature + self.shift


def train(
    features: np.ndarray, targets: np.ndarray, *, hidden: int, epochs: int, seed: int, batch: int = 256
) -> Network:
    """Fit a network for labels of which several may hold at once."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # the same sums on every machine
    network = Network(targets.shape[1], hidden)
    x, y = torch.from_numpy(features), torch.from_numpy(targets.astype(np.float32))
    steps = epochs * (len(x) // batch)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, steps)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for first in range(0, len(x) - batch + 1, batch):
            rows = order[first : first + batch]
            loss = nn.functional.binary_cross_entropy_with_logits(network(x[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rates.step()
    return network.eval()


def logits(network: nn.Module, features: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return network(torch.from_numpy(features)).numpy()


def calibrate(network: Network, raw: np.ndarray, true: np.ndarray, *, shift: bool = False) -> None:
    """Fit the temperature, and where asked for the shift, that suit other people's answers best."""

    def loss(x: np.ndarray) -> float:
        scaled = raw / np.exp(x[0]) + (x[1] if shift else 0.0)
        return float((np.logaddexp(0, scaled) - true * scaled).mean())

    best = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    network.temperature.fill_(float(np.exp(best[0])))
    if shift:
        network.shift.fill_(float(best[1]))


def calibration(said: np.ndarray, came: np.ndarray) -> dict:
    """Expected calibration error and the reliability diagram as numbers."""
    bins = reliability_bins(said, came)
    rows = zip(bins.confidence, bins.frequency, bins.count, strict=True)
    return {
        "expected_calibration_error": round(float(expected_calibration_error(said, came)), 4),
        "bins": [{"said": round(float(a), 3), "came": round(float(b), 3), "n": int(n)} for a, b, n in rows],
    }
