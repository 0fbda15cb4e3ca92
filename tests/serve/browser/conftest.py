"""One Chromium and one viewer for all tests of a process; each test is a coder of its own."""

import shutil
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
try:
    import browsing
    import making
finally:
    sys.path.remove(HERE)

collect_ignore = ["browsing.py", "making.py"]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if why := browsing.missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("chromium")
    browser = browsing.start_browser(folder / "profile", downloads=folder)
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small result; tests copy it."""
    folder = tmp_path_factory.mktemp("made")
    making.recording(folder)
    return folder


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    """The small result, for this test alone."""
    return Path(shutil.copytree(made, tmp_path / "results"))


@pytest.fixture(scope="session")
def viewer(made: Path) -> Iterator[browsing.Viewer]:
    """One viewer of the small result; tests keep apart by the coder's name, as coders do."""
    with browsing.running(browsing.Viewer(made)) as one:
        yield one


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browsing.Viewer]:
    """One viewer of recordings of several kinds; ``page.take`` opens one by its name."""
    folder = tmp_path_factory.mktemp("shelf")
    making.recording(folder, "steady", frames=60, onsets=(20,))
    making.recording(folder, "variable", frames=90, times=making.uneven(90), onsets=(30,), suffix=".mkv")
    making.recording(folder, "old", frames=120, onsets=(20,), suffix=".avi", codec="mpeg4", sound=True)
    making.recording(folder, "loud", frames=120, onsets=(40,), sound=True)
    making.recording(folder, making.HOSTILE, frames=60, onsets=(20,))
    making.recording(folder, "lost", frames=60, onsets=(20,)).unlink()
    with browsing.running(browsing.Viewer(folder)) as one:
        yield one


@pytest.fixture
def shelved(shelf: browsing.Viewer, page: browsing.Page) -> browsing.Page:
    """The page with the shelf of recordings open, as a coder who has done nothing yet."""
    page.forget(shelf.origin)
    return page.open(shelf.address)


@pytest.fixture
def view() -> Iterator[Callable[..., browsing.Viewer]]:
    """Start viewers that are ended with the test."""
    started: list[browsing.Viewer] = []

    def start(folder: Path, *options: str, port: int = 0) -> browsing.Viewer:
        started.append(browsing.Viewer(folder, *options, port=port).start())
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[browsing.Page]:
    """The page, in a tab of its own that is closed with the test."""
    first = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    browsing.resize(chromium, 1280, 800)
    one = browsing.Page(chromium, coder=f"Ada {zlib.crc32(request.node.nodeid.encode())}")
    one.complaints()
    yield one
    for handle in chromium.window_handles:
        if handle != first:
            chromium.switch_to.window(handle)
            chromium.execute_cdp_cmd("Page.navigate", {"url": "about:blank"})
            chromium.close()
    chromium.switch_to.window(first)


@pytest.fixture
def opened(viewer: browsing.Viewer, page: browsing.Page) -> browsing.Page:
    """The page with the small result open, as a coder who has done nothing yet."""
    page.forget(viewer.origin)
    return page.open(viewer.address)


@pytest.fixture
def make_recording() -> Callable[..., Path]:
    return making.recording


@pytest.fixture(name="making")
def making_of_recordings() -> Any:
    return making


@pytest.fixture
def resize() -> Callable[..., None]:
    return browsing.resize
