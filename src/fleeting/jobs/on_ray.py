"""The same work on a Ray cluster; Ray comes with the extra ``fleeting[distributed]``."""

import contextlib
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fleeting.core import InputError, UsageError
from fleeting.jobs.outcome import JobResult, RemoteError, Task, attempt, make_portable
from fleeting.jobs.worker import THREAD_VARIABLES

TASKS_PER_CPU = 2  # one that runs and one that is ready to
KNOCK_S = 10.0
START_TRIES = 3


class RayPool:
    """Run a function over items on a Ray cluster; see :func:`fleeting.jobs.run_jobs`.

    The function, with the data bound to it, is placed once in the object store. Dead workers and lost nodes
    are counted here and not by Ray, so that ``retries`` means the same as in the local pool.

    Parameters
    ----------
    function, items, retries
        As there.
    address
        Of the cluster; not used where this process is connected to one already.

    Raises
    ------
    UsageError
        Where Ray is not installed.
    """

    def __init__(
        self, function: Callable[[Any], Any], items: Iterable[Any], *, address: str, retries: int
    ) -> None:
        self._ray = _import_ray()
        self._function = function
        self._address = address
        self._retries = retries
        self._fresh = (Task(index, item) for index, item in enumerate(items))
        self._again: deque[Task] = deque()
        self._pending: dict[Any, Task] = {}

    def run(self) -> Iterator[JobResult[Any]]:
        """Yield results as they finish; what is left is cancelled, however this is left."""
        ray = self._ray
        connected_here = not ray.is_initialized()
        if connected_here:
            _connect(ray, self._address)
        try:
            remote = ray.remote(num_cpus=1, max_retries=0)(_work)
            function = ray.put(self._function)
            self._submit(remote, function)
            while self._pending:
                (done, *_), _ = ray.wait(list(self._pending), num_returns=1)
                task = self._pending.pop(done)
                result = self._fetch(done, task)
                self._submit(remote, function)  # before anybody reads this result
                if result is not None:
                    yield result
        finally:
            for reference in self._pending:
                with contextlib.suppress(ray.exceptions.RayError):  # it may have ended, or the cluster has
                    ray.cancel(reference, force=True)
            if connected_here:
                ray.shutdown()

    def _submit(self, remote: Any, function: Any) -> None:
        # Asked each time, for a cluster may grow.
        places = TASKS_PER_CPU * max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        while len(self._pending) < places:
            task = self._again.popleft() if self._again else next(self._fresh, None)
            if task is None:
                return
            self._pending[remote.remote(function, task.item)] = task

    def _fetch(self, reference: Any, task: Task) -> JobResult[Any] | None:
        """Get one outcome; ``None`` where its worker died and the item is tried again."""
        errors = self._ray.exceptions
        try:
            return JobResult(task.index, *self._ray.get(reference))
        except (
            errors.RayTaskError
        ) as error:  # not from the work itself: its packing, or a missing module there
            return JobResult(task.index, None, RemoteError(f"on the Ray worker: {error.cause}"), str(error))
        except errors.RayError as error:
            failure = task.lost(type(error).__name__, self._retries)
            if failure is None:
                self._again.append(task)
            return failure


def _work(function: Callable[[Any], Any], item: Any) -> tuple[Any, Exception | None, str]:
    """Run on the Ray worker."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    if "cv2" in sys.modules:  # loaded with the function, before the line above
        sys.modules["cv2"].setNumThreads(1)
    value, error, trace = attempt(function, item)
    return value, None if error is None else make_portable(error), trace


def _import_ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ModuleNotFoundError as error:
        raise UsageError("Ray is not installed; get it with: pip install 'fleeting[distributed]'") from error
    return ray


def _connect(ray: Any, address: str) -> None:
    try:
        if address == "local":
            _start(ray)
        else:
            _knock(address)
            ray.init(address=address)
    except (OSError, ValueError, RuntimeError) as error:
        what = f"no Ray cluster answers: {' '.join(str(error).split())}"
        raise InputError(address, what, "start one with: ray start --head") from error


def _start(ray: Any) -> None:
    """Start a node of our own; tried again, since Ray picks free ports that somebody may take meanwhile."""
    for tries_left in reversed(range(START_TRIES)):
        try:
            # Nobody else is to reach this node; Ray would ask the network for an address of this machine.
            ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1")
            return
        except Exception as error:  # Ray says that a node came too late with a bare Exception
            ray.shutdown()
            if not tries_left:
                raise RuntimeError(f"Ray could not start a node: {error}") from error


def _knock(address: str) -> None:
    """Raise OSError at once where nobody listens: Ray itself would try for ten minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=KNOCK_S).close()
