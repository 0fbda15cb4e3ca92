"""What one pass over a video learns: times put in order, a few bytes per frame, and what was wrong."""

from array import array
from fractions import Fraction

from fleeting.core import QualityWarning

SLOWEST_FPS = 0.01  # below this a frame rate is taken as a slip of the pen
_RESTART = Fraction(1)  # seconds; a clock that falls back further has been set anew
_SQUEEZED = 3  # so many frames in a row are squeezed in before the clock is given up
_RATE_SPREAD = Fraction(1, 20)


def as_fraction(number: float | Fraction) -> Fraction:
    """Give a number of any kind, numpy's included, as an exact fraction.

    Examples
    --------
    >>> as_fraction(0.5), as_fraction(Fraction(30000, 1001))
    (Fraction(1, 2), Fraction(30000, 1001))
    """
    return number if isinstance(number, Fraction) else Fraction(float(number))


class Clock:
    """Turns the time stamps of a container into strictly rising times from 0.

    A stamp later than the frame before is taken as it is. Otherwise:

    - no stamp: one nominal frame after the frame before;
    - not later, by up to a second (twins, two frames in the wrong order): squeezed in after the frame
      before, by 1/2, 1/4, 1/8 of a nominal frame, so that the next good stamp still holds;
    - more than a second back (the clock was set anew, as in joined recordings), or a fourth bad stamp in a
      row (it stands still): one nominal frame after the frame before, and from there on the stamps count as
      differences.

    Parameters
    ----------
    frame
        Length of a nominal frame in seconds.

    Examples
    --------
    >>> clock = Clock(Fraction(1))
    >>> [float(clock.tell(Fraction(stamp))) for stamp in (7, 8, 10, 9, 11)]
    [0.0, 1.0, 3.0, 3.5, 4.0]
    >>> clock.repaired
    1
    """

    def __init__(self, frame: Fraction) -> None:
        self.frame = frame
        self.missing = 0
        self.repaired = 0
        self._last: Fraction | None = None
        self._offset: Fraction | None = None
        self._run = 0

    @property
    def exact(self) -> bool:
        """Whether all times so far are the container's own."""
        return not self.missing and not self.repaired

    def tell(self, stamp: Fraction | None) -> Fraction:
        """Give the time of the next frame in seconds since the first."""
        if stamp is None:
            self.missing += 1
        if self._last is None:
            self._last = Fraction(0)
            self._offset = None if stamp is None else -stamp
        elif stamp is None:
            self._last += self.frame
        elif self._offset is None:
            self._last += self.frame
            self._offset = self._last - stamp
        elif stamp + self._offset > self._last:
            self._last = stamp + self._offset
            self._run = 0
        else:
            self._last = self._repair(stamp, self._last, self._offset)
        return self._last

    def _repair(self, stamp: Fraction, last: Fraction, offset: Fraction) -> Fraction:
        self.repaired += 1
        self._run += 1
        if self._run > _SQUEEZED or last - (stamp + offset) > _RESTART:
            self._offset = last + self.frame - stamp
            return last + self.frame
        return last + self.frame / 2**self._run


class Ledger:
    """The book of one pass.

    ``promised_s`` (None if unknown) and ``promised_frames`` (0 if unknown) are the container's word.
    """

    def __init__(self, frame: Fraction, tick: Fraction, stop: Fraction | None = None) -> None:
        self.stop = stop
        self.stopped = False
        self.clock = Clock(frame)
        self.tick = tick
        self.stamps = array("q")  # pts in ticks; meaningless unless the clock is exact
        self.prints = array("I")
        self.keys = array("q", [0])  # frames from which decoding can start
        self.last = Fraction(0)
        self.shortest: Fraction | None = None
        self.longest = Fraction(0)
        self.promised_s: float | None = None
        self.promised_frames = 0
        self.reached_s = 0.0
        self.packets = 0
        self.unseen = 0  # packets that the container itself cuts off the start or end
        self.read_error = ""
        self.damaged = 0
        self.resized = 0
        self.interlaced = 0
        self.complete = False

    def __len__(self) -> int:
        return len(self.stamps)

    def add(self, stamp: int | None, *, key: bool, mark: int) -> Fraction | None:
        """Enter the next frame and give its time, or None where that lies behind the stop of the pass."""
        time = self.clock.tell(None if stamp is None else stamp * self.tick)
        if self.stop is not None and time > self.stop:
            self.stopped = True
            return None
        if self.stamps:
            gap = time - self.last
            self.longest = max(self.longest, gap)
            self.shortest = gap if self.shortest is None else min(self.shortest, gap)
            if key:
                self.keys.append(len(self.stamps))
        self.stamps.append(0 if stamp is None else stamp)
        self.prints.append(mark)
        self.last = time
        return time

    @property
    def frame_s(self) -> Fraction:
        """Mean distance of the frames in seconds; the nominal one where there is a single frame."""
        return self.last / (len(self) - 1) if len(self) > 1 else self.clock.frame

    @property
    def variable_rate(self) -> bool:
        """Whether frame distances differ by over 5 % of their mean and more than rounding explains."""
        if self.shortest is None:
            return False
        # Times rounded to ticks make distances differ by one; where a tick is a frame there is no rounding.
        rounding = self.tick * 3 / 2 if self.tick < self.clock.frame * 3 / 4 else Fraction(0)
        return self.longest - self.shortest > max(self.frame_s * _RATE_SPREAD, rounding)

    @property
    def truncated(self) -> bool:
        """Whether the pass reached the end of the file before the end of the video."""
        if not self.complete:
            return False
        if self.read_error or self.packets < self.promised_frames:
            return True
        slack = max(2 * float(self.clock.frame), 0.1)
        return self.promised_s is not None and self.promised_s - self.reached_s > slack

    def problems(self) -> list[QualityWarning]:
        """All that a reader of the results must know about the file."""
        found = []
        if self.truncated:
            why = f" ({self.read_error})" if self.read_error else ""
            found.append(("truncated", f"the video breaks off{why}: {len(self)} frames could be read"))
        if self.damaged:
            found.append(("decode_error", f"{self.damaged} damaged pieces were skipped or may look wrong"))
        bad = self.clock.missing + self.clock.repaired
        if bad:
            found.append(
                (
                    "non_monotonic_time",
                    f"{bad} of {len(self)} frames had no usable time; it was put in by rule",
                )
            )
        if self.variable_rate and self.shortest is not None:
            low, high = float(1 / self.longest), float(1 / self.shortest)
            found.append(("variable_rate", f"the frame rate varies between {low:.4g} and {high:.4g} fps"))
        if self.interlaced:
            found.append(
                ("interlaced", f"{self.interlaced} frames are interlaced: edges that move are combed")
            )
        if self.resized:
            found.append(
                ("size_change", f"{self.resized} frames have another size and were scaled to the first's")
            )
        return [QualityWarning(code, message) for code, message in found]
