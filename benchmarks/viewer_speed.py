"""How long a coder waits in `fleeting view` on an hour of video and on an hour of signals at 200 frames/s.

    python benchmarks/viewer_speed.py [--out docs/benchmarks/viewer.md] [--keep DIR]

Makes two recordings of one hour, by repeating the packets of a short clip: ``hour``, 1280x720, H.264,
30 frames/s, with a face; and ``hour200``, a small picture at 200 frames/s with signals of all regions beside
it. The results are made up: nothing is analysed, an hour is only looked at. Then it starts the viewer and
asks as the page does, and at last looks on in a headless Chromium. Needs the extra [dev], chromium and
chromium-driver, and 2 GB of disk for a while.
"""

import argparse
import http.client
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import av
import numpy as np

from fleeting.core import Expression, Face, Interval, Provenance, Report, VideoInfo
from fleeting.io import content_sha256, write_result, write_video
from fleeting.motion import motion_regions
from fleeting.serve.desk import Desk

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "serve" / "browser"))
import browsing  # noqa: E402 - beside the tests, which drive the page in the same way

HOUR_S = 3600
ZOOMS_S = (3600, 600, 60, 10, 1)


def face_pictures(count: int) -> Iterator[np.ndarray]:
    """The public-domain portrait with some sensor noise, 1280x720."""
    import cv2
    from skimage import data

    portrait = cv2.resize(data.astronaut()[:288], (1280, 720), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(1)
    for _ in range(count):
        noise = cv2.resize(rng.normal(0, 3, (360, 640, 1)), (1280, 720))[..., None]
        yield np.clip(portrait + noise, 0, 255).astype(np.uint8)


def small_pictures(count: int) -> Iterator[np.ndarray]:
    for number in range(count):
        yield np.full((64, 64, 3), number % 200, np.uint8)


def repeat(clip: Path, path: Path, times: int, frames: int, fps: int) -> None:
    """Write the packets of a clip over and over: a long video that took no time to encode."""
    with av.open(str(clip)) as source:
        stream = source.streams.video[0]
        packets = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in source.demux(stream) if p.dts is not None]
        ticks = round(frames / fps / stream.time_base)
        with av.open(str(path), "w") as target:
            made = target.add_stream_from_template(stream)
            for turn in range(times):
                for data, pts, dts, key in packets:
                    packet = av.Packet(data)
                    packet.stream, packet.time_base, packet.is_keyframe = made, stream.time_base, key
                    packet.pts, packet.dts = pts + turn * ticks, dts + turn * ticks
                    target.mux(packet)


def make(
    folder: Path, name: str, fps: int, pictures: Callable[[int], Iterator[np.ndarray]], size: tuple
) -> Path:
    """Make one recording of an hour and its result."""
    folder.mkdir(parents=True, exist_ok=True)
    path, clip, frames = folder / f"{name}.mp4", folder / "clip.mp4", 20 * fps
    if path.exists():
        return path
    write_video(clip, pictures(frames), fps, options={"preset": "fast", "g": "250"})
    repeat(clip, path, HOUR_S // 20, frames, fps)
    clip.unlink()
    count = HOUR_S * fps
    info = VideoInfo(str(path), content_sha256(path), *size, count, float(HOUR_S), float(fps), False)
    found = tuple(
        Expression(0, Interval.from_frames(at, at + fps // 3, fps=fps, apex=at + fps // 6))
        for at in range(10 * fps, count - fps, 20 * fps)
    )
    told = Provenance("0.1.0", {}, (), "made up", 1.0)
    write_result(Report(info, (Face(0, 1.0),), found, (), told, signals(count, fps)), folder, name)
    return path


def signals(count: int, fps: int) -> dict:
    rng = np.random.default_rng(2)
    names = motion_regions()
    walk = rng.normal(0, 1, (count, len(names), 2)).astype(np.float32)
    return {
        "times": np.arange(count) / fps,
        "frames": np.arange(count),
        "region_names": np.array(names),
        "threshold": np.array(2.0),
        "face0_curve": rng.gamma(1, 1, count).astype(np.float32),
        "face0_regions": walk,
    }


class Client:
    """Asks a running viewer as its page does."""

    def __init__(self, viewer: browsing.Viewer) -> None:
        self.link = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=600)
        self.headers = {"X-Fleeting-Token": viewer.token}

    def get(self, path: str) -> tuple[float, bytes]:
        """Seconds and answer."""
        start = time.perf_counter()
        self.link.request("GET", path, headers=self.headers)
        answer = self.link.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return time.perf_counter() - start, body

    def recording(self) -> str:
        return json.loads(self.get("/api/recordings")[1])[0]["id"]


def ask_frames(folder: Path, *options: str) -> dict[str, float]:
    """Time from the start of the server to its first picture, and of pictures anywhere."""
    with browsing.running(browsing.Viewer(folder, *options)) as viewer:
        client = Client(viewer)
        start = time.perf_counter()
        path = f"/api/recordings/{client.recording()}"
        client.get(path)
        client.get(f"{path}/frame/0?width=720")
        first = time.perf_counter() - start
        rng = np.random.default_rng(3)
        there = [client.get(f"{path}/frame/{n}?width=720")[0] for n in rng.integers(0, 100_000, 40)]
        steps = [client.get(f"{path}/frame/{n}?width=720")[0] for n in range(50_000, 50_060)]
        return {
            "first": first,
            "anywhere": statistics.median(there),
            "worst": max(there),
            "step": statistics.median(steps[1:]),
        }


def ask_signals(folder: Path) -> list[tuple[int, float, float, int]]:
    """For each zoom: seconds (the first ask and the median of the later ones) and bytes of the answer."""
    rows = []
    with browsing.running(browsing.Viewer(folder)) as viewer:
        client = Client(viewer)
        path = f"/api/recordings/{client.recording()}/signals?points=1600"
        rng = np.random.default_rng(4)
        for span in ZOOMS_S:
            starts = [0.0] if span == HOUR_S else rng.uniform(0, HOUR_S - span, 20)
            took = [client.get(f"{path}&from={at}&to={at + span}") for at in [*starts, *starts]]
            rows.append((span, took[0][0], statistics.median(t for t, _ in took[1:]), len(took[-1][1])))
    return rows


REDRAWS = """
const [turns, done] = arguments, plot = document.querySelector('.tracks');
const box = plot.getBoundingClientRect();
let turn = 0;
function next() {
  turn += 1;
  if (turn > turns) return done();
  plot.dispatchEvent(new WheelEvent('wheel', {deltaY: turn % 40 < 20 ? -60 : 60, bubbles: true,
    cancelable: true, clientX: box.left + box.width * 0.6, clientY: box.top + 80}));
  requestAnimationFrame(() => requestAnimationFrame(next));
}
next();
"""
TURNS = 40


def busy(browser: Any) -> float:
    """Processor seconds of the page until now."""
    told = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(float(one["value"]) for one in told if one["name"] == "TaskDuration")


def look_on(folder: Path, profile: Path) -> dict[str, float]:
    """In Chromium: from opening the address to the first picture and the curve; cost of redraws."""
    browser = browsing.start_browser(profile)
    try:
        with browsing.running(browsing.Viewer(folder)) as viewer:
            page = browsing.Page(browser)
            page.open(viewer.address)  # from here on it is known who is coding
        with browsing.running(browsing.Viewer(folder, port=viewer.port)) as viewer:
            start = time.perf_counter()
            browser.get(viewer.address)
            page.shows(0)
            first = time.perf_counter() - start
            page.until(lambda: page.points() > 0, "the curve")
            curve = time.perf_counter() - start
            browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
            before = busy(browser)
            browser.execute_async_script(REDRAWS, TURNS)
            redraw = (busy(browser) - before) / TURNS
        return {"first": first, "curve": curve, "redraw": redraw}
    finally:
        browser.quit()


def prepare(folder: Path) -> float:
    """Processor seconds until the curve and the regions of a recording can be asked for."""
    desk = Desk(folder)
    (one,) = desk.library.recordings()
    start = time.process_time()
    file = desk.signals(one)
    assert file is not None
    desk.lines(file, 0)
    took = time.process_time() - start
    desk.close()
    return took


def table(work: Path) -> list[str]:
    """Measure all and lay it out."""
    hour = make(work / "hour", "hour", 30, face_pictures, (1280, 720))
    fast = make(work / "hour200", "hour200", 200, small_pictures, (64, 64))
    bare = work / "bare"
    bare.mkdir(exist_ok=True)
    (bare / "hour.json").write_bytes(hour.with_suffix(".json").read_bytes())
    near, far = ask_frames(hour.parent), ask_frames(bare)
    rows = [
        (
            f"hour (1280x720, 30 frames/s, {hour.stat().st_size / 1e6:.0f} MB), first picture",
            near["first"],
        ),
        ("the same, without signals and the video elsewhere: contents compared, packets read", far["first"]),
        ("a picture anywhere, median of 40", near["anywhere"]),
        ("a picture anywhere, worst of 40", near["worst"]),
        ("the next picture while stepping, median", near["step"]),
    ]
    for name, path in (("hour", hour), ("hour200", fast)):
        seen = look_on(path.parent, work / f"profile-{name}")
        rows += [
            (f"{name} in Chromium: from opening the address to the first picture", seen["first"]),
            (f"{name} in Chromium: to the curve and the regions", seen["curve"]),
            (f"{name}, zooming by wheel: processor time of the page for a redraw", seen["redraw"]),
        ]
    rows.append(("hour200, signals made ready: processor time of the server", prepare(fast.parent)))
    lines = ["| what | seconds |", "|---|---|", *(f"| {what} | {value:.3f} |" for what, value in rows), ""]
    lines += [
        "| signals of hour200 (720 000 frames) shown | first ask, s | later, s | answer, kB |",
        "|---|---|---|---|",
    ]
    for span, first, later, size in ask_signals(fast.parent):
        lines.append(f"| {span} s | {first:.3f} | {later:.3f} | {size / 1000:.0f} |")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="also write the page of the documentation")
    parser.add_argument("--keep", type=Path, help="folder for the recordings; kept, and used again")
    chosen = parser.parse_args()
    if why := browsing.missing():
        parser.error(why)
    with tempfile.TemporaryDirectory() as folder:
        load = os.getloadavg()[0]
        lines = table(chosen.keep or Path(folder))
    loads = f"load before {load:.1f} and after {os.getloadavg()[0]:.1f}"
    where = f"{platform.machine()}, {os.cpu_count()} cores, {loads}"
    print("\n".join([f"{date.today()}: {where}", "", *lines]))
    if chosen.out:
        head = ["# How long a coder waits", "", "```", "python benchmarks/viewer_speed.py", "```", ""]
        chosen.out.write_text("\n".join([*head, f"{date.today()}, {where}.", "", *lines]) + "\n")


if __name__ == "__main__":
    main()
