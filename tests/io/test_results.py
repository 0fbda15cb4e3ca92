import io as memory
import json
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from fleeting import io
from fleeting.core import Emotion, InputError, Interval, ModelUse, Provenance, Report, UsageError

GOLDEN = Path(__file__).parents[1] / "golden" / "result-1" / "take-1.json"


@pytest.fixture
def report() -> Report:
    return io.read_result(GOLDEN)


def with_interval(report, **changes):
    first = report.expressions[0]
    return replace(report, expressions=(replace(first, interval=replace(first.interval, **changes)),))


def test_files_and_their_order(report, tmp_path):
    paths = io.write_result(report, tmp_path, "clip")
    assert list(paths) == ["signals", "csv", "eaf", "json"]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths.values())
    assert paths["json"].read_text("utf-8").endswith("}\n")


def test_the_design_fields_are_there(report, tmp_path):
    document = json.loads(io.write_result(report, tmp_path, "clip")["json"].read_text("utf-8"))
    assert document["schema"] == "fleeting.result/1"
    wanted = "path sha256 width height frames duration_s fps variable_rate"
    assert " ".join(document["video"]) == wanted
    assert set(document["faces"][0]) == {"id", "coverage"}
    wanted = "face kind onset_frame apex_frame offset_frame onset_s apex_s offset_s confidence emotion"
    assert {*wanted.split(), "action_units"} < set(document["expressions"][0])
    assert document["expressions"][0]["duration_s"] == pytest.approx(0.44)  # 5.2 - 4.8 and one frame of 0.04
    assert {"label", "probabilities"} < set(document["expressions"][0]["emotion"])
    assert {"au", "side", "probability"} < set(document["expressions"][0]["action_units"][0])
    assert document["expressions"][0]["action_units"][1]["probability"] is None
    assert set(document["warnings"][0]) == {"code", "message"}
    assert set(document["provenance"]) == {"version", "settings", "models", "machine", "runtime_s"}
    assert set(document["provenance"]["models"][0]) == {"name", "sha256", "licence", "trained_on"}


def test_numpy_numbers_tuples_and_paths_are_written_as_json_knows_them(report, tmp_path):
    changed = with_interval(report, onset_frame=np.int64(121), score=np.float32(0.5))
    settings = {"from": (np.int32(1), 2.5), "out": Path("a"), "to": float("inf"), "on": np.bool_(True)}
    changed = replace(changed, provenance=replace(report.provenance, settings=settings))
    path = io.write_result(changed, tmp_path, "clip")["json"]
    back = io.read_result(path)
    assert back.expressions[0].interval.onset_frame == 121
    assert back.expressions[0].interval.score == 0.5
    assert back.provenance.settings == {"from": [1, 2.5], "out": "a", "to": "inf", "on": True}
    assert io.result_is_current(path, report.video.sha256, settings, report.provenance.models)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"score": float("nan")}, "expressions[0].confidence"),
        ({"onset_s": -float("inf")}, "expressions[0].onset_s"),
    ],
)
def test_numbers_that_json_has_not_are_refused_before_anything_is_touched(report, tmp_path, change, field):
    path = io.write_result(report, tmp_path, "clip")["json"]
    before = path.read_bytes()
    with pytest.raises(UsageError, match="this report cannot be saved") as caught:
        io.write_result(with_interval(report, **change), tmp_path, "clip")
    assert field in str(caught.value)
    assert path.read_bytes() == before


def test_settings_that_are_no_data_are_refused(report, tmp_path):
    changed = replace(report, provenance=Provenance("0", {"model": object()}))
    with pytest.raises(UsageError, match="numbers, text and lists, not object"):
        io.write_result(changed, tmp_path, "clip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stem", ["", ".", "..", "a/b", "/a"])
def test_a_stem_is_no_path(report, tmp_path, stem):
    with pytest.raises(UsageError, match="plain file name"):
        io.write_result(report, tmp_path, stem)


@pytest.mark.parametrize("ending", [".signals.npz", ".csv", ".eaf", ".json"])
def test_when_a_file_cannot_be_written_no_json_says_done(report, tmp_path, ending):
    if ending != ".json":
        io.write_result(report, tmp_path, "clip")
        (tmp_path / ("clip" + ending)).unlink()
    (tmp_path / ("clip" + ending)).mkdir()
    with pytest.raises(InputError):
        io.write_result(report, tmp_path, "clip")
    assert not (tmp_path / "clip.json").is_file()
    assert not list(tmp_path.glob(".fleeting-*"))


def test_a_report_without_anything(report, tmp_path):
    empty = Report(report.video, (), (), (), Provenance("0.1.0", {}))
    paths = io.write_result(empty, tmp_path, "clip")
    assert io.read_result(paths["json"]) == empty
    assert io.read_intervals_csv(paths["csv"]) == []
    assert io.read_eaf(paths["eaf"]) == []


class TestSignals:
    def test_objects_are_never_pickled(self, report, tmp_path):
        with pytest.raises(UsageError, match="'bad' holds objects"):
            io.write_result(replace(report, signals={"bad": np.array([{}, 1])}), tmp_path, "clip")

    @pytest.mark.parametrize("name", ["../a", "a b", "", "a.npy"])
    def test_names_are_plain_words(self, report, tmp_path, name):
        with pytest.raises(UsageError, match="plain word"):
            io.write_result(replace(report, signals={name: np.zeros(1)}), tmp_path, "clip")

    def test_a_name_that_numpy_itself_cannot_store(self, report, tmp_path):
        path = io.write_result(replace(report, signals={"file": np.ones(1)}), tmp_path, "clip")["json"]
        assert io.read_result(path).signals["file"] == 1

    def test_numpy_reads_the_file_by_itself(self, report, tmp_path):
        path = io.write_result(report, tmp_path, "clip")["signals"]
        with np.load(path, allow_pickle=False) as archive:
            assert set(archive.files) == set(report.signals)
            np.testing.assert_array_equal(archive["face0_regions"], report.signals["face0_regions"])

    def test_pickled_arrays_are_refused_even_with_the_right_checksum(self, report, tmp_path):
        import hashlib

        paths = io.write_result(report, tmp_path, "clip")
        buffer = memory.BytesIO()
        np.savez(buffer, times=np.array([print], dtype=object))
        paths["signals"].write_bytes(buffer.getvalue())
        document = json.loads(paths["json"].read_text("utf-8"))
        document["signals"]["sha256"] = hashlib.sha256(buffer.getvalue()).hexdigest()
        paths["json"].write_text(json.dumps(document), "utf-8")
        with pytest.raises(InputError, match="is damaged: Object arrays cannot be loaded"):
            io.read_result(paths["json"])

    def test_signals_of_another_run_are_refused(self, report, tmp_path):
        paths = io.write_result(report, tmp_path, "clip")
        with zipfile.ZipFile(paths["signals"], "a") as archive:
            archive.writestr("more.npy", b"")
        with pytest.raises(InputError, match="does not belong to the result beside it; run analyze again"):
            io.read_result(paths["json"])
        assert io.read_result(paths["json"], signals=False).signals == {}

    def test_without_the_file_the_rest_is_read(self, report, tmp_path):
        paths = io.write_result(report, tmp_path, "clip")
        paths["signals"].unlink()
        back = io.read_result(paths["json"])
        assert (back.signals, back.expressions) == ({}, report.expressions)

    def test_a_dotted_stem_finds_its_own_signals(self, report, tmp_path):
        io.write_result(replace(report, signals={"a": np.zeros(1)}), tmp_path, "clip")
        path = io.write_result(replace(report, signals={"a": np.ones(1)}), tmp_path, "clip.v2")["json"]
        assert io.read_result(path).signals["a"] == 1


def damaged(tmp_path, change):
    document = json.loads(GOLDEN.read_text("utf-8"))
    change(document)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


class TestBadFiles:
    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"", "is damaged or no JSON"),
            (b"{", "is damaged or no JSON"),
            (b"\xff\xfe\x00", "is no result of fleeting: no UTF-8 text"),
            (b"[" * 100_000, "is damaged or no JSON"),
            (b"[]", "is no result of fleeting"),
            (b"{}", "got None"),
            (b'{"schema": 1}', "got 1"),
            (b'{"schema": "movement/1"}', "got 'movement/1'"),
            (b'{"schema": "fleeting.result/2"}', "this version reads fleeting.result/1; update fleeting"),
            (b'{"schema": "fleeting.result/10"}', "update fleeting"),
            (b'{"schema": "fleeting.result/1"}', "is no whole result: video: Field required"),
        ],
    )
    def test_content(self, tmp_path, content, what):
        (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(InputError) as caught:
            io.read_result(tmp_path / "a.json")
        assert what in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_missing_and_folder(self, tmp_path):
        with pytest.raises(InputError, match="no such result"):
            io.read_result(tmp_path / "a.json")
        with pytest.raises(InputError, match=r"give the \.json that analyze wrote"):
            io.read_result(tmp_path)

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            (lambda d: d["video"].update(frames=-1), "video.frames"),
            (lambda d: d["video"].update(width="640"), "video.width: Input should be a valid integer"),
            (lambda d: d["video"].update(fps=None), "video.fps"),
            (lambda d: d["faces"][1].update(coverage=1.5), "faces[1].coverage"),
            (lambda d: d["expressions"][2].update(kind="nano"), "expressions[2].kind"),
            (lambda d: d["expressions"][0].update(onset_frame=127), "expected 0 <= onset <= apex <= offset"),
            (lambda d: d["expressions"][0].update(onset_s=6.0), "lies before onset"),
            (lambda d: d["expressions"][0]["action_units"][0].update(side="up"), "action_units[0].side"),
            (
                lambda d: d["expressions"][0]["action_units"][0].update(score=None, probability=None),
                "neither",
            ),
            (lambda d: d.pop("provenance"), "provenance: Field required"),
        ],
    )
    def test_fields(self, tmp_path, change, what):
        with pytest.raises(InputError) as caught:
            io.read_result(damaged(tmp_path, change))
        assert what in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_cut_anywhere_is_an_input_error(self, tmp_path):
        data = GOLDEN.read_bytes().rstrip()
        for end in range(0, len(data), 7):
            (tmp_path / "a.json").write_bytes(data[:end])
            with pytest.raises(InputError):
                io.read_result(tmp_path / "a.json")

    def test_changed_bytes_never_raise_anything_else(self, tmp_path):
        seed = 20240
        rng = random.Random(seed)
        data = GOLDEN.read_bytes()
        for attempt in range(300):
            flipped = bytearray(data)
            flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            (tmp_path / "a.json").write_bytes(flipped)
            try:
                io.read_result(tmp_path / "a.json")
            except InputError:
                continue
            except Exception as error:  # noqa: BLE001 - any other error is what this looks for
                pytest.fail(f"seed {seed}, attempt {attempt}: {error!r}")


class TestIsCurrent:
    SETTINGS = MappingProxyType(
        {"faces": "all", "from_s": None, "spotter": "default", "thresholds": (1.5, 2.0)}
    )

    @pytest.fixture
    def path(self, report, tmp_path):
        two = (*report.provenance.models, ModelUse("head", "ab", "Apache-2.0", "synthetic faces"))
        changed = replace(report, provenance=replace(report.provenance, models=two))
        return io.write_result(changed, tmp_path, "clip")["json"]

    @pytest.fixture
    def models(self, path):
        return io.read_result(path).provenance.models

    def test_same_content_settings_and_models(self, report, path, models):
        assert io.result_is_current(path, report.video.sha256, self.SETTINGS, models[::-1])

    def test_anything_else_is_not_done(self, report, path, models):
        sha = report.video.sha256
        assert not io.result_is_current(path, "0" * 64, self.SETTINGS, models)
        assert not io.result_is_current(path, sha, self.SETTINGS | {"faces": "largest"}, models)
        assert not io.result_is_current(path, sha, self.SETTINGS | {"new": 1}, models)
        assert not io.result_is_current(path, sha, self.SETTINGS, models[:1])
        assert not io.result_is_current(
            path, sha, self.SETTINGS, (models[0], replace(models[1], sha256="ac"))
        )
        assert not io.result_is_current(path.with_name("b.json"), sha, self.SETTINGS, models)

    @pytest.mark.parametrize("ending", [".csv", ".eaf", ".signals.npz"])
    def test_a_file_that_is_gone_is_made_again(self, report, path, models, ending):
        path.with_name("clip" + ending).unlink()
        assert not io.result_is_current(path, report.video.sha256, self.SETTINGS, models)

    def test_damaged(self, report, path, models):
        path.write_text("{")
        assert not io.result_is_current(path, report.video.sha256, self.SETTINGS, models)


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_killed_at_any_time_the_result_is_whole_or_absent(tmp_path):
    """A process writes result after result under one name and is killed; JSON and signals must agree."""
    script = """
import sys
import numpy as np
from dataclasses import replace
from fleeting import io
report = io.read_result(sys.argv[1])
round = 0
while True:
    used = replace(report.provenance, settings={"round": round})
    changed = replace(report, provenance=used, signals={"round": np.full(20_000, round)})
    io.write_result(changed, sys.argv[2], "clip")
    if round == 0:
        print("ready", flush=True)
        sys.stdin.readline()
    round += 1
"""
    seed = 77
    rng = random.Random(seed)
    shutil.copy(GOLDEN, tmp_path / "golden.json")
    out = tmp_path / "out"
    whole = 0
    for kill in range(6):
        io.validate_folder(out)  # as a run begins
        assert not list(out.glob(".fleeting-*")), f"seed {seed}, kill {kill}: litter is left"
        process = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "golden.json", out],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        if kill:  # the first is killed between two results, the others anywhere
            process.stdin.write(b"go\n")
            process.stdin.flush()
            time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
        if (out / "clip.json").exists():
            whole += 1
            back = io.read_result(out / "clip.json")
            values = set(back.signals["round"].tolist())
            assert values == {back.provenance.settings["round"]}, f"seed {seed}, kill {kill}"
    assert whole > 0, "the test is void if no result was ever whole"


def test_the_kind_of_a_dataset_survives(report, tmp_path):
    """A macro-expression of 0.4 s, by the dataset's own type, is not called micro on reading."""
    interval = Interval.from_frames(0, 9, fps=25, kind="macro")
    changed = replace(report, expressions=(replace(report.expressions[1], interval=interval),))
    path = io.write_result(changed, tmp_path, "clip")["json"]
    assert io.read_result(path).expressions[0].interval == interval


def test_damaged_file_names_survive(report, tmp_path):
    """A name in another encoding reaches Python with lone surrogates, which UTF-8 cannot hold."""
    changed = replace(report, video=replace(report.video, path="videos/caf\udce9.mp4"))
    first = replace(report.expressions[0], emotion=Emotion("caf\udce9", {"caf\udce9": 1.0}))
    changed = replace(changed, expressions=(first,))
    paths = io.write_result(changed, tmp_path, "clip")
    back = io.read_result(paths["json"])
    assert back.video.path == "videos/caf\udce9.mp4"
    assert back.expressions == (first,)
    assert io.read_intervals_csv(paths["csv"])[0].emotion == "caf\\udce9"
    assert io.read_eaf(paths["eaf"])[1].text.startswith("1+2L")
