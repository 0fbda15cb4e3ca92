"""A place in a video file from which decoding goes on."""

import contextlib
from collections.abc import Generator, Iterator

import av

from fleeting.io._frame import Picture
from fleeting.io._stamps import Book
from fleeting.io._video_file import FileReader, _frames, _opened
from fleeting.io.video import VideoReader

# Seconds before the wanted frame at which to seek: some containers land one key frame late. None: the start.
SEEK_BACK_S = (0.0, 1.0, 10.0, None)


class Cursor:
    """Frames in order, as ``(index, picture)``, from a key frame before the wanted one.

    Ends early where a stamp turns up that the book does not know between those that it knows: then the book
    is not that of this file. Frames before the first of the book are passed over.

    Attributes
    ----------
    at : int
        Index of the frame given last.
    """

    def __init__(self, reader: VideoReader, book: Book, index: int, back_s: float | None) -> None:
        assert isinstance(reader, FileReader)
        self.at = index - 1
        self._reader, self._book = reader, book
        self._stack = contextlib.ExitStack()
        self._items = self._decode(index, back_s)

    def __iter__(self) -> Iterator[tuple[int, Picture]]:
        for index, picture in self._items:
            self.at = index
            yield index, picture

    def close(self) -> None:
        """Close the file."""
        self._items.close()
        self._stack.close()

    def _decode(self, index: int, back_s: float | None) -> Generator[tuple[int, Picture], None, None]:
        book, reader = self._book, self._reader
        container, stream = self._stack.enter_context(_opened(reader.path))
        if back_s is not None:
            target = max(book.stamp(index) - round(back_s / book.tick), book.origin)
            try:
                container.seek(target, stream=stream)
            except av.FFmpegError:  # this container cannot seek; the next try starts at the start
                return
        clean = back_s is None  # after a seek, what comes before the first key frame lacks what it builds on
        for frame, stamp in reader._stamped(_frames(container, stream, reader._new_ledger())):
            clean = clean or frame.key_frame
            if stamp is None or stamp > book.stamps[-1]:
                return
            if not clean or stamp < book.stamps[0]:
                continue
            found = book.index_of(stamp)
            if found is None:
                return
            yield found, reader._picture(frame)
