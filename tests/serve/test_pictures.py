"""The aligned face, two moments compared, a movement magnified; on the public-domain portrait."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleeting.core import CROP
from fleeting.io import write_video

cv2 = pytest.importorskip("cv2")
SIZE = (round(CROP.height * 2.5), round(CROP.width * 2.5), 3)
APEX = 3


def moved_mouth(portrait: np.ndarray, pixels: float) -> np.ndarray:
    """Draw the corner of the mouth (in the picture's left half) outwards and up."""
    y, x = np.mgrid[: portrait.shape[0], : portrait.shape[1]].astype(np.float32)
    near = np.exp(-((x - 141) ** 2 + (y - 139) ** 2) / (2 * 9**2)).astype(np.float32)
    return cv2.remap(portrait, x + pixels * near, y + pixels * near, cv2.INTER_CUBIC)


@pytest.fixture
def filmed(tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]) -> Any:
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    portrait = np.ascontiguousarray(data.astronaut()[0:320, 60:380])
    strength = [0, 0, 1, 2, 1, 0]
    folder = tmp_path / "results"
    folder.mkdir()
    video = write_video(folder / "film.mp4", [moved_mouth(portrait, 1.5 * s) for s in strength], fps=25)
    make_recording(folder, video=video, spans=((1, APEX, 5),))
    return open_viewer(folder)


def image(answer: Any) -> np.ndarray:
    assert answer.status_code == 200, answer.json()
    found = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found)


def movement(first: np.ndarray, second: np.ndarray) -> float:
    """How far the part that moved most has moved, in pixels."""
    from fleeting.motion import dis_flow

    grey = [one.astype(np.uint8)[..., 1] for one in (first, second)]
    return float(np.percentile(np.linalg.norm(cv2.blur(dis_flow(*grey), (9, 9)), axis=-1), 99.5))


def test_the_crop_is_aligned(filmed: Any) -> None:
    from fleeting.face import find_faces

    crop = image(filmed.get("./crop/1"))
    assert crop.shape == SIZE
    (face,) = find_faces(np.ascontiguousarray(crop[..., ::-1]))
    eyes = [face[[33, 133], :2].mean(0), face[[362, 263], :2].mean(0)]
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(CROP.iod * 2.5, rel=0.06)
    assert abs(eyes[1][1] - eyes[0][1]) < 6


def test_a_crop_held_on_another_frame_shows_only_what_the_face_did(filmed: Any) -> None:
    onset = image(filmed.get("./crop/1")).astype(int)
    apex = image(filmed.get(f"./crop/{APEX}?reference=1")).astype(int)
    change = np.abs(apex - onset).mean(-1)
    assert change.max() > 25  # the corner of the mouth
    assert np.median(change) < 3  # all else holds still
    row, column = np.unravel_index(cv2.GaussianBlur(change, (0, 0), 4).argmax(), change.shape)
    assert row > SIZE[0] * 0.55
    assert column < SIZE[1] * 0.6


@pytest.mark.parametrize("kind", ["difference", "flow", "heat", "flicker"])
def test_comparisons_are_pictures_of_the_crop(filmed: Any, kind: str) -> None:
    answer = filmed.get(f"./compare?onset=1&apex={APEX}&kind={kind}")
    assert image(answer).shape == SIZE
    assert answer.headers["content-type"] == "image/png"
    assert ("x-scale" in answer.headers) == (kind != "flicker")


def test_comparisons_show_where_it_moved(filmed: Any) -> None:
    grey = image(filmed.get(f"./compare?onset=1&apex={APEX}")).mean(-1)
    change = cv2.GaussianBlur(np.abs(grey - 128), (0, 0), 6)
    row, column = np.unravel_index(change.argmax(), change.shape)
    assert row > SIZE[0] * 0.55
    assert column < SIZE[1] * 0.6
    heat = image(filmed.get(f"./compare?onset=1&apex={APEX}&kind=heat")).astype(int)
    # green to yellow, the upper half of viridis (the picture is in the order blue, green, red)
    rows = np.nonzero((heat[..., 1] > heat[..., 0] + 20) & (heat[..., 1] > heat[..., 2] - 20))[0]
    assert len(rows) > 50
    assert np.median(rows) > SIZE[0] * 0.5


def test_an_unknown_kind(filmed: Any) -> None:
    answer = filmed.get("./compare?onset=1&apex=3&kind=magic")
    assert (answer.status_code, "difference, flow, heat" in answer.json()["error"]) == (422, True)


def test_magnified_frames(filmed: Any) -> None:
    data = filmed.get("./magnified?onset=1&offset=5&gain=6").content
    found, at = [], 0
    while at < len(data):
        size, index, time = struct.unpack(">IId", data[at : at + 16])
        picture = cv2.imdecode(np.frombuffer(data[at + 16 : at + 16 + size], np.uint8), cv2.IMREAD_COLOR)
        found.append((index, time, picture.astype(int)))
        at += 16 + size
    assert [index for index, _, _ in found] == [1, 2, 3, 4, 5]
    assert [time for _, time, _ in found] == pytest.approx([0.04, 0.08, 0.12, 0.16, 0.2])
    still = found[0][2]
    assert still.shape == SIZE
    moved = [movement(still, picture) for _, _, picture in found]
    plain = movement(still, image(filmed.get(f"./crop/{APEX}?reference=1")).astype(int))
    assert moved[2] > 2 * plain  # larger than the movement itself
    assert moved[1] > plain
    assert moved[4] < plain  # the face is back at rest
    assert filmed.get("./magnified?onset=1&offset=5&gain=0").status_code == 422


def test_the_right_face_of_several(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Any
) -> None:
    """Where the result tells where each face was, it is that one; else the largest."""
    from fleeting.io import read_result, write_result

    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    portrait = np.ascontiguousarray(data.astronaut()[0:320, 60:380])
    small = cv2.resize(portrait, (240, 240), interpolation=cv2.INTER_AREA)
    both = np.full((320, 600, 3), 90, np.uint8)
    both[:, :320] = portrait
    both[40:280, 340:580] = small[:, ::-1]
    folder = tmp_path / "results"
    folder.mkdir()
    video = write_video(folder / "film.mp4", [both] * 6, fps=25)
    make_recording(folder, video=video, spans=((1, 3, 5),))
    largest = image(open_viewer(folder).get("./crop/2"))
    report = read_result(folder / "film.json")
    boxes = {"face0_boxes": np.array([[390.0, 80, 530, 260]], np.float32), "face0_box_frames": np.array([0])}
    report.signals.update(boxes)
    write_result(report, folder, "film")
    other = image(open_viewer(folder).get("./crop/2"))
    match = float(np.corrcoef(largest[:, ::-1].ravel(), other.ravel())[0, 1])
    assert match > 0.95  # the mirror image
    assert match > float(np.corrcoef(largest.ravel(), other.ravel())[0, 1]) + 0.05
