import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fleeting.core import ShapeError
from fleeting.facs import eye_centers, iod, mirror_index, neutral_mesh, regions, triangle_sets, triangles

# The order of the face mesh as MediaPipe documents it: the subject's right, then the left, point by point.
RIGHT = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
LEFT = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
RIGHT += [70, 63, 105, 66, 107, 46, 53, 52, 65, 55]
LEFT += [300, 293, 334, 296, 336, 276, 283, 282, 295, 285]
RIGHT += [61, 146, 91, 181, 84, 185, 40, 39, 37, 78, 95, 88, 178, 87, 191, 80, 81, 82]
LEFT += [291, 375, 321, 405, 314, 409, 270, 269, 267, 308, 324, 318, 402, 317, 415, 310, 311, 312]
MIDDLE = [10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 2, 164, 0, 13, 14, 17, 18, 200, 199, 175, 152]
OVAL = {10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152}


def test_mirror_pairs_are_those_of_the_published_mesh():
    mirror = mirror_index()
    assert mirror[RIGHT].tolist() == LEFT
    assert mirror[LEFT].tolist() == RIGHT
    assert mirror[MIDDLE].tolist() == MIDDLE


def test_mirror_is_an_involution_with_28_points_on_the_midline():
    mirror = mirror_index()
    assert mirror[mirror].tolist() == list(range(468))
    assert np.count_nonzero(mirror == np.arange(468)) == 28


def test_the_neutral_face_is_its_own_mirror_image():
    face = neutral_mesh()
    np.testing.assert_allclose(face[mirror_index()] * [-1, 1, 1], face, atol=1e-9)


def test_the_neutral_face_stands_upright_and_looks_at_the_camera():
    face = neutral_mesh()
    np.testing.assert_allclose(eye_centers(face)[:, :2], [[-0.5, 0], [0.5, 0]], atol=1e-4)
    assert face[10, 1] < face[168, 1] < face[1, 1] < face[13, 1] < face[152, 1]  # y runs down
    assert face[33, 0] < 0 < face[263, 0]  # the subject's right is on the left of the picture
    nearest = int(face[:, 2].argmin())
    assert np.linalg.norm(face[nearest] - face[4]) < 0.1  # z runs away: the tip of the nose is nearest
    assert abs(face[10, 2] - face[152, 2]) < 1e-3


def test_the_mouth_is_closed_and_the_eyes_are_open():
    face = neutral_mesh()
    assert 0 <= face[14, 1] - face[13, 1] < 0.02
    assert 0.12 < face[145, 1] - face[159, 1] < 0.25
    assert abs(face[61, 1] - face[13, 1]) < 0.05  # no smile: corners as high as the lip line


def test_proportions_are_an_adults():
    face = neutral_mesh()
    assert face[152, 1] == pytest.approx(1.79, abs=0.02)
    assert face[13, 1] == pytest.approx(1.05, abs=0.02)
    assert face[291, 0] - face[61, 0] == pytest.approx(0.86, abs=0.02)


def test_tables_cannot_be_written_to():
    for table in (neutral_mesh(), mirror_index(), triangles()):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0


def edges(corners):
    return Counter(frozenset((int(t[k]), int(t[k - 1]))) for t in corners for k in range(3))


def test_triangles_are_one_disc_whose_rim_is_the_face_oval():
    corners = triangles()
    count = edges(corners)
    assert set(count.values()) == {1, 2}
    rim = {v for edge, n in count.items() if n == 1 for v in edge}
    assert rim == OVAL | set(mirror_index()[list(OVAL)].tolist())
    assert set(corners.ravel().tolist()) == set(range(468))
    assert 468 - len(count) + len(corners) == 1  # Euler characteristic of a disc


def test_triangles_are_symmetric_and_turned_alike():
    mirrored = mirror_index()[triangles()][:, ::-1]

    def cycles(corners):
        return {tuple(np.roll(t, -int(np.argmin(t))).tolist()) for t in corners}

    assert cycles(triangles()) == cycles(mirrored)


def test_triangles_are_clockwise_on_the_screen_but_at_the_rim():
    a, b, c = (neutral_mesh()[triangles()[:, k], :2] for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    assert np.count_nonzero(turn < 0) == 20
    assert abs(turn[turn < 0]).sum() < 0.01 * turn.sum()


@pytest.mark.parametrize("name", ["eye_open_left", "eye_open_right", "mouth_open"])
def test_openings_are_cut_along_their_rims(name):
    ring = regions()[name]
    inside = triangle_sets()[name]
    rim = {frozenset(pair) for pair in zip(ring, ring[1:] + ring[:1], strict=True)}
    assert {edge for edge, n in edges(inside).items() if n == 1} == rim
    assert len(inside) == len(ring) - 2


def test_skin_and_openings_make_up_the_mesh():
    parts = np.concatenate(list(triangle_sets().values()))
    assert sorted(map(tuple, parts.tolist())) == sorted(map(tuple, triangles().tolist()))


def test_eye_distance_of_scaled_turned_and_stacked_faces():
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = 80 * neutral_mesh()[:, :2] @ turn.T + (300, 200)
    assert iod(face) == pytest.approx(80, abs=0.01)
    assert iod(np.stack([face, 2 * face])).tolist() == pytest.approx([80, 160], abs=0.02)
    np.testing.assert_allclose(eye_centers(face).mean(axis=0), (300, 200), atol=0.01)


def test_eye_distance_takes_no_notice_of_depth_and_lids():
    face = neutral_mesh().copy()
    face[:, 2] += 3 * face[:, 0]
    face[[159, 145, 386, 374], 1] += 0.1
    assert iod(face) == pytest.approx(1, abs=1e-4)


def test_wrong_number_of_landmarks():
    with pytest.raises(ShapeError, match="468"):
        iod(np.zeros((478, 2)))


def test_the_stored_mesh_is_what_the_command_makes():
    pytest.importorskip("skimage", reason="the portrait comes with scikit-image")
    pytest.importorskip("ai_edge_litert", reason="the landmark model needs LiteRT")
    path = Path(__file__).parents[2] / "benchmarks" / "make_neutral_mesh.py"
    spec = importlib.util.spec_from_file_location("make_neutral_mesh", path)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    shape, mirror, corners = maker.build()
    # Another processor rounds the network's sums differently: a hundredth of the eye distance at most.
    np.testing.assert_allclose(shape, neutral_mesh(), atol=0.01)
    assert mirror.tolist() == mirror_index().tolist()
    assert len(corners) == len(triangles())
