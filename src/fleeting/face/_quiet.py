"""Keep the greeting of the inference runtime off stderr."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def without_greetings() -> Iterator[None]:
    """Hold back what compiled code writes to stderr, and drop the lines that begin with ``INFO:``.

    LiteRT's logger writes to file descriptor 2 past Python and has no switch that can be reached. Everything
    but its greetings is handed on when the block ends. Meant for a short block.

    Examples
    --------
    >>> with without_greetings():
    ...     _ = os.write(2, b"INFO: hello")
    """
    try:
        held = tempfile.TemporaryFile()  # noqa: SIM115 - closed below; not a pipe, which could fill up
        real = os.dup(2)
    except OSError:  # no stderr to keep clean, or nowhere to hold anything back
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    os.dup2(held.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(real, 2)
        os.close(real)
        with held:
            held.seek(0)
            kept = b"".join(line for line in held if not line.startswith(b"INFO:"))
        if kept:
            os.write(2, kept)
