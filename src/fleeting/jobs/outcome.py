"""What comes back for one piece of work; private names of the room, exported by its front door."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

from fleeting.core import FleetingError

T = TypeVar("T")


class WorkerLostError(FleetingError):
    """The process that worked on an item died (killed, out of memory, crashed in compiled code).

    Examples
    --------
    >>> str(WorkerLostError("item 3: its worker process was lost twice"))
    'item 3: its worker process was lost twice'
    """


class RemoteError(FleetingError):
    """An error that cannot itself travel between processes: its type, its text and where it arose.

    Examples
    --------
    >>> str(RemoteError("LockError: not mine"))
    'LockError: not mine'
    """


@dataclass(frozen=True, slots=True)
class JobResult(Generic[T]):
    """Outcome of one item.

    Parameters
    ----------
    index
        Position of the item in what was given, from 0.
    value
        What the function returned; ``None`` where it failed.
    error
        What it raised, of the type it had (errors of ``fleeting.core`` come through whole);
        :class:`WorkerLostError` where its process died; ``None`` where all went well.
    traceback
        Where the error arose, as text; empty where all went well.

    Examples
    --------
    >>> JobResult(0, 42).ok
    True
    """

    index: int
    value: T | None = None
    error: Exception | None = None
    traceback: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is a value and no error."""
        return self.error is None

    def unwrap(self) -> T:
        """Give the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # a function may well return None


@dataclass(slots=True, eq=False)
class Task:
    """An item on its way, and how many workers died of it so far."""

    index: int
    item: Any
    losses: int = 0

    def lost(self, how: str, retries: int) -> JobResult[Any] | None:
        """Count a dead worker; gives the item's failure once ``retries`` are used up, else ``None``."""
        self.losses += 1
        if self.losses <= retries:
            return None
        times = "once" if self.losses == 1 else f"{self.losses} times"
        what = f"item {self.index}: its worker process was lost {times}, last by {how}"
        return JobResult(self.index, error=WorkerLostError(f"{what}; try this item alone, with more memory"))


def attempt(function: Callable[[Any], Any], item: Any) -> tuple[Any, Exception | None, str]:
    """Call ``function(item)`` and give value, error and traceback.

    Every error of the piece of work is data here: it belongs to this one item and is handed to the caller,
    never dropped. SystemExit is an error too: one item may not end the run. KeyboardInterrupt goes through.

    Examples
    --------
    >>> attempt(abs, -3)
    (3, None, '')
    >>> attempt(abs, "x")[1]
    TypeError("bad operand type for abs(): 'str'")
    """
    try:
        return function(item), None, ""
    except SystemExit as error:
        return None, RemoteError(f"SystemExit: {error.code}"), "".join(traceback.format_exception(error))
    except Exception as error:  # noqa: BLE001 - see above
        return None, error, "".join(traceback.format_exception(error))


def make_portable(error: Exception) -> Exception:
    """Give the error itself if it survives the way between processes, else a :class:`RemoteError`.

    An error whose class takes other arguments than it keeps can be packed but not unpacked, and would tear
    down the receiver; so it is tried here.

    Examples
    --------
    >>> make_portable(ValueError("x"))
    ValueError('x')
    """
    try:
        ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:  # noqa: BLE001 - whatever its own code raises, the meaning is the same: it cannot travel
        return RemoteError(f"{type(error).__name__}: {error}")
    return error
