"""STSTNet against the layout of its release, written out here with three separate streams."""

import numpy as np
import pytest
import torch
from torch import nn

from fleeting import systems
from fleeting.core import ShapeError
from fleeting.systems.recognition.ststnet import STSTNet, load_published

SHAPES = {
    **{f"conv{k}.weight": (c, 3, 3, 3) for k, c in ((1, 3), (2, 5), (3, 8))},
    **{f"conv{k}.bias": (c,) for k, c in ((1, 3), (2, 5), (3, 8))},
    **{
        f"bn{k}.{what}": (c,)
        for k, c in ((1, 3), (2, 5), (3, 8))
        for what in ("weight", "bias", "running_mean", "running_var")
    },
    "fc.weight": (3, 400),
    "fc.bias": (3,),
}


def published(seed: int = 0) -> dict[str, np.ndarray]:
    """Invented weights under the names of the release."""
    rng = np.random.default_rng(seed)
    made = {name: rng.normal(size=shape).astype(np.float32) * 0.3 for name, shape in SHAPES.items()}
    return made | {name: np.abs(values) + 1 for name, values in made.items() if "var" in name}


def release(weights: dict[str, np.ndarray], maps: np.ndarray) -> np.ndarray:
    """What the release computes of pictures as OpenCV reads them: blue (strain) first."""
    x = torch.from_numpy(maps[..., ::-1].copy()).float().permute(0, 3, 1, 2)
    w = {name: torch.from_numpy(values) for name, values in weights.items()}
    streams = []
    for k in (1, 2, 3):
        y = nn.functional.conv2d(x, w[f"conv{k}.weight"], w[f"conv{k}.bias"], padding=2).relu()
        norm = [w[f"bn{k}.{what}"] for what in ("running_mean", "running_var", "weight", "bias")]
        streams.append(nn.functional.max_pool2d(nn.functional.batch_norm(y, *norm), 3, 3, 1))
    flat = nn.functional.avg_pool2d(torch.cat(streams, 1), 2).flatten(1)
    return (flat @ w["fc.weight"].T + w["fc.bias"]).numpy()


def test_it_has_1683_parameters() -> None:
    assert sum(one.numel() for one in STSTNet(3).parameters()) == 1683


def test_published_weights_give_what_the_release_gives() -> None:
    maps = np.random.default_rng(1).integers(0, 256, (6, 28, 28, 3), np.uint8)
    module = load_published(STSTNet(3), published())
    with torch.no_grad():
        ours = module(torch.from_numpy(maps)).numpy()
    expected = release(published(), maps)
    assert np.allclose(ours, expected, rtol=1e-4, atol=1e-3 * np.abs(expected).max())
    mirrored = release(published(), maps[..., ::-1])  # another order of the channels is another answer
    assert not np.allclose(ours, mirrored, rtol=1e-2, atol=1e-2 * np.abs(expected).max())


def test_missing_and_misshapen_weights_are_named() -> None:
    with pytest.raises(ShapeError, match=r"'bn2\.weight' is missing"):
        load_published(STSTNet(3), {k: v for k, v in published().items() if k != "bn2.weight"})
    with pytest.raises(ShapeError, match=r"head\.bias: expected \(3,\), got \(5,\)"):
        load_published(STSTNet(3), published() | {"fc.bias": np.zeros(5)})


def test_published_weights_can_be_saved_as_a_system(tmp_path) -> None:
    made = systems.create("ststnet", preset="paper", training={"epochs": 0})
    rows = systems.invented_examples(["flowmap28"], 6)
    made.fit(rows)
    load_published(made.module, published())
    made.save(tmp_path)
    scores = systems.load(tmp_path).predict(rows)
    assert np.array_equal(scores, made.predict(rows))


@pytest.mark.parametrize(
    ("name", "switches", "count"),
    [
        ("off-apexnet", {}, 114 + 880 + 803_840 + 3_075),
        ("off-apexnet", {"two_streams": True}, 2_664_475),
        ("rcn-a", {}, 15_331),
        ("ststnet", {}, 1_683),
    ],
)
def test_sizes_of_the_paper_presets(name: str, switches: dict, count: int) -> None:
    """By hand from the layers; 0.81 M and 2.66 M are what others quote for Off-ApexNet."""
    rows = systems.invented_examples(["flowmap28"], 6)
    made = systems.create(name, preset="paper", training={"epochs": 1}, **switches).fit(rows)
    assert made.parameters() == count
    assert made.predict(rows).shape == (6, 3)


@pytest.mark.parametrize("name", ["ststnet", "off-apexnet", "rcn-a"])
def test_exported_files_say_what_the_system_says(name: str, tmp_path) -> None:
    ort = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript", reason="the extra [train] is not installed")
    rows = systems.invented_examples(["flowmap28"], 7)
    made = systems.create(name, training={"epochs": 2}).fit(rows)
    session = ort.InferenceSession(str(made.export(tmp_path)), providers=["CPUExecutionProvider"])
    assert np.allclose(session.run(None, dict(rows.inputs))[0], made.predict(rows), atol=1e-5)


@pytest.mark.parametrize("name", ["ststnet", "off-apexnet", "rcn-a"])
def test_baselines_can_be_stacked(name: str) -> None:
    from fleeting.training import fit_many

    sets = [systems.invented_examples(["flowmap28"], count, seed=count, noise=2) for count in (20, 19, 17)]
    options = {"dropout": False, "training": {"epochs": 2, "optimizer": "sgd", "learning_rate": 1e-4}}
    alone = [systems.create(name, seed=s, **options).fit(rows) for s, rows in enumerate(sets)]
    stacked = [systems.create(name, seed=s, **options) for s in range(3)]
    fit_many(stacked, sets, at_once=3)
    for one, other in zip(alone, stacked, strict=True):
        assert np.abs(one.predict(sets[0]) - other.predict(sets[0])).max() < 1e-3
