"""What cannot be read says so in one line; what is damaged gives what it still holds."""

import os
import random
import subprocess
import sys
import threading
import wave

import av
import cv2
import numpy as np
import pytest

from fleeting.core import InputError
from fleeting.io import content_sha256, open_video

SEED = 20


def read_all(path):
    """Frames of a video, each turned into a picture; every promise of the reader is checked."""
    with open_video(path) as video:
        count, last = 0, -1
        for frame in video.frames():
            assert frame.index == count
            assert frame.time > last
            assert frame.gray().shape == (video.height, video.width)
            if count % 16 == 0:
                assert frame.rgb().shape == (video.height, video.width, 3)
            count, last = count + 1, frame.time
        info = video.info()
        assert count >= 1
        assert info.frames == count
        assert info.duration_s > 0
        return count, [problem.code for problem in video.problems]


def no_video(tmp_path, kind):
    path = tmp_path / {"folder": "a", "sound": "a.wav", "cover": "a.mp3", "text": "notes.txt"}.get(
        kind, "a.mp4"
    )
    if kind == "folder":
        path.mkdir()
        (path / "notes.txt").write_text("no image")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind in ("words", "text"):
        path.write_text("These are words.\n" * 50)
    elif kind == "noise":
        path.write_bytes(random.Random(SEED).randbytes(20_000))
    elif kind == "sound":
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(b"\x00\x10" * 4000)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "playlist":
        path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    return path


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("missing", "does not exist"),
        ("folder", "is a folder without images"),
        ("empty", "is empty"),
        ("words", "cannot be read as a video"),
        ("text", "has no video stream|cannot be read as a video"),
        ("noise", "cannot be read as a video|no video stream|not a single frame"),
        ("sound", r"has no video stream \(only audio\)"),
        ("playlist", "cannot be read as a video|no video stream"),
        pytest.param(
            "pipe",
            "neither a file nor a folder",
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system"),
        ),
    ],
)
def test_what_is_no_video_fails_with_one_line(tmp_path, capfd, kind, what):
    path = no_video(tmp_path, kind)
    with pytest.raises(InputError, match=what) as caught:
        open_video(path, fps=25)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    assert caught.value.hint, "expected the message to say what to do"
    assert capfd.readouterr() == ("", "")


def test_no_permission(clip, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)  # as root no file is unreadable
    for read in (open_video, content_sha256):
        with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
            read(clip)


def test_a_cover_picture_is_no_video(tmp_path):
    """Music files carry pictures in an ID3 tag (ID3v2.3, section 4.15), which FFmpeg calls a video."""
    _, jpeg = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))
    body = b"\0image/jpeg\0\x03cover\0" + jpeg.tobytes()
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    path = tmp_path / "a.aac"
    with av.open(str(path), "w", format="adts") as container:
        sound = container.add_stream("aac", rate=44_100)
        for k in range(20):
            part = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            part.sample_rate, part.pts = 44_100, 1024 * k
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))
    path.write_bytes(b"ID3\x03\0\0" + size + frame + path.read_bytes())
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1, "the test is void if FFmpeg sees no picture"
    with pytest.raises(InputError, match=r"has no video stream \(only audio\)"):
        open_video(path)


def test_nothing_decodable(clip, tmp_path):
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    path = tmp_path / "zeros.mp4"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a single frame can be decoded"):
        open_video(path)


@pytest.mark.parametrize(
    "name",
    ["a b.mp4", "müd-微表情-🙂.mp4", "two\nlines.mp4", "-x.mp4", "12:30 5%d.mp4", "a'\"b.mp4", "noending"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="such names are not allowed on Windows")
def test_odd_names(clip, tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())
    assert read_all(path)[0] == 60
    monkeypatch.chdir(tmp_path)
    assert read_all(name)[0] == 60
    (tmp_path / "bad").mkdir()
    broken = tmp_path / "bad" / name
    broken.write_bytes(b"words")
    with pytest.raises(InputError):
        open_video(broken)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_name_that_is_no_text(clip, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff\xfe.mp4")
    path.write_bytes(clip.read_bytes())
    assert read_all(path)[0] == 60


CUT = {
    "mp4": {"options": {"g": "12", "bf": "2"}, "container_options": {"movflags": "faststart"}},
    "mkv": {"options": {"g": "12", "bf": "2"}},
    "ts": {"options": {"g": "12", "bf": "2"}},
    "avi": {"codec": "mpeg4", "options": {"g": "12"}},
}


def test_every_cut_gives_frames_or_an_input_error(tmp_path, encode, pictures):
    """Over 200 cuts of four containers. No other exception, no endless loop (the test would not end)."""
    rng = random.Random(SEED)
    for ending, how in CUT.items():
        data = encode(tmp_path / f"whole.{ending}", pictures(40), **how).read_bytes()
        opened = named = 0
        for attempt in range(60):
            cut = rng.randrange(1, len(data))
            path = tmp_path / f"cut.{ending}"
            path.write_bytes(data[:cut])
            try:
                count, codes = read_all(path)
            except InputError:
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the seed must be told
                pytest.fail(f"seed {SEED}, {ending}, attempt {attempt}, cut at {cut}: {error!r}")
            opened += 1
            named += "truncated" in codes
            assert count <= 40, f"seed {SEED}, {ending}, cut at {cut}"
            if ending in ("mp4", "mkv") and count < 36:  # MPEG-TS and bare streams state no length
                assert "truncated" in codes, f"seed {SEED}, {ending}, cut at {cut}: {count} frames, {codes}"
        assert opened > 5, f"seed {SEED}, {ending}: the cuts tested nothing"
        assert named or ending == "ts"


def test_a_cut_loses_no_frame_that_is_there(clip, tmp_path, numbers):
    """Where the index lies at the front, all whole pictures before the cut are delivered."""
    with av.open(str(clip)) as container:
        ends = sorted(packet.pos + packet.size for packet in container.demux() if packet.size)
    data = clip.read_bytes()
    for whole in (1, 2, 7, 13, 30, 59):
        path = tmp_path / "cut.mp4"
        path.write_bytes(data[: ends[whole - 1] + 3])  # and three bytes of the next
        with open_video(path) as video:
            frames = list(video.frames())
            codes = [problem.code for problem in video.problems]
            # B-frames whose later reference is missing cannot be decoded: at most two here.
            assert whole - 2 <= len(frames) <= whole, f"{whole} pictures"
            assert numbers(frames[: whole - 3]) == list(range(len(frames[: whole - 3])))
            assert "truncated" in codes


def test_byte_flips_give_frames_or_an_input_error(tmp_path, encode, pictures):
    rng = random.Random(SEED)
    for ending, how in CUT.items():
        data = encode(tmp_path / f"whole.{ending}", pictures(30), **how).read_bytes()
        opened = 0
        for attempt in range(50):
            damaged = bytearray(data)
            for _ in range(rng.choice((1, 4, 30))):
                damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
            path = tmp_path / f"flip.{ending}"
            path.write_bytes(damaged)
            try:
                read_all(path)
                opened += 1
            except InputError:
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the seed must be told
                pytest.fail(f"seed {SEED}, {ending}, attempt {attempt}: {error!r}")
        assert opened > 5, f"seed {SEED}, {ending}: the flips tested nothing"


def hole(path, number):
    """Overwrite one packet of a video with zeros, in place."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux() if packet.size]
    data = bytearray(path.read_bytes())
    at, size = packets[number]
    assert data[at : at + 4] != bytes(4)
    data[at : at + size] = bytes(size)
    path.write_bytes(data)


def test_damage_in_the_middle_is_skipped_and_named(clip, numbers):
    hole(clip, 20)
    with open_video(clip) as video:
        frames = list(video.frames())
        assert numbers(frames[:15]) == list(range(15))
        assert numbers(frames[-20:]) == list(range(40, 60))  # whole again after the next key frame
        assert float(frames[-1].time) == 59 / 25  # the gap stays a gap: later frames keep their time
        assert "decode_error" in [problem.code for problem in video.problems]


@pytest.mark.parametrize("number", [1, 30, 55, 58, 59])
def test_damage_anywhere_is_named(clip, number):
    """Also at the end, where the decoder's last frames and its last error come together."""
    hole(clip, number)
    count, codes = read_all(clip)
    assert 60 - 12 <= count < 60
    assert "decode_error" in codes


def test_damage_is_named_for_codecs_that_conceal_nothing(tmp_path, encode, pictures):
    path = encode(tmp_path / "a.avi", pictures(20), codec="mjpeg", pixel_format="yuvj420p")
    hole(path, 7)
    assert read_all(path) == (19, ["decode_error", "variable_rate"])


def test_nothing_reaches_the_terminal(clip, tmp_path):
    """FFmpeg and OpenCV like to talk about damaged files."""
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip.read_bytes()[:4000])
    code = (
        "import sys; from fleeting.io import open_video; [f.rgb() for f in open_video(sys.argv[1]).frames()]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, timeout=120, check=True
    )
    assert done.stdout == done.stderr == b""


def test_videos_in_two_threads(clip, numbers):
    found = {}

    def work(name):
        with open_video(clip) as video:
            found[name] = numbers(video.frames())

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": list(range(60)), "b": list(range(60))}


def test_a_file_that_goes_away(clip):
    video = open_video(clip)
    clip.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        list(video.frames())
