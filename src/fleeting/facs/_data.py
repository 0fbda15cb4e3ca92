"""Read the tables of this room: JSON files in ``data/``, each of which names its source."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> Any:
    """Return the table ``data/<name>.json``; callers must not change it."""
    text = files("fleeting.facs").joinpath("data", f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text)
