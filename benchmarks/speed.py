"""How long `fleeting.analyze` takes against decoding the same clip to RGB, and how memory grows with length.

    python benchmarks/speed.py [--out FILE.json] [--seconds 60] [--long 20]

Makes a 640x480 H.264 clip (30 frames/s) of a face with some planted movement, then in one run, alternating:
decode to RGB with PyAV's own threads; analyse without and with pictures. Each in its own process; the median
of three. Peak memory is measured on the clip and on one ``--long`` times longer (the same packets, repeated).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DECODE = """
import av, sys, time
t = time.perf_counter()
n = 0
with av.open(sys.argv[1]) as c:
    c.streams.video[0].thread_type = "AUTO"
    for frame in c.decode(video=0):
        frame.to_ndarray(format="rgb24"); n += 1
print(time.perf_counter() - t, n)
"""
ANALYSE = """
import sys, time, resource
import fleeting
from fleeting.analysis import analyze
from fleeting.face import find_faces
import numpy as np
find_faces(np.zeros((64, 64, 3), np.uint8))
t = time.perf_counter()
report = analyze(sys.argv[1], pictures=sys.argv[2] == "1")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(time.perf_counter() - t, report.video.frames, peak, len(report.expressions))
"""


def make_clip(path: Path, seconds: float) -> None:
    import cv2
    import numpy as np
    from skimage import data

    from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant, write_planted

    picture = cv2.resize(data.astronaut()[:360, :480], (640, 480), interpolation=cv2.INTER_CUBIC)
    plants = [Plant((12,), "both", 4.0, at, 0.3) for at in np.arange(2.0, seconds - 1, 6.0)]
    clip = plant(
        picture, plants, fps=30, duration_s=seconds, seed=1,
        camera=CameraSettings(noise=2.0, crf=23),
        life=Life(head=HeadMotion(sway_percent=2, roll_deg=0.5, yaw_deg=0.5, pitch_deg=0.5)),
    )  # fmt: skip
    write_planted(clip, path.parent, path.stem, flows="none")


def repeat_clip(source: Path, target: Path, times: int) -> None:
    """Write the packets of a clip again and again."""
    import av

    with av.open(str(source)) as first, av.open(str(target), "w") as out:
        stream = out.add_stream_from_template(first.streams.video[0])
        length = first.streams.video[0].duration
        packets = [(p.pts, p.dts, bytes(p), p.is_keyframe) for p in first.demux(video=0) if p.dts is not None]
        for i in range(times):
            for pts, dts, content, key in packets:
                packet = av.Packet(content)
                packet.stream, packet.time_base = stream, first.streams.video[0].time_base
                packet.pts, packet.dts, packet.is_keyframe = pts + i * length, dts + i * length, key
                out.mux(packet)


def run(code: str, *arguments: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return [float(x) for x in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--long", type=int, default=20)
    parser.add_argument("--work", type=Path)
    a = parser.parse_args()
    folder = a.work or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / f"speed-{a.seconds:g}.mp4"
    if not clip.exists():
        make_clip(clip, a.seconds)
    decode, plain, pictured = [], [], []
    for _ in range(3):
        decode.append(run(DECODE, str(clip)))
        plain.append(run(ANALYSE, str(clip), "0"))
        pictured.append(run(ANALYSE, str(clip), "1"))
    frames = decode[0][1]
    result = {
        "frames": frames,
        "decode_s": statistics.median(r[0] for r in decode),
        "analyse_s": statistics.median(r[0] for r in plain),
        "analyse_with_pictures_s": statistics.median(r[0] for r in pictured),
        "expressions": plain[0][3],
        "peak_mb": plain[0][2] / 1024,
    }
    result["ratio"] = result["analyse_s"] / result["decode_s"]
    result["ratio_with_pictures"] = result["analyse_with_pictures_s"] / result["decode_s"]
    result["decode_ms_per_frame"] = 1000 * result["decode_s"] / frames
    result["frames_per_s"] = frames / result["analyse_s"]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fleeting.analysis"], check=True)
    result["import_s"] = time.perf_counter() - start
    helps = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(
            [str(Path(sys.executable).parent / "fleeting"), "--help"], check=True, capture_output=True
        )
        helps.append(time.perf_counter() - start)
    result["help_s"] = statistics.median(helps)
    if a.long > 1:
        long = folder / f"speed-{a.seconds:g}x{a.long}.mp4"
        if not long.exists():
            repeat_clip(clip, long, a.long)
        seconds, count, peak, _ = run(ANALYSE, str(long), "0")
        result |= {"long_frames": count, "long_s": seconds, "long_peak_mb": peak / 1024}
        result["memory_ratio"] = result["long_peak_mb"] / result["peak_mb"]
    result["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    text = json.dumps(result, indent=1)
    print(text)
    if a.out:
        a.out.write_text(text)


if __name__ == "__main__":
    main()
