"""The page at the two widths that coders have, its names for those who do not see it, and its help."""

import pytest

pytestmark = pytest.mark.browser

BEYOND = """
return [...document.querySelectorAll('button, input, select, textarea, canvas, .bar')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map(one => one.outerHTML.slice(0, 100));
"""
COVERED = """
return [...document.querySelectorAll('.top button, .transport button, .zoom button')].filter(one => {
  if (one.hidden) return false;
  const box = one.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return !one.contains(top);
}).map(one => one.outerHTML.slice(0, 100));
"""


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_everything_is_in_the_window_and_nothing_is_covered(opened, resize, width: int, height: int) -> None:
    resize(opened.browser, width, height)
    opened.choose(2)
    opened.press("g")
    opened.until(lambda: opened.all(".handle.apex:not([hidden])"), "the handles")
    assert opened.js("return document.documentElement.scrollWidth <= innerWidth")
    assert opened.js("return document.documentElement.scrollHeight <= innerHeight")
    assert opened.js(BEYOND) == []
    assert opened.js(COVERED) == []
    picture = opened.js(
        "const b = document.getElementById('video').getBoundingClientRect(); return [b.width, b.height]"
    )
    assert picture[0] >= 0.28 * width and picture[1] >= 0.3 * height


def test_every_control_has_a_name(opened) -> None:
    opened.choose(1)
    opened.browser.execute_cdp_cmd("Accessibility.enable", {})
    nodes = opened.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    wanted = {"button", "textbox", "combobox", "slider", "spinbutton", "radio", "img", "link", "listbox"}
    named = [node for node in nodes if not node["ignored"] and node["role"]["value"] in wanted]
    without = [node for node in named if not node.get("name", {}).get("value", "").strip()]
    assert len(named) > 40
    assert without == []
    sliders = {node["name"]["value"] for node in named if node["role"]["value"] == "slider"}
    assert sliders == {"onset", "apex", "offset"}


def test_the_focus_goes_through_the_page_in_order_and_is_seen(opened) -> None:
    opened.choose(1)
    opened.js("document.querySelector('.skip').focus()")
    seen = []
    for _ in range(60):
        opened.press("Tab")
        part = opened.js(
            "return document.activeElement.closest('.top, .side, .stage, .timeline, .work')?.className"
        )
        if opened.js("return document.activeElement === document.body"):
            break
        assert opened.js(
            "return getComputedStyle(document.activeElement).outlineStyle"
        ) != "none" or opened.js(
            "return document.activeElement.matches('.handle')"  # its line and its name change colour
        )
        seen.append(part.split()[0])
    parts = list(dict.fromkeys(seen))
    assert parts == ["top", "side", "stage", "timeline", "work"]


def test_the_help_names_every_key_and_letters_can_be_turned_off(opened) -> None:
    opened.shows(0)
    opened.press("?")
    opened.until(lambda: opened.all("dialog kbd"), "the help")
    keys = opened.js("return [...document.querySelectorAll('dialog kbd')].map(k => k.textContent)")
    assert len(keys) == len(set(keys)) > 30
    opened.click("dialog input[type=checkbox]")
    opened.leave()
    opened.press("n")
    assert opened.all("#expressions li.chosen") == []
    opened.press("Right")
    opened.shows(1)
