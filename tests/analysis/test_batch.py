"""Many videos to results on disk: names, resuming, failures that cost only themselves."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import fleeting.analysis
from fleeting.analysis import (
    AnalysisSettings,
    VideoOutcome,
    VideoProgress,
    VideoStarted,
    analyze_many,
    describe_failure,
    distinct_videos,
    write_overview,
)
from fleeting.analysis.stems import LONGEST_BYTES, result_stems
from fleeting.core import InputError, UsageError
from fleeting.io import read_result, read_table, write_video
from fleeting.jobs import WorkerLostError

ENDINGS = (".csv", ".eaf", ".html", ".json", ".signals.npz")


def grey_clip(path: Path, frames: int = 5, level: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_video(path, [np.full((64, 64, 3), level, np.uint8)] * frames, fps=25)


def statuses(outcomes: list[VideoOutcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


@pytest.mark.parametrize(
    ("paths", "stems"),
    [
        (["a/x.mp4", "a/y.mp4"], ["x", "y"]),
        (["a/x.mp4", "b/x.mp4", "b/y.mp4"], ["a_x", "b_x", "y"]),
        (["a/x.mp4", "b/X.MP4"], ["a_x", "b_X"]),  # one file to Windows and macOS
        (["a/x.mp4", "a/x.avi", "a/x.mkv"], ["a_x", "a_x-2", "a_x-3"]),
        (["b/a_x.mp4", "a/x.mp4", "c/x.mp4"], ["a_x", "a_x-2", "c_x"]),  # what is unique keeps its name
        (["p/a/x.mp4", "q/a/x.mp4"], ["a_x", "a_x-2"]),
        (["a/index.mp4", "a/Summary.avi"], ["a_index", "a_Summary"]),  # index.html is the overview
        (["a/é.mp4", "b/e\u0301.mp4"], ["a_é", "b_e\u0301"]),  # one name to macOS
        (["/x.mp4", "a/x.mp4"], ["x", "a_x"]),  # the root has no name
    ],
)
def test_stems(paths: list[str], stems: list[str]) -> None:
    assert result_stems(paths) == stems


def test_a_long_name_leaves_room_for_the_endings() -> None:
    (stem,) = result_stems(
        ["漢" * 83 + ".mp4"]
    )  # 249 bytes, and 253 with its ending: a file may be so called
    assert stem == "漢" * (LONGEST_BYTES // 3)
    assert len(os.fsencode(stem + ".signals.npz")) <= 255


def test_a_link_is_named_as_it_is_called(tmp_path: Path) -> None:
    target = grey_clip(tmp_path / "objects" / "SHA256-77aa.mp4")
    link = tmp_path / "anna.mp4"
    try:
        link.symlink_to(target)
    except OSError as error:
        pytest.skip(f"no links here: {error}")
    assert result_stems([link]) == ["anna"]


def test_the_same_video_in_two_spellings_is_one(tmp_path: Path) -> None:
    first = str(tmp_path / "a.mp4")
    assert distinct_videos([first, str(tmp_path / "b" / ".." / "a.mp4"), first, "b"]) == [first, "b"]


def test_results_of_one_are_whole_before_the_next_begins(tmp_path: Path) -> None:
    clips = [grey_clip(tmp_path / f"{name}.mp4", frames) for name, frames in (("a", 4), ("b", 7))]
    out, log = tmp_path / "out", []

    def listen(event: object) -> None:
        log.append(event)
        if isinstance(event, VideoStarted) and event.index == 1:
            assert read_result(out / "a.json").video.frames == 4
            assert sorted(p.name for p in out.iterdir()) == sorted("a" + ending for ending in ENDINGS)

    outcomes = analyze_many(clips, out, on_event=listen)
    assert statuses(outcomes) == ["done", "done"]
    kinds = [type(event) for event in log]
    assert kinds == [
        *[VideoStarted, *[VideoProgress] * 4, VideoOutcome],
        *[VideoStarted, *[VideoProgress] * 7, VideoOutcome],
    ]
    assert [e.expected_frames for e in log if isinstance(e, VideoStarted)] == [4, 7]
    assert [e.frames for e in log if isinstance(e, VideoProgress)] == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7]
    assert sorted(p.name for p in outcomes[1].files.values()) == sorted("b" + ending for ending in ENDINGS)


def test_expected_frames_follow_the_part_that_is_asked_for(tmp_path: Path) -> None:
    clip = grey_clip(tmp_path / "a.mp4", 50)
    expected = []
    analyze_many(
        [clip],
        tmp_path / "out",
        AnalysisSettings(start_s=0.4, stop_s=1.0),
        on_event=lambda event: expected.append(event),
    )
    frames = [event.frames for event in expected if isinstance(event, VideoProgress)]
    assert frames[-1] == 16  # 0.40, 0.44, ... 1.00
    assert expected[0].expected_frames == 16


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    clip, out = grey_clip(tmp_path / "a.mp4"), tmp_path / "out"
    analyze_many([clip], out)
    before = (out / "a.json").stat().st_mtime_ns
    (again,) = analyze_many([clip], out)
    assert again.status == "skipped"
    assert (out / "a.json").stat().st_mtime_ns == before
    assert again.report is not None
    assert again.report.video.frames == 5
    assert statuses(analyze_many([clip], out, overwrite=True)) == ["done"]
    assert (out / "a.json").stat().st_mtime_ns > before


CHANGES: dict[str, Callable[[Path, Path], AnalysisSettings | None]] = {
    "content": lambda clip, out: grey_clip(clip, level=91) and None,
    "setting": lambda clip, out: AnalysisSettings(min_confidence=0.1),
    "pictures": lambda clip, out: AnalysisSettings(pictures=False),
    "part": lambda clip, out: AnalysisSettings(stop_s=0.1),
    "no page": lambda clip, out: (out / "a.html").unlink(),
    "no signals": lambda clip, out: (out / "a.signals.npz").unlink(),
    "damaged signals": lambda clip, out: (out / "a.signals.npz").write_bytes(b"x") and None,
    "damaged json": lambda clip, out: (
        (out / "a.json").write_text((out / "a.json").read_text()[:-20]) and None
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_done_again(tmp_path: Path, change: str) -> None:
    clip, out = grey_clip(tmp_path / "a.mp4"), tmp_path / "out"
    analyze_many([clip], out)
    settings = CHANGES[change](clip, out)
    assert statuses(analyze_many([clip], out, settings)) == ["done"]
    assert statuses(analyze_many([clip], out, settings)) == ["skipped"]


def test_other_models_make_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, out = grey_clip(tmp_path / "a.mp4"), tmp_path / "out"
    analyze_many([clip], out)
    monkeypatch.setattr(fleeting.analysis, "model_uses", tuple)
    assert statuses(analyze_many([clip], out)) == ["done"]


def test_a_failure_of_any_kind_costs_only_its_own_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [grey_clip(tmp_path / f"{name}.mp4") for name in "abc"]
    real = fleeting.analysis.analyze

    def analyze(path: str, *rest: object, **options: object) -> object:
        if Path(path).name == "b.mp4":
            raise ZeroDivisionError("float division by zero")
        return real(path, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(fleeting.analysis, "analyze", analyze)
    outcomes = analyze_many([*clips, tmp_path / "missing.mp4"], tmp_path / "out")
    assert statuses(outcomes) == ["done", "failed", "done", "failed"]
    assert isinstance(outcomes[1].error, ZeroDivisionError)
    assert "in analyze" in outcomes[1].traceback
    assert isinstance(outcomes[3].error, InputError)
    assert outcomes[1].files == {}
    assert sorted(p.suffix for p in (tmp_path / "out").glob("b*")) == []


def test_an_error_of_the_listener_is_not_blamed_on_the_video(tmp_path: Path) -> None:
    def listen(event: object) -> None:
        if isinstance(event, VideoProgress):
            raise BrokenPipeError("nobody reads this")

    with pytest.raises(BrokenPipeError, match="nobody"):
        analyze_many([grey_clip(tmp_path / "a.mp4")], tmp_path / "out", on_event=listen)


def test_interruption_goes_through_and_keeps_what_is_done(tmp_path: Path) -> None:
    clips = [grey_clip(tmp_path / f"{name}.mp4") for name in "ab"]
    out = tmp_path / "out"

    def listen(event: object) -> None:
        if isinstance(event, VideoProgress) and event.index == 1 and event.frames == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze_many(clips, out, on_event=listen)
    assert sorted(p.name for p in out.iterdir()) == sorted("a" + ending for ending in ENDINGS)
    assert statuses(analyze_many(clips, out)) == ["skipped", "done"]


def test_several_processes_give_what_one_gives(tmp_path: Path) -> None:
    clips = [grey_clip(tmp_path / f"{n}.mp4", 3 + n) for n in range(3)]
    videos = [*clips[:2], tmp_path / "missing.mp4", clips[2]]
    one = analyze_many(videos, tmp_path / "one")
    two = analyze_many(videos, tmp_path / "two", jobs=2)
    assert statuses(two) == statuses(one) == ["done", "done", "failed", "done"]
    assert str(two[2].error) == str(one[2].error)
    for clip in clips:
        first, second = (
            json.loads((tmp_path / name / f"{clip.stem}.json").read_text()) for name in ("one", "two")
        )
        assert first.pop("provenance")["settings"] == second.pop("provenance")["settings"]
        assert first == second
        for ending in (".csv", ".signals.npz"):
            same = [(tmp_path / name / f"{clip.stem}{ending}").read_bytes() for name in ("one", "two")]
            assert same[0] == same[1]


@pytest.mark.parametrize("ending", [".csv", ".eaf", ".html", ".json"])
def test_a_persons_own_file_is_not_written_over(tmp_path: Path, ending: str) -> None:
    """A coder keeps `anna.eaf` beside `anna.mp4` and takes that folder for the results, too."""
    clip = grey_clip(tmp_path / "anna.mp4")
    own = tmp_path / f"anna{ending}"
    own.write_text('<ANNOTATION_DOCUMENT AUTHOR="me">' if ending == ".eaf" else "subject,video\nmine,1\n")
    before = own.read_bytes()
    for overwrite in (False, True):
        (outcome,) = analyze_many([clip], tmp_path, overwrite=overwrite)
        assert isinstance(outcome.error, InputError)
        assert "not written by fleeting" in str(outcome.error)
    assert own.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([clip.name, own.name])


@pytest.mark.parametrize("name", ["summary.csv", "index.html"])
def test_a_persons_own_overview_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="not written by fleeting"):
        write_overview([], tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_overview_holds_done_skipped_and_failed_in_order(tmp_path: Path) -> None:
    clips = [grey_clip(tmp_path / f"{name}.mp4") for name in "ab"]
    out = tmp_path / "out"
    analyze_many([clips[1]], out)
    outcomes = analyze_many([clips[0], clips[1], tmp_path / "c.mp4"], out)
    paths = write_overview(outcomes, out, version="9.9")
    rows = [row for _, row in read_table(paths["summary"])]
    assert [(Path(row["file"]).name, row["status"], row["frames"]) for row in rows] == [
        ("a.mp4", "done", "5"),
        ("b.mp4", "skipped", "5"),
        ("c.mp4", "failed", ""),
    ]
    assert rows[2]["message"].endswith("c.mp4: does not exist; check the name")
    page = paths["index"].read_text()
    assert 'href="a.html"' in page
    assert 'href="b.html"' in page
    write_overview(outcomes, out)  # its own are replaced


def test_a_skipped_video_carries_its_name_of_now(tmp_path: Path) -> None:
    clip, out = grey_clip(tmp_path / "s1" / "a.mp4"), tmp_path / "out"
    analyze_many([clip], out)
    moved = tmp_path / "s2" / "a.mp4"
    moved.parent.mkdir()
    clip.rename(moved)
    (outcome,) = analyze_many([moved], out)
    assert outcome.status == "skipped"
    assert outcome.row.summary.file == str(moved)


def test_ray_workers_get_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run in another folder, perhaps on another machine."""
    seen: dict[str, object] = {}

    def run_jobs(work: object, tasks: list[object], **options: object) -> Iterator[object]:
        seen.update(work=work, tasks=tasks, **options)
        yield from ()

    monkeypatch.setattr("fleeting.analysis.batch.run_jobs", run_jobs)
    monkeypatch.chdir(tmp_path)
    analyze_many(["a.mp4", "b/c.mp4"], "out", ray_address="auto")
    assert seen["ray_address"] == "auto"
    assert seen["tasks"] == [(0, str(tmp_path / "a.mp4"), "a"), (1, str(tmp_path / "b/c.mp4"), "c")]
    assert seen["work"].keywords["out"] == tmp_path / "out"  # type: ignore[attr-defined]
    assert seen["work"].keywords["listen"] is None  # type: ignore[attr-defined]


def test_output_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is a file, not a folder"):
        analyze_many([grey_clip(tmp_path / "a.mp4")], tmp_path / "out")


def test_no_videos_is_no_error(tmp_path: Path) -> None:
    assert analyze_many([], tmp_path / "out") == []


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InputError("v/a.mp4", "is empty"), "v/a.mp4: is empty"),
        (InputError("out/a.csv", "no space"), "v/a.mp4: out/a.csv: no space"),
        (UsageError("give --fps"), "v/a.mp4: give --fps"),
        (WorkerLostError("item 0: lost"), "v/a.mp4: item 0: lost"),
        (
            MemoryError(),
            "v/a.mp4: there is not enough memory; close other programs, or take a part (--from, --to)",
        ),
        (KeyError(), "v/a.mp4: unexpected KeyError; run `fleeting doctor` and report both"),
    ],
)
def test_failures_name_the_video_and_what_to_do(error: Exception, text: str) -> None:
    assert describe_failure("v/a.mp4", error) == text


@pytest.mark.parametrize(
    "choices",
    [
        {"start_s": -1.0},
        {"start_s": 2.0, "stop_s": 1.0},
        {"stop_s": float("nan")},
        {"fps": 0.0},
        {"fps": float("inf")},
        {"min_confidence": 1.1},
        {"min_confidence": float("nan")},
    ],
)
def test_settings_out_of_range(choices: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"expected|got"):
        AnalysisSettings(**choices)  # type: ignore[arg-type]


def test_a_part_behind_the_end(tmp_path: Path) -> None:
    (outcome,) = analyze_many([grey_clip(tmp_path / "a.mp4")], tmp_path / "out", AnalysisSettings(start_s=9))
    assert "ends before 9 s" in str(outcome.error)
