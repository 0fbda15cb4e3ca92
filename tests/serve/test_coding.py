"""Annotations: saved at once, never lost, undone and redone, two tabs, the blind, agreement."""

import csv
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from fleeting.io import ANNOTATION_FILE, AnnotationLog

KAPPA = ("anna", "bea", "cohen_kappa")


def test_all_operations(viewer: Any) -> None:
    fields = {"onset": 3, "apex": 5, "offset": 9, "kind": "macro", "emotion": "fear", "note": "l'œil\r\n<b>"}
    made = viewer.edit("add", 0, fields=fields).json()
    (one,) = made["annotations"]
    assert (one["onset"], one["apex_s"], one["kind"], one["note"]) == (3, 0.2, "macro", "l'œil\n<b>")
    assert (made["revision"], made["can_undo"], made["can_redo"]) == (1, True, False)
    units = [{"au": 12, "side": "left", "intensity": "B"}, {"au": 4, "side": "both", "intensity": None}]
    after = viewer.edit("change", 1, key=one["key"], fields={"aus": units, "confidence": 0.25}).json()
    assert after["annotations"][0]["aus"] == units
    assert after["annotations"][0]["emotion"] == "fear"
    halves = viewer.edit("split", 2, key=one["key"], at=6).json()["annotations"]
    assert [(h["onset"], h["apex"], h["offset"]) for h in halves] == [(3, 5, 5), (6, None, 9)]
    assert halves[1]["aus"] == units
    left = viewer.edit("delete", 3, key=halves[1]["key"]).json()
    assert [row["key"] for row in left["annotations"]] == [one["key"]]
    assert viewer.get("./annotations?coder=anna").json() == left
    assert viewer.get("./annotations?coder=bea").json()["annotations"] == []


def test_what_she_says_of_the_machine(viewer: Any) -> None:
    first = viewer.edit("accept", 0, source_key="m0-10-17").json()["annotations"][0]
    assert (first["onset"], first["apex"], first["offset"], first["verdict"]) == (10, 13, 17, "accepted")
    assert first["aus"] == [{"au": 12, "side": "left", "intensity": None}]
    again = viewer.edit("reject", 1, source_key="m0-10-17").json()["annotations"]
    assert [(one["key"], one["verdict"]) for one in again] == [(first["key"], "rejected")]
    moved = viewer.edit("change", 2, source_key="m0-30-40", fields={"onset": 28}).json()
    assert [(one["onset"], one["source_key"]) for one in moved["annotations"]] == [
        (10, "m0-10-17"),
        (28, "m0-30-40"),
    ]
    assert viewer.post("./undo", {"coder": "anna", "revision": 3}).json()["annotations"] == again
    assert viewer.edit("accept", 4, source_key="m0-1-2").status_code == 404


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        ({"op": "add", "fields": {"onset": 9, "offset": 3}}, 422, "onset <= apex <= offset"),
        ({"op": "add", "fields": {"onset": 3, "apex": 2, "offset": 5}}, 422, "onset <= apex <= offset"),
        ({"op": "add", "fields": {"onset": 3, "offset": 50}}, 422, "0..49"),
        ({"op": "add", "fields": {"onset": -1, "offset": 5}}, 422, "0..49"),
        ({"op": "add", "fields": {"onset": 1.5, "offset": 5}}, 422, "whole number"),
        ({"op": "add", "fields": {"onset": True, "offset": 5}}, 422, "whole number"),
        ({"op": "add", "fields": {"offset": 5}}, 422, "onset"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "kind": "tiny"}}, 422, "kind"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "confidence": 1.1}}, 422, "confidence"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "note": "x" * 10_001}}, 422, "note"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "note": "\ud800"}}, 422, "note"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "note": "\0"}}, 422, "note"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "aus": [{"au": 0}]}}, 422, "au"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "aus": [{"au": 1, "side": "top"}]}}, 422, "side"),
        (
            {"op": "add", "fields": {"onset": 1, "offset": 5, "aus": [{"au": 1, "intensity": "F"}]}},
            422,
            "intensity",
        ),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "aus": {"au": 1}}}, 422, "aus"),
        ({"op": "add", "fields": {"onset": 1, "offset": 5, "key": "mine"}}, 422, "fields"),
        ({"op": "add", "fields": [1]}, 422, "fields"),
        ({"op": "change", "key": "nobody"}, 404, "no annotation"),
        ({"op": "split", "source_key": "m0-10-17", "at": 10}, 422, "11..17"),
        ({"op": "drop table"}, 422, "op"),
        ({"op": 3}, 422, "op"),
        ({"op": "add", "revision": None}, 422, "revision"),
        ({"op": "add", "coder": " "}, 422, "who is coding"),
        ({"op": "add", "coder": "machine", "fields": {"onset": 1, "offset": 5}}, 422, "another name"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    viewer: Any, request_: dict[str, Any], status: int, says: str
) -> None:
    content = json.dumps({"coder": "anna", "revision": 0, **request_})
    answer = viewer.client.post(
        f"/api/recordings/{viewer.id}/annotations",
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == status
    assert says in answer.json()["error"]
    assert viewer.get("./annotations?coder=anna").json()["revision"] == 0


def test_undo_and_redo(viewer: Any) -> None:
    step = {"coder": "anna"}
    states = [viewer.get("./annotations?coder=anna").json()["annotations"]]
    states.append(viewer.edit("add", 0, fields={"onset": 3, "offset": 9}).json()["annotations"])
    key = states[1][0]["key"]
    states.append(viewer.edit("change", 1, key=key, fields={"offset": 12}).json()["annotations"])
    states.append(viewer.edit("split", 2, key=key, at=8).json()["annotations"])
    revision = 3
    for expected in (states[2], states[1], states[0]):
        found = viewer.post("./undo", {**step, "revision": revision}).json()
        assert found["annotations"] == expected
        revision += 1
    assert (found["can_undo"], found["can_redo"]) == (False, True)
    assert viewer.post("./undo", {**step, "revision": revision}).status_code == 422
    for expected in (states[1], states[2]):
        assert viewer.post("./redo", {**step, "revision": revision}).json()["annotations"] == expected
        revision += 1
    found = viewer.edit("delete", revision, key=key).json()  # something new: what was undone is gone
    assert (found["annotations"], found["can_redo"]) == ([], False)
    assert viewer.post("./redo", {**step, "revision": revision + 1}).status_code == 422
    assert (
        viewer.post("./annotations/undo", {**step, "revision": revision + 1}).json()["annotations"]
        == states[2]
    )


def test_two_tabs(viewer: Any) -> None:
    viewer.edit("add", 0, fields={"onset": 3, "offset": 9})
    late = viewer.edit("add", 0, fields={"onset": 20, "offset": 25})  # the other tab has not seen it
    assert late.status_code == 409
    now = late.json()
    assert "another tab" in now.pop("error")
    assert now["revision"] == 1
    assert [one["onset"] for one in now["annotations"]] == [3]
    assert viewer.edit("add", now["revision"], fields={"onset": 20, "offset": 25}).json()["revision"] == 2
    for path in ("./undo", "./redo"):
        assert viewer.post(path, {"coder": "anna", "revision": 1}).status_code == 409
    assert viewer.edit("add", 0, "bea", fields={"onset": 1, "offset": 2}).status_code == 200  # her own count


def test_coders(viewer: Any) -> None:
    hostile = "<script>alert(1)</script> Robert'); DROP TABLE coders;--"
    assert viewer.post("/api/coders", {"name": f"  {hostile}\n"}).json() == {"name": hostile}
    viewer.post("/api/coders", {"name": "anna"})
    viewer.post("/api/coders", {"name": "anna"})
    assert viewer.get("/api/coders").json() == [hostile, "anna"]
    for name in ("", "   ", "x" * 121, None, 5, "Machine"):
        assert viewer.post("/api/coders", {"name": name}).status_code == 422


def test_the_blind_hides_the_machine_until_she_is_done(viewer: Any) -> None:
    path = f"/api/recordings/{viewer.id}"
    hidden = viewer.get(f"{path}?blind=1&coder=anna").json()
    assert (hidden["expressions"], hidden["hidden"], hidden["blind"]["revealed"]) == ([], True, False)
    curve = viewer.get("./signals?blind=1&coder=anna").json()
    assert (curve["times"], curve["regions"], curve["hidden"]) == ([], [], True)
    viewer.edit("add", 0, fields={"onset": 3, "offset": 9})
    assert viewer.get(f"{path}?blind=1&coder=anna").json()["hidden"]
    assert viewer.post("./reveal", {"coder": "anna"}).json() == {"revealed": True}
    assert len(viewer.get(f"{path}?blind=1&coder=anna").json()["expressions"]) == 2
    assert viewer.get("./signals?blind=1&coder=anna").json()["times"]
    assert viewer.get(f"{path}?blind=1&coder=bea").json()["hidden"]
    recording = viewer.desk.library.get(viewer.id).report.video.sha256
    assert viewer.desk.log.revealed_at(recording, "anna") == 1


def test_a_blind_viewer_tells_nobody(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    make_recording(tmp_path / "results")
    viewer = open_viewer(tmp_path / "results", blind=True)
    path = f"/api/recordings/{viewer.id}"
    assert viewer.get("/api/recordings").json()[0]["expressions"] == 0
    for query in ("", "?coder=anna", "?blind=0&coder=anna"):
        assert viewer.get(path + query).json()["expressions"] == []
        assert viewer.get(f"{path}/signals{query}").json()["times"] == []
    for op in ("accept", "reject", "change", "split"):
        answer = viewer.edit(op, 0, source_key="m0-10-17", at=12)
        assert (answer.status_code, "hidden" in answer.json()["error"]) == (422, True)
    viewer.edit("add", 0, fields={"onset": 3, "offset": 9})
    assert viewer.get("/api/agreement").json()["pairs"] == []
    viewer.post("./reveal", {"coder": "anna"})
    assert len(viewer.get(f"{path}?coder=anna").json()["expressions"]) == 2
    assert viewer.get(path).json()["expressions"] == []
    assert len(viewer.get("/api/agreement").json()["pairs"]) == 1


def test_agreement(viewer: Any) -> None:
    viewer.edit("accept", 0, source_key="m0-10-17")
    viewer.edit("reject", 1, source_key="m0-30-40")
    viewer.edit("add", 0, "bea", fields={"onset": 10, "offset": 13})
    viewer.post("./reveal", {"coder": "cleo"})  # she looked and found nothing
    found = viewer.get("/api/agreement?threshold=0.5").json()
    assert found["coders"] == ["anna", "bea", "cleo", "machine"]
    pairs = {(pair["first"], pair["second"]): pair for pair in found["pairs"]}
    assert len(pairs) == 6
    both = pairs["anna", "bea"]  # 8 frames and 4 of them: IoU 1/2
    assert (both["matched"], both["f1"], both["mean_iou"], both["frame_jaccard"]) == (1, 1.0, 0.5, 0.5)
    # 4 frames both, 4 anna alone, 42 neither: po = 46/50, pe = (8*4 + 42*46)/2500
    chance = (8 * 4 + 42 * 46) / 2500
    assert both["cohen_kappa"] == pytest.approx((0.92 - chance) / (1 - chance))
    assert (pairs["anna", "machine"]["first_n"], pairs["anna", "machine"]["second_n"]) == (1, 2)
    assert pairs["anna", "machine"]["mean_iou"] == 1.0
    assert pairs["bea", "cleo"]["mean_iou"] is None
    assert [one["who"] for one in found["together"]] == ["coders", "coders and machine"]
    assert [one["krippendorff_recordings"] for one in found["together"]] == [1, 1]
    rows = list(csv.DictReader(viewer.get("/api/agreement.csv").text.splitlines()))
    assert list(rows[0])[:7] == ["first", "second", "measure", "value", "recordings", "first_n", "second_n"]
    (kappa,) = [row for row in rows if (row["first"], row["second"], row["measure"]) == KAPPA]
    assert list(kappa.values())[3:] == [repr(both["cohen_kappa"]), "1", "1", "1", "", "", "0.5"]
    assert viewer.get("/api/agreement?threshold=2").status_code == 422


def test_agreement_on_what_was_seen(viewer: Any) -> None:
    """Anna takes the machine's 12 on the left and grades it; Bea saw it on the right, and 4 with it."""
    key = viewer.edit("accept", 0, source_key="m0-10-17").json()["annotations"][0]["key"]
    units = [{"au": 12, "side": "left", "intensity": "B"}]
    viewer.edit("change", 1, key=key, fields={"aus": units, "emotion": "fear"})
    units = [{"au": 12, "side": "right", "intensity": "B"}, {"au": 4, "side": "both", "intensity": None}]
    viewer.edit("add", 0, "bea", fields={"onset": 10, "offset": 15, "aus": units, "emotion": "Fear"})
    found = viewer.get("/api/agreement?threshold=0.75").json()
    seen = {(pair["first"], pair["second"]): pair for pair in found["moments"]}
    both = seen["anna", "bea"]
    assert (both["matched"], both["emotion"]["same"], both["side"]["same"], both["intensity"]["same"]) == (
        1,
        1,
        0,
        1,
    )
    assert both["unit_f1"] == pytest.approx(2 / 3)
    assert [(unit["au"], unit["f1"], unit["kappa"]) for unit in both["units"]] == [
        (4, 0.0, 0.0),
        (12, 1.0, None),
    ]
    machine = seen["anna", "machine"]  # which has no grades and here no emotion
    assert (machine["unit_f1"], machine["side"]["same"], machine["intensity"]["compared"]) == (1.0, 1, 0)
    far = viewer.get("/api/agreement?threshold=0.8").json()
    assert [pair["matched"] for pair in far["moments"]] == [0, 1, 0]  # 6 of 8 frames are .75
    rows = csv.DictReader(viewer.get("/api/agreement.csv?threshold=0.75").text.splitlines())
    told = {
        (row["second"], row["measure"], row["action_unit"]): row["value"]
        for row in rows
        if row["first"] == "anna"
    }
    assert (told["bea", "unit_f1", "12"], told["bea", "side_same", ""]) == ("1.0", "0.0")
    assert told["bea", "unit_kappa", "12"] == ""


def test_who_codes_blind_is_not_told_by_figures(viewer: Any) -> None:
    viewer.edit("add", 0, fields={"onset": 10, "offset": 17})
    viewer.edit("add", 0, "bea", fields={"onset": 10, "offset": 17})
    blind = viewer.get("/api/agreement?blind=1&coder=anna").json()
    assert (blind["coders"], blind["hidden"], len(blind["pairs"])) == (["anna", "bea"], 1, 1)
    assert "machine" not in viewer.get("/api/agreement.csv?blind=1&coder=anna").text
    viewer.post("./reveal", {"coder": "anna"})
    assert viewer.get("/api/agreement?blind=1&coder=anna").json()["coders"][-1] == "machine"


def test_two_faces_are_not_one(viewer: Any) -> None:
    """The same frames of another face are another moment."""
    viewer.edit("add", 0, fields={"onset": 10, "offset": 17, "face": 0})
    viewer.edit("add", 0, "bea", fields={"onset": 10, "offset": 17, "face": 1})
    pair = viewer.get("/api/agreement").json()["pairs"][0]
    assert (pair["first_n"], pair["second_n"], pair["matched"], pair["frame_jaccard"]) == (1, 1, 0, 0.0)


def test_agreement_of_nobody(viewer: Any) -> None:
    found = viewer.get("/api/agreement").json()
    assert (found["coders"], found["pairs"], found["together"][0]["fleiss_kappa"]) == ([], [], None)


def start_server(folder: Path) -> tuple[subprocess.Popen[str], int, str]:
    """Run `fleeting view` as a user does."""
    command = [sys.executable, "-c", "from fleeting.cli.main import run; run()", "view", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    host, _, token = address.removeprefix("http://").partition("/?token=")
    return process, int(host.rpartition(":")[2]), token


def ask(port: int, token: str, method: str, path: str, content: object = None) -> Any:
    """Send one request; the server may need a moment to answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"X-Fleeting-Token": token, "Content-Type": "application/json"}
    connection.request(method, path, None if content is None else json.dumps(content), headers)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return found


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_in_the_middle_nothing_acknowledged_is_lost(
    tmp_path: Path, make_recording: Callable[..., Path]
) -> None:
    """Edits come as fast as they can, the server is killed without warning, and so three times."""
    make_recording(tmp_path / "results")
    acknowledged = 0
    for _ in range(2):
        process, port, token = start_server(tmp_path / "results")
        try:
            number = ask(port, token, "GET", "/api/recordings")[0]["id"]
            path = f"/api/recordings/{number}/annotations"
            assert ask(port, token, "GET", f"{path}?coder=anna")["revision"] == acknowledged
            heard: list[int] = []
            editing = threading.Thread(target=edit_on, args=(port, token, path, acknowledged, heard))
            editing.start()
            while editing.is_alive() and len(heard) < 5:
                editing.join(0.001)
            process.send_signal(signal.SIGKILL)
            editing.join()
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        assert len(heard) >= 5
        log = AnnotationLog(tmp_path / "results" / ANNOTATION_FILE)
        recording = json.loads((tmp_path / "results" / "film.json").read_text())["video"]["sha256"]
        coding = log.coding(recording, "anna")
        log.close()
        assert heard[-1] <= coding.revision <= heard[-1] + 1  # one more may be written and not acknowledged
        assert len(coding.annotations) == coding.revision
        acknowledged = coding.revision


def edit_on(port: int, token: str, path: str, revision: int, heard: list[int]) -> None:
    """Add annotations until nobody answers; note what was acknowledged."""
    request = {"coder": "anna", "op": "add", "fields": {"onset": 1, "offset": 2}}
    while True:
        try:
            revision = ask(port, token, "POST", path, {**request, "revision": revision})["revision"]
        except (OSError, HTTPException, ValueError):
            return
        heard.append(revision)


def test_where_nothing_can_be_written_one_can_look(viewer: Any) -> None:
    (viewer.folder / ANNOTATION_FILE).mkdir()  # something that SQLite cannot open, for root too
    answer = viewer.edit("add", 0, fields={"onset": 3, "offset": 9})
    assert answer.status_code == 503
    assert "nothing was changed" in answer.json()["error"]
    assert viewer.get("./frame/3").status_code == 200
    (warning,) = viewer.get("/api/recordings").json()[0]["warnings"]
    assert warning["code"] == "annotations"
