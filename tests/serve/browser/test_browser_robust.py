"""What goes wrong: kills, two windows, strangers, hostile names, hours."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.browser


def test_a_kill_loses_nothing_and_the_unsaved_change_is_offered_again(view, page, results) -> None:
    viewer = view(results)
    page.open(viewer.address)
    page.choose(1)
    page.press("y")
    page.saved()
    page.set("#emotion", "surprise")
    page.saved()
    before = page.notes()
    viewer.kill()
    page.set("#note", "typed while the server was dead")
    page.until(lambda: "Not saved yet" in page.text("#banner"), "the warning")
    assert page.text("#saved") == "not saved"
    viewer.options = ("--blind",)  # what is her own is offered there too
    viewer.start()  # another secret: the old window is not let in
    page.browser.execute_cdp_cmd("Page.setWebLifecycleState", {"state": "active"})
    page.js("window.onbeforeunload = null")
    page.browser.switch_to.new_window("tab")
    page.open(viewer.address)
    (note,) = page.notes()
    assert {key: note[key] for key in ("key", "emotion", "verdict")} == {
        key: before[0][key] for key in ("key", "emotion", "verdict")
    }
    page.until(lambda: "typed while" in json.dumps(page.notes()) or page.all("#banner button"), "the offer")
    if page.all("#banner button"):  # where the old window was quicker there is nothing left to offer
        page.choose(1)
        page.judge("k")  # another change does not take the offer away
        page.js("document.querySelector('#banner button')?.click()")
    page.until(lambda: page.notes()[0]["note"] == "typed while the server was dead", "the note")
    page.until(lambda: page.text("#banner") == "", "nothing left to say")


def test_two_windows_on_one_recording(opened) -> None:
    first = opened.browser.current_window_handle
    address = opened.browser.current_url
    opened.choose(1)
    opened.browser.switch_to.new_window("tab")
    opened.open(address)
    opened.choose(1)
    opened.press("y")
    opened.saved()
    opened.browser.switch_to.window(first)
    opened.set("#emotion", "surprise")
    opened.until(lambda: "changed in another window" in opened.text("#says"), "the message")
    opened.until(lambda: "accepted" in opened.text("#expressions li:nth-child(1)"), "the newest state")
    assert [(note["verdict"], note["emotion"]) for note in opened.notes()] == [("accepted", "negative")]
    opened.set("#emotion", "surprise")
    opened.saved()
    assert [(note["verdict"], note["emotion"]) for note in opened.notes()] == [("accepted", "surprise")]


def test_without_the_token_nothing_is_shown(viewer, page) -> None:
    page.browser.delete_all_cookies()
    page.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    page.browser.get(viewer.origin + "/")
    assert "Open the address that" in page.text("body")
    assert "error" in page.ask("/api/recordings")
    page.browser.get(viewer.origin + "/?token=" + "x" * 43)
    assert "Open the address that" in page.text("body")


@pytest.fixture
def stranger(tmp_path):
    """Another server on this machine: another origin, but for the browser the same site."""
    (tmp_path / "page.html").write_text("<!doctype html><title>stranger</title>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()
    server.server_close()


def test_a_page_of_another_origin_gets_nothing_and_changes_nothing(opened, viewer, stranger) -> None:
    opened.choose(1)
    number = opened.js("return location.hash.slice(1)")
    source = opened.js("return document.querySelector('#expressions li').dataset.id")
    opened.browser.get(stranger)
    attack = """
    const [origin, number, source, coder, done] = arguments;
    const body = JSON.stringify({coder, op: 'accept', revision: 0, source_key: source});
    const path = `${origin}/api/recordings/${number}/annotations`;
    const post = {method: 'POST', credentials: 'include', body};
    const tries = [
      fetch(`${origin}/api/recordings`, {credentials: 'include'}).then(r => r.text()),
      fetch(path, {...post, headers: {'Content-Type': 'application/json'}}).then(r => r.text()),
      fetch(path, {...post, mode: 'no-cors'}).then(r => r.type),
      new Promise((yes, no) => {
        const image = new Image();
        image.onload = () => yes('picture'); image.onerror = () => no('refused');
        image.src = `${origin}/api/recordings/${number}/frame/0`;
      }),
    ];
    const told = (one) => (one.status === 'fulfilled' ? one.value : 'refused');
    Promise.allSettled(tries).then(all => done(all.map(told)));
    """
    told = opened.browser.execute_async_script(attack, viewer.origin, number, source, opened.coder)
    assert told == ["refused"] * 4
    opened.open(viewer.address)
    assert opened.notes() == []


def test_hostile_names_and_notes_are_text(shelved, shelf, making) -> None:
    hostile = making.HOSTILE
    shown = hostile.replace("\u202e", "\\u202e")  # what turns the reading direction is spelt out
    shelved.forget(shelf.origin)
    shelved.coder = "<b onclick=alert(1)>Eve</b>"
    shelved.open(shelf.address).take(shown)
    shelved.shows(0)
    assert shown in shelved.text("#recordings") and shown in shelved.text("#opened")
    shelved.choose(1)
    shelved.set("#note", hostile + "</textarea><script>window.broken=1</script>")
    shelved.saved()
    shelved.set("#emotion", hostile)
    shelved.saved()
    shelved.browser.refresh()
    shelved.enter()
    shelved.choose(1)
    assert shelved.js("return document.getElementById('note').value").startswith(hostile)
    assert shelved.text("#expressions li").count("<img src=x") == 1
    assert shelved.all("body img, body script, #coder-open b") == []
    shelved.click("#export-open")
    shelved.until(lambda: shelved.all("dialog .file"), "the dialog")
    assert shelved.all("dialog img") == [] and shelved.js("return window.broken ?? 0") == 0


def test_an_hour_opens_and_zooms_to_ten_frames(view, page, make_recording, tmp_path) -> None:
    """Its second half has three times the frame rate of the first: no mean rate leads to the right frame."""
    frames = 3600 * 2
    times = [0.75 * n if n < 3600 else 2700 + 0.25 * (n - 3600) for n in range(frames)]
    onsets = range(200, 7_000, 40)
    make_recording(
        tmp_path / "hour", frames=frames, fps=2.0, times=times, onsets=onsets, small=True, suffix=".mkv"
    )
    page.open(view(tmp_path / "hour").address)
    page.shows(0)
    assert "1 h 0 min" in page.text("#opened")
    page.until(lambda: 0 < page.points() < 4000, "a curve that is thinned out", lambda: page.points())
    assert len(page.rows()) == 170
    page.press("End")
    page.shows(frames - 1)
    assert page.text("#where").endswith("59:59.750")
    page.choose(100)
    page.press("g")
    onset = "return document.querySelector('.handle.onset').getAttribute('aria-valuetext')"
    assert page.js(onset) == "onset: frame 4160, 0:47:20.00"
    assert page.rows()[120].split(", ")[2] == "at 0:50:50.00"
    for _ in range(14):
        page.press("+")
    page.until(lambda: 0 < page.points() <= 25, "ten frames", lambda: page.points())


def test_a_missing_video_is_said_and_correcting_goes_on(shelved) -> None:
    shelved.take("steady")
    shelved.shows(0)
    shelved.take("lost")
    shelved.until(lambda: "video is not here" in shelved.text("#banner"), "the banner")
    assert shelved.text("#recordings").count("video not found") == 1
    assert shelved.frame() == -1  # the other recording's picture is gone
    shelved.choose(1)
    shelved.press("y")
    shelved.saved()
    assert [note["verdict"] for note in shelved.notes()] == ["accepted"]
    assert "video is not here" in shelved.text("#banner")  # saving does not take it away
    shelved.take("steady")
    shelved.shows(0)
    assert shelved.text("#banner") == ""
