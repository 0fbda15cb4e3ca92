import numpy as np
import pytest

from fleeting.core import ShapeError
from fleeting.facs import (
    mirror_index,
    neutral_mesh,
    region_masks,
    region_masks68,
    region_names,
    region_polygons68,
    regions,
    to_points68,
    vertices68,
)

# Mirror point of each of the 68, as every flip augmentation for iBUG has it.
MIRROR68 = [
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
]  # fmt: skip


def test_the_points_are_symmetric():
    vertices = np.array(vertices68())
    assert len(set(vertices.tolist())) == 68
    assert mirror_index()[vertices].tolist() == vertices[MIRROR68].tolist()


def test_the_points_lie_where_the_scheme_has_them():
    points = to_points68(neutral_mesh())[:, :2]
    assert points[8].tolist() == neutral_mesh()[152, :2].tolist()  # chin
    assert (np.diff(points[:17, 0]) > 0).all()  # the jaw runs from the subject's right to left
    assert (np.diff(points[:9, 1]) > 0).all() and (np.diff(points[8:17, 1]) < 0).all()
    assert (np.diff(points[17:27, 0]) > 0).all()
    assert (np.diff(points[27:31, 1]) > 0).all()
    gaps = np.linalg.norm(np.diff(points[:17], axis=0), axis=1)
    assert gaps.max() < 2 * gaps.min()  # evenly along the jaw


def test_stacks_of_faces_and_errors():
    stack = np.stack([neutral_mesh(), 2 * neutral_mesh()])
    assert to_points68(stack).shape == (2, 68, 3)
    with pytest.raises(ShapeError):
        to_points68(np.zeros((68, 2)))
    with pytest.raises(ShapeError, match="68"):
        region_polygons68(np.zeros((49, 2)))


def test_polygons_of_the_neutral_face_are_those_of_the_mesh():
    angle = np.deg2rad(25)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    face = 90 * neutral_mesh()[:, :2] @ turn + (300, 250)
    for name, polygon in region_polygons68(to_points68(face)).items():
        np.testing.assert_allclose(polygon, face[list(regions()[name])], atol=0.02)


def test_masks_of_another_face_overlap_with_those_of_its_mesh():
    # Another person: wider, shorter, brows up, mouth corners out, the chin to one side.
    face = neutral_mesh()[:, :2] * (1.06, 0.95)
    face = face + 0.05 * np.sin(3 * face[:, ::-1] + 1)
    face = 150 * face + (230, 190)
    size = (520, 460)
    mesh, points = region_masks(face, size), region_masks68(to_points68(face), size)
    both, any_ = (mesh & points).sum(axis=(1, 2)), (mesh | points).sum(axis=(1, 2))
    overlap = dict(zip(region_names(), both / np.maximum(any_, 1), strict=True))
    del overlap["mouth_open"]  # closed: nothing to overlap
    assert min(overlap.values()) > 0.4
    assert np.mean(list(overlap.values())) > 0.7


def test_names_choose_the_masks():
    face = to_points68(neutral_mesh()[:, :2]) * 60 + 100
    chosen = region_masks68(face, (220, 200), ("jaw_left", "chin"))
    np.testing.assert_array_equal(chosen[1], region_masks68(face, (220, 200))[region_names().index("chin")])
