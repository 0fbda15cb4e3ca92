"""The set synth-flow: layout, reader, resume, same bytes, exact truth."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="splats need fleeting[train]")

from fleeting.core import InputError, UsageError  # noqa: E402
from fleeting.synth.flowpairs import (  # noqa: E402
    COLUMNS,
    FlowPairSettings,
    read_flow_pairs,
    subject_pairs,
    write_flow_pairs,
)

torch.set_num_threads(1)
SMALL = FlowPairSettings(size=48, levels=0, per_edge=2)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_set_reads_back_as_it_was_drawn(tmp_path: Path) -> None:
    paths = write_flow_pairs(tmp_path / "set", 5, seed=3, subjects=2, settings=SMALL)
    pairs = read_flow_pairs(tmp_path / "set")
    assert paths.table.read_text().splitlines()[0] == ",".join(COLUMNS)
    assert len(pairs) == 5
    assert pairs.subjects.tolist() == ["synth/f0000"] * 3 + ["synth/f0001"] * 2
    drawn = [*subject_pairs(0, 3, seed=3, settings=SMALL), *subject_pairs(1, 2, seed=3, settings=SMALL)]
    for one, two in zip(pairs, drawn, strict=True):
        np.testing.assert_array_equal(one.image_1, two.image_1)
        np.testing.assert_array_equal(one.image_2, two.image_2)
        np.testing.assert_array_equal(one.face, two.face)
        np.testing.assert_array_equal(one.visible, two.visible)
        np.testing.assert_allclose(one.flow, two.flow, atol=0.005)
        assert one.row["median_px"] == two.row["median_px"]
    assert [p.row["pair"] for p in pairs.take([4, 0])] == ["f0001_0001", "f0000_0000"]
    assert len(pairs[1:3]) == 2


def test_same_seed_same_bytes_however_many_processes_and_after_a_kill(tmp_path: Path) -> None:
    write_flow_pairs(tmp_path / "one", 4, seed=1, subjects=2, settings=SMALL)
    write_flow_pairs(tmp_path / "two", 4, seed=1, subjects=2, settings=SMALL, jobs=2)
    whole = files(tmp_path / "one")
    assert files(tmp_path / "two") == whole
    # a killed run: half a subject under its working name, the other one whole, no table
    (tmp_path / "two" / "pairs.csv").unlink()
    (tmp_path / "two" / "f0001").rename(tmp_path / "two" / ".part-f0001")
    (tmp_path / "two" / ".part-f0001" / "0001_2.png").unlink()
    kept = (tmp_path / "two" / "f0000" / "0000.npz").stat().st_mtime_ns
    done: list[int] = []
    write_flow_pairs(tmp_path / "two", 4, seed=1, subjects=2, settings=SMALL, on_subject=done.append)
    assert files(tmp_path / "two") == whole
    assert (tmp_path / "two" / "f0000" / "0000.npz").stat().st_mtime_ns == kept
    assert done == [1, 2]


def test_another_seed_gives_others_and_is_refused_in_the_same_folder(tmp_path: Path) -> None:
    write_flow_pairs(tmp_path, 1, seed=1, settings=SMALL)
    with pytest.raises(InputError, match="made otherwise"):
        write_flow_pairs(tmp_path, 1, seed=2, settings=SMALL)
    [one], [two] = (list(subject_pairs(0, 1, seed=seed, settings=SMALL)) for seed in (1, 2))
    assert not np.array_equal(one.image_1, two.image_1)
    told = json.loads((tmp_path / "flow.json").read_text())
    assert told["schema"] == "fleeting.flowpairs/1" and told["settings"]["size"] == 48


def test_kinds_and_sizes_of_motion_are_what_the_table_says() -> None:
    def drawn(kind: int, **more: object):  # type: ignore[no-untyped-def]
        shares = tuple(float(i == kind) for i in range(4))
        settings = FlowPairSettings(size=48, levels=0, per_edge=1, kinds=shares, **more)  # type: ignore[arg-type]
        return list(subject_pairs(0, 3, seed=4, settings=settings))

    for pair in drawn(3):  # still
        assert np.abs(pair.flow).max() < 1e-4 and pair.row["aus"] == ""
        assert pair.visible[pair.face].all()
    for pair in drawn(1, head_px=(2.0, 2.0)):  # head
        assert pair.row["median_px"] == pytest.approx(2.0, rel=0.35)
        assert pair.row["aus"] == ""
    for pair in drawn(0, peak_px=(3.0, 3.0)):  # expression: the peak is met, the rest of the face is still
        size = np.hypot(*np.moveaxis(pair.flow, -1, 0))[pair.face]
        assert 1.2 < size.max() < 4.5
        assert np.median(size) < 0.5 * size.max()
        assert pair.row["aus"]
    for pair in drawn(2, head_px=(1.0, 1.0), peak_px=(0.5, 0.5)):  # both
        assert pair.row["head_px"] == 1.0 and pair.row["peak_px"] == 0.5


def test_the_flow_warps_the_second_picture_onto_the_first() -> None:
    import cv2

    clean = FlowPairSettings(noise=0.0, blur=0.0, gain=0.0, kinds=(0, 0, 1, 0), head_px=(1.0, 3.0))
    y, x = np.mgrid[0:128, 0:128].astype(np.float32)
    for pair in subject_pairs(2, 2, seed=9, settings=clean):
        back = cv2.remap(pair.image_2, x + pair.flow[..., 0], y + pair.flow[..., 1], cv2.INTER_CUBIC)
        where = pair.face & pair.visible
        one = pair.image_1.astype(float)
        assert where.sum() > 3000
        assert np.abs(one - back)[where].mean() < 0.45 * np.abs(one - pair.image_2)[where].mean()


def test_an_outside_flow_algorithm_finds_the_same_motion() -> None:
    import cv2

    from fleeting.motion import dis_flow

    clean = FlowPairSettings(size=128, noise=0.0, blur=0.0, gain=0.0, kinds=(0, 1, 0, 0), head_px=(2.0, 3.0))
    for pair in subject_pairs(3, 2, seed=10, settings=clean):
        grey = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (pair.image_1, pair.image_2)]
        found = dis_flow(grey[0], grey[1])
        where = pair.face & pair.visible
        error = np.hypot(*np.moveaxis(found - pair.flow, -1, 0))[where]
        assert np.median(error) < 0.15 * np.median(np.hypot(*np.moveaxis(pair.flow, -1, 0))[where])


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 16},
        {"iod_share": (0.4, 0.2)},
        {"peak_px": (0.1, 100.0)},
        {"kinds": (0, 0, 0, 0)},
        {"noise": -1.0},
        {"basis": "dance"},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        FlowPairSettings(**wrong)  # type: ignore[arg-type]


def test_missing_and_broken_sets_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pairs\.csv"):
        read_flow_pairs(tmp_path)
    with pytest.raises(UsageError, match="seed"):
        list(subject_pairs(0, 1, seed=-1))
    with pytest.raises(UsageError, match="subjects"):
        write_flow_pairs(tmp_path, 2, seed=0, subjects=3)
    write_flow_pairs(tmp_path, 1, seed=1, settings=SMALL)
    (tmp_path / "f0000" / "0000.npz").write_bytes(b"torn")
    with pytest.raises(InputError, match="make the set again"):
        read_flow_pairs(tmp_path)[0]


def test_the_command_makes_a_set(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from fleeting.cli.synth import app

    out = tmp_path / "set"
    call = ["flow", "--out", str(out), "--count", "2", "--seed", "1", "--subjects", "1", "--size", "32"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0 and "2 pairs" in done.output
    assert read_flow_pairs(out)[1].flow.shape == (32, 32, 2)
    assert CliRunner().invoke(app, [*call[:-1], "7"]).exit_code == 2
