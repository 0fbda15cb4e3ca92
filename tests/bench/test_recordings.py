"""Recordings of a dataset for spotters: measured once; coded frames where they are; a bad film alone lost."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from fleeting.bench import load_recordings
from fleeting.bench import recordings as room
from fleeting.core import UsageError
from fleeting.datasets import Recording, Sample

sys.path.insert(0, str(Path(__file__).parent))
try:
    from clip_tree import planted, write_jpeg
finally:
    sys.path.pop(0)

INPUTS = ("roi36", "regions", "head", "openings", "crop64", "flowmap42")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """One's own table: a film of a planted smile in two coded pieces, and a film that is none."""
    root = tmp_path_factory.mktemp("own")
    clip = planted(3, (12,))
    for number, frame in enumerate(clip.frames()):
        if number != 7:  # a release that dropped a frame
            (root / "anna").mkdir(exist_ok=True)
            write_jpeg(root / "anna" / f"img_{number + 1:05d}.jpg", frame)
    (root / "broken").mkdir()
    (root / "broken" / "img_00001.jpg").write_bytes(b"no picture")
    rows = [("anna", "anna", 2, 9, 15, 100, "happiness"), ("broken", "ben", 1, 1, 1, 100, "happiness")]
    with (root / "samples.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "subject", "onset", "apex", "offset", "fps", "label"])
        writer.writerows(rows)
    return root


def test_a_film_is_measured_once_and_a_bad_one_costs_only_itself(table, tmp_path, monkeypatch):
    found = load_recordings("csv", table, inputs=INPUTS, cache=tmp_path)
    (one,) = found.recordings
    assert [lost.sample for lost in found.missing] == ["csv/ben/broken"] or "broken" in found.missing[
        0
    ].sample
    assert one.subject == "csv/anna" and one.emotions == ("happiness",)
    assert {name: values.shape[1:] for name, values in one.inputs.items()} == {
        "roi36": (36,),
        "regions": one.inputs["regions"].shape[1:],
        "head": (4,),
        "openings": (3,),
        "closed": (),
        "crop64": (64, 64),
        "flowmap42": (42, 42, 3),
    }
    assert all(len(values) == 18 == len(one.times) for values in one.inputs.values())
    assert np.isfinite(one.inputs["roi36"]).all() and one.inputs["crop64"].std() > 20
    looked = []
    monkeypatch.setattr(room, "video_recording", lambda path, **_: looked.append(path.name) or 1 / 0)
    again = load_recordings("csv", table, inputs=["roi36"], cache=tmp_path)
    assert looked == ["broken"]
    assert np.array_equal(again.recordings[0].inputs["roi36"], one.inputs["roi36"])


def test_coded_frames_go_to_the_files_with_their_numbers(tmp_path):
    folder = tmp_path / "film"
    folder.mkdir()
    for number in (1, 2, 3, 6, 7, 8, 9, 30):
        (folder / f"img{number}.jpg").touch()

    def event(onset, apex, offset):
        return Sample("d/s/x", "d", "d/s", "x", 10.0, onset, apex, offset, emotion=f"at {onset}")

    film = Recording(
        "d/s/f", "d", "d/s", 10.0, (event(5, 6, 7), event(1, 2, 3), event(15, 16, 17), event(99, 99, 99)),
        folder, first_number=1,
    )  # fmt: skip
    placed = room.place_events(film, np.arange(8) / 10)
    # frames 0 1 2 5 6 7 8 29 are there: 3 and 4 were dropped; 15 has no frame near it, 99 lies after the end
    assert [(i.onset_frame, i.apex_frame, i.offset_frame, word) for i, word in placed] == [
        (1, 2, 2, "at 1"),
        (3, 4, 5, "at 5"),
    ]


def test_signals_without_pixels_hold_signals_alone():
    found = load_recordings("synth-signals:2", inputs=["roi10", "regions"]).recordings
    assert len(found) == 4 and found[0].intervals
    with pytest.raises(UsageError, match="hold no 'crop64'"):
        load_recordings("synth-signals:2", inputs=["crop64"])
    with pytest.raises(UsageError, match="cannot be made from films"):
        load_recordings("csv", "x", inputs=["flowmap28"])
