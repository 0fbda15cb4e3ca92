"""The Ray road: its own logic against a stand-in of Ray's few calls, and all of it against Ray itself."""

import importlib.util
import os
import pickle
import sys
from types import ModuleType, SimpleNamespace

import pytest

from fleeting.core import InputError, UsageError
from fleeting.jobs import WorkerLostError, run_jobs

HAS_RAY = importlib.util.find_spec("ray") is not None


class RayError(Exception):
    pass


class RayTaskError(RayError):
    cause = ModuleNotFoundError("No module named 'mine'")


class WorkerCrashedError(RayError):
    pass


class FakeRay:
    """Runs tasks when asked for them. What the real one does is checked below, where it is installed."""

    def __init__(self):
        self.calls = []
        self.connected = False
        self.exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
        self.most_pending = 0
        self.pending = 0
        self.stored = {}
        self.starts = 0
        self.starts_at = 1

    def is_initialized(self):
        return self.connected

    def init(self, *, address, **options):
        if address == "local":
            assert options == {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
            self.starts += 1
            if self.starts < self.starts_at:
                raise Exception("the node timed out")
        if address == "nobody":
            raise ConnectionError("could not connect")
        self.connected = True
        self.calls.append(f"init {address}")

    def shutdown(self):
        self.connected = False
        self.calls.append("shutdown")

    def cluster_resources(self):
        return {"CPU": 2.0}

    def put(self, value):
        self.stored["function"] = value
        self.calls.append("put")
        return "function"

    def remote(self, **options):
        assert options == {"num_cpus": 1, "max_retries": 0}

        def wrap(function):
            def submit(stored, item):
                self.pending += 1
                self.most_pending = max(self.most_pending, self.pending)
                return Reference(lambda: function(self.stored[stored], item))

            return SimpleNamespace(remote=submit)

        return wrap

    def wait(self, references, *, num_returns):
        assert num_returns == 1
        return references[-1:], references[:-1]

    def get(self, reference):
        self.pending -= 1
        return reference.run()

    def cancel(self, reference, *, force):
        assert force
        self.calls.append("cancel")


class Reference:
    def __init__(self, run):
        self.run = run


@pytest.fixture
def ray(monkeypatch):
    fake = FakeRay()
    module = ModuleType("ray")
    for name in (
        "is_initialized",
        "init",
        "shutdown",
        "cluster_resources",
        "put",
        "remote",
        "wait",
        "get",
        "cancel",
    ):
        setattr(module, name, getattr(fake, name))
    module.exceptions = fake.exceptions
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.setitem(sys.modules, "ray.exceptions", fake.exceptions)
    # the work sets thread counts, which here would be those of this process
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    return fake


def test_results_errors_and_order(ray, work):
    kinds = ["a", "input", "b", "stubborn", "c", "d", "e"]
    heard = []
    results = list(run_jobs(work.fail_in_many_ways, kinds, ray_address="auto", on_done=heard.append))
    assert heard == results
    assert sorted(result.index for result in results) == list(range(7))
    found = {kinds[result.index]: result for result in results}
    assert [found[kind].value for kind in "abcde"] == list("abcde")
    assert isinstance(found["input"].error, InputError)
    assert str(found["stubborn"].error) == "Stubborn: lost at sea"
    assert ray.calls == ["init auto", "put", "shutdown"], "the function is placed once"
    assert ray.most_pending == 4, "two for each of two processors"


def test_a_lost_worker_is_tried_again_and_then_given_up(ray):
    tries = []

    def work(item):
        tries.append(item)
        if item == "killer" or (item == "once" and tries.count("once") == 1):
            raise SystemError
        return item

    real_get = ray.get

    def get(reference):
        value, error, trace = real_get(reference)
        if isinstance(error, SystemError):
            raise WorkerCrashedError("the worker died")
        return value, error, trace

    sys.modules["ray"].get = get
    results = {r.index: r for r in run_jobs(work, ["a", "killer", "once"], ray_address="auto", retries=1)}
    assert (results[0].value, results[2].value) == ("a", "once")
    assert isinstance(results[1].error, WorkerLostError)
    assert "lost 2 times, last by WorkerCrashedError" in str(results[1].error)
    assert tries.count("killer") == 2


def test_what_fails_outside_the_work_is_that_items_error(ray, work):
    def get(reference):
        raise RayTaskError("long story")

    sys.modules["ray"].get = get
    (result,) = run_jobs(work.square, [1], ray_address="auto")
    assert str(result.error) == "on the Ray worker: No module named 'mine'"
    assert result.traceback == "long story"


def test_leaving_early_cancels_and_a_connection_that_was_there_stays(ray, work):
    ray.connected = True
    results = run_jobs(work.square, range(100), ray_address="auto")
    next(results)
    results.close()
    assert ray.calls == ["put"] + ["cancel"] * 4


def test_an_own_node_that_comes_too_late_is_started_again(ray, work):
    ray.starts_at = 3
    (result,) = run_jobs(work.square, [3], ray_address="local")
    assert result.value == 9
    ray.starts, ray.starts_at = 0, 4
    with pytest.raises(InputError, match=r"local: no Ray cluster answers: .* the node timed out"):
        list(run_jobs(work.square, [3], ray_address="local"))


def test_no_cluster(ray, work):
    with pytest.raises(InputError, match="nobody: no Ray cluster answers: could not connect; start one with"):
        list(run_jobs(work.square, [1], ray_address="nobody"))


def test_an_address_where_nobody_listens_is_said_at_once(ray, work):
    """Ray itself would try for ten minutes: it is not even asked."""
    with pytest.raises(InputError, match=r"127\.0\.0\.1:1: no Ray cluster answers: .*refused"):
        list(run_jobs(work.square, [1], ray_address="127.0.0.1:1"))
    assert ray.calls == []


def test_without_ray_the_extra_is_named(work, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'fleeting\[distributed\]'"):
        run_jobs(work.square, [1], ray_address="auto")


@pytest.mark.slow
@pytest.mark.xdist_group("ray")
@pytest.mark.skipif(
    not HAS_RAY, reason="RAY IS NOT INSTALLED: the Ray road is untested here; fleeting[distributed]"
)
def test_ray_itself(work, tmp_path, monkeypatch, ray_token):
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))  # noqa: PTH120 - for Ray's workers
    names = ["a", "killer", "b", "once", "c"]
    items = [(str(tmp_path), name) for name in names]
    found = {names[r.index]: r for r in run_jobs(work.die, items, ray_address="local")}
    assert [found[name].value for name in ("a", "b", "c", "once")] == ["a", "b", "c", "once"]
    assert isinstance(found["killer"].error, WorkerLostError)
    assert work.tries(tmp_path, "killer") == work.tries(tmp_path, "once") == 2
    errors = {
        r.index: r.error for r in run_jobs(work.fail_in_many_ways, ["input", "fine"], ray_address="local")
    }
    assert pickle.dumps(errors[0]) == pickle.dumps(
        InputError("a.mp4", "has no video stream", "give a file with a picture")
    )
    assert errors[1] is None
    assert {r.value for r in run_jobs(work.threads, range(3), ray_address="local")} == {(1, "1", "1")}
