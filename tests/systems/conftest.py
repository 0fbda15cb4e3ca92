"""One thread, and no test where torch is not installed."""

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("lightning_fabric", reason="the extra [train] is not installed")
torch.set_num_threads(1)
