from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def work(monkeypatch):
    """The module with the pieces of work, importable here and in worker processes."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import jobs_work

    return jobs_work
