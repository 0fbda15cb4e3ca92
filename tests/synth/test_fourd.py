"""The set synth-4d: two views that agree, depth, dynamics, labels, layout, resume."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="splats need fleeting[train]")

from fleeting.core import InputError, UsageError  # noqa: E402
from fleeting.synth._flowmap_units import UNITS  # noqa: E402
from fleeting.synth._splat_clips import draw_event, two_views, units_of  # noqa: E402
from fleeting.synth._splat_face import draw_face  # noqa: E402
from fleeting.synth.fourd import EMOTIONS, FourDSettings, draw_clip, read_4d, write_4d  # noqa: E402

torch.set_num_threads(1)
SMALL = FourDSettings(size=48, fps=30, levels=0, per_edge=2, noise=0.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fourd") / "set"
    write_4d(out, 3, seed=5, subjects=2, settings=SMALL)
    return out


def test_the_set_reads_back_as_it_was_drawn(made: Path) -> None:
    clips = read_4d(made)
    assert clips.subjects.tolist() == ["synth/f0000", "synth/f0000", "synth/f0001"]
    assert clips.labels.shape == (3, 5) and clips.labels.any(1).all()
    rng = np.random.default_rng((5, 1, 4))
    face = draw_face(rng, levels=0, per_edge=2)
    drawn = draw_clip(np.random.default_rng((5, 1, 4, 1)), face, SMALL)
    clip = clips[2]
    np.testing.assert_array_equal(clip.images, drawn.images)
    np.testing.assert_allclose(clip.depth, drawn.depth, atol=0.5 / 2048 + 1e-6)
    np.testing.assert_allclose(clip.flow, drawn.flow, atol=0.005)
    np.testing.assert_array_equal(clip.labels, drawn.labels)
    assert (clip.onset, clip.apex, clip.offset, clip.aus) == (
        drawn.onset, drawn.apex, drawn.offset, drawn.aus,
    )  # fmt: skip
    np.testing.assert_allclose(clip.calibration[0]["pose"], drawn.calibration[0]["pose"])


def test_the_dataset_reader_for_tables_reads_it(made: Path) -> None:
    import fleeting.datasets

    samples = fleeting.datasets.open("csv", made).samples()
    rows = read_4d(made).rows
    assert len(samples) == 3
    for sample, row in zip(samples, rows, strict=True):
        assert (sample.subject, sample.onset, sample.apex, sample.offset) == (
            row["subject"], row["onset"], row["apex"], row["offset"],
        )  # fmt: skip
        assert "+".join(str(code.au) for code in sample.codes) == row["aus"]
        assert sample.path is not None and len(list(sample.path.glob("*.png"))) == row["frames"]
        assert sample.fps == 30


def test_the_two_views_see_the_same_points(made: Path) -> None:
    clip = read_4d(made)[0]
    views = []
    for told in clip.calibration:
        matrix, pose = np.array(told["intrinsics"]), np.array(told["pose"])
        np.testing.assert_allclose(pose[:, :3] @ pose[:, :3].T, np.eye(3), atol=1e-9)
        views.append((matrix, pose))
    y, x = np.nonzero(clip.face[0])
    depth = clip.depth[0, clip.onset][clip.face[0]]
    (matrix, pose), (matrix_2, pose_2) = views
    rays = np.linalg.inv(matrix) @ np.stack([x, y, np.ones(len(x))])
    points = pose[:, :3].T @ (rays * depth - pose[:, 3:])
    there = matrix_2 @ (pose_2[:, :3] @ points + pose_2[:, 3:])
    at = np.rint(there[:2] / there[2]).astype(int)
    inside = ((at >= 0) & (at < 48)).all(0)
    other = clip.depth[1, clip.onset][at[1, inside], at[0, inside]]
    apart = np.abs(other - there[2, inside])
    assert inside.sum() > 500
    assert np.median(apart) < 0.03  # IOD; some points are hidden from the other side
    # with the cameras exchanged the same points would not agree
    wrong = clip.depth[0, clip.onset][at[1, inside], at[0, inside]]
    assert np.median(np.abs(wrong - there[2, inside])) > 2 * np.median(apart)


def test_motion_rises_to_the_apex_and_falls_again() -> None:
    face = draw_face(np.random.default_rng(1), levels=0, per_edge=1)
    still = FourDSettings(size=48, fps=60, levels=0, per_edge=1, noise=0.0, head_percent=0.0)
    clip = draw_clip(np.random.default_rng(3), face, still)
    first = clip.images[:, :1].astype(float)
    change = np.abs(clip.images - first).mean((0, 2, 3, 4))
    assert (change[: clip.onset] == 0).all()
    assert (change[clip.offset + 1 :] == 0).all()
    assert change[clip.onset : clip.offset + 1].argmax() + clip.onset == pytest.approx(clip.apex, abs=1)
    # the second phase leads back: the ways of both phases cancel where they are large
    there, back = clip.flow[0]
    moving = np.hypot(*np.moveaxis(there, -1, 0)) > 0.5
    assert moving.any()
    assert (there * back).sum(-1)[moving].max() < 0


def test_events_keep_to_the_settings() -> None:
    face = draw_face(np.random.default_rng(0), levels=0, per_edge=1)
    wanted = FourDSettings(duration_s=(0.3, 0.4), mixed=0.5)
    rng = np.random.default_rng(2)
    events = [draw_event(rng, face, wanted) for _ in range(400)]
    mixed = np.mean([event.labels.sum() == 2 for event in events])
    assert mixed == pytest.approx(0.5, abs=0.08)
    main = np.bincount([event.main for event in events], minlength=5) / 400
    np.testing.assert_allclose(main, wanted.shares, atol=0.08)
    for event in events[:50]:
        assert 0 < event.onset < event.apex < event.offset < event.frames - 1
        assert 0.3 <= event.plant.duration_s <= 0.4
        size = np.hypot(*np.tensordot(event.weights, face.bank, 1).T).max()
        assert size == pytest.approx(event.plant.strength_percent / 100, rel=1e-3)


def test_units_belong_to_their_emotions() -> None:
    def share(emotion: str, au: int) -> float:
        sets = units_of(emotion)
        return float(sets.share[sets.members[:, UNITS.index(au)]].sum())

    assert share("positive", 12) > 0.6 > 0.2 > share("negative", 12)
    assert share("negative", 4) > 0.3 > share("positive", 4)
    assert share("others", 12) == pytest.approx(1 / len(UNITS))
    assert max(UNITS, key=lambda au: share("repression", au)) in (12, 14, 15, 17)
    assert len(EMOTIONS) == 5


def test_the_cameras_stand_on_both_sides() -> None:
    left, right = two_views(np.random.default_rng(0), 64, 0.3, 40.0)
    eyes = [-view.rotation.T @ view.shift for view in (left, right)]  # where the cameras stand
    assert eyes[0][0] < -1 < 1 < eyes[1][0]
    ways = [view.rotation[2] for view in (left, right)]
    assert np.degrees(np.arccos(ways[0] @ ways[1])) == pytest.approx(40, abs=1e-6)


def test_a_stopped_run_goes_on_and_a_different_one_is_refused(made: Path, tmp_path: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    out = tmp_path / "again"
    write_4d(out, 3, seed=5, subjects=2, settings=SMALL)
    whole = files(out)
    assert whole == files(made)
    (out / "samples.csv").unlink()
    (out / "f0000" / "01").rename(out / "f0000" / ".part-01")
    (out / "f0000" / ".part-01" / "truth.npz").unlink()
    write_4d(out, 3, seed=5, subjects=2, settings=SMALL)
    assert files(out) == whole
    with pytest.raises(InputError, match="made otherwise"):
        write_4d(out, 2, seed=5, subjects=2, settings=SMALL)


def test_missing_and_wrong_things_are_named(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples\.csv"):
        read_4d(tmp_path)
    with pytest.raises(UsageError, match="seed"):
        write_4d(tmp_path, 1, seed=-1)
    for wrong in ({"size": 8}, {"fps": 1.0}, {"angle_deg": 90.0}, {"shares": (1.0,)}, {"mixed": 2.0}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            FourDSettings(**wrong)  # type: ignore[arg-type]


def test_the_command_makes_a_set(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from fleeting.cli.synth import app

    call = ["4d", "--out", str(tmp_path), "--count", "1", "--seed", "1", "--size", "32", "--fps", "20"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0 and "1 clips" in done.output
    assert read_4d(tmp_path)[0].images.shape[2:] == (32, 32, 3)
