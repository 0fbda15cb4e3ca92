"""The set synth-clips: what is drawn, what lies on disk, same bytes, resume."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.synth.conftest import face_marks, texture

from fleeting import datasets
from fleeting.core import InputError, UsageError
from fleeting.facs import coarse_emotion, neutral_mesh
from fleeting.synth import ClipSettings, Filming, plant, read_clips, subject_clips, write_clips
from fleeting.synth._clip_expressions import (
    bearable,
    draw_duration,
    draw_emotion,
    draw_side,
    draw_strength,
    emotion_sets,
)
from fleeting.synth._clip_people import frame_face, open_sitter
from fleeting.synth._fields import Lattice, least_jacobian, unit_field
from fleeting.synth._flowmap_units import UNITS, unit_sets
from fleeting.synth._shape import FaceShape
from fleeting.synth.life import Life
from fleeting.synth.timing import Plant

SMALL = ClipSettings(filming=Filming(size=96, iod_px=(24, 30), fps=(25.0, 50.0)))
TABLES = ("CASME II", "SAMM")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    path = tmp_path_factory.mktemp("photo") / "portrait.png"
    cv2.imwrite(str(path), data.astronaut()[0:300, 70:370, ::-1])
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> Path:
    out = tmp_path_factory.mktemp("set")
    write_clips(out, 6, seed=2, subjects=3, settings=SMALL, portraits=[photo])
    return out


def test_the_csv_reader_reads_it(made: Path) -> None:
    report = datasets.check("csv", made)
    assert report.ok, report.findings
    dataset = datasets.open("csv", made)
    samples = dataset.samples(None)
    assert len(samples) == 6
    assert {one.subject for one in samples} == {f"synth/p{i:04d}s2" for i in range(3)}
    own = read_clips(made)
    for one, row in zip(samples, own.rows, strict=True):
        assert (one.onset, one.apex, one.offset) == (row["onset"], row["apex"], row["offset"])
        assert one.interval is not None and one.interval.kind == "micro"
        assert one.unread == ()
        assert one.path is not None and one.path.is_file()
    three = dataset.samples(3)
    assert [one.label for one in three] == [row["label_3"] for row in own.rows if row["label_3"]]
    assert all(coarse_emotion(one.emotion) == one.label for one in three)


def test_what_is_read_is_what_was_drawn(made: Path, photo: Path) -> None:
    stored = read_clips(made)
    drawn = list(subject_clips(1, 2, seed=2, settings=SMALL, portraits=[photo]))
    for one, (pictures, row) in zip(drawn, stored[2:4], strict=True):
        assert {name: row[name] for name in one.row} == one.row
        frames = np.stack(list(one.planted.frames()))
        assert pictures.shape == frames.shape
        assert abs(pictures.astype(float) - frames).mean() < 6  # compressed, in 4:2:0
        told = json.loads((made / row["path"]).with_suffix(".synth.json").read_text())
        assert told["frames"] == len(frames)
        assert told["basis"] == "person"


def test_same_bytes_however_many_processes_and_after_a_kill(tmp_path: Path, made: Path, photo: Path) -> None:
    out = tmp_path / "two"
    write_clips(out, 6, seed=2, subjects=3, settings=SMALL, portraits=[photo], jobs=2)
    whole = files(made)
    assert files(out) == whole
    # a killed run: one clip half written under its working name, one not begun, no table
    (out / "samples.csv").unlink()
    (out / "p0001" / "00").rename(out / "p0001" / ".part-00")
    (out / "p0001" / ".part-00" / "rows.json").unlink()
    for path in (out / "p0002" / "01").iterdir():
        path.unlink()
    (out / "p0002" / "01").rmdir()
    kept = {name: (out / name).stat().st_mtime_ns for name in whole if name.startswith("p0000")}
    done: list[int] = []
    write_clips(out, 6, seed=2, subjects=3, settings=SMALL, portraits=[photo], on_subject=done.append)
    assert files(out) == whole
    assert {name: (out / name).stat().st_mtime_ns for name in kept} == kept
    assert done == [1, 2, 3]


def test_a_folder_keeps_to_one_set(made: Path, photo: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="made otherwise"):
        write_clips(made, 6, seed=3, subjects=3, settings=SMALL, portraits=[photo])
    other = tmp_path / "other.png"
    other.write_bytes(b"no picture")
    with pytest.raises(InputError, match="made otherwise"):
        write_clips(made, 6, seed=2, subjects=3, settings=SMALL, portraits=[other])
    with pytest.raises(InputError, match="is not a picture"):
        write_clips(tmp_path / "new", 1, seed=2, settings=SMALL, portraits=[other])
    assert not list((tmp_path / "new").glob("p*"))
    with pytest.raises(InputError, match="cannot be read"):
        write_clips(tmp_path / "new2", 1, seed=2, settings=SMALL, portraits=[tmp_path / "missing.png"])
    with pytest.raises(InputError, match=r"samples\.csv"):
        read_clips(tmp_path)


def test_people_differ_and_stay_themselves(photo: Path) -> None:
    alone = next(subject_clips(4, 1, seed=1, settings=SMALL, portraits=[photo]))
    first = next(subject_clips(4, 3, seed=1, settings=SMALL, portraits=[photo]))
    assert alone.row == first.row  # nothing depends on how many there are
    sitters = [open_sitter(i, 1, SMALL.filming, [photo]) for i in range(4)]
    assert len({one.person for one in sitters}) == 4
    assert len({one.camera for one in sitters}) == 4
    assert open_sitter(2, 1, SMALL.filming, [photo]).camera == sitters[2].camera
    assert {one.fps for one in (open_sitter(i, 1, SMALL.filming, [photo]) for i in range(9))} == {25.0, 50.0}


def test_only_what_lies_between_onset_and_offset_moves(photo: Path) -> None:
    calm = replace(
        SMALL,
        head_percent=0.0,
        blinks_per_minute=0.0,
        gaze_per_minute=0.0,
        talk_share=0.0,
        swallow_share=0.0,
        class_shares=(1.0, 1.0, 1.0, 0.0),
        filming=replace(SMALL.filming, noise=(0, 0), blur_px=(0, 0), flicker=(0, 0), gradient=(0, 0)),
    )
    for one in subject_clips(0, 3, seed=9, settings=calm, portraits=[photo]):
        frames = np.stack(list(one.planted.frames())).astype(float)
        change = np.abs(frames - frames[0]).mean((1, 2, 3))
        onset, apex, offset = (one.row[name] for name in ("onset", "apex", "offset"))
        assert (change[:onset] == 0).all() and (change[offset + 1 :] == 0).all()
        assert change[apex] == change.max() > 0
        # the strongest motion is what the table says
        flow = one.planted.displacement(float(one.planted.times[apex]))
        top = 100 * np.hypot(*np.moveaxis(flow, -1, 0)).max() / one.planted.iod_px
        eased = one.planted.truth[0].plant.ease(one.planted.times)[apex]
        assert top == pytest.approx(one.row["strength"] * eased, rel=0.1)  # looked for on whole pixels


def test_none_is_a_face_that_expresses_nothing(photo: Path) -> None:
    nothing = replace(SMALL, class_shares=(0.0, 0.0, 0.0, 1.0))
    one = next(subject_clips(0, 1, seed=3, settings=nothing, portraits=[photo]))
    assert (one.row["label"], one.row["label_3"], one.row["label_4"]) == ("none", "", "none")
    assert (one.row["aus"], one.row["strength"]) == ("", 0.0)
    assert one.row["onset"] < one.row["apex"] < one.row["offset"]
    planted = [event for event in one.planted.events if event.what == "plant"]
    assert all(event.strength == 0 for event in planted)


@pytest.mark.parametrize("label", ["negative", "positive", "surprise"])
def test_emotions_together_are_the_sets_of_the_flow_maps(label: str) -> None:
    choices = emotion_sets(label, TABLES)
    assert sum(share for _, share, _ in choices) == pytest.approx(1)
    assert all(coarse_emotion(emotion) == label for emotion, _, _ in choices)
    mixed = np.sum([share * sets.share for _, share, sets in choices], axis=0)
    np.testing.assert_allclose(mixed, unit_sets(label, TABLES).share, atol=1e-12)


def test_proportions_of_what_is_drawn() -> None:
    rng = np.random.default_rng(0)
    shares = ClipSettings().class_shares
    drawn = [draw_emotion(rng, shares, TABLES) for _ in range(3000)]
    labels = [label for label, _, _ in drawn]
    names = ("negative", "positive", "surprise", "none")
    np.testing.assert_allclose([labels.count(n) / 3000 for n in names], shares, atol=0.03)
    units = [aus for label, _, aus in drawn if label != "none"]
    assert all(label == "none" or aus for label, _, aus in drawn)
    assert np.mean([len(aus) == 1 for aus in units]) == pytest.approx(0.68, abs=0.05)  # docs/synthesis.md
    anger = [aus for _, emotion, aus in drawn if emotion == "anger"]
    # SAMM: 7 in 74 and 4 in 37 of 100 angers, kept in proportion
    rates = [np.mean([unit in aus for aus in anger]) for unit in (7, 4)]
    assert rates[0] / rates[1] == pytest.approx(2.0, abs=0.6)


def test_durations_strengths_and_sides() -> None:
    rng = np.random.default_rng(1)
    micro = np.array([draw_duration(rng, "micro", 200.0) for _ in range(2000)])
    macro = np.array([draw_duration(rng, "macro", 200.0) for _ in range(2000)])
    assert micro.max() <= 0.5 and np.median(micro) == pytest.approx(0.37, abs=0.02)
    assert macro.min() > 0.5 and np.median(macro) == pytest.approx(1.1, abs=0.06)
    assert draw_duration(rng, "micro", 8.5) >= 4 / 8.5  # four frames at the least
    strength = np.array([draw_strength(rng, "micro", 4.0, 0.5, 1.0) for _ in range(2000)])
    assert np.median(strength) == pytest.approx(4.0, abs=0.25)
    assert strength.min() >= 0.5 and strength.max() <= 12
    sides = [draw_side(rng, 0.2) for _ in range(2000)]
    assert sides.count("both") / 2000 == pytest.approx(0.8, abs=0.04)
    assert sides.count("left") == pytest.approx(sides.count("right"), rel=0.35)


@pytest.mark.parametrize("aus", [(12,), (14,), (4, 7), (1, 2, 5)])
def test_bearable_strengths_do_not_fold(aus: tuple[int, ...]) -> None:
    shape = FaceShape.from_landmarks(face_marks())
    most = bearable(shape, aus, "both", "person", 5)
    lattice = Lattice.over(shape)
    field = lattice.sample(unit_field(shape, lattice, aus, "both", basis="person", seed=5))
    assert least_jacobian(most / 100 * field, lattice.spacing) > 0.1
    assert least_jacobian(1.1 * most / 100 * field, lattice.spacing) < 0.12 or most > 39


def test_people_move_their_own_way_but_as_facs_says() -> None:
    shape = FaceShape.from_landmarks(neutral_mesh())
    lattice = Lattice.over(shape)
    corner, brow = shape.points[[291, 61]], shape.points[[334, 105]]
    smiles, raised = [], []
    for person in range(25):
        smiles.append(unit_field(shape, lattice, (12,), basis="person", seed=person)(corner))
        raised.append(unit_field(shape, lattice, (2,), basis="person", seed=person)(brow))
    smile, raise_ = np.array(smiles), np.array(raised)
    assert (smile[..., 1] < 0).all() and (smile[:, 0, 0] > 0).all() and (smile[:, 1, 0] < 0).all()
    assert (raise_[..., 1] < 0).all()
    size = np.hypot(*np.moveaxis(smile, -1, 0))
    assert size.std() > 0.05  # they differ
    tilt = np.log(size[:, 0] / size[:, 1])  # and so do their halves, to both sides
    assert 0.1 < tilt.std() < 0.8 and tilt.min() < 0 < tilt.max()
    again = unit_field(shape, lattice, (12,), basis="person", seed=7)(corner)
    np.testing.assert_array_equal(again, smile[7])


def test_a_side_keeps_the_other_half_still() -> None:
    shape = FaceShape.from_landmarks(neutral_mesh())
    lattice = Lattice.over(shape)
    left = unit_field(shape, lattice, (12,), "left", basis="person", seed=3)(shape.points[[291, 61]])
    assert np.hypot(*left[0]) > 0.3 and (left[1] == 0).all()


def test_the_person_is_apart_from_the_seed_of_a_clip() -> None:
    marks, picture = face_marks(), texture()

    def corner(seed: int, person: int | None) -> np.ndarray:
        clip = plant(
            picture,
            [Plant((12,), at_s=0.0, duration_s=0.4)],
            fps=50,
            duration_s=0.5,
            seed=seed,
            life=Life(),
            basis="person",
            landmarks=marks,
            person=person,
        )
        return clip.flow_at(marks[[291]], 0.0, 0.2)

    np.testing.assert_array_equal(corner(1, 8), corner(2, 8))
    np.testing.assert_array_equal(corner(8, None), corner(2, 8))
    assert abs(corner(1, 8) - corner(1, 9)).max() > 0.05


@pytest.mark.parametrize(("iod_px", "shift"), [(24.0, (0.0, 0.0)), (40.0, (0.05, -0.03)), (60.0, (0.0, 0.1))])
def test_framing_moves_picture_and_landmarks_alike(iod_px: float, shift: tuple[float, float]) -> None:
    # the picture tells where each of its pixels came from
    y, x = np.mgrid[0:240, 0:250].astype(np.float32)
    source = np.stack([x, y, 0 * x], -1).astype(np.uint8)
    marks = neutral_mesh()[:, :2] * 48 + [120, 100]
    picture, moved = frame_face(source, marks, 96, iod_px, np.array(shift))
    side = len(picture)
    assert picture.shape == (side, side, 3) and side % 2 == 0 and side <= 96
    inside = ((moved > 2) & (moved < side - 3)).all(1)
    assert inside.sum() > 200
    found = cv2.remap(picture.astype(np.float32), moved[inside].astype(np.float32), None, cv2.INTER_LINEAR)
    np.testing.assert_allclose(found[:, 0, :2], marks[inside], atol=1.5)
    eyes = moved[[33, 133, 362, 263]]
    assert np.hypot(*(eyes[2:].mean(0) - eyes[:2].mean(0))) == pytest.approx(iod_px, rel=0.12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"class_shares": (1.0, 1.0, 1.0)},
        {"class_shares": (0.0, 0.0, 0.0, 0.0)},
        {"tables": ("nobody's",)},
        {"strength_percent": (0.0, 0.5)},
        {"rest_s": (0.4, 0.1)},
        {"one_sided": 1.5},
        {"head_percent": -1.0},
        {"blinks_per_minute": 300.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ClipSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 97},
        {"size": 4000},
        {"fps": ()},
        {"fps": (0.0,)},
        {"iod_px": (90, 40)},
        {"iod_px": (30, 400)},
        {"noise": (3.0, 1.0)},
        {"flicker": (0.0, 0.9)},
        {"basis": "nobody's"},
    ],
)
def test_cameras_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Filming(**wrong)  # type: ignore[arg-type]


def test_numbers_out_of_range_are_refused(tmp_path: Path) -> None:
    for count, subjects, seed in ((0, None, 1), (2, 3, 1), (2, 1, -1)):
        with pytest.raises(UsageError):
            write_clips(tmp_path, count, seed=seed, subjects=subjects, settings=SMALL)
    assert list(tmp_path.iterdir()) == []


def test_units_are_those_that_can_be_planted() -> None:
    assert all(Plant((unit,)).aus == (unit,) for unit in UNITS)
