"""One line of an annotation sheet before fixes and policies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What a reader takes out of one line of a sheet.

    Parameters
    ----------
    index
        Zero-based place below the header of its sheet.
    subject, clip
        As the dataset's folders name them; together they are the key.
    onset, apex, offset
        Frame numbers as published, ``None`` where the cell holds none.
    emotion
        Own word in lower case.
    aus
        Action units as the sheet writes them.
    kind
        ``micro`` or ``macro`` where the dataset says so.
    first_number
        Number that the first frame of the source has in the sheet.
    recording
        Key of the untrimmed video.
    """

    index: int
    subject: str
    clip: str
    onset: float | None
    apex: float | None
    offset: float | None
    emotion: str = ""
    aus: str = ""
    kind: str | None = "micro"
    fps: float | None = None
    first_number: int = 1
    recording: str = ""
    objective: int | None = None
    split: str = ""
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``subject/clip``."""
        return f"{self.subject}/{self.clip}"

    def implausible(self, limit: int = 0) -> bool:
        """Whether a frame is missing, the order is broken, or the row is longer than ``limit`` frames.

        Examples
        --------
        >>> Row(0, "s", "a", 5, None, 9).implausible(), Row(0, "s", "a", 5, 7, 9).implausible()
        (True, False)
        """
        lowest = self.first_number
        if any(n is None or n < lowest for n in (self.onset, self.apex, self.offset)):
            return True
        assert self.onset is not None and self.apex is not None and self.offset is not None
        if not self.onset <= self.apex <= self.offset:
            return True
        return bool(limit) and self.offset - self.onset + 1 > limit
