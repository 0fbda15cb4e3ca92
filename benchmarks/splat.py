"""Throughput and exactness of the splat renderer and its two sets, and the pictures of ``docs/splat.md``.

``benchmarks/splat.py --speed``, ``--exact`` and ``--found N`` print tables, ``--pictures DIR`` draws. One
thread each; needs ``fleeting[train,demo]``. Load is printed, for other work on the machine slows everything.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch

from fleeting.facs import neutral_mesh
from fleeting.synth import FlowPairSettings, FourDSettings, read_4d, subject_pairs, write_4d, write_flow_pairs
from fleeting.synth._fields import Lattice, unit_field
from fleeting.synth._flowmap_units import UNITS
from fleeting.synth._splat_face import draw_face
from fleeting.synth._splat_mesh import shape_of
from fleeting.synth.splat import (
    View,
    colours_from,
    fit_colours,
    head_mesh,
    mesh_flow,
    mesh_on_portrait,
    render,
    splats_on,
)


def load():
    """Processes that wait for the machine's cores, mean of a minute."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def timed(call, least=5):
    """Median wall and processor seconds of a call."""
    call()
    rows = []
    for _ in range(least):
        start = time.perf_counter(), time.process_time()
        call()
        rows.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return np.median(rows, 0)


def speed():
    """Frames a second by size, and pieces a second of both sets."""
    print(f"| what | size | splats | wall | processor | {load()} |\n|---|---|---|---|---|---|")
    for levels, per_edge in ((1, 1), (1, 2), (2, 2)):
        mesh = head_mesh(levels=levels)
        splats = splats_on(mesh, per_edge=per_edge)
        for size in (128, 256, 512):
            view = View.toward_face(size)
            with torch.no_grad():
                wall, cpu = timed(lambda s=splats, m=mesh, v=view: render(s, m.vertices, v))
                _, flow = timed(lambda s=splats, m=mesh, v=view: render(s, m.vertices, v, moved=m.vertices))
            spent = f"{wall:.3f} s | {cpu:.3f} ({flow:.3f}) s"
            print(f"| frame (with flow) | {size} | {len(splats):,} | {spent} | |")
    face = 0.0
    start = time.process_time()
    for k in range(5):
        draw_face(np.random.default_rng(k))
    face = (time.process_time() - start) / 5
    print(f"| a person | | 24,736 | | {face:.2f} s | |")
    with tempfile.TemporaryDirectory() as out:
        for name, count, make in (
            ("synth flow, pairs", 20, lambda n, d: write_flow_pairs(d, n, seed=0, subjects=1)),
            ("synth 4d, clips", 4, lambda n, d: write_4d(d, n, seed=0, subjects=1)),
        ):
            start = time.perf_counter(), time.process_time()
            make(count, Path(out) / name[6:8])
            wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
            print(
                f"| {name}, written | {128 if 'flow' in name else 112} | | {wall / count:.2f} s each | "
                f"{cpu / count:.2f} s each | {load()} |"
            )
        frames = [clip.images.shape[1] for clip in read_4d(Path(out) / "4d")]
        print(f"| frames in a 4d clip and view | | | {np.mean(frames):.0f} | | |")


def exact():
    """Flow of splats against the mesh, and against the formula of the motion, where something moves."""
    shape = shape_of(neutral_mesh())
    lattice = Lattice.over(shape)
    print(
        "| size | splats | units | peak px | affine: mesh | middle: mesh | affine: formula |\n|" + "---|" * 7
    )
    for size in (128, 256, 512):
        for levels, per_edge in ((1, 2), (2, 1), (2, 2)):
            mesh, view = head_mesh(levels=levels), View.toward_face(size)
            splats = splats_on(mesh, per_edge=per_edge)
            for aus in ([12], [1, 2, 4]):
                field = unit_field(shape, lattice, aus)
                print(row(size, mesh, splats, view, field, aus))


def row(size, mesh, splats, view, field, aus, strength=0.03):
    """One line of the table: median and 95th percentile of the error, pixels."""
    flat = strength * field(mesh.vertices[:, :2])
    moved = mesh.vertices + np.column_stack([flat, np.zeros(len(flat))])
    with torch.no_grad():
        affine = render(splats, mesh.vertices, view, moved=moved)
        middle = render(splats, mesh.vertices, view, moved=moved, carry="middle")
    under = mesh_flow(mesh.triangles, mesh.vertices, moved, view)
    inside = (under.triangle >= 0) & (affine.face.numpy() > 0.5)
    y, x = np.nonzero(inside)
    pixels = np.stack([x, y], 1).astype(float)
    points = view.lift(pixels, under.depth[inside])
    step = np.column_stack([strength * field(points[:, :2]), np.zeros(len(points))])
    truth = view.project(points + step)[:, :2] - pixels
    moving = np.hypot(*truth.T) > 0.1

    def told(one, two):
        size = np.hypot(*(one - two).T)[moving]
        return f"{np.median(size):.4f} ({np.percentile(size, 95):.3f})"

    mine, mean, mesh_own = affine.flow.numpy()[inside], middle.flow.numpy()[inside], under.flow[inside]
    cells = [size, f"{len(splats):,}", "+".join(map(str, aus)), f"{np.hypot(*truth.T).max():.2f}"]
    return (
        "| "
        + " | ".join(map(str, [*cells, told(mine, mesh_own), told(mean, mesh_own), told(mine, truth)]))
        + " |"
    )


def found(count, size=256):
    """How many drawn people the shipped face models find, and how far their landmarks lie from the mesh."""
    from fleeting.face import find_faces

    apart, missed = [], 0
    for seed in range(count):
        face = draw_face(np.random.default_rng((77, seed)))
        view = View.toward_face(size, iod_px=size / 4.5)
        with torch.no_grad():
            seen = render(face.splats, face.mesh.vertices, view, background=face.background(view)).numpy()
        faces = find_faces(seen["image"])
        if not faces:
            missed += 1
            continue
        truth = view.project(face.mesh.vertices[:468])[:, :2]
        marks = np.asarray(faces[0], float)[:, :2]
        apart.append(np.hypot(*(marks - truth).T) / (size / 4.5))
    apart = np.array(apart)
    print(f"found {count - missed} of {count}; landmarks off by {np.median(apart):.3f} IOD in the median, ")
    eyes, lips = np.median(apart[:, [33, 133, 362, 263]]), np.median(apart[:, [61, 291]])
    print(f"by {eyes:.3f} at the eye corners, {lips:.3f} at the corners of the lips")


def colour_wheel(flow, strongest):
    """Direction as hue, size as saturation."""
    angle, size = np.arctan2(flow[..., 1], flow[..., 0]), np.hypot(flow[..., 0], flow[..., 1])
    hsv = np.stack([(angle / np.pi * 90 + 90) % 180, 255 * (size / strongest).clip(0, 1), 0 * size + 255], -1)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)


def grey(values, low, high):
    """A picture of one number."""
    level = (255 * (values - low) / (high - low)).clip(0, 255).astype(np.uint8)
    return np.repeat(level[..., None], 3, 2)


def save(path, rows):
    """Write a sheet of pictures."""
    sheet = np.concatenate([np.concatenate(one, 1) for one in rows])
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


def pictures(folder):
    """Draw the sheets of the documentation."""
    portrait_sheet(folder / "splat_portrait.png")
    faces_sheet(folder / "splat_faces.png")
    pairs_sheet(folder / "splat_pairs.png")
    fourd_sheet(folder / "splat_4d.png")


def portrait_sheet(path):
    """The portrait; splats fitted to it; turned both ways; depth."""
    from skimage import data

    from fleeting.synth._source import open_scene

    picture = np.ascontiguousarray(data.astronaut()[0:256, 96:352])
    shape = open_scene(picture, fps=10, duration_s=1).shape
    mesh, view = mesh_on_portrait(
        shape.points @ shape.to_pixels[:, :2].T + shape.to_pixels[:, 2], picture.shape[:2]
    )
    splats = splats_on(mesh, colours_from(picture, view.project(mesh.vertices)[:, :2]))
    splats = fit_colours(splats, mesh.vertices, view, picture, steps=20)
    turned = []
    for degrees in (0, 14, -14):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        neck = np.array([0, 1.1, 0.9])
        goal = (mesh.vertices - neck) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) + neck
        goal = mesh.vertices + mesh.hold[:, None] * (goal - mesh.vertices)
        with torch.no_grad():
            turned.append(render(splats, goal, view, background=picture / 255).numpy())
    save(path, [[picture, *(one["image"] for one in turned), grey(-turned[0]["depth"], -11.2, -9.2)]])


def faces_sheet(path):
    """Drawn people from three sides, with a smile and a frown."""
    rows = []
    for seed in range(4):
        face = draw_face(np.random.default_rng(seed))
        cells = []
        for yaw, au in ((0, 0), (-25, 0), (25, 0), (0, 12), (0, 4)):
            weights, view = np.zeros(len(face.bank)), View.toward_face(200, yaw_deg=yaw)
            if au:
                weights[2 * UNITS.index(au) : 2 * UNITS.index(au) + 2] = 0.1
            with torch.no_grad():
                seen = render(
                    face.splats, face.vertices(weights, np.zeros(6)), view, background=face.background(view)
                )
            cells.append(seen.numpy()["image"])
        rows.append(cells)
    save(path, rows)


def pairs_sheet(path):
    """Pairs with flow and masks."""
    rows = []
    for seed in range(2):
        for pair in subject_pairs(seed, 2, seed=11, settings=FlowPairSettings(size=160)):
            strongest = max(pair.row["highest_px"], 0.2)
            mask = 110 * pair.face.astype(int) + 130 * pair.visible
            rows.append([pair.image_1, pair.image_2, colour_wheel(pair.flow, strongest), grey(mask, 0, 255)])
    save(path, [[*rows[i], *rows[i + 1]] for i in range(0, len(rows), 2)])


def fourd_sheet(path):
    """One clip: onset, apex, last frame, depth and both phases' flow in both views."""
    with tempfile.TemporaryDirectory() as out:
        write_4d(out, 1, seed=4, settings=FourDSettings(size=160, per_edge=2))
        clip = read_4d(out)[0]
    strongest = np.hypot(clip.flow[..., 0], clip.flow[..., 1]).max()
    rows = []
    for images, depth, flow in zip(clip.images, clip.depth, clip.flow, strict=True):
        far, near = np.percentile(depth[depth > 0], [97, 1])
        shown = grey(-depth[clip.apex], -far, -near)
        rows.append([images[clip.onset], images[clip.apex], images[-1], shown])
        rows[-1] += [colour_wheel(phase, strongest) for phase in flow]
    save(path, rows)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--found", type=int, help="number of people")
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    if asked.exact:
        exact()
    if asked.speed:
        speed()
    if asked.found:
        found(asked.found)
    if asked.pictures:
        pictures(asked.pictures)
