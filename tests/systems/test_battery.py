"""Every registered system keeps the contract; those that other people add come in by themselves."""

import os
from functools import cache

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from fleeting import systems  # noqa: E402

torch.set_num_threads(1)
CASES = [(name, one) for name in systems.list() for one in systems.check_names(name)]


@cache
def results(name: str) -> dict[str, systems.CheckResult]:
    """Run the battery once for all tests of a system: what was fitted serves several checks."""
    return {one.check: one for one in systems.check(name)}


@pytest.mark.parametrize(("name", "one"), CASES, ids=[f"{name}-{one}" for name, one in CASES])
def test_system_keeps_the_contract(name: str, one: str) -> None:
    result = results(name)[one]
    if result.state == "skipped":
        pytest.skip(result.message)
    assert result.state == "passed", result.message
