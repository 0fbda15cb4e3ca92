"""What runs inside a worker process of the local pool."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from typing import Any

from fleeting.jobs.outcome import RemoteError, attempt, make_portable

# Each library reads its own name once, when it is first imported; so they are set before the process starts.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Set the environment, for processes started inside the block, to one thread a process."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _Stop(BaseException):
    """Raised by SIGTERM, so that a piece of work cleans up after itself before the process ends."""


def serve(connection: Connection) -> None:
    """Take a function, then items, until told to stop; answer each with value, error and traceback.

    The first message in is the function, the first message out is ``None`` or the error that came of
    receiving it. After that an item comes as ``(item,)`` and is answered by one triple; ``None`` ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the driver decides
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        function, problem, _ = attempt(lambda c: c.recv(), connection)
        connection.send(None if problem is None else make_portable(problem))
        while problem is None:
            parcel, unreadable, trace = attempt(lambda c: c.recv(), connection)
            if isinstance(unreadable, EOFError | OSError):
                raise unreadable
            if unreadable is not None:
                _answer(connection, None, unreadable, trace)
            elif parcel is None:
                return
            else:
                _answer(connection, *attempt(function, parcel[0]))
    except (_Stop, EOFError, BrokenPipeError, ConnectionResetError):
        return  # told to end, or the driver is gone and nobody waits for an answer


def _answer(connection: Connection, value: Any, error: Exception | None, trace: str) -> None:
    if error is not None:
        connection.send((None, make_portable(error), trace))
        return
    _, problem, trace = attempt(connection.send, (value, None, ""))
    if isinstance(problem, OSError):
        raise problem
    if problem is not None:  # nothing was sent: packing comes before sending
        text = f"the result, a {type(value).__name__}, cannot be sent between processes: {problem}"
        connection.send((None, RemoteError(text), trace))


def _stop(*_: object) -> None:
    raise _Stop


def _die_with_parent() -> None:
    """End this process when the driver ends, however it ends, so that no orphan works on."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
