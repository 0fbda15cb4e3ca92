"""Who gets in: the page with the token of this start, from this host and this origin, and nobody else."""

import os
import socket
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

HOST = "127.0.0.1:8123"
TOKEN = "secret-of-this-start"
PATHS = ["/", "/static/app.js", "/vendor/plotly.min.js", "/api/recordings", "/api/export", "/nothing"]


@pytest.fixture
def stranger(viewer: Any) -> Any:
    """The same viewer asked without a token."""
    del viewer.client.headers["X-Fleeting-Token"]
    return viewer.client


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_there_is_nothing(stranger: Any, path: str) -> None:
    for answer in (
        stranger.get(path),
        stranger.get(path, headers={"X-Fleeting-Token": "wrong"}),
        stranger.get(path, headers={"Cookie": f"fleeting_8123={TOKEN}x; fleeting_9999={TOKEN}"}),
        stranger.get(path + "?token=wrong"),
        stranger.post(path),
    ):
        assert answer.status_code == 403
        assert "portrait" not in answer.text
        assert "Open the address" in answer.text
    assert stranger.get("/api/recordings").json()["error"]


def test_the_address_of_the_start_gives_the_cookie_and_hides_the_token(stranger: Any) -> None:
    answer = stranger.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"fleeting_8123={TOKEN};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert stranger.get("/api/recordings").status_code == 200  # by the cookie that the client kept


def test_the_token_in_the_address_opens_nothing_but_the_start(stranger: Any) -> None:
    assert stranger.get(f"/api/recordings?token={TOKEN}").status_code == 403


@pytest.mark.parametrize("host", ["evil.example:8123", "127.0.0.1", "127.0.0.1:9", "localhost.evil:8123", ""])
def test_a_foreign_host_is_refused(viewer: Any, host: str) -> None:
    """A name of somebody else's that leads here (DNS rebinding) must not do."""
    assert viewer.get("/api/recordings", headers={"Host": host}).status_code == 403
    assert viewer.get("/api/recordings", headers={"Host": "LOCALHOST:8123"}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8123", "file://", ""],
)
def test_a_foreign_origin_is_refused(viewer: Any, origin: str) -> None:
    answer = viewer.client.post("/api/coders", json={"name": "eve"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert viewer.get("/api/coders").json() == []
    assert viewer.get("/api/coders", headers={"Origin": f"http://{HOST}"}).status_code == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_what_another_site_asks_is_refused(viewer: Any, site: str, status: int) -> None:
    assert viewer.get("/api/recordings", headers={"Sec-Fetch-Site": site}).status_code == status


def test_no_answer_invites_other_origins_or_scripts(viewer: Any) -> None:
    for path in ("/api/recordings", "/vendor/plotly.min.js", "/api/nothing"):
        headers = viewer.get(path).headers
        assert not [name for name in headers if name.startswith("access-control")]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_a_form_of_another_page_could_not_post(viewer: Any) -> None:
    """A plain form sends no JSON type; such a body is not read as JSON."""
    answer = viewer.client.post(
        "/api/coders", content='{"name": "eve"}', headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 422
    assert viewer.get("/api/coders").json() == []


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/....//app.py",
        "/static/.",
        "/static/",
        "/static/%00",
        "/vendor/..%2f..%2fplotly.min.js",
        "/vendor/plotly",
        "/api/recordings/..%2f..%2fetc%2fpasswd",
        "/api/recordings/../../etc/passwd/video",
    ],
)
def test_no_path_leads_out(viewer: Any, running: tuple[str, int], path: str) -> None:
    """Sent raw, since a client would tidy the path before it goes out."""
    connection = HTTPConnection(*running, timeout=30)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{running[1]}")
    connection.putheader("X-Fleeting-Token", TOKEN)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 404
    assert b"root:" not in body
    assert b"import" not in body


@pytest.fixture
def running(viewer: Any) -> Any:
    """The viewer in a real server, so that raw requests can be sent."""
    import uvicorn

    from fleeting.serve import create_app

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(create_app(viewer.desk, token=TOKEN, port=port), log_level="critical")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield "127.0.0.1", port
    server.should_exit = True
    thread.join()
    listener.close()


def test_too_large_a_body_is_refused(viewer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleeting.serve.access.LARGEST_BODY", 1000)
    monkeypatch.setattr("fleeting.serve.access.LARGEST_JSON", 100)
    for answer in (
        viewer.client.post(f"/api/import?recording={viewer.id}&name=a.csv", content=b"x" * 2000),
        viewer.client.post("/api/coders", json={"name": "x" * 200}),
    ):
        assert answer.status_code == 413
        assert "too large" in answer.json()["error"]


def test_an_odd_cookie_of_another_page_on_this_host_locks_nobody_out(stranger: Any) -> None:
    ours = f"fleeting_8123={TOKEN}"
    for line in (f"a[b]={{x}}; {ours}", f'{ours}; q="; =', f"x; {ours}"):
        assert stranger.get("/api/recordings", headers={"Cookie": line}).status_code == 200
    assert stranger.get("/api/recordings", headers={"Cookie": f"x{ours}"}).status_code == 403


def test_a_video_elsewhere_is_shown_only_where_it_is_the_one_analysed(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    """A result could name any file of this computer."""
    video = make_recording(tmp_path / "results", video=tmp_path / "private" / "film.mp4")
    viewer = open_viewer(tmp_path / "results")
    assert viewer.get("./frame/3").status_code == 200
    original = video.read_bytes()
    video.write_bytes(original + b"\0")  # other content under the name that the result gives
    for path in ("./video", "./frame/3", "./crop/3", "./audio?to=1"):
        answer = viewer.get(path)
        assert answer.status_code == 404, path
        assert "other content" in answer.json()["error"]
    row = viewer.get("/api/recordings").json()[0]["video"]
    assert (row["found"], "other content" in row["why"]) == (False, True)
    video.write_bytes(original)
    assert viewer.get("./frame/3").status_code == 200


def test_the_list_of_a_large_collection_reads_no_video(
    tmp_path: Path,
    make_recording: Callable[..., Path],
    open_viewer: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("a", "b"):
        make_recording(tmp_path / "results", name, video=tmp_path / "films" / f"{name}.mp4")
    read: list[str] = []
    monkeypatch.setattr("fleeting.serve.library.content_sha256", lambda path: read.append(path.name) or "")
    viewer = open_viewer(tmp_path / "results")
    assert [row["video"]["found"] for row in viewer.get("/api/recordings").json()] == [True, True]
    monkeypatch.setattr("fleeting.serve.library.WARM_BYTES", 10)
    viewer.desk.finder.warm().join()
    assert read == []
    monkeypatch.setattr("fleeting.serve.library.WARM_BYTES", 2**30)
    viewer.desk.finder.warm().join()
    assert sorted(read) == ["a.mp4", "b.mp4"]


def test_a_link_out_of_the_folder_counts_as_outside(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    make_recording(tmp_path / "results", video=tmp_path / "films" / "film.mp4", named="film.mp4")
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"something else")
    (tmp_path / "results" / "film.mp4").symlink_to(secret)
    viewer = open_viewer(tmp_path / "results")
    answer = viewer.get("./video")
    assert answer.status_code == 404
    assert b"something else" not in answer.content


def test_videos_in_a_further_folder_are_found_by_name_and_content(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    name = "fi[lm]*?.mp4"  # what a pattern would read as a pattern
    make_recording(
        tmp_path / "results", video=tmp_path / "films" / "deep" / name, named=f"/somewhere/else/{name}"
    )
    assert open_viewer(tmp_path / "results").get("./frame/3").status_code == 404
    assert open_viewer(tmp_path / "results", tmp_path / "films").get("./frame/3").status_code == 200


def test_a_wrong_file_in_our_folder_is_found_out(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    """In the folder of the results it is compared while the first frames are looked at already."""
    video = make_recording(tmp_path / "results")
    viewer = open_viewer(tmp_path / "results")
    video.write_bytes(video.read_bytes() + b"\0")
    recording = viewer.desk.library.get(viewer.id)
    assert viewer.desk.finder.find(recording, sure=True).path is None
    assert viewer.get("./frame/3").status_code == 404


def test_hostile_names_are_data(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    name = "<img src=x onerror=alert(1)>\n\"'; DROP TABLE changes;--\u202e"
    make_recording(tmp_path / "results", name)
    viewer = open_viewer(tmp_path / "results")
    row = viewer.get("/api/recordings").json()[0]
    assert row["name"] == name
    assert row["id"].isalnum()
    assert viewer.get("./frame/7").status_code == 200
    assert viewer.get("./video").status_code == 200
    viewer.edit("add", 0, name, fields={"onset": 1, "offset": 2, "note": name})
    for kind in ("csv", "json", "eaf", "html"):
        answer = viewer.get(f"/api/export?format={kind}&recording={viewer.id}")
        assert answer.status_code == 200
        header = answer.headers["content-disposition"]
        assert "\n" not in header
        assert header.count('"') == 2
        assert b"<img src=x" not in answer.content or kind in ("csv", "json")


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names there are Unicode")
def test_a_name_that_is_no_unicode(
    tmp_path: Path, make_recording: Callable[..., Path], open_viewer: Callable[..., Any]
) -> None:
    name = os.fsdecode(b"caf\xe9")
    make_recording(tmp_path / "results", name)
    viewer = open_viewer(tmp_path / "results")
    assert viewer.get("/api/recordings").json()[0]["name"] == name
    assert viewer.get("./frame/7").status_code == 200
    for kind in ("csv", "json", "eaf", "html"):
        assert viewer.get(f"/api/export?format={kind}&recording={viewer.id}").status_code == 200
