"""Looking: the right frame, its true time, play, loop, zoom."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

# The number that the picture carries, read back from the canvas.
READ = """
const canvas = document.getElementById('video');
const pen = canvas.getContext('2d');
const fit = Math.min(canvas.width / 256, canvas.height / 192);
const [left, top] = [(canvas.width - 256 * fit) / 2, (canvas.height - 192 * fit) / 2];
let number = 0;
for (let bit = 0; bit < 16; bit += 1) {
  const [red] = pen.getImageData(left + (bit * 16 + 8) * fit, top + 8 * fit, 1, 1).data;
  if (red > 127) number += 2 ** bit;
}
return number;
"""


def number_shown(page: Any) -> int:
    return page.js(READ)


def test_the_page_opens_with_first_frame_list_and_curve_and_without_complaint(opened) -> None:
    opened.shows(0)
    assert number_shown(opened) == 0
    assert [row.split(",")[1].strip() for row in opened.rows()] == ["micro"] * 3
    assert "240 frames" in opened.text("#opened") and "1 warning" in opened.text("#opened")
    opened.until(lambda: opened.points() > 100, "the curve")
    assert [
        message for message in opened.complaints() if "/crop/" not in message
    ] == []  # drawn: no face to crop


def test_arrow_keys_step_frame_by_frame_and_the_picture_is_that_frame(opened) -> None:
    opened.shows(0)
    for frame in (1, 2, 3):
        opened.press("Right")
        opened.shows(frame)
        assert number_shown(opened) == frame
    opened.press("Left")
    opened.shows(2)
    assert number_shown(opened) == 2
    assert opened.text("#where") == "frame 2 of 239 · 0.040 s"
    opened.press("End")
    opened.shows(239)
    assert number_shown(opened) == 239
    opened.press("Right")
    opened.press("Home")
    opened.shows(0)


def test_a_variable_frame_rate_shows_the_true_time_of_each_frame(shelved, making) -> None:
    times = making.uneven(90)
    shelved.take("variable")
    assert "variable" in shelved.text("#opened")
    shelved.shows(0)
    for frame in (1, 2, 3, 4):
        shelved.press("Right")
        shelved.shows(frame)
        assert number_shown(shelved) == frame
        assert shelved.text("#where").endswith(f"{times[frame]:.3f} s")
    shelved.choose(1)
    shelved.shows(36)
    assert shelved.text("#where").endswith(f"{times[36]:.3f} s")


def test_a_format_that_browsers_do_not_play_is_shown_all_the_same(shelved) -> None:
    shelved.take("old")
    shelved.shows(0)
    shelved.press("Right")
    shelved.shows(1)
    assert number_shown(shelved) == 1


def test_next_and_previous_go_from_apex_to_apex(opened) -> None:
    opened.press("n")
    opened.shows(46)
    opened.press("n")
    opened.shows(126)
    opened.press("p")
    opened.shows(46)
    assert number_shown(opened) == 46


def watch(page: Any) -> None:
    page.js(
        "window.seen = []; const canvas = document.getElementById('video');"
        "new MutationObserver(() => seen.push(Number(canvas.dataset.frame)))."
        "observe(canvas, {attributeFilter: ['data-frame']})"
    )


def test_play_goes_on_from_where_one_is_and_stops_where_one_says(opened) -> None:
    opened.shows(0)
    watch(opened)
    opened.press(" ")
    opened.until(lambda: opened.frame() > 20, "the picture to run")
    opened.press(" ")
    seen = opened.js("return seen")
    assert seen == sorted(seen) and len(set(seen)) > 3
    stopped = opened.frame()
    assert number_shown(opened) == stopped
    opened.press("Right")
    opened.shows(stopped + 1)


def test_a_loop_stays_at_its_expression_and_slow_play_leaves_out_no_frame(opened) -> None:
    opened.choose(2)
    opened.shows(126)
    watch(opened)
    opened.press("4")  # a picture in 200 ms: time enough on a busy machine, too
    opened.press("l")
    turns = "return seen.filter((n, i) => i && n < seen[i - 1]).length"
    opened.until(lambda: opened.js(turns) >= 2, "two rounds")
    opened.press("l")
    opened.press(" ")
    seen = opened.js("return seen")
    assert set(seen[1:]) <= set(range(115, 141))  # five frames around 120 to 135
    first = seen.index(115)
    assert seen[first : first + 26] == list(range(115, 141))


def test_a_running_loop_follows_to_the_next_expression(opened) -> None:
    opened.choose(1)
    opened.shows(46)
    opened.press("l")
    opened.until(lambda: 35 <= opened.frame() <= 45, "the first loop")
    opened.press("n")
    opened.until(lambda: 115 <= opened.frame() <= 140, "the second loop")
    watch(opened)
    opened.until(lambda: opened.js("return seen.length") > 30, "that it runs")
    assert set(opened.js("return seen")) <= set(range(115, 141))


def test_the_timeline_zooms_from_all_to_ten_frames_and_no_further(opened) -> None:
    opened.shows(0)
    opened.choose(2)
    width = "return parseFloat(document.querySelector('.mapwindow').style.width)"
    whole = opened.js(width)
    for _ in range(12):
        opened.press("+")
    labels = "return [...document.querySelectorAll('.plot .xtick text')].map(t => parseFloat(t.textContent))"
    opened.until(
        lambda: 0 < opened.js(labels)[-1] - opened.js(labels)[0] <= 0.2 + 1e-9,
        "ten frames",
        lambda: opened.js(labels),
    )
    for key, frame in (("End", 239), ("Left", 238), ("Home", 0)):  # the window goes with the frame
        opened.press(key)
        opened.shows(frame)
        opened.until(lambda: opened.one(".playhead").is_displayed(), f"frame {frame} in the timeline")
    opened.press("0")
    opened.until(lambda: opened.js(width) == whole, "the whole recording again")


def test_a_click_on_the_timeline_goes_to_that_frame(opened) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    opened.shows(0)
    plot = opened.one(".plot")
    ActionChains(opened.browser).move_to_element_with_offset(plot, 150, 40).click().perform()
    opened.until(lambda: opened.frame() > 0, "another frame")
    at = opened.js("const p = document.querySelector('.playhead').getBoundingClientRect(); return p.left")
    pointed = opened.js("const p = document.querySelector('.pointer').getBoundingClientRect(); return p.left")
    assert abs(at - pointed) < 6  # within the frame
    assert number_shown(opened) == opened.frame()


def test_flicker_shows_onset_and_apex_in_turn(opened) -> None:
    opened.choose(1)
    opened.press("f")
    opened.until(lambda: opened.text("#face-says").startswith("apex, frame 46"), "the apex")
    opened.until(lambda: opened.text("#face-says").startswith("onset, frame 40"), "the onset again")
    opened.press("f")
    opened.until(lambda: opened.text("#face-says").startswith("the face, aligned"), "the plain face")
