"""Splats on a mesh: projection, compositing, gradients, depth order, exact flow."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="splats need fleeting[train]")

from fleeting.core import ShapeError, UsageError  # noqa: E402
from fleeting.facs import neutral_mesh  # noqa: E402
from fleeting.synth._fields import Lattice, unit_field  # noqa: E402
from fleeting.synth._splat_mesh import shape_of, slide  # noqa: E402
from fleeting.synth._splat_raster import bands, pair_up, project_splats  # noqa: E402
from fleeting.synth.splat import (  # noqa: E402
    SplatMesh,
    Splats,
    View,
    head_mesh,
    mesh_flow,
    render,
    splats_on,
    visible,
)

torch.set_num_threads(1)


def square(z: float = 0.0, half: float = 0.6, cells: int = 8) -> SplatMesh:
    """A flat square facing the camera, finely cut."""
    line = np.linspace(-half, half, cells + 1)
    x, y = np.meshgrid(line, line)
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], 1)
    at = np.arange(x.size).reshape(x.shape)
    a, b, c, d = (v.ravel() for v in (at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]))
    corners = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return SplatMesh(points, corners, np.ones(len(corners), bool), np.ones(len(points)))


def few(count: int = 3, seed: int = 0) -> tuple[Splats, torch.Tensor]:
    """Some large splats in double precision, each on a triangle of its own, and the vertices."""
    draw = torch.Generator().manual_seed(seed)
    vertices = torch.rand(3 * count, 3, generator=draw, dtype=torch.float64) - 0.5
    vertices[:, 2] += torch.arange(count).repeat_interleave(3) * 0.7
    place = torch.rand(count, 3, generator=draw, dtype=torch.float64) + 0.2
    splats = Splats(
        torch.arange(3 * count).reshape(count, 3),
        place / place.sum(1, keepdim=True),
        0.4 * torch.eye(2, dtype=torch.float64).expand(count, 2, 2).clone(),
        torch.full((count,), 0.05, dtype=torch.float64),
        torch.rand(count, 3, generator=draw, dtype=torch.float64),
        0.3 + 0.6 * torch.rand(count, generator=draw, dtype=torch.float64),
        torch.ones(count, dtype=torch.bool),
    )
    return splats, vertices


def by_hand(splats: Splats, vertices: torch.Tensor, view: View, low_pass: float = 0.3) -> np.ndarray:
    """Colour and alpha of every pixel, splat by splat, ``(H, W, 4)``: no torch, no lists of pairs."""
    own = vertices.numpy()[splats.triangle.numpy()]
    seen = own @ view.rotation.T + view.shift
    out, left = np.zeros((view.height, view.width, 3)), np.ones((view.height, view.width))
    middles = (splats.place.numpy()[:, :, None] * seen).sum(1)
    y, x = np.mgrid[0 : view.height, 0 : view.width]
    for i in np.argsort(middles[:, 2]):
        mx, my, mz = middles[i]
        edges = np.stack([seen[i, 1] - seen[i, 0], seen[i, 2] - seen[i, 0]], 1)
        normal = np.cross(*edges.T)
        normal /= np.linalg.norm(normal)
        root = np.column_stack([edges @ splats.root[i].numpy(), normal * splats.thickness[i].item()])
        jacobian = view.focal * np.array([[1 / mz, 0, -mx / mz**2], [0, 1 / mz, -my / mz**2]])
        covariance = jacobian @ root @ root.T @ jacobian.T + low_pass * np.eye(2)
        away = np.stack([x, y], -1) - (view.focal * np.array([mx, my]) / mz + view.centre)
        power = np.einsum("hwi,ij,hwj->hw", away, np.linalg.inv(covariance), away)
        alpha = splats.opacity[i].item() * np.exp(-power / 2)
        alpha = np.where(alpha < 1 / 255, 0.0, np.minimum(alpha, 0.995))
        out += (left * alpha)[..., None] * splats.colour[i].numpy()
        left = left * (1 - alpha)
    return np.concatenate([out, 1 - left[..., None]], -1)


def test_a_scene_by_hand() -> None:
    splats, vertices = few(6)
    view = View.toward_face((14, 17), iod_px=9, distance=6, yaw_deg=25)
    seen = render(splats, vertices, view)
    expected = by_hand(splats, vertices, view)
    assert expected[..., 3].max() > 0.5
    np.testing.assert_allclose(seen.image.numpy(), expected[..., :3], atol=1e-12)
    np.testing.assert_allclose(seen.alpha.numpy(), expected[..., 3], atol=1e-12)


def test_one_splat_has_its_analytic_covariance_and_middle() -> None:
    # the equilateral spread of one triangle with edges of 1 and 2 IOD, straight ahead at depth 10
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 2, 0]])
    view = View(21, 21, 50.0, np.array([10.0, 10.0]), np.eye(3), np.array([0.0, 0, 10]))
    mesh = SplatMesh(vertices, np.array([[0, 1, 2]]), np.ones(1, bool), np.ones(3))
    splats = splats_on(mesh, per_edge=1)
    prints = project_splats(
        torch.as_tensor(vertices[mesh.triangles], dtype=torch.float32),
        splats.place,
        splats.root / 1.9,
        splats.thickness,
        view,
        0.0,
    )
    np.testing.assert_allclose(prints.middle[0], [10 + 5 / 3, 10 + 10 / 3], rtol=1e-6)
    # uniform over the triangle in pixels (edges 5 and 10): variances 25/18, 100/18, covariance -50/36
    np.testing.assert_allclose(prints.covariance[0], [25 / 18, -50 / 36, 100 / 18], rtol=1e-4)


def test_weights_sum_to_what_transmittance_leaves() -> None:
    mesh = head_mesh(levels=0)
    splats, view = splats_on(mesh), View.toward_face(48)
    corners = torch.as_tensor(mesh.vertices, dtype=torch.float32)[splats.triangle]
    prints = project_splats(corners, splats.place, splats.root, splats.thickness, view, 0.3)
    pairs = pair_up(prints, splats.opacity, view, 1 / 255, (0, 48))
    total = torch.zeros(48 * 48).index_add(0, pairs.pixel, pairs.weight)
    product = np.ones(48 * 48)
    np.multiply.at(product, pairs.pixel.numpy(), 1 - pairs.alpha.double().numpy())
    np.testing.assert_allclose(total, 1 - product, atol=2e-6)
    np.testing.assert_allclose(pairs.left, product, atol=2e-6)
    assert total.max() <= 1 + 1e-6
    assert pairs.weight.min() >= 0
    # front to back within each pixel
    depth = prints.depth[pairs.splat]
    same = pairs.pixel[1:] == pairs.pixel[:-1]
    assert bool((depth[1:] >= depth[:-1])[same].all())


def test_bands_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = head_mesh(levels=0)
    splats, view = splats_on(mesh), View.toward_face((40, 33))
    moved = mesh.vertices + np.array([0.03, 0.01, 0])
    whole = render(splats, mesh.vertices, view, moved=moved)
    monkeypatch.setattr("fleeting.synth._splat_raster.MOST_PAIRS", 3000)
    corners = torch.as_tensor(mesh.vertices, dtype=torch.float32)[splats.triangle]
    prints = project_splats(corners, splats.place, splats.root, splats.thickness, view, 0.3)
    assert len(bands(prints, splats.opacity, view, 1 / 255)) > 3
    pieces = render(splats, mesh.vertices, view, moved=moved)
    np.testing.assert_allclose(pieces.image, whole.image, atol=1e-5)
    np.testing.assert_allclose(pieces.flow, whole.flow, atol=1e-4)


@pytest.mark.parametrize("swap", [False, True])
def test_near_hides_far_whatever_the_order_in_the_list(swap: bool) -> None:
    near, far = square(z=-1.0, half=0.4), square(z=1.0, half=1.0)
    parts = [(near, (1.0, 0, 0)), (far, (0, 0, 1.0))][:: -1 if swap else 1]
    first = len(parts[0][0].vertices)
    mesh = SplatMesh(
        np.concatenate([m.vertices for m, _ in parts]),
        np.concatenate([parts[0][0].triangles, parts[1][0].triangles + first]),
        np.ones(len(near.triangles) + len(far.triangles), bool),
        np.ones(first + len(parts[1][0].vertices)),
    )
    colours = np.concatenate([np.tile(colour, (len(m.vertices), 1)) for m, colour in parts])
    view = View.toward_face(40, iod_px=20, aim=np.zeros(3))
    seen = render(splats_on(mesh, colours), mesh.vertices, view)
    middle, edge = seen.image[20, 20], seen.image[20, 5]  # the far one alone reaches x = 5
    assert middle[0] > 0.95 and middle[2] < 0.03
    assert edge[2] > 0.9 and edge[0] < 0.03
    assert seen.depth[20, 20] == pytest.approx(9.0, abs=0.05)
    assert seen.depth[20, 5] == pytest.approx(11.0, abs=0.05)


def test_gradients_of_everything_that_can_be_fitted() -> None:
    splats, vertices = few(3, seed=1)
    view = View.toward_face(6, iod_px=4, distance=8, yaw_deg=10, aim=np.zeros(3))
    wanted = torch.rand(6, 6, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def loss(points, place, root, thickness, colour, opacity, moved):  # type: ignore[no-untyped-def]
        own = Splats(splats.triangle, place, root, thickness, colour, opacity, splats.face)
        seen = render(own, points, view, moved=moved, background=wanted, cutoff=1e-12)
        return seen.image, seen.alpha, seen.depth, seen.flow

    shifted = (
        vertices + 0.05 * torch.rand(vertices.shape, generator=torch.Generator().manual_seed(3)).double()
    )
    given = (vertices, splats.place, splats.root, splats.thickness, splats.colour, splats.opacity, shifted)
    inputs = tuple(value.clone().requires_grad_() for value in given)
    assert torch.autograd.gradcheck(loss, inputs, eps=1e-6, atol=1e-5, rtol=1e-3)


def test_a_shift_of_a_plane_is_exact() -> None:
    mesh = square()
    view = View.toward_face(48, iod_px=24, aim=np.zeros(3))
    seen = render(splats_on(mesh), mesh.vertices, view, moved=mesh.vertices + np.array([0.05, -0.025, 0]))
    inside = seen.alpha.numpy() > 0.5
    np.testing.assert_allclose(seen.flow.numpy()[inside], np.tile([1.2, -0.6], (inside.sum(), 1)), atol=1e-4)
    np.testing.assert_array_equal(seen.flow.numpy()[seen.alpha.numpy() == 0], 0)


def test_a_turn_and_a_stretch_are_exact_with_affine_carrying_alone() -> None:
    mesh = square()
    matrix = 1.1 * np.array([[np.cos(0.1), -np.sin(0.1), 0], [np.sin(0.1), np.cos(0.1), 0], [0, 0, 1 / 1.1]])
    view = View.toward_face(48, iod_px=24, aim=np.zeros(3))
    y, x = np.mgrid[0:48, 0:48] - 23.5
    truth = np.stack([x, y], -1) @ (matrix[:2, :2] - np.eye(2)).T
    errors = {}
    for carry in ("affine", "middle"):
        seen = render(splats_on(mesh), mesh.vertices, view, moved=mesh.vertices @ matrix.T, carry=carry)
        inside = seen.alpha.numpy() > 0.5
        errors[carry] = np.hypot(*np.moveaxis(seen.flow.numpy() - truth, -1, 0))[inside].max()
    assert errors["affine"] < 1e-3
    assert errors["middle"] > 0.02


def test_the_disparity_between_two_cameras_is_exact() -> None:
    mesh = square(z=0.5)
    left, right = (View.toward_face(40, iod_px=20, yaw_deg=a, aim=np.zeros(3)) for a in (-5, 5))
    seen = render(splats_on(mesh), mesh.vertices, left, moved_view=right)
    inside = seen.alpha.numpy() > 0.9
    y, x = np.nonzero(inside)
    # the ray of each pixel meets the plane z = 0.5
    pixels = np.stack([x, y], 1).astype(float)
    eye = left.lift(pixels[:1], np.zeros(1))
    ray = left.lift(pixels, np.ones(len(pixels))) - eye
    points = eye + (0.5 - eye[:, 2:]) / ray[:, 2:] * ray
    truth = right.project(points)[:, :2] - pixels
    assert np.abs(truth[:, 0]).min() > 0.5
    np.testing.assert_allclose(seen.flow.numpy()[inside], truth, atol=0.02)


@pytest.mark.parametrize(("size", "aus"), [(128, [12]), (128, [1, 2, 4]), (256, [12])])
def test_flow_of_a_face_against_analytic_motion(size: int, aus: list[int]) -> None:
    shape = shape_of(neutral_mesh())
    field = unit_field(shape, Lattice.over(shape), aus)
    mesh = head_mesh(levels=2)
    strength = 0.02
    motion = strength * field(mesh.vertices[:, :2])
    moved = mesh.vertices + np.column_stack([motion, np.zeros(len(motion))])
    view = View.toward_face(size)
    seen = render(splats_on(mesh, per_edge=1), mesh.vertices, view, moved=moved)
    under = mesh_flow(mesh.triangles, mesh.vertices, moved, view)
    inside = (under.triangle >= 0) & (seen.face.numpy() > 0.5)
    y, x = np.nonzero(inside)
    pixels = np.stack([x, y], 1).astype(float)
    points = view.lift(pixels, under.depth[inside])  # what is seen, moved by the formula itself, no mesh
    truth = (
        view.project(points + np.column_stack([strength * field(points[:, :2]), np.zeros(len(points))]))[
            :, :2
        ]
        - pixels
    )
    moving = np.hypot(*truth.T) > 0.1
    assert moving.sum() > 200
    error = np.hypot(*(seen.flow.numpy()[inside] - truth).T)
    assert np.median(error[moving]) < 0.02
    assert np.median(error) < 0.005
    on_mesh = np.hypot(*(seen.flow.numpy() - under.flow)[inside].T)
    assert np.median(on_mesh[moving]) < 0.02


def test_the_mesh_flow_of_a_tilted_plane_is_a_homography() -> None:
    mesh = square(cells=2)
    tilt = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    first, moved = mesh.vertices @ tilt.T, mesh.vertices @ tilt.T @ tilt.T + [0.1, 0, 0.4]
    view = View.toward_face(48, iod_px=24, distance=5, aim=np.zeros(3))
    made = mesh_flow(mesh.triangles, first, moved, view)
    import cv2

    corners = np.array([0, 2, 6, 8])
    from_, to = (view.project(v[corners])[:, :2].astype(np.float32) for v in (first, moved))
    y, x = np.nonzero(made.triangle >= 0)
    pixels = np.stack([x, y], 1).astype(np.float32)
    there = cv2.perspectiveTransform(pixels[None], cv2.getPerspectiveTransform(from_, to))[0]
    assert len(pixels) > 300
    np.testing.assert_allclose(made.flow[y, x], there - pixels, atol=1e-4)


def test_what_a_moving_plate_covers_is_no_longer_visible() -> None:
    near, far = square(z=-1.0, half=0.25), square(z=0.5, half=0.9)
    first = len(near.vertices)
    mesh = SplatMesh(
        np.concatenate([near.vertices, far.vertices]),
        np.concatenate([near.triangles, far.triangles + first]),
        np.ones(len(near.triangles) + len(far.triangles), bool),
        np.ones(first + len(far.vertices)),
    )
    moved = mesh.vertices.copy()
    moved[:first, 0] += 0.4
    view = View.toward_face(60, iod_px=30, aim=np.zeros(3))
    splats = splats_on(mesh)
    one = render(splats, mesh.vertices, view, moved=moved)
    two = render(splats, moved, view)
    seen = visible(one, two)
    # at depth 9 the plate's edge lies 0.25 * 300 / 9 = 8.3 px from the middle; it goes 13.3 px to the right
    assert seen[30, 30] and seen[30, 25]  # the plate itself
    assert not seen[30, 29 + 12] and not seen[30, 29 + 20]  # the wall where the plate goes
    assert seen[30, 29 + 25] and seen[30, 15] and seen[40, 41]  # the wall elsewhere
    assert not seen[0, 0]  # nothing there


def test_what_leaves_the_picture_is_not_visible() -> None:
    mesh = square(half=1.5)
    view = View.toward_face(32, iod_px=16, aim=np.zeros(3))
    moved = mesh.vertices + np.array([0.5, 0, 0])
    splats = splats_on(mesh)
    seen = visible(render(splats, mesh.vertices, view, moved=moved), render(splats, moved, view))
    assert seen[16, :23].all() and not seen[16, 24:].any()


def test_wrong_use_is_said() -> None:
    mesh = head_mesh(levels=0, surround=False)
    splats, view = splats_on(mesh, per_edge=1), View.toward_face(16)
    with pytest.raises(UsageError, match="carry"):
        render(splats, mesh.vertices, view, moved=mesh.vertices, carry="other")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="behind the camera"):
        render(splats, mesh.vertices - [0, 0, 20], view)
    with pytest.raises(ShapeError, match="background"):
        render(splats, mesh.vertices, view, background=np.zeros((4, 4, 3)))
    with pytest.raises(ShapeError, match="vertices"):
        render(splats, mesh.vertices[:, :2], view)
    with pytest.raises(UsageError, match="no flow"):
        visible(render(splats, mesh.vertices, view), render(splats, mesh.vertices, view))
    with pytest.raises(ShapeError, match="points"):
        head_mesh(np.zeros((10, 3)))


def test_skin_slides_along_the_surface() -> None:
    mesh = head_mesh(levels=1)
    motion = np.zeros((len(mesh.vertices), 2))
    motion[:, 0] = 0.01
    moved = mesh.vertices + slide(mesh.vertices, mesh.triangles, motion)
    cheek = 425
    from fleeting.synth._splat_mesh import normals

    normal = normals(mesh.vertices, mesh.triangles)[cheek]
    step = moved[cheek] - mesh.vertices[cheek]
    assert step[0] == pytest.approx(0.01) and step[2] > 0.001  # outwards on a cheek is backwards
    assert abs(step @ normal) < 1e-9


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_sees_the_same() -> None:
    mesh = head_mesh(levels=1)
    splats, view = splats_on(mesh), View.toward_face(128)
    moved = mesh.vertices + np.array([0.02, 0.01, 0.0])
    here = render(splats, mesh.vertices, view, moved=moved).numpy()
    there = render(splats.to(device="cuda"), mesh.vertices, view, moved=moved).numpy()
    np.testing.assert_allclose(there["flow"], here["flow"], atol=1e-2)
    assert np.abs(there["image"].astype(int) - here["image"]).max() <= 2


def test_synth_itself_needs_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, fleeting.synth, fleeting.synth.splat; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
