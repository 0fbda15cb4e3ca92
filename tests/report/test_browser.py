"""The page in a real browser: nothing is refused by its own policy, and the script runs."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fleeting.core import Report
from fleeting.report import write_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *(
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--virtual-time-budget=2000",
    ),
)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found")
def test_a_browser_accepts_the_page(make_report: Callable[..., Report], tmp_path: Path) -> None:
    page = write_html(make_report((100,)), tmp_path / "page.html")
    assert CHROMIUM is not None
    command = [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.count('<button type="button">flicker with onset</button>') == 1
    assert "CONSOLE" not in done.stderr, done.stderr  # refused styles, scripts and errors are told there
