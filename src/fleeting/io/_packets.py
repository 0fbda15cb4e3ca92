"""Stamps of the packets of a video file, read without decoding."""

import av
import numpy as np

from fleeting.io._video_file import FileReader, _opened
from fleeting.io.video import VideoReader

# One packet is one picture there, and its pts is that of the picture.
ONE_PICTURE_A_PACKET = {
    *("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg", "prores", "dnxhd", "ffv1", "rawvideo", "png"),
    *("huffyuv", "utvideo", "mpeg1video", "mpeg2video", "wmv1", "wmv2", "wmv3", "vc1", "theora", "h263"),
}


def packet_stamps(reader: VideoReader) -> np.ndarray | None:
    """Stamps ``(N,)`` of all pictures in order of time, None where packets do not tell them.

    They do not where a packet has no stamp, two have the same (as fields have), one is damaged, or the codec
    may pack several pictures into one.
    """
    if not isinstance(reader, FileReader) or reader._by_dts:
        return None
    stamps: list[int] = []
    with _opened(reader.path) as (container, stream):
        if stream.codec_context.name.removeprefix("lib").partition("-")[0] not in _names():
            return None
        try:
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    return None
                stamps.append(packet.pts)
        except av.FFmpegError:
            return None
    found = np.sort(np.array(stamps, np.int64))
    return found if np.all(np.diff(found) > 0) else None


def _names() -> set[str]:
    return ONE_PICTURE_A_PACKET | {"dav1d", "aom", "vpx", "openh264"}
