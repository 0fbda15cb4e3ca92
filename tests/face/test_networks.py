"""What the two face networks find, against positions read off the portrait by eye and against geometry."""

import hashlib
import subprocess
import sys
import threading
from dataclasses import replace
from importlib import resources

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from fleeting import facs
from fleeting.core import InputError, ShapeError, similarity, transform_points
from fleeting.face import (
    FaceTracker,
    Roi,
    detect,
    detect_small,
    find_faces,
    follow,
    landmark,
    model_uses,
    networks,
    roi_from_landmarks,
)

# Read off the portrait at 12-fold magnification, before any network saw it: x, y of the full picture.
READ_BY_EYE = {
    "right eye, outer corner": (33, (193.0, 101.0)),
    "right eye, inner corner": (133, (212.5, 103.0)),
    "left eye, inner corner": (362, (236.0, 104.5)),
    "left eye, outer corner": (263, (258.0, 104.0)),
    "right mouth corner": (61, (202.0, 139.5)),
    "left mouth corner": (291, (245.0, 140.0)),
    "tip of the nose": (4, (222.0, 127.0)),
    "chin": (152, (222.0, 177.0)),
}


@pytest.fixture(scope="module")
def face(portrait) -> np.ndarray:
    found = find_faces(portrait)
    assert len(found) == 1
    return found[0]


def error_percent(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Distance of landmarks from where they should be, percent of the eye distance."""
    away = np.linalg.norm(found[:, :2] - wanted[:, :2], axis=1)
    return 100 * away / float(facs.iod(wanted))


# --- the portrait -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("vertex", "at"), READ_BY_EYE.values(), ids=list(READ_BY_EYE))
def test_landmarks_lie_where_a_person_points(face, vertex, at):
    assert face.shape == (468, 3)
    assert face.dtype == np.float32
    assert np.linalg.norm(face[vertex, :2] - at) < 2.5  # px, 6 % of the eye distance


def test_the_nose_is_nearer_than_the_ears(face):
    assert face[4, 2] < face[[234, 454], 2].min() - 20


def test_key_points_of_the_detection_lie_on_eyes_nose_mouth(portrait):
    (found,) = detect(portrait)
    wanted = [(202.5, 101), (246, 103), (222, 127), (223, 143)]  # pupils, nose, mouth, read by eye
    assert np.linalg.norm(found.points[:4] - wanted, axis=1).max() < 8
    assert found.score > 0.8
    x0, y0, x1, y1 = found.box
    assert x0 < 190 < 260 < x1
    assert y0 < 95 < 170 < y1


@pytest.mark.parametrize(
    ("scale", "degrees", "shift"),
    [
        (1, 0, (37.3, -21.7)),
        (1, 0, (-60, 80.5)),
        (0.5, 0, (0, 0)),
        (1.3, 0, (0, 0)),
        (3, 0, (0, 0)),  # so large that it is averaged before the network
        (1, -30, (0, 0)),
        (1, -8, (0, 0)),
        (1, 15, (0, 0)),
        (1, 45, (0, 0)),
        (0.8, 20, (10, 30)),
    ],
)
def test_landmarks_move_with_the_picture(portrait, face, scale, degrees, shift):
    matrix = cv2.getRotationMatrix2D((223, 120), degrees, scale)
    matrix[:, 2] += shift
    matrix[:, 2] += (scale - 1) * np.array([223, 120])  # about the corner, so that all of it stays inside
    size = (round(512 * scale), round(512 * scale))
    moved = cv2.warpAffine(portrait, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    found = find_faces(moved)
    assert len(found) == 1
    error = error_percent(found[0], transform_points(matrix, face))
    assert np.sqrt((error**2).mean()) < 2.0
    assert error.max() < 5.0


# --- how many faces -----------------------------------------------------------------------------------


def test_a_face_pasted_twice_gives_two(head, paste, resize):
    small = resize(head, 0.75)
    found = find_faces(paste((260, 560), (head, 40, 30), (small, 340, 60)))
    assert len(found) == 2
    assert [round(float(face[:, 0].mean() / 100)) for face in found] == [1, 4]  # the larger one first
    at = np.array([[223.0 - 140 + 40, 127 - 20 + 30], [(223 - 140) * 0.75 + 340, (127 - 20) * 0.75 + 60]])
    assert np.abs(np.stack([face[4, :2] for face in found]) - at).max() < 3


def smooth_noise(seed: int, size: tuple[int, int], sigma: float) -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(*size, 3)), (sigma, sigma, 0))
    return (128 + 25 * noise / noise.std()).clip(0, 255).astype(np.uint8)


def landscape(seed: int) -> np.ndarray:
    """Sky and three rows of hills, with the 1/f texture of natural pictures."""
    rng = np.random.default_rng(seed)
    height, width = 240, 320
    y, x = np.mgrid[:height, :width]
    picture = np.stack([110 + 0.3 * y, 150 + 0.2 * y, 230 - 0.1 * y], -1)
    for k in range(3):
        line = height * (0.4 + 0.17 * k) + 15 * np.sin(x / (25 + 15 * k) + rng.uniform(0, 6))
        picture[y > line] = (50 + 25 * k, 95 - 15 * k, 45)
    rough = sum(s * gaussian_filter(rng.normal(size=(height, width, 1)), (s, s, 0)) for s in (1.0, 3, 8))
    return (picture + 25 * rough).clip(0, 255).astype(np.uint8)


FACELESS = {
    "grey": lambda: np.full((200, 260, 3), 128, np.uint8),
    "white noise": lambda: np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8),
    "smooth noise": lambda: smooth_noise(2, (240, 320), 5),
    "skin-coloured noise": lambda: (smooth_noise(3, (240, 320), 12) * [0.9, 0.7, 0.6]).astype(np.uint8),
    "landscape": lambda: landscape(4),
    "stripes": lambda: np.tile(np.arange(320, dtype=np.uint8)[None, :, None] * 8, (240, 1, 3)),
}


@pytest.mark.parametrize("what", FACELESS)
def test_no_face_where_there_is_none_and_one_where_one_is_put(what, head, resize):
    picture = FACELESS[what]()
    assert find_faces(picture) == []
    small = resize(head, 0.6)
    picture[40 : 40 + small.shape[0], 80 : 80 + small.shape[1]] = small
    assert len(find_faces(picture)) == 1


def test_a_tiny_face_in_a_big_picture_is_found(head, resize):
    picture, small = smooth_noise(0, (720, 1280), 6), resize(head, 0.4)  # eye distance 17 px
    picture[400 : 400 + small.shape[0], 900 : 900 + small.shape[1]] = small
    assert detect(picture) == []  # too small for one look at the whole
    (found,) = find_faces(picture)
    wanted = np.array([193.0 - 140, 101 - 20]) * 0.4 + [900, 400]
    assert np.linalg.norm(found[33, :2] - wanted) < 1.5
    assert float(facs.iod(found)) == pytest.approx(17.2, rel=0.05)


def test_a_face_on_the_border_of_two_tiles_is_one_face(head, resize):
    picture, small = smooth_noise(5, (480, 640), 6), resize(head, 0.35)
    picture[200 : 200 + small.shape[0], 300 : 300 + small.shape[1]] = small
    assert len(detect_small(picture)) == 1


# --- settling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", range(0, 360, 45))
def test_a_face_that_moved_by_a_quarter_of_its_size_is_followed(portrait, face, direction):
    """One look errs here by up to half an eye distance and is sure of it; looking again mends it."""
    size = float(np.ptp(face[:, :2], axis=0).max())
    away = 0.25 * size * np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
    found, presence = follow(portrait, face[:, :2] + away)
    assert presence > 0.9
    assert np.sqrt((error_percent(found, face) ** 2).mean()) < 2


def test_what_does_not_come_to_rest_is_no_face(portrait, face, monkeypatch):
    answers = iter(range(1, 100))

    def restless(image, roi):
        return face + 10 * next(answers), 1.0

    monkeypatch.setattr(networks, "landmark", restless)
    assert follow(portrait, face)[1] == 0.0
    assert next(answers) < 20  # and it gives up in time


def test_presence_is_low_where_no_face_is(face):
    assert landmark(smooth_noise(7, (240, 320), 4), Roi(160, 120, 150, 0.0))[1] < 0.5
    assert follow(np.full((512, 512, 3), 90, np.uint8), face)[1] < 0.5


# --- squares ------------------------------------------------------------------------------------------


def test_square_to_crop_by_hand():
    to_crop = Roi(50, 40, 20, 0.0).to_crop(100)
    wanted = [[0, 0], [100, 0], [50, 50], [100, 100]]
    assert transform_points(to_crop, np.array([[40.0, 30], [60, 30], [50, 40], [60, 50]])) == pytest.approx(
        np.array(wanted, float)
    )
    turned = Roi(50, 40, 20, np.pi / 2).to_crop(100)  # a quarter clockwise: what lay right of it lies below
    assert transform_points(turned, np.array([[50.0, 50]]))[0] == pytest.approx([100, 50])


@given(st.floats(-1.2, 1.2), st.floats(0.3, 4), st.tuples(st.floats(-300, 300), st.floats(-300, 300)))
def test_the_square_moves_with_the_face(angle, scale, shift):
    mesh = facs.neutral_mesh()[:, :2] * 60
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    one, other = roi_from_landmarks(mesh), roi_from_landmarks(mesh @ turn.T + shift)
    assert other.angle == pytest.approx(one.angle + angle, abs=1e-9)
    assert other.side == pytest.approx(one.side * scale)
    assert [other.x, other.y] == pytest.approx(turn @ [one.x, one.y] + shift, abs=1e-6)


def test_landmarks_hardly_depend_on_the_square(portrait, face):
    roi = roi_from_landmarks(face)
    for other in (
        replace(roi, x=roi.x + 0.05 * roi.side),
        replace(roi, side=1.1 * roi.side),
        replace(roi, angle=roi.angle + 0.1),
    ):
        found, presence = landmark(portrait, other)
        assert presence > 0.9
        assert np.sqrt((error_percent(found, face) ** 2).mean()) < 3.5


def test_the_detection_s_square_holds_the_face(portrait, face):
    to_crop = detect(portrait)[0].roi.to_crop(192)
    inside = transform_points(to_crop, face)
    assert inside.min() > 5
    assert inside.max() < 187
    turn = similarity(face[:, :2].astype(float), inside)
    assert abs(np.arctan2(turn[1, 0], turn[0, 0])) < 0.25  # the detector sees eyes only roughly


def test_a_large_face_is_averaged_without_being_displaced(portrait, face):
    """Every pixel fourfold, and a square whose shrink is exactly 4: the network sees the very same bytes."""
    roi = replace(roi_from_landmarks(face), side=192.0)
    small, _ = landmark(portrait, roi)
    large = portrait[:300, 100:350].repeat(4, axis=0).repeat(4, axis=1)
    there = Roi(4 * (roi.x - 100) + 1.5, 4 * roi.y + 1.5, 4 * roi.side, roi.angle)
    found, presence = landmark(large, there)
    assert presence > 0.9
    wanted = 4 * (small[:, :2] - [100, 0]) + 1.5  # centre of a pixel -> centre of its sixteen
    assert np.abs(found[:, :2] - wanted).max() < 0.5  # px of 172 px eye distance
    assert np.abs(found[:, 2] - 4 * small[:, 2]).max() < 1.0


# --- wrong input --------------------------------------------------------------------------------------

WRONG = {
    "float": np.zeros((64, 64, 3)),
    "uint16": np.zeros((64, 64, 3), np.uint16),
    "grey": np.zeros((64, 64), np.uint8),
    "four channels": np.zeros((64, 64, 4), np.uint8),
    "batch": np.zeros((1, 64, 64, 3), np.uint8),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_pictures_are_refused(what):
    image = WRONG[what]
    for call in (
        detect,
        detect_small,
        find_faces,
        lambda i: landmark(i, Roi(30, 30, 40, 0.0)),
        lambda i: FaceTracker().look(0.0, i),
    ):
        with pytest.raises(ShapeError, match="expected"):
            call(image)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (3, 700), (700, 3), (129, 127)])
def test_odd_sizes_are_looked_at(size):
    assert find_faces(np.full((*size, 3), 70, np.uint8)) == []


def test_pictures_are_not_written_to(portrait):
    before = portrait.copy()
    frozen = portrait.copy()
    frozen.setflags(write=False)  # as the decoder gives them
    assert len(find_faces(frozen)) == 1
    assert np.array_equal(frozen, before)


# --- the model files ----------------------------------------------------------------------------------


def test_model_files_are_whole():
    assert len(model_uses()) == 2
    for use in model_uses():
        data = (resources.files("fleeting.face") / "data" / f"{use.name}.tflite").read_bytes()
        assert hashlib.sha256(data).hexdigest() == use.sha256
        assert data[4:8] == b"TFL3"  # the mark of a TensorFlow Lite flatbuffer
        assert "Apache-2.0" in use.licence


def test_tampered_model_bytes_are_refused(tmp_path, monkeypatch):
    data = bytearray((resources.files("fleeting.face") / "data" / "face_landmark.tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "face_landmark.tflite").write_bytes(data)
    monkeypatch.setattr(networks.resources, "files", lambda package: tmp_path)
    networks._model.cache_clear()
    try:
        with pytest.raises(
            InputError, match=r"face_landmark\.tflite: is not the file.*install fleeting again"
        ):
            networks._model("face_landmark")
    finally:
        networks._model.cache_clear()


def test_threads_have_networks_of_their_own(portrait, face):
    found: dict[int, np.ndarray] = {}

    def work(number: int) -> None:
        for _ in range(5):
            found[number] = find_faces(portrait)[0]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[n], face) for n in range(3))


def test_the_inference_runtime_does_not_greet():
    code = "import numpy as np, fleeting.face as f; f.find_faces(np.zeros((64, 64, 3), np.uint8))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
