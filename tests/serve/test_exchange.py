"""Annotations out and in again, files of ELAN and of other tools."""

import io
import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleeting.io import read_eaf

NOTE = '=1+1; "quoted", l\'œil\n<b>second line</b> | f 1-2-3 #k'
PLAIN = (
    "key",
    "onset",
    "apex",
    "offset",
    "kind",
    "face",
    "emotion",
    "note",
    "aus",
    "confidence",
    "verdict",
    "source_key",
)


@pytest.fixture
def coded(viewer: Any) -> Any:
    """A viewer in which two coders have said all that can be said."""
    viewer.edit("accept", 0, source_key="m0-10-17")
    viewer.edit("reject", 1, source_key="m0-30-40")
    units = [{"au": 12, "side": "left", "intensity": "B"}, {"au": 4, "side": "both", "intensity": None}]
    more = {
        "aus": units,
        "confidence": 0.1 + 0.2,
        "note": NOTE,
        "emotion": "=cmd",
        "kind": "macro",
        "face": 0,
    }
    viewer.edit("add", 2, fields={"onset": 20, "apex": 22, "offset": 27, **more})
    viewer.edit("add", 3, fields={"onset": 22, "apex": None, "offset": 49})  # overlaps, up to the last frame
    viewer.edit("add", 0, "Bea: micro", fields={"onset": 0, "offset": 0})
    return viewer


def state(viewer: Any, coder: str = "anna") -> list[dict[str, Any]]:
    rows = viewer.get("./annotations", params={"coder": coder}).json()["annotations"]
    return [{name: row[name] for name in (*PLAIN, "source_key")} for row in rows]


def export(viewer: Any, kind: str, **more: str) -> bytes:
    answer = viewer.get("/api/export", params={"format": kind, "recording": viewer.id, **more})
    assert answer.status_code == 200
    return bytes(answer.content)


def bring(viewer: Any, name: str, data: bytes, **more: str) -> Any:
    return viewer.client.post(
        "/api/import", params={"recording": viewer.id, "name": name, **more}, content=data
    )


@pytest.mark.parametrize("kind", ["json", "eaf", "csv"])
def test_what_goes_out_comes_in_equal(
    kind: str,
    coded: Any,
    tmp_path: Path,
    make_recording: Callable[..., Path],
    open_viewer: Callable[..., Any],
) -> None:
    data = export(coded, kind)
    make_recording(tmp_path / "fresh")
    fresh = open_viewer(tmp_path / "fresh")
    answer = bring(fresh, f"anna.{kind}", data)
    assert answer.status_code == 200, answer.json()
    assert answer.json()["annotations"] == 5
    for coder in ("anna", "Bea: micro"):
        assert state(fresh, coder) == state(coded, coder)
    assert bring(fresh, f"anna.{kind}", data).json()["annotations"] == 0  # nothing new the second time
    assert export(fresh, "json") == export(coded, "json")
    undone = fresh.post("./undo", {"coder": "anna", "revision": 1}).json()
    assert undone["annotations"] == []  # an import is one step


def test_an_export_of_one_coder(coded: Any) -> None:
    rows = json.loads(export(coded, "json", coder="anna"))["codings"]
    assert [row["coder"] for row in rows] == ["anna"]
    assert rows[0]["annotations"][0]["onset_s"] == 0.4


def test_the_table_is_one_that_score_and_spreadsheets_take(coded: Any, tmp_path: Path) -> None:
    from fleeting.io import read_intervals_csv

    data = export(coded, "csv")
    assert data.startswith(b"\xef\xbb\xbfsubject,video,face,onset,apex,offset,type,emotion,score,coder,")
    (tmp_path / "a.csv").write_bytes(data)
    rows = read_intervals_csv(tmp_path / "a.csv")
    assert {(row.video, row.onset, row.offset, row.type) for row in rows} >= {("film", 10, 17, "micro")}
    text = data.decode("utf-8-sig")
    assert ",'=cmd," in text  # no formula
    assert "12LB+4" in text
    assert "0.30000000000000004" in text


FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="me" DATE="2020-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
 <LICENSE LICENSE_URL="">ours</LICENSE>
 <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
 <MEDIA_DESCRIPTOR MEDIA_URL="file:///x.mp4" MIME_TYPE="video/mp4"/>
 <PROPERTY NAME="lastUsedAnnotationId">7</PROPERTY></HEADER>
 <TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="100"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
 <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1500"/></TIME_ORDER>
 <TIER LINGUISTIC_TYPE_REF="words" TIER_ID="speech" PARTICIPANT="Z" DEFAULT_LOCALE="en"><ANNOTATION>
 <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3">
 <ANNOTATION_VALUE>I don't &lt;know&gt;</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
 <TIER LINGUISTIC_TYPE_REF="sub" TIER_ID="gloss" PARENT_REF="speech"><ANNOTATION>
 <REF_ANNOTATION ANNOTATION_ID="a7" ANNOTATION_REF="a1"><ANNOTATION_VALUE>doubt</ANNOTATION_VALUE>
 </REF_ANNOTATION></ANNOTATION></TIER>
 <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="words" TIME_ALIGNABLE="true"/>
 <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" LINGUISTIC_TYPE_ID="sub" TIME_ALIGNABLE="false"/>
 <LOCALE LANGUAGE_CODE="en"/><CONSTRAINT DESCRIPTION="d" STEREOTYPE="Symbolic_Association"/>
</ANNOTATION_DOCUMENT>"""


def test_the_tiers_of_an_existing_file_are_kept(coded: Any) -> None:
    answer = bring(coded, "inter view.eaf", FOREIGN.encode()).json()
    assert answer["annotations"] == 0
    spans = answer["tracks"][0]["intervals"]
    assert spans == [
        {"tier": "speech", "onset_s": 0.1, "offset_s": 1.5, "text": "I don't <know>"},
        {"tier": "gloss", "onset_s": 0.1, "offset_s": 1.5, "text": "doubt"},
    ]
    assert coded.get("./tracks").json() == answer["tracks"]
    before, after = ET.fromstring(FOREIGN), ET.fromstring(export(coded, "eaf"))
    for path in ("LICENSE", "HEADER/MEDIA_DESCRIPTOR", "LOCALE", "CONSTRAINT"):
        assert [one.attrib for one in after.iterfind(path)] == [one.attrib for one in before.iterfind(path)]
    for tier in before.iterfind("TIER"):
        (kept,) = [one for one in after.iterfind("TIER") if one.attrib == tier.attrib]
        assert ET.tostring(kept) == ET.tostring(tier)
    order = list(after.iterfind("TIME_ORDER/TIME_SLOT"))
    values = [int(slot.attrib["TIME_VALUE"]) for slot in order if "TIME_VALUE" in slot.attrib]
    assert values == sorted(values)
    ids = [slot.attrib["TIME_SLOT_ID"] for slot in order]
    ids += [one.attrib["ANNOTATION_ID"] for one in after.iter() if "ANNOTATION_ID" in one.attrib]
    assert len(ids) == len(set(ids))
    names = [tier.attrib["TIER_ID"] for tier in after.iterfind("TIER")]
    assert {"speech", "gloss", "anna: micro", "anna: macro", "anna: note", "Bea: micro: micro"} <= set(names)
    tags = [one.tag for one in after]
    assert tags == sorted(
        tags, key=["LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "CONSTRAINT"].index
    )


def test_pympi_and_our_own_reader_take_the_file(coded: Any, tmp_path: Path) -> None:
    from pympi import Elan

    path = tmp_path / "a.eaf"
    path.write_bytes(export(coded, "eaf"))
    found = Elan.Eaf(str(path))
    spans = sorted(found.get_annotation_data_for_tier("anna: micro"))
    assert [(begin, end) for begin, end, _ in spans][:2] == [(400, 720), (880, 2000)]
    assert spans[0][2].startswith("accepted; of m0-10-17 | f 10-13-17 #")
    assert read_eaf(path) == []  # no tiers of the machine in it


def test_what_was_moved_in_elan_is_moved_here(coded: Any) -> None:
    root = ET.fromstring(export(coded, "eaf", coder="anna"))
    (tier,) = [one for one in root.iterfind("TIER") if one.attrib["TIER_ID"] == "anna: micro"]
    first = tier.find("ANNOTATION/ALIGNABLE_ANNOTATION")
    assert first is not None
    for slot in root.iter("TIME_SLOT"):
        if slot.attrib["TIME_SLOT_ID"] == first.attrib["TIME_SLOT_REF1"]:
            slot.attrib["TIME_VALUE"] = "320"  # frame 8 begins there
    answer = bring(coded, "moved.eaf", ET.tostring(root)).json()
    assert answer["annotations"] == 1
    moved = state(coded)[0]
    assert (moved["onset"], moved["apex"], moved["offset"], moved["verdict"]) == (8, 13, 17, "accepted")


def test_a_page_to_print(coded: Any) -> None:
    page = export(coded, "html").decode()
    assert "<script" not in page
    assert "&lt;b&gt;second line" in page
    assert "@page" in page
    assert "default-src &#39;none&#39;" in page
    assert "http" not in page.replace("http-equiv", "")  # nothing is fetched


def test_all_recordings_at_once(coded: Any, make_recording: Callable[..., Path]) -> None:
    make_recording(coded.folder, "second", pictures=None, spans=())
    make_recording(coded.folder, "third", spans=())
    packed = zipfile.ZipFile(io.BytesIO(coded.get("/api/export?format=eaf").content))
    assert packed.namelist() == ["film.eaf", "second.eaf", "third.eaf"]
    assert b"anna: micro" in packed.read("film.eaf")
    for kind in ("csv", "json", "html"):
        assert coded.get(f"/api/export?format={kind}").status_code == 200
    assert coded.get("/api/export?format=exe").status_code == 422


def openface(frames: int) -> bytes:
    rows = ["frame, face_id, timestamp, confidence, success, gaze_0_x, x_0, AU12_r, AU12_c"]
    rows += [f"{n + 1}, 0, {n / 25:.3f}, 0.98, {int(n != 4)}, 0.1, 300, {n / 10}, 1" for n in range(frames)]
    return "\n".join(rows).encode()


def test_openface_as_a_track(viewer: Any) -> None:
    answer = bring(viewer, "open <face>.csv", openface(50)).json()
    (track,) = answer["tracks"]
    assert (track["kind"], track["columns"]) == ("series", ["confidence", "AU12_r", "AU12_c"])
    found = viewer.get(f"./tracks/{track['id']}?columns=AU12_r&from=0&to=2&points=500").json()
    assert found["times"][3] == pytest.approx(0.12)  # OpenFace's frame 4 is our frame 3
    (line,) = found["columns"]
    assert line["max"][3] == pytest.approx(0.3)
    assert line["max"][4] is None  # it saw no face there
    assert len(viewer.get(f"./tracks/{track['id']}?points=5").json()["times"]) == 5
    assert viewer.get(f"./tracks/{track['id']}?columns=AU99").status_code == 404
    assert viewer.client.delete(f"/api/recordings/{viewer.id}/tracks/{track['id']}").status_code == 200
    assert viewer.get("./tracks").json() == []
    assert viewer.get(f"./tracks/{track['id']}").status_code == 404
    assert viewer.client.delete(f"/api/recordings/{viewer.id}/tracks/{track['id']}").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"name,age\nbea,3\n", "neither a CSV of OpenFace"),
        ("a.csv", openface(51), "the video has 50 frames"),
        ("a.csv", b"\xff\xfe\x00", "UTF-8"),
        ("a.eaf", b"<html/>", "no ELAN file"),
        ("a.eaf", b"not xml", "no ELAN file"),
        ("a.eaf", FOREIGN.replace('TIME_SLOT_REF2="ts3"', "").encode(), "no whole ELAN file"),
        ("a.json", b"{}", "fleeting.annotations/1"),
        ("a.json", b'{"schema": "fleeting.annotations/1", "codings": [3]}', "cannot be read"),
        ("a.json", b"[" * 100_000, "cannot be read"),
        ("a.json", b'{"schema": "fleeting.annotations/1", "codings": []}', "holds nothing of it"),
        ("a.exe", b"MZ", "none of .eaf, .json, .csv"),
    ],
)
def test_what_cannot_be_taken_changes_nothing(viewer: Any, name: str, data: bytes, says: str) -> None:
    answer = bring(viewer, name, data)
    assert answer.status_code == 404
    assert says in answer.json()["error"]
    assert viewer.get("./tracks").json() == []
    assert viewer.get("/api/coders").json() == []


def test_a_bomb_of_entities_is_refused(viewer: Any) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><ANNOTATION_DOCUMENT>&e11;</ANNOTATION_DOCUMENT>'
    answer = bring(viewer, "bomb.eaf", bomb.encode())
    assert answer.status_code == 404
    outside = (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ANNOTATION_DOCUMENT>&e;</ANNOTATION_DOCUMENT>'
    )
    assert b"root:" not in bring(viewer, "outside.eaf", outside.encode()).content


def test_an_export_of_another_video_is_refused(
    coded: Any, tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    import numpy as np

    from fleeting.io import write_video

    (tmp_path / "other").mkdir()
    other = write_video(tmp_path / "other" / "film.mp4", [np.zeros((48, 64, 3), np.uint8)] * 12, fps=25)
    make_recording(tmp_path / "other", video=other, spans=())
    fresh = open_viewer(tmp_path / "other")
    assert "holds nothing of it" in bring(fresh, "a.json", export(coded, "json")).json()["error"]
    answer = bring(fresh, "a.csv", export(coded, "csv"))  # a table names videos by stem alone
    assert "the video has 12 frames" in answer.json()["error"]
