"""A pool of worker processes that loses nothing but the item whose worker died.

The pool of the standard library gives up all pending work when one worker dies and cannot say which item
did it. Here every worker has its own pipe and one item at a time, so the culprit is known, the others go on,
and a fresh worker takes the dead one's place.
"""

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any

from fleeting.core import FleetingError, UsageError
from fleeting.jobs.outcome import JobResult, RemoteError, Task, attempt
from fleeting.jobs.worker import one_thread_each, serve

STOP_WITHIN_S = 3.0
START_TRIES = 3
LOOK_EVERY_S = 0.5


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection
    task: Task
    ready: bool = False  # has taken the function; before that the task is only set aside for it


class LocalPool:
    """Run a function over items in worker processes; see :func:`fleeting.jobs.run_jobs`.

    Parameters
    ----------
    function, items, jobs, retries
        As there.

    Raises
    ------
    UsageError
        Where the function cannot be sent to another process.
    """

    def __init__(
        self, function: Callable[[Any], Any], items: Iterable[Any], *, jobs: int, retries: int
    ) -> None:
        self._function = _pack_function(function)  # once, however large its data
        self._retries = retries
        self._jobs = jobs
        self._fresh = (Task(index, item) for index, item in enumerate(items))
        self._again: deque[Task] = deque()
        self._workers: list[_Worker] = []
        self._leaving: list[BaseProcess] = []
        self._failed_starts = 0

    def run(self) -> Iterator[JobResult[Any]]:
        """Yield results as they finish; no worker outlives this, however it is left."""
        try:
            self._hire()
            while self._workers:
                for worker in self._with_news():
                    yield from self._hear(worker)
                self._hire()
        finally:
            self._stop()

    def _next_task(self) -> Task | None:
        return self._again.popleft() if self._again else next(self._fresh, None)

    def _hire(self) -> None:
        """Start workers until all places are taken or nothing waits."""
        new = []
        while len(self._workers) < self._jobs and (task := self._next_task()) is not None:
            new.append(_start(task))
            self._workers.append(new[-1])
        for worker in new:  # apart from starting, since a large function goes through only once it is up
            _send(worker, self._function)

    def _with_news(self) -> list[_Worker]:
        """Wait until a worker says something or is gone."""
        while True:
            heard = wait([w.connection for w in self._workers], timeout=LOOK_EVERY_S)
            # A process that the work itself started may hold a dead worker's pipe open: so look, too.
            news = [w for w in self._workers if w.connection in heard or w.process.exitcode is not None]
            if news:
                return news

    def _hear(self, worker: _Worker) -> list[JobResult[Any]]:
        """Take one message, or notice a death; the worker has its next item before anybody reads this one."""
        try:
            if not worker.connection.poll():
                return self._lose(worker)
            data = worker.connection.recv_bytes()
        except (EOFError, OSError):
            return self._lose(worker)
        message, problem, trace = attempt(ForkingPickler.loads, data)
        if worker.ready:
            triple = message if problem is None else (None, _unreadable(problem), trace)
            return [JobResult(worker.task.index, *triple), *self._give(worker, self._next_task())]
        if problem or message:
            what = f"the function cannot be loaded in a worker process: {problem or message}"
            raise UsageError(f"{what}; define it at the top of a module that can be imported")
        worker.ready, self._failed_starts = True, 0
        return self._give(worker, worker.task)

    def _give(self, worker: _Worker, task: Task | None) -> list[JobResult[Any]]:
        """Send a worker its next item; gives the failures of items that cannot be sent at all."""
        failures: list[JobResult[Any]] = []
        while task is not None:
            parcel, problem, trace = attempt(ForkingPickler.dumps, (task.item,))
            if problem is None:
                worker.task = task
                _send(worker, parcel)
                return failures
            error = UsageError(f"item {task.index} cannot be sent to a worker process: {problem}")
            failures.append(JobResult(task.index, None, error, trace))
            task = self._next_task()
        self._workers.remove(worker)
        self._leaving.append(worker.process)
        _send(worker, ForkingPickler.dumps(None))
        worker.connection.close()
        return failures

    def _lose(self, worker: _Worker) -> list[JobResult[Any]]:
        """Bury a dead worker and decide what becomes of its item."""
        self._workers.remove(worker)
        worker.connection.close()
        _end([worker.process])
        how = _describe_end(worker.process.exitcode)
        if worker.ready:
            failure = worker.task.lost(how, self._retries)
            if failure:
                return [failure]
            self._again.append(worker.task)
            return []
        self._failed_starts += 1
        if self._failed_starts >= START_TRIES:
            what = f"worker processes cannot start ({how})"
            raise FleetingError(f"{what}; in a script, call this below: if __name__ == '__main__':")
        self._again.appendleft(worker.task)
        return []

    def _stop(self) -> None:
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        _end([worker.process for worker in self._workers] + self._leaving)
        self._workers, self._leaving = [], []


def _pack_function(function: Callable[[Any], Any]) -> Any:
    packed, problem, _ = attempt(ForkingPickler.dumps, function)
    if problem is not None:
        raise UsageError(
            f"the function cannot be sent to a worker process: {problem}; "
            "define it at the top of a module, not inside a function"
        ) from problem
    return packed


def _start(task: Task) -> _Worker:
    context = multiprocessing.get_context("spawn")  # fork would copy locks and threads of numeric libraries
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True, name="fleeting-worker")
    with one_thread_each():
        process.start()
    there.close()  # so that the pipe ends with the worker
    return _Worker(process, here, task)


def _send(worker: _Worker, packed: Any) -> None:
    with contextlib.suppress(OSError):  # the worker is dead: its end is heard, and handled, in _hear
        worker.connection.send_bytes(packed)


def _end(processes: Iterable[BaseProcess]) -> None:
    """Wait a little for processes that ought to end, then make them."""
    processes = list(processes)
    for make_end in (None, BaseProcess.terminate, BaseProcess.kill):
        running = [process for process in processes if process.exitcode is None]
        if make_end is not None:
            for process in running:
                make_end(process)
        deadline = time.monotonic() + STOP_WITHIN_S
        while any(process.exitcode is None for process in running) and time.monotonic() < deadline:
            time.sleep(0.005)  # not join(): with a time limit it waits for the process's children as well


def _unreadable(problem: Exception) -> RemoteError:
    return RemoteError(f"the result cannot be read in this process: {type(problem).__name__}: {problem}")


def _describe_end(exitcode: int | None) -> str:
    if exitcode is None:
        return "no answer"
    if exitcode >= 0:
        return f"exit code {exitcode}"
    name = signal.Signals(-exitcode).name if -exitcode in signal.valid_signals() else f"signal {-exitcode}"
    return f"{name} (often: the machine ran out of memory)" if name == "SIGKILL" else name
