"""SRFlowNet: losses by hand, a translation, the same answers without torch, sizes of both presets."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from fleeting import systems  # noqa: E402
from fleeting.core import InputError, ShapeError, UsageError  # noqa: E402
from fleeting.motion import FlowNetwork  # noqa: E402
from fleeting.synth import FlowPair, FlowPairSettings, subject_pairs, write_flow_pairs  # noqa: E402
from fleeting.systems.flow._losses import FlowLoss, slopes_of  # noqa: E402
from fleeting.systems.flow._pairs import as_flow_rows, varied  # noqa: E402
from fleeting.systems.flow._skflow import SKFlowNet  # noqa: E402

torch.set_num_threads(1)
TINY = FlowPairSettings(size=40, levels=0, per_edge=1)


def parameters(module) -> int:
    return sum(one.numel() for one in module.parameters())


def skin(size: tuple[int, int], shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Waves in all directions, moved by a part of a pixel, without any interpolation."""
    y, x = np.mgrid[: size[0], : size[1]].astype(float)
    x, y = x - shift[0], y - shift[1]
    waves = np.sin(x / 3) + np.sin(y / 3.5) + np.sin((x + y) / 4.1) + np.sin((x - 2 * y) / 6.3)
    return np.uint8(128 + 20 * waves)


def truth_of(flow: list[list[float]], face: list[float]) -> "torch.Tensor":
    """``(1, 1, W, 3)``."""
    return torch.tensor([[[[*f, m] for f, m in zip(flow, face, strict=True)]]])


def test_mask_loss_by_hand() -> None:
    # Two pixels: one of the face that is off by (1, 2), one of the background that says (4, 0).
    truth = truth_of([[1.0, 1.0], [0.0, 0.0]], [1.0, 0.0])
    answer = torch.tensor([[2.0, 4.0], [3.0, 0.0]]).view(1, 1, 2, 1, 2)
    masked = FlowLoss(gradient="none", even=False)(answer, truth)
    plain = FlowLoss(mask=False, gradient="none", even=False)(answer, truth)
    assert masked.item() == pytest.approx((1 + 2 + 0.1 * 4) / 2)
    assert plain.item() == pytest.approx((1 + 2 + 4) / 2)


def test_earlier_answers_count_less_and_even_weights_by_motion() -> None:
    truth = truth_of([[3.0, 4.0]], [1.0])
    answers = torch.tensor([[4.0, 4.0], [3.0, 6.0]]).view(1, 2, 2, 1, 1)
    assert FlowLoss(gradient="none", even=False)(answers, truth).item() == pytest.approx(0.8 * 1 + 2)
    assert FlowLoss(gradient="none")(answers, truth).item() == pytest.approx(2.8 / np.sqrt(5.5))


def test_gradient_loss_by_hand() -> None:
    # u rises by 2 where it should rise by 1; one gradient of the two pixels, the edge's is 0.
    truth = truth_of([[0.0, 0.0], [1.0, 0.0]], [1.0, 1.0])
    answer = torch.tensor([[0.0, 2.0], [0.0, 0.0]]).view(1, 1, 2, 1, 2)
    off = FlowLoss(gradient="none", even=False)(answer, truth).item()
    told = FlowLoss(gradient="difference", even=False)(answer, truth).item()
    assert told - off == pytest.approx((0.5 * 1 + 0.01 * 2) / 2)


def test_sobel_is_opencvs() -> None:
    import cv2

    flow = np.random.default_rng(0).normal(size=(6, 7, 2)).astype(np.float32)
    found = slopes_of(torch.from_numpy(flow).permute(2, 0, 1)[None], "sobel")[0].numpy()
    for at, (dx, dy) in enumerate([(1, 0), (0, 1)]):
        expected = cv2.Sobel(flow, cv2.CV_32F, dx, dy, ksize=3, borderType=cv2.BORDER_REPLICATE) / 8
        np.testing.assert_allclose(found[2 * at : 2 * at + 2].transpose(1, 2, 0), expected, atol=1e-5)


def test_switches_change_the_loss_and_nothing_else_is_taken() -> None:
    pairs = list(subject_pairs(0, 2, seed=3, settings=TINY))
    rows = as_flow_rows(pairs)
    options = [{}, {"mask_loss": False}, {"gradient": "sobel"}, {"gradient": "none"}]
    made = [systems.create("srflow", **one) for one in options]
    with torch.no_grad():
        losses = [one.loss(made[0].module(*rows.inputs), rows.labels).sum().item() for one in made]
    assert len({round(one, 6) for one in losses}) == 4
    assert parameters(systems.create("srflow", lucas_kanade=False).module) != parameters(made[0].module)
    with pytest.raises(UsageError, match="gradient"):
        systems.create("srflow", gradient="prewitt")


def test_sizes() -> None:
    assert parameters(systems.create("srflow").module) <= 1_000_000
    whole = SKFlowNet(rounds=2)
    assert 5_500_000 < parameters(whole) < 6_500_000
    answers = whole(torch.rand(2, 128, 128) * 255, torch.rand(2, 128, 128) * 255)
    assert answers.shape == (2, 2, 2, 128, 128)
    answers.abs().mean().backward()
    assert all(one.grad is not None and torch.isfinite(one.grad).all() for one in whole.parameters())


def test_untrained_it_already_sees_a_translation() -> None:
    """Lucas-Kanade is built in: before any training its answers say where things go."""
    made = systems.create("srflow", seed=1)
    found = made.flow(skin((64, 80)), skin((64, 80), (0.6, -0.4)))[16:-16, 16:-16]
    assert found.mean((0, 1)) == pytest.approx([0.6, -0.4], abs=0.25)


def test_varied_pairs_stay_exact() -> None:
    """The second picture fetched back along the flow is the first, but for noise and compression."""
    from fleeting.nn import warp

    everywhere = np.ones((96, 96), bool)
    first, second = skin((96, 96)), skin((96, 96), (1.7, 0.8))
    flow = np.broadcast_to(np.float32([1.7, 0.8]), (96, 96, 2))
    pair = FlowPair(*(np.dstack([one] * 3) for one in (first, second)), flow, everywhere, everywhere, {})
    rows = as_flow_rows([pair] * 24)
    (one, two), truth = varied(rows.inputs, rows.labels, np.random.default_rng(5))
    assert one.shape == (24, 72, 72)
    truth = truth.float()
    back = warp(two[:, None].float(), truth[..., :2].permute(0, 3, 1, 2))[:, 0]
    inner = (slice(None), slice(8, -8), slice(8, -8))
    before = (two.float() - one.float()).abs()[inner].mean((1, 2))
    after = (back - one.float()).abs()[inner].mean((1, 2))
    moving = truth[..., :2].norm(dim=-1).mean((1, 2)) > 1
    assert moving.sum() > 12
    assert (after < 0.6 * before)[moving].float().mean() > 0.8


def test_it_learns_resumes_and_is_saved(tmp_path: Path) -> None:
    pairs = list(subject_pairs(0, 4, seed=3, settings=TINY))
    settings = {"epochs": 2, "batch_size": 4, "schedule": "constant"}
    whole = systems.create("srflow", seed=2, training=settings)
    run = whole.fit(pairs)
    parts = systems.create("srflow", seed=2, training={**settings, "epochs": 1})
    parts.fit(pairs, checkpoint=tmp_path / "c.safetensors")
    parts = systems.create("srflow", seed=2, training=settings)
    assert parts.fit(pairs, checkpoint=tmp_path / "c.safetensors").history == run.history
    whole.save(tmp_path / "out")
    again = systems.load(tmp_path / "out")
    first, second = skin((45, 70)), skin((45, 70), (0.7, 0.2))
    np.testing.assert_allclose(again.flow(first, second), whole.flow(first, second), atol=1e-5)


@pytest.mark.slow  # for the export
def test_trained_by_the_command_it_says_the_same_without_torch(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from fleeting.cli.main import app

    write_flow_pairs(tmp_path / "pairs", 4, subjects=2, seed=3, settings=TINY)
    told = ["train", "srflow", "--data", "synth-flow", "--root", str(tmp_path / "pairs"), "--seed", "2"]
    result = CliRunner().invoke(app, [*told, "--epochs", "1", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"card.json", "weights.safetensors", "model.onnx", "model.json"}
    whole = systems.load(tmp_path / "out")
    network = FlowNetwork(tmp_path / "out")
    assert network.use.trained_on == "4 samples of synth-flow"
    for size in ((64, 64), (45, 70), (20, 24)):
        first, second = skin(size), skin(size, (0.7, 0.2))
        expected = whole.flow(first, second) if min(size) >= 32 else None
        found = network(first, second)
        assert found.shape == (*size, 2)
        if expected is not None:
            np.testing.assert_allclose(found, expected, atol=1e-4)
    with pytest.raises(ShapeError):
        network(first, second[:-1])
    (tmp_path / "out" / "model.onnx").write_bytes(b"other")
    with pytest.raises(InputError, match="is not the file"):
        FlowNetwork(tmp_path / "out")
