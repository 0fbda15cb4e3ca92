"""A file that grows is followed frame by frame, and the code of `docs/live.md` watches it."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from fleeting import systems  # noqa: E402
from fleeting.core import InputError, UsageError  # noqa: E402
from fleeting.io import follow_video, open_video, write_video  # noqa: E402
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs/live.md"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Four seconds of the portrait as MPEG-TS."""
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    portrait = np.ascontiguousarray(data.astronaut()[0:320, 60:380])
    made = plant(
        portrait,
        [Plant((12,), strength_percent=5.0, at_s=1.0, duration_s=0.4)],
        fps=30, duration_s=4.0, seed=1, camera=CameraSettings(noise=1.0),
        life=Life(head=HeadMotion(sway_percent=1.0)),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("film") / "whole.ts"
    return write_video(path, made.frames(), fps=30)


class Writer(threading.Thread):
    """Writes a file bit by bit, no faster than it is read."""

    def __init__(self, source: Path, target: Path, bits: int) -> None:
        super().__init__(daemon=True)
        self.data, self.target, self.bits = source.read_bytes(), target, bits
        self.go, self.finished = threading.Semaphore(0), threading.Event()
        target.touch()

    def run(self) -> None:
        step = -(-len(self.data) // self.bits)
        with self.target.open("ab", buffering=0) as file:
            for start in range(0, len(self.data), step):
                self.go.acquire(timeout=1)
                file.write(self.data[start : start + step])
        self.finished.set()


def test_frames_of_a_growing_file_are_those_of_the_whole(recording, tmp_path):
    writer = Writer(recording, tmp_path / "growing.ts", bits=12)
    writer.start()
    seen, early = [], 0
    for frame in follow_video(writer.target, quiet_s=30, poll_s=0.005, done=_asking(writer)):
        early += not writer.finished.is_set()
        seen.append((frame.index, float(frame.time), int(frame.gray()[::16, ::16].sum())))
    with open_video(recording) as video:
        whole = [(f.index, float(f.time), int(f.gray()[::16, ::16].sum())) for f in video.frames()]
    assert [one[0] for one in seen] == list(range(120))
    assert [one[2] for one in seen] == [one[2] for one in whole]
    assert np.allclose([one[1] for one in seen], [one[1] for one in whole], atol=1e-3)
    assert early > 30  # frames came while the file was still being written


def _asking(writer: Writer):
    """The reader waits: let a bit more be written; at the end say so."""

    def done() -> bool:
        writer.go.release()
        return writer.finished.is_set()

    return done


def test_the_code_of_the_page_watches_a_growing_file(recording, tmp_path):
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    page: dict = {"__name__": "page"}
    exec(compile(code, str(PAGE), "exec"), page)
    spotter = systems.create("me-tst", training={"epochs": 1}).fit(systems.invented_recordings(["roi10"], 2))
    page["LEVEL"] = -1.0  # an untrained one: it is always inside
    writer = Writer(recording, tmp_path / "growing.ts", bits=12)
    writer.start()
    said: list[str] = []
    frames = follow_video(writer.target, quiet_s=30, poll_s=0.005, done=_asking(writer))
    most = page["watch"](frames, spotter, said.append)
    assert said == ["0.00 s: begins"]
    with open_video(recording) as video:
        half = page["watch"](list(video.frames())[:60], spotter, said.append)
    assert most == half  # no more after four seconds than after two


def test_what_cannot_be_followed(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        next(follow_video(tmp_path / "gone.ts"))
    (tmp_path / "text.ts").write_text("no video at all " * 100)
    with pytest.raises(InputError, match="cannot be read while it grows"):
        next(follow_video(tmp_path / "text.ts", done=lambda: True))
    with pytest.raises(UsageError, match="expected positive seconds"):
        next(follow_video(tmp_path / "text.ts", quiet_s=0))
