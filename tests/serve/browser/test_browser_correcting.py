"""Correcting: by mouse and by keyboard, saved at once, undone, kept by name, blind."""

import pytest

pytestmark = pytest.mark.browser


def reload(page) -> None:
    page.browser.refresh()
    page.enter()


def test_accept_and_reject_are_saved_and_there_after_a_reload(opened) -> None:
    opened.judge("n", "y", "n", "x")
    assert [note["verdict"] for note in opened.notes()] == ["accepted", "rejected"]
    reload(opened)
    opened.until(lambda: len(opened.rows()) == 3, "the list")
    assert [row.rsplit(", ")[-1] for row in opened.rows()] == ["accepted", "rejected", "open"]
    assert opened.text("#counts") == "2 of 3 looked at"


def test_a_dragged_handle_moves_the_offset_and_a_reload_shows_it(opened) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    opened.choose(1)
    opened.press("g")
    handle = opened.one(".handle.offset")
    before = int(handle.get_attribute("aria-valuenow"))
    assert before == 55
    ActionChains(opened.browser).move_to_element(handle).click_and_hold().move_by_offset(
        60, 0
    ).release().perform()
    opened.saved()
    opened.until(lambda: opened.notes(), "the change")
    (note,) = opened.notes()
    assert note["offset"] > before and (note["onset"], note["apex"]) == (40, 46)
    opened.shows(note["offset"])
    reload(opened)
    opened.choose(1)
    assert opened.one("#at-offset").get_attribute("value") == str(note["offset"])


def test_a_handle_cannot_be_dragged_past_the_apex(opened) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    opened.choose(1)
    opened.press("g")
    handle = opened.one(".handle.onset")
    ActionChains(opened.browser).move_to_element(handle).click_and_hold().move_by_offset(
        300, 0
    ).release().perform()
    opened.saved()
    assert [(note["onset"], note["apex"]) for note in opened.notes()] == [(46, 46)]


def test_everything_can_be_said_without_a_mouse(opened) -> None:
    opened.press("n")
    opened.shows(46)
    opened.press("Right", "Right")
    opened.shows(48)
    opened.press("w")  # the apex is here
    opened.saved()
    opened.press("u")
    opened.press("R12B", "Enter")
    opened.saved()
    opened.press("Escape", "t")  # leaves the field
    opened.press("lip corner, briefly")
    opened.press("Escape")
    opened.until(lambda: any(note["note"] for note in opened.notes()), "the note")
    opened.press("y", "k")
    opened.saved()
    (note,) = opened.notes()
    assert (note["kind"], note["onset"], note["apex"], note["offset"]) == ("macro", 40, 48, 55)
    opened.js("document.getElementById('kind-macro').focus()")
    opened.press("Left")  # chooses the other button; no frame is stepped
    opened.until(lambda: opened.notes()[0]["kind"] == "micro", "micro again")
    assert opened.frame() == 48
    units = {(unit["au"], unit["side"], unit["intensity"]) for unit in note["aus"]}
    assert units == {(4, "both", None), (12, "right", "B")}
    assert (note["note"], note["verdict"]) == ("lip corner, briefly", "accepted")


def test_a_handle_moves_with_the_arrow_keys(opened) -> None:
    opened.choose(1)
    opened.js("document.querySelector('.handle.onset').focus()")
    opened.press("Left")
    opened.saved()
    opened.shows(39)
    assert [note["onset"] for note in opened.notes()] == [39]
    assert opened.js("return document.activeElement.getAttribute('aria-valuetext')").startswith(
        "onset: frame 39"
    )


def test_undo_and_redo_take_back_one_change_at_a_time(opened) -> None:
    opened.choose(1)
    opened.press("y")
    opened.saved()
    opened.set("#emotion", "surprise")
    opened.saved()
    opened.press_with("Control", "z")
    opened.until(lambda: opened.notes()[0]["emotion"] == "negative", "the first undo")
    opened.press_with("Control", "z")
    opened.until(lambda: opened.notes() == [], "the second undo")
    opened.until(lambda: opened.js("return document.getElementById('undo').disabled"), "nothing to undo")
    opened.press_with("Control", "y")
    opened.until(lambda: [note["verdict"] for note in opened.notes()] == ["accepted"], "redo")


def test_add_split_and_delete(opened) -> None:
    opened.shows(0)
    for _ in range(9):
        opened.press_with("Shift", "Right")
    opened.shows(90)
    opened.press("c")
    opened.until(
        lambda: [(n["onset"], n["apex"], n["offset"]) for n in opened.notes()] == [(80, 90, 100)],
        "the new one",
    )
    opened.until(lambda: "yours" in (opened.text("#expressions li.chosen")), "that it is chosen")
    opened.press("Right", "s")
    opened.until(lambda: len(opened.notes()) == 2, "two halves")
    spans = sorted((note["onset"], note["offset"]) for note in opened.notes())
    assert spans == [(80, 90), (91, 100)]
    opened.press("Delete")
    opened.until(lambda: len(opened.notes()) == 1, "one left")


def test_every_field_is_saved(opened) -> None:
    opened.choose(2)
    opened.click("#kind-macro")
    opened.saved()
    opened.set("#at-onset", "900")  # behind the apex; said, not only done
    opened.until(lambda: "The onset is at frame 126" in opened.text("#says"), "why it is not at 900")
    opened.saved()
    opened.set("#at-onset", "")  # an onset there must be
    opened.code({"#at-onset": "118", "#emotion": "others", "#confidence": "0.8"})
    opened.code({"#au-side-0": "right", "#au-intensity-0": "C"})
    (note,) = opened.notes()
    assert (note["kind"], note["onset"], note["emotion"], note["confidence"]) == ("macro", 118, "others", 0.8)
    assert note["aus"] == [{"au": 12, "side": "right", "intensity": "C"}]
    assert note["source_key"]


def test_action_units_are_read_as_they_are_written_anywhere(opened) -> None:
    script = "const [all, done] = arguments; import('/static/units.js').then(m => done(all.map(m.readUnit)))"
    right = {"au": 12, "side": "right", "intensity": "B"}
    texts = ["12RB", "R12B", "12BR", "au 12 r b", "lip corner puller", "4", "L12R", "99", "12F"]
    read = opened.browser.execute_async_script(script, texts)
    assert read[:4] == [right] * 4
    assert [one and (one["au"], one["side"]) for one in read[4:]] == [(12, "both"), (4, "both"), *[None] * 3]


def test_what_is_no_action_unit_is_refused_in_words(opened) -> None:
    opened.choose(1)
    opened.set("#au-new", "banana")
    opened.until(lambda: '"banana" is no action unit' in opened.text("#says"), "the refusal")
    assert opened.notes() == []


def test_coders_do_not_see_each_other_and_names_are_remembered(opened) -> None:
    opened.press("n", "y")
    opened.saved()
    first = opened.coder
    opened.dialog("#coder-open", "#coder-name")
    opened.name(f"{first} too")
    opened.until(lambda: opened.text("#counts").startswith("0 of 3"), "an empty desk")
    reload(opened)
    assert opened.text("#coder-open") == f"Coder: {opened.coder}"
    opened.coder = first
    assert len(opened.notes()) == 1


def test_blind_hides_the_machine_until_the_coder_has_it_revealed(opened) -> None:
    opened.click("#blind")
    opened.until(lambda: opened.rows() == [] and "Blind" in opened.text("#expressions"), "an empty list")
    assert opened.all(".lane .bar") == []
    opened.until(lambda: opened.points() == 0, "no curve")
    opened.press("Right", "c")
    opened.until(lambda: len(opened.rows()) == 1, "her own answer")
    opened.js("window.confirm = () => true")
    opened.click("#blind")
    opened.until(lambda: len(opened.rows()) == 4, "the machine's answer")
    assert len(opened.notes()) == 1


def row_with_machine(page, table: str) -> list[str]:
    """What the page says of this coder and the machine, cell by cell."""
    script = """return [...document.querySelectorAll(`#agreement-${arguments[0]} tbody tr`)]
      .map((row) => [...row.cells].map((one) => one.textContent))
      .find(([first, second]) => first === arguments[1] && second === "machine") ?? []"""
    return page.js(script, table, page.coder)


def test_agreement_from_an_overlap_that_the_coder_chooses(opened) -> None:
    """Of two accepted she makes one shorter (IoU 12/16) and takes its unit to be another one's."""
    opened.judge("n", "y", "n", "y")
    opened.code({"#at-onset": "124", "#au-side-0": "right"})
    opened.click("#agreement-open")
    opened.until(lambda: row_with_machine(opened, "marked"), "the table")
    marked, seen = (row_with_machine(opened, table) for table in ("marked", "seen"))
    assert marked[6:] == ["2", "2", "3", "1"]  # matched, hers, the machine's, recordings
    assert marked[4] == "0.88"  # mean of 1 and 12/16
    # F1 of units, type, emotion, side (AU4 alike, AU12 not), intensity (the machine has none)
    assert [seen[i] for i in (2, 3, 5, 7, 9)] == ["1.00", "2 of 2", "2 of 2", "1 of 2", "–"]
    figures = "return document.querySelector('.agreement [data-threshold]').dataset.threshold"
    opened.press("Tab")  # the cursor waits on the close button; Tab goes to the field
    opened.press_with("Control", "a")
    opened.press("0.8")
    opened.until(lambda: opened.js(figures) == "0.8", "the figures for 0.8")
    assert row_with_machine(opened, "marked")[6] == "1"
    assert opened.one("#agreement-csv").get_attribute("href").partition("?")[2].startswith("threshold=0.8&")
    opened.press_with("Control", "a")
    opened.press("7")
    opened.until(lambda: opened.one(".agreement .wrong").is_displayed(), "the refusal")
    assert "up to 1" in opened.text(".agreement .wrong")
    opened.leave()
