"""Write constraints.txt from a pip report: one exact version for every package of every extra.

Usage: pin.py REPORT.json CONSTRAINTS.txt (called by ``make constraints``, see CONTRIBUTING.md)
"""

import json
import sys
from pathlib import Path

HEADER = """\
# One version of every package that fleeting and all of its extras need, resolved together.
# Written by `make constraints` with Python {python}; the same versions resolve on 3.12 and 3.13.
# Use: pip install -c constraints.txt '.[demo]'
"""


def pins(report: dict) -> list[str]:
    """Give ``name==version`` for each package of a report, sorted, without fleeting itself.

    A local part of a version (``2.13.0+cpu``) is cut off: which build is meant depends on the machine.
    """
    packages = {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in report["install"]}
    packages.pop("fleeting", None)
    return [f"{name}=={version.partition('+')[0]}" for name, version in sorted(packages.items())]


def main() -> None:
    """Read the report, write the constraints."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    python = report["environment"]["python_version"]
    Path(sys.argv[2]).write_text(
        HEADER.format(python=python) + "\n".join(pins(report)) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
