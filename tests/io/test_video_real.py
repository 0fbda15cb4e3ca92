"""Real recordings, where they are at hand: HEVC with a variable rate, MPEG-1, H.264 with an edit list."""

import os
from pathlib import Path

import numpy as np
import pytest

from fleeting.io import open_video

DATA = os.environ.get("FLEETING_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="FLEETING_DATA is not set")

CLIPS = {  # name: frames, width, height, variable rate; counted with another decoder loop
    "face_noface.mov": (169, 960, 540, True),
    "noface_face.mov": (169, 960, 540, True),
    "bbaf2n.mpg": (75, 360, 288, False),
    "single_face.mp4": (72, 640, 360, False),
    "no_face.mp4": (95, 960, 540, False),
}


BT601, BT709 = np.array([0.299, 0.587, 0.114]), np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", CLIPS)
def test_real_clips(name):
    path = Path(DATA or "") / "faces" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    frames, width, height, variable = CLIPS[name]
    with open_video(path) as video:
        sums = [int(frame.gray().sum()) for frame in video.frames()]
        info = video.info()
        assert (info.frames, info.width, info.height, info.variable_rate) == (frames, width, height, variable)
        assert {problem.code for problem in video.problems} <= {"variable_rate"}
        picked = video.read([0, frames // 2, frames - 1])
        assert [int(frame.gray().sum()) for frame in picked.values()] == [
            sums[index] for index in (0, frames // 2, frames - 1)
        ]
        weights = BT709 if name.endswith(".mov") else BT601
        off = 0.0
        for frame in picked.values():
            whole = ((frame.rgb() > 0) & (frame.rgb() < 255)).all(-1)  # colours that were not cut off
            gaps = np.abs(16 + 219 / 255 * (frame.rgb() @ weights) - frame.gray())[whole]
            off = max(off, gaps.mean() if gaps.size else 0.0)
        assert 0 < off < 1.5
