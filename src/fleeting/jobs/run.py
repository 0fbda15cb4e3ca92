"""The one door to many pieces of work: in this process, in several, or on a Ray cluster."""

import multiprocessing
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from fleeting.core import UsageError
from fleeting.jobs.outcome import JobResult, attempt

I = TypeVar("I")  # noqa: E741 - item
V = TypeVar("V")


def run_jobs(
    function: Callable[[I], V],
    items: Iterable[I],
    *,
    jobs: int = 1,
    ray_address: str | None = None,
    on_done: Callable[[JobResult[V]], object] | None = None,
    retries: int = 1,
) -> Generator[JobResult[V], None, None]:
    """Call ``function(item)`` for every item and yield the outcomes as they finish.

    One failed item costs only itself, and so does one dead worker: its item is tried again in a fresh
    process, ``retries`` times, and then reported as failed. An item that raises is not tried again, for it
    would raise again.

    Parameters
    ----------
    function
        Takes one item. With several processes it must be found by import (the top of a module;
        ``functools.partial`` of such a function is fine, and its data are sent once for each worker).
    items
        Drawn one by one as workers come free, so it may be long or endless.
    jobs
        Number of local processes. 1 works in this process, with no protection against its death. Each of
        several has one thread for numeric libraries, and ends when this process ends, however it ends.
    ray_address
        ``"auto"``, ``"HOST:PORT"`` or ``"ray://HOST:PORT"`` of a Ray cluster, ``"local"`` to start one here;
        ``jobs`` is then not used. Needs the extra ``fleeting[distributed]``.
    on_done
        Called here with each outcome before it is yielded, for a progress bar.
    retries
        How often an item is tried again after the process that worked on it died.

    Yields
    ------
    JobResult
        In the order in which items finish; ``index`` tells which one it is. Leaving the loop early, an error
        or Ctrl-C ends all workers.

    Raises
    ------
    UsageError
        At once, where an argument is wrong, the function cannot be sent to another process, or workers ask
        for workers of their own.
    FleetingError
        Where worker processes cannot be started at all.

    Examples
    --------
    >>> [result.value for result in run_jobs(abs, [-1, -2])]
    [1, 2]
    >>> [result.error for result in run_jobs(int, ["7", "x"])]
    [None, ValueError("invalid literal for int() with base 10: 'x'")]
    """
    if jobs < 1 or retries < 0:
        raise UsageError(f"expected jobs >= 1 and retries >= 0, got jobs={jobs}, retries={retries}")
    return _announce(_start(function, items, jobs, ray_address, retries), on_done)


def _start(
    function: Callable[[Any], Any], items: Iterable[Any], jobs: int, ray_address: str | None, retries: int
) -> Iterator[JobResult[Any]]:
    if ray_address is not None:
        from fleeting.jobs.on_ray import RayPool

        return RayPool(function, items, address=ray_address, retries=retries).run()
    if jobs == 1:
        return _run_here(function, items)
    if multiprocessing.current_process().daemon:
        raise UsageError("a worker process cannot start workers of its own; use jobs=1 inside a job")
    from fleeting.jobs.local import LocalPool

    return LocalPool(function, items, jobs=jobs, retries=retries).run()


def _run_here(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[JobResult[Any]]:
    for index, item in enumerate(items):
        yield JobResult(index, *attempt(function, item))


def _announce(
    results: Iterator[JobResult[V]], on_done: Callable[[JobResult[V]], object] | None
) -> Generator[JobResult[V], None, None]:
    for result in results:
        if on_done is not None:
            on_done(result)
        yield result
