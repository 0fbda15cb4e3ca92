"""Take the pictures of the viewer that the documentation shows.

Usage: viewer_pictures.py [--out docs/img] [--results DIR]

Makes the demonstration (micro-expressions planted into a portrait in the public domain), opens it with
``fleeting view`` in a headless Chromium, codes a little as two people, and saves what is on the screen.
Needs the extra [dev] and Debian's chromium and chromium-driver.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "serve" / "browser"))
import browsing  # noqa: E402 - beside the tests, which drive the page in the same way

# The colours of layout.css and parts.css that mean something, and those of large areas.
OWN = (
    *("1c2126", "55606a", "dde1e5", "aab1b8", "f5f6f7", "ffffff", "000000", "14181b", "22282d"),
    *("d55e00", "0072b2", "a84a00", "005f94", "00694d", "8c1d04", "dcebf5", "eaf3f9", "eef4f8"),
)


def code(page: browsing.Page) -> None:
    """Give some answers, as a coder does."""
    page.judge("n", "y", "n")
    page.code({"#at-offset": "141", "#au-intensity-0": "B", "#confidence": "0.8"})
    page.code({"#note": "left corner only, no cheek raise"})
    page.judge("y", "n", "n", "x")


def code_anew(page: browsing.Page) -> None:
    """Give the answers of a second coder, who agrees in part."""
    page.dialog("#coder-open", "#coder-name")
    page.name("Bea")
    page.until(lambda: page.text("#counts").startswith("0 of"), "an empty desk")
    page.press("Home")
    page.shows(0)
    page.judge("n", "y", "n", "y")
    page.code({"#au-side-0": "both", "#au-intensity-0": "C"})
    page.judge("n", "y", "n", "y")


def look(page: browsing.Page, way: str, says: str) -> None:
    """Look at the face in one way and wait until it is there."""
    if page.text("#looking [aria-pressed=true]") != way:
        ways = "[...document.querySelectorAll('#looking button')]"
        page.js(f"{ways}.find(one => one.textContent === arguments[0]).click()", way)
    page.until(lambda: says in page.text("#face-says"), f"{way}: {says}", lambda: page.text("#face-says"))


def settle(page: browsing.Page) -> None:
    """Wait until notes have gone and the timeline is drawn."""
    page.js("document.getElementById('says').replaceChildren()")
    page.until(lambda: page.points() > 0, "the curve")
    page.browser.execute_async_script("setTimeout(arguments[0], 600)")


def shoot(page: browsing.Page, path: Path) -> None:
    """Save what is on the screen, in 256 colours: a third of the bytes. The page's own colours stay true."""
    settle(page)
    screen = Image.open(io.BytesIO(page.browser.get_screenshot_as_png())).convert("RGB")
    others = screen.quantize(256 - len(OWN), kmeans=4).getpalette() or []
    few = Image.new("P", (1, 1))
    few.putpalette(
        others[: 3 * (256 - len(OWN))] + [part for colour in OWN for part in bytes.fromhex(colour)]
    )
    screen.quantize(palette=few, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1000} kB")


def take(page: browsing.Page, address: str, out: Path) -> None:
    """Take all pictures."""
    page.open(address)
    code(page)
    page.choose(2)
    page.shows(132)
    look(page, "Flow", "from onset to apex, ×")
    shoot(page, out / "viewer_all.png")
    page.press("g")
    look(page, "Regions", "motion of regions")
    shoot(page, out / "viewer_one.png")
    browsing.resize(page.browser, 1920, 1080)
    look(page, "Difference", "apex minus onset, ×")
    shoot(page, out / "viewer_wide.png")
    look(page, "Magnify", "magnified × 10, frame 13")
    shoot(page, out / "viewer_magnified.png")
    browsing.resize(page.browser, 1280, 800)
    code_anew(page)
    page.dialog("#agreement-open", ".figures")
    page.click("dialog summary")
    shoot(page, out / "viewer_agreement.png")
    page.leave()
    page.press("?")
    page.until(lambda: page.all("dialog kbd"), "the help")
    shoot(page, out / "viewer_keys.png")
    page.leave()
    page.dialog("#export-open", ".file")
    shoot(page, out / "viewer_export.png")


def main() -> None:
    """Make the demonstration and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "img")
    parser.add_argument("--results", type=Path, help="results to show in place of the demonstration")
    chosen = parser.parse_args()
    if why := browsing.missing():
        parser.error(why)
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        results = chosen.results or Path(folder) / "demo"
        if chosen.results is None:
            command = [sys.executable, "-c", browsing.RUN, "demo", "--out", str(results)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        browser = browsing.start_browser(Path(folder) / "profile")
        try:
            with browsing.running(browsing.Viewer(results)) as viewer:
                take(browsing.Page(browser, coder="Ada"), viewer.address, chosen.out)
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
