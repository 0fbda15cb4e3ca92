"""Where and with what numbers were made: machine, packages, state of the code."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "opencv-contrib-python-headless", "scikit-learn", "torch", "ray")


def describe_machine() -> dict[str, Any]:
    """Give the machine as plain data: system, processor, cores, load at the start.

    Examples
    --------
    >>> describe_machine()["cores"] >= 1
    True
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "load_1min_at_start": load,
    }


def describe_packages() -> dict[str, str]:
    """Give the versions of the packages that numbers depend on, those that are installed."""
    found = {"fleeting": _own_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def describe_code() -> dict[str, Any]:
    """Give commit and state of the working tree that the package lies in; empty where it lies in none."""
    import fleeting

    home = Path(fleeting.__file__).parent
    if _git(home, "ls-files", "--error-unmatch", "__init__.py") is None:
        return {"commit": "", "changed": None}  # installed from a wheel, or a tree that does not know it
    commit = _git(home, "rev-parse", "HEAD") or ""
    changed = _git(home, "status", "--porcelain", "--untracked-files=no", ".")
    return {"commit": commit, "changed": bool(changed)}


def now() -> str:
    """Give the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _own_version() -> str:
    from fleeting import __version__

    return __version__


def _git(folder: Path, *arguments: str) -> str | None:
    """Ask git; ``None`` where there is no git, no repository, or it says no."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
