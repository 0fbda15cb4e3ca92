"""Drive the viewer in a real Chromium: start both, and say in plain words what a coder does."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_S = 120.0
# What `Page.press` takes for a key of this name, not for text; codes of the WebDriver standard.
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Control": "\ue009",
    "Escape": "\ue00c",
    "End": "\ue010",
    "Home": "\ue011",
    "Left": "\ue012",
    "Right": "\ue014",
    "Delete": "\ue017",
}
RUN = "from fleeting.cli.main import run; run()"


def missing() -> str:
    """Say what is missing for a browser, or nothing."""
    found = {"chromium": CHROMIUM, "chromium-driver": DRIVER}
    wanted = [name for name, place in found.items() if place is None]
    if wanted:
        return f"NOT TESTED IN A BROWSER: apt-get install {' '.join(wanted)}"
    try:
        import selenium  # noqa: F401
    except ModuleNotFoundError:
        return "NOT TESTED IN A BROWSER: pip install selenium"
    return ""


class Viewer:
    """One run of ``fleeting view``; the same folder and port can be started again after a kill."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder, self.options, self.port = folder, options, port
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> "Viewer":
        command = [sys.executable, "-c", RUN, "view", str(self.folder), "--port", str(self.port)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [*command, *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=\S+", line)
        if found is None:
            raise AssertionError(f"no address: {line!r} {self.process.communicate(timeout=10)}")
        self.address, self.port = found.group(), int(found.group(1))
        return self

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return self.address.partition("token=")[2]

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate(timeout=PATIENCE_S)
            self.process = None


def start_browser(profile: Path, width: int = 1280, height: int = 800, downloads: Path | None = None) -> Any:
    """Start Chromium with an empty profile."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    browser.set_script_timeout(PATIENCE_S)
    resize(browser, width, height)
    return browser


def resize(browser: Any, width: int, height: int) -> None:
    """Give the page this many pixels."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


class Page:
    """The viewer's page, by what a coder sees and does."""

    def __init__(self, browser: Any, coder: str = "Ada") -> None:
        self.browser, self.coder = browser, coder

    def open(self, address: str) -> "Page":
        """Open an address, say who is coding where it asks, and wait until the recording is there."""
        self.browser.get(address)
        return self.enter()

    def take(self, name: str) -> "Page":
        """Open the recording of this name from the list."""
        rows = "[...document.querySelectorAll('#recordings button')]"
        row = f"{rows}.find(one => one.querySelector('b').textContent === arguments[0])"
        self.js(f"{row}.click()", name)
        self.until(
            lambda: self.js(f"return {row}.classList.contains('chosen')", name), f"the recording {name}"
        )
        return self

    def forget(self, origin: str) -> None:
        """Take away what this browser keeps for an origin, but for its cookies."""
        wanted = {"origin": origin, "storageTypes": "local_storage"}
        self.browser.execute_cdp_cmd("Storage.clearDataForOrigin", wanted)

    def enter(self) -> "Page":
        asked_or_ready = (
            "return !!document.querySelector('#coder-name') || document.body.dataset.ready === 'yes'"
        )
        self.until(lambda: self.js(asked_or_ready), "the page")
        if self.all("#coder-name"):
            self.name(self.coder)
        self.until(lambda: self.js("return document.body.dataset.ready === 'yes'"), "the page to be ready")
        return self

    def name(self, coder: str) -> None:
        """Say who is coding, where the page asks."""
        self.coder = coder
        field = self.one("#coder-name")
        field.clear()
        field.send_keys(coder + KEYS["Enter"])
        self.until(lambda: not self.all("dialog"), "the question who is coding to go")

    def dialog(self, button: str, part: str) -> None:
        """Open a dialog by its button and wait for a part of it."""
        self.click(button)
        self.until(lambda: self.all(f"dialog {part}"), f"the dialog with {part}")

    def leave(self) -> None:
        """Leave a dialog by keyboard."""
        self.press("Escape")
        self.until(lambda: not self.all("dialog"), "the dialog to go")

    def js(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def one(self, selector: str) -> Any:
        return self.browser.find_element("css selector", selector)

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements("css selector", selector)

    def text(self, selector: str) -> str:
        return self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def press(self, *keys: str) -> None:
        """Press keys, by their name, or type text wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        for key in keys:
            ActionChains(self.browser).send_keys(KEYS.get(key, key)).perform()

    def press_with(self, modifier: str, key: str) -> None:
        """Press a key while Control or Shift is held."""
        from selenium.webdriver.common.action_chains import ActionChains

        held, pressed = KEYS[modifier], KEYS.get(key, key)
        ActionChains(self.browser).key_down(held).send_keys(pressed).key_up(held).perform()

    def click(self, selector: str) -> None:
        self.js("document.querySelector(arguments[0]).click()", selector)

    def choose(self, number: int) -> None:
        """Choose an expression of the list, counted from 1."""
        self.click(f"#expressions li:nth-child({number}) .row")
        self.until(lambda: self.all(f"#expressions li:nth-child({number}).chosen"), "the choice")

    def set(self, selector: str, value: str) -> None:
        """Put a value into a field as a person does who then leaves it."""
        script = "const f = document.querySelector(arguments[0]); f.value = arguments[1];"
        self.js(script + "f.dispatchEvent(new Event('change', {bubbles: true}))", selector, value)

    def code(self, fields: dict[str, str]) -> None:
        """Put values into fields one after another, each saved before the next."""
        for selector, value in fields.items():
            self.set(selector, value)
            self.saved()

    def judge(self, *keys: str) -> None:
        """Press keys of which at least one changes something, and wait until all is saved."""
        self.press(*keys)
        self.saved()

    def points(self) -> int:
        """How many columns of the curve are drawn."""
        return int(self.js("return Number(document.querySelector('.plot')?.dataset.points ?? 0)"))

    def saved(self) -> None:
        """Wait until all is saved."""
        self.until(lambda: self.text("#saved") == "all saved", "all to be saved")

    def frame(self) -> int:
        """The frame whose picture is on the canvas."""
        return int(self.js("return document.getElementById('video').dataset.frame ?? -1"))

    def shows(self, frame: int) -> None:
        self.until(lambda: self.frame() == frame, f"frame {frame}", self.frame)

    def rows(self) -> list[str]:
        script = "return [...document.querySelectorAll('#expressions .row')].map(r => r.ariaLabel)"
        return self.js(script)

    def ask(self, path: str) -> Any:
        """Ask the server for JSON as the page would."""
        script = (
            "const [path, done] = arguments; fetch(path).then(r => r.json()).then(done, e => done(String(e)))"
        )
        return self.browser.execute_async_script(script, path)

    def notes(self) -> list[dict[str, Any]]:
        """The coder's annotations, as the server has them."""
        number = self.js("return location.hash.slice(1)")
        return self.ask(f"/api/recordings/{number}/annotations?coder={quote(self.coder)}")["annotations"]

    def until(self, holds: Callable[[], Any], what: str, now: Callable[[], Any] | None = None) -> Any:
        """Wait until something holds; fail with what it was waiting for and what the page says."""
        from selenium.common.exceptions import StaleElementReferenceException

        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if found := holds():
                    return found
            except StaleElementReferenceException:
                pass  # drawn anew between two looks
            time.sleep(0.03)
        said = self.text("#says"), self.text("#banner"), now() if now else ""
        raise AssertionError(
            f"waited {PATIENCE_S:.0f} s for {what}; the page says {said}; {self.complaints()}"
        )

    def complaints(self) -> list[str]:
        """What the browser's console holds against the page since the last look."""
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]


@contextmanager
def running(viewer: Viewer) -> Iterator[Viewer]:
    """Run a viewer and end it."""
    try:
        yield viewer.start()
    finally:
        viewer.kill()
