import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from fleeting import systems  # noqa: E402
from fleeting.core import Examples  # noqa: E402

torch.set_num_threads(1)
collect_ignore = [
    "bench_systems.py",
    "driving.py",
    "megc_tree.py",
]  # importing it registers systems: only the fixture may
CLASSES = ("negative", "positive", "surprise")


@pytest.fixture(autouse=True)
def own_systems(monkeypatch):
    """Systems for these tests, here and in worker processes; taken out again behind each test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    sys.modules.pop("bench_systems", None)
    import bench_systems

    yield bench_systems
    for name in bench_systems.NAMES:
        systems.forget(name)
    sys.modules.pop("bench_systems", None)


@pytest.fixture
def driving(own_systems):
    import driving  # beside the systems, where their fixture made it importable

    return driving


def toy(people=4, each=6, *, noise=20.0, seed=0, name="toy", labels=None):
    """Maps with a level for each class under noise; clips are named after their class, as in one real set."""
    rng = np.random.default_rng(seed)
    count = people * each
    labels = np.arange(count) % 3 if labels is None else np.asarray(labels)
    maps = np.clip(60 + 60 * labels[:, None, None, None] + rng.normal(0, noise, (count, 28, 28, 3)), 0, 255)
    subjects = np.array([f"{name}/s{at // each}" for at in range(count)])
    words = ("ne", "po", "sur")
    ids = np.array([f"{s}/x_{words[c]}_{at}" for at, (s, c) in enumerate(zip(subjects, labels, strict=True))])
    inputs = {"flowmap28": maps.astype(np.uint8)}
    return Examples(ids, subjects, np.array([name] * count), labels.astype(np.int64), CLASSES, inputs)


@pytest.fixture
def make_toy():
    return toy
