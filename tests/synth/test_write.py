"""Files of a planted clip, and the command."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from fleeting.cli.synth import app, parse_code, plants_of
from fleeting.core import InputError, UsageError
from fleeting.io import open_video, read_intervals_csv, read_table
from fleeting.synth import CameraSettings, Life, Plant, plant, write_planted


@pytest.fixture(scope="module")
def clip(picture, marks):
    plants = [Plant((12,), "left", 4.0, at_s=0.5), Plant((1, 2), "both", 3.0, at_s=0.1)]
    life = Life(blinks_s=(0.9,))
    return plant(picture, plants, fps=40, duration_s=1.3, landmarks=marks, life=life)


def test_files(clip, tmp_path):
    seen = []
    paths = write_planted(clip, tmp_path / "new", "one", flows="frames", on_frame=seen.append)
    assert [path.name for path in paths] == ["one.mp4", "one.csv", "one.synth.json", "one.flow.npz"]
    assert seen == list(range(1, 53))
    with open_video(paths.video) as video:
        frames = [frame.rgb().copy() for frame in video.frames()]
        assert (video.info().frames, video.info().fps) == (52, 40)
    made = list(clip.frames())
    grey = [np.mean(one[10].astype(float) @ [0.299, 0.587, 0.114]) for one in (frames, made)]
    assert np.abs(frames[10].astype(float) - made[10]).mean() < 8  # H.264 and its halved colours
    assert grey[0] == pytest.approx(grey[1], abs=2)


def test_truth_table(clip, tmp_path):
    paths = write_planted(clip, tmp_path, "one", subject="synth/7", flows="none")
    assert paths.flow is None
    rows = read_intervals_csv(paths.truth)
    assert [(r.subject, r.video, r.onset, r.apex, r.offset, r.type) for r in rows] == [
        ("synth/7", "one", 5, 10, 15, "micro"),
        ("synth/7", "one", 21, 26, 31, "micro"),
    ]
    full = [record for _, record in read_table(paths.truth)]
    assert [(r["aus"], r["side"], float(r["strength"])) for r in full] == [
        ("1+2", "both", 3),
        ("12", "left", 4),
    ]
    assert float(full[1]["apex_s"]) == pytest.approx(0.65)
    told = json.loads(paths.settings.read_text())
    assert told["schema"] == "fleeting.synth/1"
    assert [event["what"] for event in told["events"]] == ["plant", "plant", "blink"]


def test_flow_file(clip, tmp_path):
    paths = write_planted(clip, tmp_path, "one", flows="frames")
    with np.load(paths.flow) as data:
        top, left, height, width = data["box"]
        box = np.s_[top : top + height, left : left + width]
        whole = clip.flow(clip.truth[1].interval.onset_s, clip.truth[1].interval.apex_s)
        np.testing.assert_array_equal(data["flow_onset_apex"][1], whole[box])
        outside = whole.copy()
        outside[box] = 0
        assert not outside.any()
        assert data["flow_first_to_frame"].shape == (52, height, width, 2)
        again = clip.flow(0.0, float(clip.times[26]))[box]
        np.testing.assert_allclose(data["flow_first_to_frame"][26], again, atol=2e-3)


def test_odd_sizes_are_written(picture, marks, tmp_path):
    clip = plant(picture[:-1, :-1].copy(), [], fps=10, duration_s=0.3, landmarks=marks)
    paths = write_planted(clip, tmp_path, "odd", crf=0)
    with open_video(paths.video) as video:
        assert next(video.frames()).rgb().shape == (167, 151, 3)
    with np.load(paths.flow) as data:
        assert data["flow_onset_apex"].shape[0] == 0


def test_compression_follows_crf(picture, marks, tmp_path):
    sizes = []
    for crf in (10, 40):
        clip = plant(
            picture, [], fps=10, duration_s=0.5, landmarks=marks, camera=CameraSettings(noise=3, crf=crf)
        )
        sizes.append(write_planted(clip, tmp_path, f"q{crf}", flows="none").video.stat().st_size)
    assert sizes[0] > 4 * sizes[1]


def test_unwritable(clip, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        write_planted(clip, tmp_path / "file", "one")


def test_options_are_joined_by_position():
    plants = plants_of(["12", "R4+R7"], [3.0], [1.0, 2.0], [0.2, 0.4], ["left"], [0.5], ["linear"])
    assert [(p.aus, p.side, p.at_s, p.duration_s, p.strength_percent) for p in plants] == [
        ((12,), "left", 1.0, 0.2, 3.0),
        ((4, 7), "right", 2.0, 0.4, 3.0),
    ]
    with pytest.raises(UsageError, match="--au: given 2 times, expected once or 3 times"):
        plants_of(["12", "4"], [3.0], [1.0, 2.0, 3.0], [0.2], ["left"], [0.5], ["linear"])


def test_codes():
    assert parse_code("6+12") == ((6, 12), None)
    assert parse_code("AU12L") == ((12,), "left")
    for wrong in ("12L+6", "x", "", "L12R"):
        with pytest.raises(UsageError, match="--au"):
            parse_code(wrong)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_command(portrait, tmp_path):
    import cv2

    source = tmp_path / "face.png"
    cv2.imwrite(str(source), portrait[..., ::-1])
    options = ["--au", "12L", "--au", "4", "--strength", 4, "--at", 0.2, "--at", 0.6, "--duration", 0.3]
    done = run("plant", source, *options, "--out", tmp_path / "out", "--seed", 1, "--fps", 30, "--noise", 2)
    assert done.exit_code == 0, done.output
    rows = read_intervals_csv(tmp_path / "out" / "face.csv")
    assert [(r.onset, r.offset) for r in rows] == [(7, 14), (19, 26)]
    with open_video(tmp_path / "out" / "face.mp4") as video:
        assert sum(1 for _ in video.frames()) == 57  # up to a second after the last plant


def test_command_tells_what_is_wrong(portrait, tmp_path):
    import cv2

    source = tmp_path / "face.png"
    cv2.imwrite(str(source), portrait[..., ::-1])
    common = ["--at", 0.2, "--duration", 0.3, "--out", tmp_path / "out", "--seed", 1]
    for arguments, code, text in (
        (["plant", source, "--au", "12", "--strength", 90, *common], 2, "fold"),
        (["plant", source, "--au", "99", "--strength", 3, *common], 2, "99"),
        (["plant", tmp_path / "none.png", "--au", "12", "--strength", 3, *common], 1, "none.png"),
        (["plant", source, "--au", "12", "--strength", 3, *common, "--flow", "all"], 2, "--flow"),
    ):
        done = run(*arguments)
        assert done.exit_code == code, done.output
        assert text in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "out").exists()
