"""From raw clips to what systems see: the road, the cache, what is missing, and the truth of the maps."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skimage", reason="scikit-image (extra demo) holds the portrait")
pytest.importorskip("openpyxl", reason="the extra [datasets] is not installed")

from fleeting import datasets, systems
from fleeting.bench import load_data, prepare, prepare_examples
from fleeting.bench._clip_align import align, as_clip, find_face
from fleeting.bench._clip_source import find_source
from fleeting.cli.main import main
from fleeting.core import CROP, InputError, UsageError, invert, transform_points
from fleeting.motion import field_box, find_input, input_names, movement

sys.path.insert(0, str(Path(__file__).parent))
try:
    import clip_tree
finally:
    sys.path.pop(0)

EVERYTHING = (
    *("flowmap28", "flowmap28-return", "flow64", "points68", "keyframes", "crops", "clip64", "clip16"),
    *("clip8", "clip8-flow", "clip8-landmarks", "flow-clip"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("casme2")
    return root, *clip_tree.write_tree(root)


@pytest.fixture
def copy(tree, tmp_path):
    """The tree, to be changed."""
    shutil.copytree(tree[0], tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def samples(tree):
    return datasets.open("casme2", tree[0]).samples(3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FLEETING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "prepared"


def same(one, other):
    assert one.inputs.keys() == other.inputs.keys()
    for name, rows in one.inputs.items():
        np.testing.assert_array_equal(rows, other.inputs[name], err_msg=name)


# The road -----------------------------------------------------------------------------------------------


def test_from_raw_clips_to_a_table_and_the_second_time_from_the_cache(tree, tmp_path, capsys):
    words = ["datasets", "prepare", "casme2", "--root", str(tree[0])]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert "6 made, 0 from the cache, 6 clips decoded" in shown.out and "6 of 6" in shown.out
    assert shown.err == ""
    assert main(words) == 0
    assert "0 made, 6 from the cache, 0 clips decoded" in capsys.readouterr().out
    out = tmp_path / "out"
    words = ["--data", "casme2", "--root", str(tree[0]), "--no-baselines", "--out", str(out)]
    assert main(["bench", "majority", "svm-flow", *words]) == 0
    told = json.loads((out / "results.json").read_text())
    (data,) = told["data"]
    assert (data["n"], data["subjects"], data["missing"]) == (6, 2, [])
    assert data["counts"] == {"negative": 2, "positive": 2, "surprise": 2}
    value = {one["system"]: one["accuracy"]["value"] for one in told["scores"]}
    # the same three movements in two recordings each: what was learnt on one person holds on the other
    assert value["majority"] == pytest.approx(1 / 3) and value["svm-flow"] == 1.0
    again = load_data("casme2", tree[0]).prepared
    assert (again.computed, again.decoded) == (0, 0)


def test_rows_carry_labels_people_and_frame_rates(tree, cache):
    rows, made = prepare_examples(datasets.open("casme2", tree[0]), 3, ("flowmap28", "aus12"), cache=cache)
    assert rows.ids.tolist() == [f"casme2/sub{s:02d}/{name}" for s, name, _ in tree[2]]
    assert rows.classes == ("negative", "positive", "surprise")
    assert [rows.classes[at] for at in rows.labels] == ["positive", "negative", "surprise"] * 2
    assert set(rows.subjects) == {"casme2/sub01", "casme2/sub02"} and set(rows.fps) == {200.0}
    assert rows.inputs["aus12"][:3].tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],  # 12
        [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],  # 4
        [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],  # 1+2
    ]
    assert made.missing == () and made.notes == ()
    four, _ = prepare_examples(datasets.open("casme2", tree[0]), 4, cache=cache)
    assert four.classes == ("negative", "positive", "surprise", "others")


def test_every_input_has_the_shape_that_systems_are_told(samples, cache):
    systems.list()
    made = prepare(samples[:2], EVERYTHING, cache=cache)
    assert made.missing == () and made.decoded == 2
    assert set(EVERYTHING) <= set(input_names())
    ours = {"crops", "flow-clip"}  # no system takes them yet
    for name in set(EVERYTHING) - ours:
        one = systems.representation(name)
        assert (made.inputs[name].shape[1:], made.inputs[name].dtype) == (one.shape, one.dtype), name
    assert made.inputs["crops"].shape == (2, 3, 256, 224)
    # the pictures show a face, the first and the last of a clip are onset and offset
    clip, key = made.inputs["clip16"], made.inputs["keyframes"]
    assert clip.std(axis=(2, 3)).min() > 20
    assert np.abs(clip[:, 0].astype(int) - key[:, 0]).mean() < 6
    inside = made.inputs["points68"]
    assert inside.min() > 0 and inside.max() < 64
    nose, chin = inside[:, 30], inside[:, 8]
    assert (chin[:, 1] > nose[:, 1] + 10).all() and np.abs(nose[:, 0] - 31.5).max() < 4
    track = made.inputs["clip8-landmarks"] / 2
    assert np.abs(track - inside[:, None]).max() < 3  # 64 and 128 pixels; the face moves less than that
    same(made, prepare(samples[:2], EVERYTHING, cache=cache))


def test_several_processes_give_what_one_gives(samples, cache, tmp_path):
    names = ("flowmap28", "keyframes")
    one = prepare(samples, names, cache=cache)
    two = prepare(samples, names, cache=tmp_path / "two", jobs=2)
    assert two.computed == one.computed == 12
    same(one, two)


def test_an_input_of_ones_own(samples, cache, tmp_path, monkeypatch):
    (tmp_path / "my_inputs_of_today.py").write_text(
        "from fleeting.motion import input_maker\n\n\n@input_maker('apex-mean-of-today')\n"
        "def apex_mean(clip):\n    return clip.frames[clip.apex].mean(axis=(0, 1), keepdims=True)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=r"cannot be made from clips; these can: .*flowmap28.*cache\.md"):
        prepare(samples, ["apex-mean-of-today"], cache=cache)
    made = prepare(samples, ["apex-mean-of-today"], cache=cache, imports=["my_inputs_of_today"])
    assert made.inputs["apex-mean-of-today"].shape == (6, 1, 1)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--input", "flowviews28"], "cannot be made from clips"),
        (["--kind", "both"], "micro, macro, all"),
        (["--flow", "lernt"], "dis, farneback, learnt"),
    ],
)
def test_wrong_wishes_are_one_line(tree, capsys, more, says):
    assert main(["datasets", "prepare", "casme2", "--root", str(tree[0]), *more]) == 2
    told = capsys.readouterr().err.strip()
    assert says in told and "\n" not in told


def test_a_set_of_maps_needs_no_preparing(tmp_path, capsys):
    import cv2

    folder = tmp_path / "three_norm_u_v_os" / "sub01" / "u_test" / "0"
    folder.mkdir(parents=True)
    data = cv2.imencode(".png", np.zeros((28, 28, 3), np.uint8))[1].tobytes()
    (folder / "sub01_EP01_01f .png").write_bytes(data)
    assert main(["datasets", "prepare", "megc2019-flow", "--root", str(tmp_path)]) == 2
    assert "holds flow maps, not clips" in capsys.readouterr().err
    words = ["--data", "synth-flowmaps:12:4", "--flow", "learnt", "--out", str(tmp_path / "out")]
    assert main(["bench", "svm-flow", "--no-baselines", *words]) == 2
    assert "no flow is measured" in capsys.readouterr().err


# What is missing ----------------------------------------------------------------------------------------


def test_clips_that_fail_are_named_and_the_rest_goes_on(copy, tree, capsys):
    rows, made = tree[1], tree[2]
    for path in clip_tree.folder_of(copy, *made[0][:2]).iterdir():  # nobody in it
        clip_tree.write_jpeg(path, np.full((280, 260, 3), 90, np.uint8))
    apex = clip_tree.folder_of(copy, *made[1][:2]) / f"img{rows[1][4]}.jpg"
    apex.write_bytes(apex.read_bytes()[:60])  # torn
    shutil.rmtree(clip_tree.folder_of(copy, *made[2][:2]))  # gone
    assert main(["datasets", "prepare", "casme2", "--root", str(copy), "--jobs", "2"]) == 1
    shown = capsys.readouterr()
    said = sorted(shown.err.splitlines())
    assert len(said) == 4 and said[0].startswith("3 of 6 clips could not be prepared")
    assert said[1].count("EP01_01") == 1 and "no face was found" in said[1]
    assert "EP02_01" in said[2] and f"img{rows[1][4]}.jpg: cannot be decoded" in said[2]
    assert "EP03_01" in said[3] and "not on disk" in said[3]
    assert "3 of 6" in shown.out


def test_a_table_says_how_many_of_how_many(copy, tree, tmp_path, capsys):
    shutil.rmtree(clip_tree.folder_of(copy, *tree[2][2][:2]))
    out = tmp_path / "out"
    words = ["--data", "casme2", "--root", str(copy), "--no-baselines", "--out", str(out)]
    assert main(["bench", "majority", *words]) == 1
    shown = capsys.readouterr()
    assert "5 of 6 samples of 2 subjects" in shown.out and "EP03_01" in shown.err
    (data,) = json.loads((out / "results.json").read_text())["data"]
    (lost,) = data["missing"]
    assert (data["n"], lost["sample"], lost["label"]) == (5, "casme2/sub01/EP03_01", "surprise")
    text = (out / "table.md").read_text()
    assert "| majority | 5 of 6 |" in text and "5 of 6 samples of 2 subjects" in text
    assert "| casme2/sub01/EP03_01 | surprise | casme2/sub01/EP03_01: its frames are not on disk" in text


def test_frames_that_a_release_dropped(copy, tree, cache):
    subject, name, _ = tree[2][0]
    onset, apex, offset = tree[1][0][3:6]
    folder = clip_tree.folder_of(copy, subject, name)
    (folder / f"img{apex}.jpg").unlink()
    made = prepare(datasets.open("casme2", copy).samples(3)[:1], cache=cache)
    (note,) = made.notes
    assert note[0] == f"casme2/sub{subject:02d}/{name}"
    assert f"apex frame {apex - 1} is not there" in note[1]
    for number in range(onset, onset + 6):
        (folder / f"img{number}.jpg").unlink(missing_ok=True)
    (lost,) = prepare(datasets.open("casme2", copy).samples(3)[:1], cache=cache).missing
    assert f"frame {onset - 1} is not there, the nearest one is" in lost.reason
    assert offset > onset + 6  # so that there was something to be near


def test_without_a_coded_apex_it_is_looked_for_in_the_motion(tree, cache):
    by_motion = datasets.open("casme2", tree[0], apex="none")
    chosen = [replace(one, apex=None) for one in by_motion.samples(3)]
    made = prepare(chosen, cache=cache)
    assert len(made.notes) == 6
    for row, (_, note) in zip(tree[1], made.notes, strict=True):
        assert note.startswith("apex looked for in the motion: frame ")
        assert abs(int(note.split()[-1]) + 1 - row[4]) <= 2
    again = prepare(chosen, cache=cache)
    assert (again.computed, again.decoded, again.notes) == (0, 0, made.notes)
    coded = prepare(by_motion.samples(3), cache=cache)
    near = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in _maps(made, coded)]
    assert min(near) > 0.8


def _maps(one, other):
    return zip(one.inputs["flowmap28"], other.inputs["flowmap28"], strict=True)


def test_a_face_is_found_where_a_crop_leaves_it_no_room():
    whole = clip_tree.portrait()
    marks = find_face(whole)
    low, high = marks.min(0), marks.max(0)
    room = -0.2 * (high - low)
    top, end = np.floor(low - room).astype(int), np.ceil(high + room).astype(int)
    cut = np.ascontiguousarray(whole[top[1] : end[1], top[0] : end[0]])
    from fleeting.face import find_faces

    assert not find_faces(cut)  # else this test shows nothing
    found = find_face(cut)
    assert np.linalg.norm(found + top - marks, axis=1).mean() < 0.15 * np.ptp(marks[:, 0]) / 2
    assert find_face(np.full((64, 64, 3), 90, np.uint8)) is None


def test_the_face_may_be_hidden_at_the_onset(copy, tree, cache):
    folder = clip_tree.folder_of(copy, *tree[2][0][:2])
    clip_tree.write_jpeg(folder / f"img{tree[1][0][3]}.jpg", np.full((280, 260, 3), 90, np.uint8))
    made = prepare(datasets.open("casme2", copy).samples(3)[:1], ["keyframes"], cache=cache)
    assert made.notes[0][1].startswith("no face at the onset: aligned by frame")
    key = made.inputs["keyframes"][0]
    assert key[0].std() < 3 < 20 < key[1].std()


# Videos and tables of one's own ---------------------------------------------------------------------------


def test_videos_named_in_a_table_of_ones_own(tree, tmp_path, cache):
    from fleeting.io import write_video

    lines = ["path,subject,onset,apex,offset,fps,label,aus"]
    for (subject, name, clip), row in zip(tree[2], tree[1], strict=True):
        write_video(tmp_path / f"{name}.mp4", clip.frames(), fps=100, crf=8)
        onset, apex, offset = (one - clip_tree.FIRST for one in row[3:6])
        lines.append(f"{name}.mp4,p{subject},{onset},{apex},{offset},100,{row[8]},{row[7]}")
    lines.append(f"{tree[2][0][1]}.mp4,p1,2,5,999,100,disgust,4")
    (tmp_path / "samples.csv").write_text("\n".join(lines) + "\n")
    names = ("flowmap28", "clip16")
    rows, made = prepare_examples(datasets.open("csv", tmp_path), 3, names, cache=cache)
    (lost,) = made.missing
    assert "has 19 frames, frame 999 is coded" in lost.reason
    pictures = prepare(datasets.open("casme2", tree[0]).samples(3), names, cache=cache)
    for ours, theirs in zip(rows.inputs["flowmap28"], pictures.inputs["flowmap28"], strict=True):
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.8
    assert load_data("csv", tmp_path, inputs=names).prepared.computed == 0


# The cache ------------------------------------------------------------------------------------------------


def test_a_damaged_entry_is_found_and_made_again_with_a_clear_line(tree, samples, cache, capsys):
    before = prepare(samples, cache=cache)
    for at, path in enumerate(sorted(cache.rglob("*.arrays"))):
        data = bytearray(path.read_bytes())
        if at % 2:
            data[-3] ^= 4
        path.write_bytes(data if at % 2 else data[:-5])
    assert main(["datasets", "prepare", "casme2", "--root", str(tree[0])]) == 0
    said = [one for one in capsys.readouterr().out.splitlines() if "was damaged" in one]
    # for each clip the map, and the aligned frames that were needed to make it again
    assert len(said) == 12 and all("was made again" in one and "casme2/sub" in one for one in said)
    assert {"checksum" in one or "bytes instead of" in one for one in said} == {True}
    after = prepare(samples, cache=cache)
    assert (after.computed, after.damaged) == (0, ())
    same(before, after)


def test_other_content_is_another_entry_and_another_place_is_not(copy, tree, samples, cache):
    prepare(samples, cache=cache)
    moved = prepare(datasets.open("casme2", copy).samples(3), cache=cache)
    assert moved.computed == 0
    apex = clip_tree.folder_of(copy, *tree[2][0][:2]) / f"img{tree[1][0][4]}.jpg"
    clip_tree.write_jpeg(apex, next(clip_tree.planted(99, (4,)).frames()))
    changed = prepare(datasets.open("casme2", copy).samples(3), cache=cache)
    assert (changed.computed, changed.decoded) == (1, 1)
    assert not np.array_equal(changed.inputs["flowmap28"][0], moved.inputs["flowmap28"][0])


def test_aligned_frames_may_be_deleted_on_their_own(samples, cache):
    made = prepare(samples[:2], cache=cache)
    shutil.rmtree(cache / "frames")
    again = prepare(samples[:2], cache=cache)
    assert (again.computed, again.decoded) == (0, 0)
    same(made, again)


def test_settings_and_code_are_part_of_the_key(samples, cache, monkeypatch):
    from fleeting.bench import _prepare_one as room

    prepare(samples[:1], cache=cache)
    shifted = [replace(samples[0], offset=samples[0].offset - 1)]
    assert prepare(shifted, cache=cache).computed == 1
    assert prepare([replace(samples[0], fps=50.0)], cache=cache).decoded == 0
    monkeypatch.setattr(room, "_maker_version", lambda name: "another")
    again = prepare(samples[:1], cache=cache)
    assert (again.computed, again.decoded) == (1, 0)  # the aligned frames still hold
    monkeypatch.setattr(room, "align_version", lambda: "another")
    again = prepare(samples[:1], cache=cache)
    assert (again.computed, again.decoded) == (1, 1)


RUN = [sys.executable, "-c", "from fleeting.cli.main import run; run()", "datasets", "prepare", "casme2"]


def test_another_flow_is_another_entry_and_another_network_too(samples, cache, monkeypatch):
    from fleeting import motion
    from fleeting.bench import _prepare_one
    from fleeting.motion import dis_flow, find_flow

    usual = prepare(samples[:1], cache=cache)
    learnt = prepare(samples[:1], cache=cache, flow="learnt")
    assert (learnt.computed, learnt.decoded) == (1, 0)
    assert not np.array_equal(usual.inputs["flowmap28"], learnt.inputs["flowmap28"])
    same(learnt, prepare(samples[:1], cache=cache, flow="learnt"))
    home = Path(motion.__file__).parent / "data/flow/learnt"
    assert prepare(samples[:1], cache=cache, flow=str(home)).computed == 0, "the same network by its folder"
    assert prepare(samples[:1], cache=cache).computed == 0, "and the usual one is still there"
    newer = replace(find_flow("learnt"), version="newer", measure=dis_flow)
    monkeypatch.setattr(_prepare_one, "find_flow", lambda name: newer)
    assert prepare(samples[:1], cache=cache, flow="learnt").computed == 1


def test_two_runs_at_the_same_time(tree, samples, cache, tmp_path):
    command = [*RUN, "--root", str(tree[0]), "--cache", str(cache.parent)]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
    assert [one.communicate()[1] for one in both] == [b"", b""]
    assert [one.returncode for one in both] == [0, 0]
    made = prepare(samples, cache=cache)
    assert (made.computed, made.damaged) == (0, ())
    same(made, prepare(samples, cache=tmp_path / "alone"))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX process groups")
def test_a_killed_run_goes_on_where_it_was(tree, samples, cache, tmp_path):
    names = ("flowmap28", "keyframes", "flow64", "clip16")
    undisturbed = prepare(samples, names, cache=tmp_path / "undisturbed")
    total = undisturbed.computed
    inputs = [word for name in names for word in ("--input", name)]
    command = [*RUN, "--root", str(tree[0]), "--cache", str(cache.parent), "--jobs", "2", *inputs]
    cut = 0
    for least in (3, 12, 24):
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as run:
            until = time.monotonic() + 120
            while len(list(cache.rglob("*.arrays"))) < least and run.poll() is None:
                assert time.monotonic() < until
                time.sleep(0.005)
            cut += run.poll() is None
            os.killpg(run.pid, signal.SIGKILL)
    assert cut >= 2, "too few kills met a run that was still going"
    made = prepare(samples, names, cache=cache)
    assert 0 < made.computed < total and made.damaged == ()
    same(made, undisturbed)


# The truth of the maps --------------------------------------------------------------------------------------


def measure(clip, sample_of):
    """Flow by the road of the package, and the planted one, over the part of the face that maps show."""
    source = find_source(sample_of).at_key_frames()
    arrays, meta = align(source, "key")
    aligned = as_clip(arrays, meta, source.key, None)
    geometry, transform = aligned.geometry, np.array(meta["transform"])
    y, x = np.mgrid[: geometry.height, : geometry.width].astype(np.float32)
    back = transform_points(invert(transform), np.stack([x, y], -1)).astype(np.float32)
    import cv2

    planted = clip.displacement(float(clip.times[clip.truth[0].interval.apex_frame]))
    true = np.stack([cv2.remap(planted[..., k], back, None, cv2.INTER_LINEAR) for k in (0, 1)], -1)
    true = true @ transform[:, :2].T
    box = field_box(geometry)
    return movement(aligned, aligned.onset, aligned.apex)[box], true[box], aligned


def cosine(one, other):
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize("sway", [False, True])
@pytest.mark.parametrize("aus", [(12,), (4,), (1, 2), (9,)])
def test_flow_is_what_was_planted(tmp_path, aus, sway):
    clip = clip_tree.planted(3, aus, sway=sway)
    for number, image in enumerate(clip.frames()):
        clip_tree.write_jpeg(tmp_path / f"{number}.jpg", image)
    truth = clip.truth[0].interval
    sample = datasets.Sample(
        "d/s/a", "d", "d/s", "a", 100.0, truth.onset_frame, truth.apex_frame, truth.offset_frame, tmp_path
    )
    found, true, aligned = measure(clip, sample)
    assert cosine(found, true) > 0.8
    error = np.linalg.norm(found - true, axis=-1).mean()
    assert error < 0.6 * np.linalg.norm(true, axis=-1).mean()
    # the map is this flow, min-max scaled: its largest |u| or |v| lies where the planted one does
    small = find_input("flowmap28").make(aligned).astype(float)
    for channel in (0, 1):
        if np.ptp(true[..., channel]) > 1.0:  # pixels with eyes 88 apart
            import cv2

            shrunk = cv2.resize(np.float32(true[..., channel]), (28, 28), interpolation=cv2.INTER_AREA)
            assert np.corrcoef(small[..., channel].ravel(), shrunk.ravel())[0, 1] > 0.8


def test_the_crop_is_that_of_the_main_job(tree, samples):
    source = find_source(samples[0])
    arrays, _ = align(source, "all")
    assert arrays["frames"].shape == (len(source.indices), CROP.height, CROP.width)
    from fleeting import facs
    from fleeting.face.align import STABLE_POINTS

    stable = list(STABLE_POINTS)
    mesh = facs.neutral_mesh()[stable, :2] * CROP.iod + CROP.origin
    assert np.linalg.norm(arrays["landmarks"][stable] - mesh, axis=1).mean() < 0.1 * CROP.iod
    with pytest.raises(InputError, match="no face was found"):
        blank = replace(source, files=())
        align(blank, "all")
