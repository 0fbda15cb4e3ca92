import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fleeting.core import UsageError
from fleeting.training import export_onnx

ort = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript", reason="the extra [train] is not installed")

CARD = {"inputs": ["six"], "classes": ["a", "b"], "task": "recognition", "licence": "Apache-2.0"}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.drop, self.head = nn.Conv2d(1, 4, 3), nn.Dropout(0.5), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        seen = torch.relu(self.body(x[:, None].float() / 255)).amax((2, 3))
        return {"logits": self.head(self.drop(seen)), "more": seen}


def example(rows: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (rows, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("several", [False, True])
def test_the_runtime_says_what_torch_says_for_any_number_of_rows(tmp_path: Path, several: bool) -> None:
    module = Net().train()
    path = export_onnx(module, [example()], tmp_path / "m.onnx", CARD, several=several)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [(one.name, one.type) for one in session.get_inputs()] == [("six", "tensor(uint8)")]
    for rows in (1, 2, 17):
        with torch.no_grad():
            logits = module.eval()(example(rows))["logits"]
        expected = torch.sigmoid(logits) if several else torch.softmax(logits, 1)
        assert np.allclose(session.run(["scores"], {"six": example(rows).numpy()})[0], expected, atol=1e-5)


def test_the_file_says_what_it_is_and_the_card_beside_it_names_the_file(tmp_path: Path) -> None:
    path = export_onnx(Net(), [example()], tmp_path / "m.onnx", CARD)
    inside = json.loads(ort.InferenceSession(str(path)).get_modelmeta().custom_metadata_map["fleeting"])
    assert (
        inside["inputs"] == ["six"]
        and inside["classes"] == ["a", "b"]
        and inside["schema"] == "fleeting.model/1"
    )
    beside = json.loads((tmp_path / "m.json").read_text())
    assert beside["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert beside["licence"] == "Apache-2.0" and beside["file"] == "m.onnx"


def test_no_trace_of_the_machine_is_in_the_file(tmp_path: Path) -> None:
    data = export_onnx(Net(), [example()], tmp_path / "m.onnx", CARD).read_bytes()
    assert b".py" not in data and str(Path(__file__).parent).encode() not in data


def test_missing_facts_and_what_cannot_be_traced_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing \['classes'\]"):
        export_onnx(Net(), [example()], tmp_path / "m.onnx", CARD | {"classes": []})

    class Branching(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.float() if x.sum() > 3 else -x.float()

    with pytest.raises(UsageError, match="cannot be exported"):
        export_onnx(Branching(), [example()], tmp_path / "m.onnx", CARD)
    assert not list(tmp_path.iterdir())
