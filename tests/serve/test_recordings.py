"""What there is, its frames, its video, its sound, its signals."""

import json
import struct
import wave
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from fleeting.core import InputError, QualityWarning
from fleeting.serve import Desk


def parts_of(data: bytes) -> list[tuple[int, float, bytes]]:
    """Cut a stream of pictures."""
    found, at = [], 0
    while at < len(data):
        size, index, time = struct.unpack(">IId", data[at : at + 16])
        found.append((index, time, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return found


def test_the_list(viewer: Any) -> None:
    (row,) = viewer.get("/api/recordings").json()
    assert row["name"] == "film"
    assert row["expressions"] == 2
    assert row["faces"] == [{"id": 0, "coverage": 1.0}]
    assert row["reviewed"] == {}
    video = row["video"]
    assert (video["found"], video["frames"], video["fps"]) == (True, 50, 25.0)
    viewer.edit("add", 0, "bea", fields={"onset": 1, "offset": 2})
    assert viewer.get("/api/recordings").json()[0]["reviewed"] == {"bea": 1}


def test_a_new_result_appears_and_a_damaged_one_says_so(
    viewer: Any, make_recording: Callable[..., Path]
) -> None:
    make_recording(viewer.folder, "second", warnings=(QualityWarning("no_face", "nobody <there>"),))
    (viewer.folder / "third.json").write_text('{"schema": "fleeting.result/1"}')
    (viewer.folder / "other.json").write_text('{"schema": "somebody else"}')
    rows = {row["name"]: row for row in viewer.get("/api/recordings").json()}
    assert list(rows) == ["film", "second", "third"]
    assert rows["second"]["warnings"] == [{"code": "no_face", "message": "nobody <there>"}]
    assert "whole result" in rows["third"]["error"]
    answer = viewer.get(f"/api/recordings/{rows['third']['id']}")
    assert (answer.status_code, "run analyze again" in answer.json()["error"]) == (404, True)


def test_a_recording(viewer: Any) -> None:
    found = viewer.get(f"/api/recordings/{viewer.id}").json()
    assert [one["key"] for one in found["expressions"]] == ["m0-10-17", "m0-30-40"]
    first = found["expressions"][0]
    assert (first["onset_frame"], first["apex_s"], first["duration_s"]) == (10, 0.52, 0.32)
    assert first["action_units"][0] == {"au": 12, "side": "left", "score": 0.8, "probability": None}
    assert (found["video_found"], found["playable"], found["has_sound"]) == (True, True, False)
    assert found["blind"] == {"active": False, "revealed": True}


def test_a_single_result_and_its_errors(tmp_path: Path, make_recording: Callable[..., Path]) -> None:
    make_recording(tmp_path / "r", "a")
    make_recording(tmp_path / "r", "b")
    desk = Desk(tmp_path / "r" / "a.json")
    assert [one.name for one in desk.library.recordings()] == ["a"]
    with pytest.raises(InputError, match="does not exist"):
        Desk(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no result of fleeting; analyse a video first"):
        Desk(tmp_path / "empty")
    with pytest.raises(InputError, match="is no folder"):
        Desk(tmp_path / "r", tmp_path / "r" / "a.json")
    (tmp_path / "bad.json").write_text("[1")
    with pytest.raises(InputError, match="damaged"):
        Desk(tmp_path / "bad.json")


@pytest.mark.parametrize("index", [0, 1, 49, 17, 16, 33])
def test_a_frame_is_the_one_asked_for(viewer: Any, read_number: Callable[[bytes], int], index: int) -> None:
    answer = viewer.get(f"./frame/{index}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-frame-index"] == str(index)
    assert float(answer.headers["x-frame-time"]) == pytest.approx(index / 25)
    assert read_number(answer.content) == index


def test_a_frame_can_be_smaller(viewer: Any) -> None:
    import cv2

    data = np.frombuffer(viewer.get("./frame/3?width=32").content, np.uint8)
    assert cv2.imdecode(data, 1).shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("./frame/50", 422, "has 50 frames"),
        ("./frame/-1", 422, "from 0"),
        ("./frame/x", 422, "index"),
        ("./frame/3?width=0", 422, "1..8192"),
        ("./frames?from=3&to=2", 422, "from <= to"),
        ("./frames?from=0&to=50", 422, "< 50 frames"),
        ("./frames?from=0&to=9&step=0", 422, "step"),
        ("./times?from=9&to=3", 422, "from <= to"),
        ("./signals?points=0", 422, "points"),
        ("./signals?from=3&to=1", 422, "from <= to"),
        ("./signals?from=nan", 422, "from <= to"),
        ("./compare?onset=99&apex=1", 422, "has 50 frames"),
        ("./magnified?onset=1&offset=99", 422, "< 50 frames"),
        ("./audio?to=1", 404, "no sound"),
        ("./audio?from=0&to=999", 422, "120 s"),
        ("/api/recordings/0123456789abcdef", 404, "no such recording"),
        ("/api/nothing", 404, "nothing at this address"),
    ],
)
def test_errors_are_one_plain_line(viewer: Any, path: str, status: int, says: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == status
    (line,) = answer.json().values()
    assert says in line
    assert "\n" not in line
    assert list(answer.json()) == ["error"]


def test_a_stream_of_frames(viewer: Any, read_number: Callable[[bytes], int]) -> None:
    found = parts_of(viewer.get("./frames?from=8&to=20&step=3&width=64").content)
    assert [index for index, _, _ in found] == [8, 11, 14, 17, 20]
    assert [read_number(data) for _, _, data in found] == [8, 11, 14, 17, 20]
    assert [time for _, time, _ in found] == pytest.approx([0.32, 0.44, 0.56, 0.68, 0.8])


def test_times(viewer: Any) -> None:
    found = viewer.get("./times?from=3&to=5").json()
    assert found == {"from": 3, "step": 1, "times": [0.12, 0.16, 0.2], "total": 50}
    assert viewer.get("./times?from=1&step=20").json()["times"] == [0.04, 0.84, 1.64]
    assert viewer.get("./times?from=48&to=400").json()["times"] == [1.92, 1.96]
    assert len(viewer.get("./times").json()["times"]) == 50
    for wrong in ("from=50", "from=-1", "from=3&to=2", "step=0"):
        assert viewer.get(f"./times?{wrong}").status_code == 422
    assert viewer.get("./times?at=0.5").json() == {"frame": 12, "time": 0.48}


def test_a_variable_rate_is_exact(
    tmp_path: Path,
    make_recording: Callable[..., Path],
    open_viewer: Callable[..., Any],
    read_number: Callable[[bytes], int],
) -> None:
    from fleeting.io import open_video

    plain = make_recording(tmp_path / "plain")
    stamps = [n * 40 + (13 if n % 3 == 1 else 0) for n in range(50)]
    path = tmp_path / "results" / "film.mkv"
    path.parent.mkdir()
    with open_video(plain) as reader, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "20", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for frame, stamp in zip(reader.frames(), stamps, strict=True):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.rgb()), format="rgb24")
            picture.pts, picture.time_base = stamp, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    make_recording(tmp_path / "results", video=path)
    viewer = open_viewer(tmp_path / "results")
    for index in (40, 1, 2, 22, 21, 49):
        answer = viewer.get(f"./frame/{index}")
        assert read_number(answer.content) == index
        assert float(answer.headers["x-frame-time"]) == pytest.approx(stamps[index] / 1000)
    assert viewer.get("./times?at=0.05").json() == {"frame": 0, "time": 0.0}
    assert viewer.get("./times?at=0.053").json() == {"frame": 1, "time": 0.053}


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        (None, 200, slice(None)),
        ("bytes=0-99", 206, slice(0, 100)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-50", 206, slice(-50, None)),
        ("bytes=10-10", 206, slice(10, 11)),
        ("bytes=99999999-", 416, None),
    ],
)
def test_ranges_of_the_file(viewer: Any, asked: str | None, status: int, span: slice | None) -> None:
    whole = (viewer.folder / "film.mp4").read_bytes()
    answer = viewer.get("./video", headers={"Range": asked} if asked else {})
    assert answer.status_code == status
    if span is None:
        return
    assert answer.content == whole[span]
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        first = range(len(whole))[span][0]
        said = f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"
        assert answer.headers["content-range"] == said


def test_the_sound_lies_on_the_clock_of_the_pictures(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    """Silence, and from 1 s on a tone."""
    path = tmp_path / "results" / "film.mkv"
    path.parent.mkdir()
    rate = 48_000
    tone = (np.sin(np.arange(2 * rate) / 10) * 12_000 * (np.arange(2 * rate) >= rate)).astype(np.int16)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format="rgb24")
            container.mux(video.encode(picture))
            piece = av.AudioFrame.from_ndarray(
                tone[None, number * 1920 : (number + 1) * 1920], format="s16", layout="mono"
            )
            piece.sample_rate, piece.pts = rate, number * 1920
            container.mux(audio.encode(piece))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    make_recording(tmp_path / "results", video=path)
    viewer = open_viewer(tmp_path / "results")
    assert viewer.get(f"/api/recordings/{viewer.id}").json()["has_sound"]
    answer = viewer.get("./audio?from=0.9&to=1.2")
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnframes()) == (rate, round(0.3 * rate))
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
    loud = np.flatnonzero(np.abs(samples[:, 0]) > 500)
    assert abs(loud[0] / rate - 0.1) < 0.002
    with wave.open(BytesIO(viewer.get("./audio?from=1.5&to=3").content)) as file:
        assert file.getnframes() == round(1.5 * rate)  # what is missing at the end is silence


def test_signals_whole_and_thinned(viewer: Any) -> None:
    whole = viewer.get("./signals?points=1000").json()
    assert whole["times"] == pytest.approx(np.arange(50) / 25)
    curve = np.sin(np.arange(50))
    assert whole["curve"]["min"][5] is None
    assert whole["curve"]["max"][7] == pytest.approx(curve[7], abs=1e-6)
    assert [row["name"] for row in whole["regions"]] == ["brow", "lip"]
    assert whole["regions"][0]["max"][12] == 5.0  # moved by (3, 4)
    assert (whole["threshold"], whole["exact"], whole["hidden"]) == (0.5, True, False)
    thin = viewer.get("./signals?points=10").json()
    assert len(thin["times"]) == 10
    assert not thin["exact"]
    assert max(thin["curve"]["max"]) == pytest.approx(np.delete(curve, 5).max(), abs=1e-6)
    assert max(thin["regions"][0]["max"]) == 5.0  # a peak of one frame is never lost
    part = viewer.get("./signals?from=0.4&to=0.6&points=100").json()
    assert part["times"][0] <= 0.4
    assert part["times"][-1] >= 0.6
    assert len(part["times"]) < 10
    assert viewer.get("./signals?face=7").json()["times"] == []


def test_a_recording_without_signals_and_without_video(viewer: Any) -> None:
    (viewer.folder / "film.signals.npz").unlink()
    assert viewer.get("./signals").json()["times"] == []
    assert viewer.get("./frame/9").status_code == 200  # the index comes from the packets then
    (viewer.folder / "film.mp4").unlink()
    answer = viewer.get("./frame/9")
    assert (answer.status_code, "--videos" in answer.json()["error"]) == (404, True)
    row = viewer.get("/api/recordings").json()[0]["video"]
    assert (row["found"], "--videos" in row["why"]) == (False, True)
    assert viewer.edit("add", 0, fields={"onset": 3, "offset": 9}).status_code == 200


def test_the_machine_s_words(viewer: Any) -> None:
    found = viewer.get("/api/words").json()
    assert {"number": 4, "name": "brow lowerer", "paired": True, "part": "upper"} in found["aus"]
    assert found["intensities"] == ["A", "B", "C", "D", "E"]
    assert "surprise" in found["emotions"]


def test_the_library_is_served_from_its_package(viewer: Any) -> None:
    import plotly

    answer = viewer.get("/vendor/plotly.min.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.content == (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()


def test_a_face_that_the_recording_does_not_have(viewer: Any) -> None:
    assert viewer.get("./crop/3?face=5").status_code == 422
    answer = viewer.get("./crop/3")
    assert answer.status_code == 404
    assert "cannot be found" in answer.json()["error"]
    assert json.loads(answer.content) == answer.json()
