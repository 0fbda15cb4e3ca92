"""Out and in again: exports come back equal, tracks of other tools are shown; sound."""

import pytest

pytestmark = pytest.mark.browser
FIELDS = ("kind", "onset", "apex", "offset", "emotion", "confidence", "note", "verdict")


def told(notes: list) -> list:
    """What was coded, without the server's own keys."""
    units = [sorted((u["au"], u["side"], u["intensity"] or "") for u in note["aus"]) for note in notes]
    return sorted(
        (*(str(note[field]) for field in FIELDS), unit) for note, unit in zip(notes, units, strict=True)
    )


def code_something(page) -> list:
    page.choose(1)
    note = 'she said "no", then\nlooked away; <b>left</b>'
    page.code({"#emotion": "surprise", "#au-intensity-0": "C", "#note": note, "#confidence": "0.6"})
    page.judge("y", "n", "x")
    page.until(lambda: len(page.notes()) == 2, "two answers")
    return told(page.notes())


def export(page, kind: str) -> bytes:
    page.dialog("#export-open", f"#export-{kind}")
    address = page.one(f"#export-{kind}").get_attribute("href")
    page.leave()
    fetched = "const [path, done] = arguments; fetch(path).then(r => r.arrayBuffer())"
    return bytes(
        page.browser.execute_async_script(fetched + ".then(b => done([...new Uint8Array(b)]))", address)
    )


def bring(page, path) -> None:
    page.dialog("#import-open", "#import-file")
    page.one("#import-file").send_keys(str(path))
    page.click("#import-go")
    page.until(lambda: not page.all("dialog"), "the import")
    page.until(lambda: "Imported" in page.text("#says"), "what was imported")


@pytest.mark.parametrize("kind", ["json", "csv", "eaf"])
def test_an_export_comes_back_equal(opened, tmp_path, kind: str) -> None:
    coded = code_something(opened)
    path = tmp_path / f"export.{kind}"
    path.write_bytes(export(opened, kind))
    for number in (1, 2):
        opened.choose(number)
        opened.click("#delete")
        opened.saved()
    assert opened.notes() == []
    bring(opened, path)
    assert told(opened.notes()) == coded
    opened.until(lambda: "accepted" in opened.text("#expressions li:nth-child(1)"), "the list")


def test_the_report_to_print_holds_what_was_coded(opened) -> None:
    code_something(opened)
    page = export(opened, "html").decode()
    assert "then</bdi><br><bdi>looked away" in page
    assert "surprise" in page and "&lt;b&gt;left&lt;/b&gt;" in page and "<b>left</b>" not in page


def test_numbers_of_another_tool_are_shown_and_taken_away(opened, tmp_path) -> None:
    header = "frame, face_id, timestamp, confidence, success, AU04_r, AU12_r"
    rows = [f"{n + 1}, 0, {n / 50:.3f}, 0.98, 1, {n % 7 / 2:.2f}, 0.00" for n in range(240)]
    path = tmp_path / "openface.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    bring(opened, path)
    choice = 'select[aria-label="Imported signal shown over the curve"]'
    opened.until(lambda: opened.all(choice), "the choice of columns")
    opened.js(
        "const s = document.querySelector(arguments[0]);"
        "s.value = [...s.options].find(o => o.text.endsWith('AU04_r')).value;"
        "s.dispatchEvent(new Event('change'))",
        choice,
    )
    opened.until(lambda: "AU04 r" in opened.text(".plot"), "the line with its name")
    opened.click('.drop[title^="Take openface.csv"]')
    opened.until(lambda: not opened.all(choice), "the track to go")
    opened.until(lambda: "AU04 r" not in opened.text(".plot"), "the line to go")


PLAYED = """
const real = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { window.played = this; return real.call(this); };
"""


FETCHED = """
const [address, done] = arguments;
fetch(address).then((answer) => answer.arrayBuffer()).then((bytes) =>
  done([String.fromCharCode(...new Uint8Array(bytes, 0, 4)), bytes.byteLength]));
"""


@pytest.mark.parametrize(("name", "address"), [("loud", "/video"), ("old", "/audio?from=")])
def test_sound_plays_with_the_picture(shelved, name: str, address: str) -> None:
    shelved.take(name)
    shelved.shows(0)
    assert shelved.one("#sound").is_displayed()
    shelved.js(PLAYED)

    def sounds() -> bool:
        if shelved.one("#play").get_attribute("aria-pressed") == "false":
            shelved.press(" ")  # also again, where a slow machine was at the end before the sound had begun
        if name == "old":  # what the browser is given is looked at below; a busy one may take long to begin
            return bool(shelved.js("return window.played?.src ?? ''"))
        return shelved.js("return window.played?.currentTime ?? 0") > 0.05

    shelved.until(sounds, "the sound to run")
    source = shelved.js("return window.played.src")
    assert address in source
    if name == "old":
        told = shelved.browser.execute_async_script(FETCHED, source)
        assert told[0] == "RIFF" and told[1] > 10_000
    shelved.until(lambda: shelved.frame() > 20, "the picture to run")
    if shelved.one("#play").get_attribute("aria-pressed") == "true":
        shelved.press(" ")
    shelved.until(lambda: shelved.js("return window.played.paused"), "silence")


def test_without_sound_there_is_no_button_for_it(opened) -> None:
    opened.shows(0)
    assert not opened.one("#sound").is_displayed()
