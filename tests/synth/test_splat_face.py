"""Splats on a portrait and on drawn faces: colours, poses, warping by the flow, cameras."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="splats need fleeting[train]")

from fleeting.core import UnknownNameError  # noqa: E402
from fleeting.synth._flowmap_units import UNITS  # noqa: E402
from fleeting.synth._splat_face import draw_face, turn  # noqa: E402
from fleeting.synth._splat_sets import photograph  # noqa: E402
from fleeting.synth.splat import (  # noqa: E402
    View,
    colours_from,
    fit_colours,
    mesh_on_portrait,
    render,
    splats_on,
    visible,
)

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def face():  # type: ignore[no-untyped-def]
    return draw_face(np.random.default_rng(5))


def warped(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The second picture, fetched back along the flow."""
    import cv2

    y, x = np.mgrid[0 : flow.shape[0], 0 : flow.shape[1]].astype(np.float32)
    return cv2.remap(picture.astype(np.float32), x + flow[..., 0], y + flow[..., 1], cv2.INTER_CUBIC)


def test_colours_fitted_to_a_portrait_look_like_it(portrait: np.ndarray) -> None:
    from fleeting.synth._source import open_scene

    shape = open_scene(portrait, fps=10, duration_s=1).shape
    marks = shape.points @ shape.to_pixels[:, :2].T + shape.to_pixels[:, 2]
    mesh, view = mesh_on_portrait(marks, portrait.shape[:2], levels=1)
    np.testing.assert_allclose(view.project(mesh.vertices[:468])[:, :2], marks, atol=1e-6)
    splats = splats_on(mesh, colours_from(portrait, view.project(mesh.vertices)[:, :2]), per_edge=1)
    behind = portrait / 255.0
    before = render(splats, mesh.vertices, view, background=behind).numpy()
    fitted = fit_colours(splats, mesh.vertices, view, portrait, steps=8)
    after = render(fitted, mesh.vertices, view, background=behind).numpy()
    inside = before["face"] > 0.5
    errors = [np.abs(seen["image"].astype(float) - portrait)[inside].mean() for seen in (before, after)]
    assert inside.sum() > 3000
    assert errors[1] < 0.8 * errors[0] and errors[1] < 6
    assert fitted.colour.min() >= 0 and fitted.colour.max() <= 1 and not fitted.colour.requires_grad


def test_the_second_picture_warped_by_the_flow_is_the_first(face) -> None:  # type: ignore[no-untyped-def]
    weights = np.zeros(len(face.bank))
    for au in (12, 4):
        weights[2 * UNITS.index(au) : 2 * UNITS.index(au) + 2] = 0.05
    view = View.toward_face(128)
    rest, pose = np.zeros(len(face.bank)), np.array([0.02, -0.01, 0.0, 0.02, 0.04, 0.03])
    before, after = face.vertices(rest, np.zeros(6)), face.vertices(weights, pose)
    behind = face.background(view)
    first = render(face.splats, before, view, moved=after, background=behind)
    second = render(face.splats, after, view, background=behind)
    flow = first.numpy()["flow"]
    where = visible(first, second) & (first.face.numpy() > 0.9)
    one, two = 255 * first.image.numpy(), 255 * second.image.numpy()
    still = np.abs(one - two)[where].mean()
    back = np.abs(one - warped(two, flow))[where].mean()
    assert np.median(np.hypot(*flow[where].T)) > 1
    assert where.sum() > 4000
    assert back < 0.25 * still
    assert back < 1.5  # grey levels
    assert np.abs(one - warped(two, -flow))[where].mean() > still  # and no other sign


def test_the_background_stands_still_and_the_head_moves_as_one(face) -> None:  # type: ignore[no-untyped-def]
    rest = np.zeros(len(face.bank))
    pose = np.array([0.03, 0.02, 0.0, 0.0, 0.0, 0.0])
    moved = face.vertices(rest, pose) - face.mesh.vertices
    np.testing.assert_allclose(moved[:468], np.tile(pose[:3], (468, 1)), atol=1e-9)
    np.testing.assert_allclose(moved[face.mesh.hold == 0], 0, atol=1e-9)
    assert (face.mesh.hold == 0).sum() > 30
    turned = face.vertices(rest, np.array([0, 0, 0, 0.1, -0.2, 0.15]))[:468]
    before = face.mesh.vertices[:468]
    np.testing.assert_allclose(
        np.linalg.norm(turned[:, None] - turned, axis=-1),
        np.linalg.norm(before[:, None] - before, axis=-1),
        atol=1e-9,
    )


def test_turns_go_where_they_should() -> None:
    nose = np.array([0.0, 0.0, -1.0])  # towards the camera
    assert (turn(0, 0.1, 0) @ nose)[0] > 0.09  # yaw: to the image's right
    assert (turn(0.1, 0, 0) @ nose)[1] > 0.09  # pitch: downwards
    assert (turn(0, 0, 0.1) @ [1.0, 0, 0])[1] > 0.09  # roll: clockwise
    for matrix in (turn(0.3, -0.2, 0.5),):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)


def test_a_camera_from_the_right_sees_the_right_side() -> None:
    view = View.toward_face(100, yaw_deg=20)
    ear_left, ear_right = view.project(np.array([[-1.0, 0.45, 0.5], [1.0, 0.45, 0.5]]))
    assert ear_right[2] < ear_left[2]  # nearer
    nose = view.project(np.array([[0.0, 0.45, -0.7], [0.0, 0.45, 0.0]]))
    assert nose[0, 0] < nose[1, 0]  # the nose points to its left


def test_a_smile_lifts_the_lip_corners_on_the_side_asked_for(face) -> None:  # type: ignore[no-untyped-def]
    weights = np.zeros(len(face.bank))
    weights[2 * UNITS.index(12)] = 0.05  # the subject's left half: right in the picture
    moved = face.vertices(weights, np.zeros(6)) - face.mesh.vertices
    assert moved[291, 1] < -0.01
    assert np.abs(moved[61]).max() < 1e-3
    assert np.hypot(*moved[:, :2].T).max() < 0.051


@pytest.mark.parametrize("basis", ["kernel", "tps"])
def test_a_person_depends_on_the_seed_alone(basis: str) -> None:
    one, two = (draw_face(np.random.default_rng(1), basis=basis, levels=0, per_edge=1) for _ in range(2))
    other = draw_face(np.random.default_rng(2), levels=0, per_edge=1)
    np.testing.assert_array_equal(one.bank, two.bank)
    assert torch.equal(one.splats.colour, two.splats.colour)
    assert not np.allclose(one.mesh.vertices[:468], other.mesh.vertices[:468])
    peaks = np.linalg.norm(one.bank, axis=-1).max(1)[: 2 * len(UNITS)]
    assert (peaks > 0.2).all() and (peaks < 1.2).all()
    assert not np.allclose(one.bank, other.bank)


def test_an_unknown_basis_is_named() -> None:
    with pytest.raises(UnknownNameError, match="kernel, tps"):
        draw_face(np.random.default_rng(0), basis="dance")


def test_the_face_is_covered_without_holes(face) -> None:  # type: ignore[no-untyped-def]
    seen = render(face.splats, face.mesh.vertices, View.toward_face(128)).numpy()
    inside = seen["face"] > 0.5
    assert inside.mean() > 0.35
    assert np.percentile(seen["alpha"][inside], 1) > 0.95
    assert seen["alpha"].max() <= 1


def test_noise_of_the_camera_has_the_deviation_asked_for() -> None:
    rng = np.random.default_rng(0)
    flat = np.full((200, 200, 3), 128 / 255)
    made = photograph(rng, flat, blur=0.0, noise=4.0, gain=1.0).astype(float)
    assert made.std() == pytest.approx(4.0, rel=0.05)
    assert made.mean() == pytest.approx(128, abs=0.2)
    bright = photograph(rng, 2 * flat * 0.98, blur=0.0, noise=1.0, gain=0.5)
    assert bright.mean() == pytest.approx(125.4, abs=0.5)
