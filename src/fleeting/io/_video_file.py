"""Video files through PyAV (FFmpeg)."""

import bisect
import contextlib
import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from fleeting.core import InputError
from fleeting.io._frame import DecodedFrame
from fleeting.io._ledger import Ledger
from fleeting.io._picture import AvPicture, fingerprint, orientation_of
from fleeting.io.video import VideoReader

_PLAY_HINT = "check that it plays in a media player, or convert it to MP4"
_GIVE_UP_AFTER = 16  # read errors in a row
_ONE_PICTURE_A_PACKET = ("h264", "hevc")
_SEEK_BACK = (0, 1, 3)  # key frames; MPEG program streams are known to land one late
_DEFAULT_FPS = Fraction(25)
_FASTEST = 100_000
_GENERATE_PTS = 1  # AVFMT_FLAG_GENPTS
# Containers whose header states how long the video is; others let FFmpeg guess from the bit rate.
_STATES_DURATION = ("mov", "matroska", "avi", "asf", "flv")


class FileReader(VideoReader):
    """A video file. See :class:`fleeting.io.VideoReader`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with _opened(path) as (container, stream):
            ledger = Ledger(Fraction(1), Fraction(1))
            first = next(_frames(container, stream, ledger), None)
            if first is None:
                raise InputError(path, "not a single frame can be decoded", _PLAY_HINT)
            self._orientation = orientation_of(first)
            AvPicture(first, self._orientation).rgb()  # better to find out now
            self._stored_size = first.width, first.height
            self.width, self.height = self._orientation.size(first.width, first.height)
            self._rate = _nominal_rate(stream)
            # AVI holds decoding times alone, late by a constant delay, which counts for nothing here.
            self._by_dts = first.pts is None and first.dts is not None
            self._first_stamp = first.dts if self._by_dts else first.pts
            self._tick = first.time_base or stream.time_base or Fraction(1, 1000)
            seconds = _promised_s(container, stream) or 0.0
            self.expected_frames = stream.frames or round(seconds * float(self._rate)) or None
        self.nominal_fps = float(self._rate)

    def _new_ledger(self, stop: Fraction | None = None) -> Ledger:
        return Ledger(1 / self._rate, Fraction(self._tick), stop)

    def _decode(self, ledger: Ledger) -> Iterator[DecodedFrame]:
        with _opened(self.path) as (container, stream):
            ledger.promised_frames, ledger.promised_s = stream.frames, _promised_s(container, stream)
            for frame, stamp in self._stamped(_frames(container, stream, ledger)):
                ledger.interlaced += frame.interlaced_frame
                ledger.damaged += frame.is_corrupt
                ledger.resized += (frame.width, frame.height) != self._stored_size
                time = ledger.add(stamp, key=frame.key_frame, mark=fingerprint(frame))
                if time is None:
                    return
                yield DecodedFrame(len(ledger) - 1, time, self._picture(frame))
            # Where errors meet the end of the file, PyAV drops frames without a word.
            if stream.codec_context.name in _ONE_PICTURE_A_PACKET and not ledger.interlaced:
                ledger.damaged += max(0, ledger.packets - ledger.unseen - len(ledger) - ledger.damaged)

    def _stamped(self, frames: Iterator[av.VideoFrame]) -> Iterator[tuple[av.VideoFrame, int | None]]:
        """Give each frame its time stamp in ticks, None where it has none."""
        step = max(1, round(1 / (self._rate * self._tick)))
        last: int | None = None
        for frame in frames:
            stamp = frame.dts if self._by_dts else frame.pts
            if stamp is None and self._by_dts and last is not None:
                stamp = last + step  # the last frames leave the decoder after the last packet
            last = stamp
            yield frame, stamp

    def _picture(self, frame: av.VideoFrame) -> AvPicture:
        width, height = self._stored_size
        if (frame.width, frame.height) != self._stored_size:
            frame = frame.reformat(width=width, height=height)
        return AvPicture(frame, self._orientation)

    def _pick(self, wanted: list[int], ledger: Ledger) -> dict[int, DecodedFrame]:
        found: dict[int, DecodedFrame] = {}
        if not wanted or not ledger.clock.exact:
            return found
        with _opened(self.path) as (container, stream):
            for key, group in itertools.groupby(wanted, lambda index: _key_before(ledger, index)):
                found |= self._pick_group(container, stream, list(group), ledger, key)
        return found

    def _pick_group(
        self, container: InputContainer, stream: VideoStream, group: list[int], ledger: Ledger, key: int
    ) -> dict[int, DecodedFrame]:
        """Decode frames behind one key frame, from further back where a seek lands too late."""
        found: dict[int, DecodedFrame] = {}
        for start in (key - back for back in _SEEK_BACK):
            if start <= 0:  # decoding from the start, as the caller does for what is missing, is no slower
                break
            try:
                container.seek(ledger.stamps[ledger.keys[start]], stream=stream)
            except av.FFmpegError:  # this container cannot seek: the caller decodes from the start
                break
            found |= self._forward(container, stream, [i for i in group if i not in found], ledger)
            if len(found) == len(group):
                break
        return found

    def _forward(
        self, container: InputContainer, stream: VideoStream, group: list[int], ledger: Ledger
    ) -> dict[int, DecodedFrame]:
        found: dict[int, DecodedFrame] = {}
        by_stamp = {ledger.stamps[index]: index for index in group}
        last = ledger.stamps[group[-1]]
        for frame, stamp in self._stamped(_frames(container, stream, self._new_ledger())):
            if stamp is None or stamp > last:
                break
            index = by_stamp.get(stamp)
            if index is not None and fingerprint(frame) == ledger.prints[index]:
                time = (stamp - ledger.stamps[0]) * ledger.tick
                found[index] = DecodedFrame(index, time, self._picture(frame))
                if len(found) == len(group):
                    break
        return found


def _key_before(ledger: Ledger, index: int) -> int:
    """Give the position, in the list of key frames, of the last one not after a frame."""
    return bisect.bisect_right(ledger.keys, index) - 1


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        # "file:" keeps names such as 12:30.mp4 or -x.mp4 from being read as something else, and the list of
        # protocols keeps playlists from reaching for the network.
        container = av.open(f"file:{path}", metadata_errors="replace", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError) as error:
        why = error.strerror or type(error).__name__
        raise InputError(path, f"cannot be read as a video ({why})", _PLAY_HINT) from error
    with container:
        if container.format.name == "avi":  # no presentation times there, and those made up are wrong
            container.flags &= ~_GENERATE_PTS
        stream = _video_stream(container, path)
        stream.thread_type = "AUTO"
        yield container, stream


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams or container.format.name == "tty":  # FFmpeg would draw a text file as pictures
        held = sorted({s.type for s in container.streams} - {"video"})
        what = f"has no video stream (only {', '.join(held)})" if held else "has no video stream"
        raise InputError(path, what, "give a file with moving pictures")
    usable = [s for s in streams if s.codec_context is not None]
    if not usable:
        raise InputError(path, "uses a codec that this FFmpeg cannot decode", "convert it to MP4 (H.264)")
    best = container.streams.best("video")
    return best if best in usable and isinstance(best, VideoStream) else usable[0]


def _nominal_rate(stream: VideoStream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= _FASTEST:
            return Fraction(rate)
    return _DEFAULT_FPS


def _promised_s(container: InputContainer, stream: VideoStream) -> float | None:
    """When the last frame should end, in the container's own time."""
    if not container.format.name.startswith(_STATES_DURATION):
        return None
    if stream.duration and stream.time_base:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    if container.duration:
        return ((container.start_time or 0) + container.duration) / av.time_base
    return None


def _frames(container: InputContainer, stream: VideoStream, ledger: Ledger) -> Iterator[av.VideoFrame]:
    """Decode from where the container stands to its end, over damaged pieces."""
    doubtful: Packet | None = None
    for packet in _packets(container, ledger):
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is not None and packet.time_base:
            end = float((stamp + (packet.duration or 0)) * packet.time_base)
            ledger.reached_s = max(ledger.reached_s, end)
        if packet.stream.index != stream.index:
            continue
        ledger.packets += 1
        ledger.unseen += packet.is_discard
        if doubtful is not None:
            yield from _decoded(stream, doubtful, ledger)
        doubtful = packet if packet.is_corrupt else None
        if doubtful is None:
            yield from _decoded(stream, packet, ledger)
    if doubtful is not None:  # half a packet at the end of the file would cost the frames that wait before it
        ledger.read_error = "its last picture is incomplete"
        ledger.unseen += 1
    yield from _decoded(stream, None, ledger)


def _packets(container: InputContainer, ledger: Ledger) -> Iterator[Packet]:
    failures = 0
    while failures < _GIVE_UP_AFTER:
        try:
            for packet in container.demux():
                if packet.size:  # empty ones only tell decoders to give what they hold
                    failures = 0
                    ledger.read_error = ""
                    yield packet
            return
        except av.FFmpegError as error:
            failures += 1
            ledger.read_error = error.strerror or type(error).__name__
        except IndexError:  # PyAV stumbles over a stream that turns up late (damaged MPEG-TS); begin again
            failures += 1


def _decoded(stream: VideoStream, packet: Packet | None, ledger: Ledger) -> list[av.VideoFrame]:
    try:
        return stream.decode(packet)
    except EOFError:  # already flushed
        return []
    except av.FFmpegError:
        ledger.damaged += 1
        return []
