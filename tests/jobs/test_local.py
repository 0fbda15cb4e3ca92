"""The local pool: real processes, real kills."""

import functools
import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fleeting.core import FleetingError, InputError, UnknownNameError, UsageError
from fleeting.jobs import JobResult, RemoteError, WorkerLostError, run_jobs

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
KINDS = [
    "input",
    "unknown",
    "stubborn",
    "exit",
    "unsendable",
    "unreadable",
    "nested",
    "nested in one",
    "fine",
]


def by_index(results):
    results = sorted(results, key=lambda result: result.index)
    assert [result.index for result in results] == list(range(len(results)))
    return results


def is_running(process):
    """Whether a process works; one that has ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return False
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return True
    return state != "Z"


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s: {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_every_item_once_whatever_the_number_of_jobs(work, jobs):
    results = by_index(run_jobs(work.square, range(20), jobs=jobs))
    assert [result.value for result in results] == [n * n for n in range(20)]
    assert all(result.ok and result.traceback == "" and result.unwrap() == result.value for result in results)


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_items(work, jobs):
    assert list(run_jobs(work.square, [], jobs=jobs)) == []


def test_results_come_as_they_finish(work, tmp_path):
    results = run_jobs(work.wait_for, [(str(tmp_path), 0), (str(tmp_path), 1)], jobs=2)
    assert [result.index for result in results] == [1, 0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failed_item_costs_only_itself_and_its_error_comes_whole(work, jobs):
    found = dict(zip(KINDS, by_index(run_jobs(work.fail_in_many_ways, KINDS, jobs=jobs)), strict=True))
    error = found["input"].error
    assert type(error) is InputError
    assert (error.where, error.what, error.hint) == (
        "a.mp4",
        "has no video stream",
        "give a file with a picture",
    )
    assert "raise InputError" in found["input"].traceback
    assert found["input"].value is None
    with pytest.raises(InputError):
        found["input"].unwrap()
    assert type(found["unknown"].error) is UnknownNameError
    assert str(found["unknown"].error) == "unknown flow 'x'; available: dis"
    assert isinstance(found["exit"].error, RemoteError)
    assert str(found["exit"].error) == "SystemExit: 3"
    assert found["nested in one"].value == [1, 4]
    assert found["fine"].value == "fine"
    if jobs == 2:
        assert str(found["stubborn"].error) == "Stubborn: lost at sea"
        assert isinstance(found["unsendable"].error, RemoteError)
        assert "a function, cannot be sent between processes" in str(found["unsendable"].error)
        assert "cannot be read in this process: ValueError" in str(found["unreadable"].error)
        assert "use jobs=1 inside a job" in str(found["nested"].error)


def test_an_item_that_cannot_be_sent_costs_only_itself(work):
    results = by_index(run_jobs(work.square, [2, threading.Lock(), 3, lambda: None], jobs=2))
    assert [result.value for result in results] == [4, None, 9, None]
    assert isinstance(results[1].error, UsageError)
    assert "item 1 cannot be sent to a worker process" in str(results[1].error)


@posix
def test_a_killed_worker_costs_only_its_item(work, tmp_path):
    names = ["a", "killer", "b", "once", "c", "exit", "d", "e"]
    results = by_index(run_jobs(work.die, [(str(tmp_path), name) for name in names], jobs=2))
    found = dict(zip(names, results, strict=True))
    assert [found[name].value for name in ("a", "b", "c", "d", "e")] == ["a", "b", "c", "d", "e"]
    assert found["once"].value == "once", "its worker died once, the second attempt holds"
    assert isinstance(found["killer"].error, WorkerLostError)
    assert "item 1: its worker process was lost 2 times, last by SIGKILL" in str(found["killer"].error)
    assert "exit code 7" in str(found["exit"].error)
    tries = {name: work.tries(tmp_path, name) for name in names}
    assert tries == dict.fromkeys(names, 1) | {"killer": 2, "once": 2, "exit": 2}


@posix
def test_retries_say_how_often(work, tmp_path):
    for retries in (0, 2):
        folder = tmp_path / str(retries)
        folder.mkdir()
        results = by_index(
            run_jobs(work.die, [(str(folder), n) for n in ("killer", "a")], jobs=2, retries=retries)
        )
        assert work.tries(folder, "killer") == retries + 1
        assert results[1].value == "a"
    assert "was lost 3 times" in str(results[0].error)


@posix
def test_only_killers_still_end(work, tmp_path):
    items = [(str(tmp_path), f"killer {n}") for n in range(3)]
    assert [type(result.error) for result in run_jobs(work.die, items, jobs=2)] == [WorkerLostError] * 3


@posix
def test_a_child_of_a_dead_worker_does_not_hide_its_death(work, tmp_path):
    try:
        (result,) = run_jobs(work.die_and_leave_a_child, [str(tmp_path)], jobs=2, retries=0)
        assert isinstance(result.error, WorkerLostError)
        assert is_running(int((tmp_path / "child").read_text())), "noticed while the child was there"
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def test_items_are_drawn_as_workers_come_free(work):
    drawn = []

    def endless():
        for number in itertools.count():
            drawn.append(number)
            yield number

    results = run_jobs(work.square, endless(), jobs=2)
    assert [next(results).ok for _ in range(4)] == [True] * 4
    results.close()
    assert len(drawn) <= 4 + 2


def test_leaving_the_loop_ends_the_workers(work):
    results = run_jobs(work.process_id, itertools.count(), jobs=2)
    workers = {next(results).value for _ in range(6)}
    assert os.getpid() not in workers
    results.close()
    assert not any(is_running(worker) for worker in workers)


def test_an_error_in_the_loop_ends_the_workers(work):
    workers = set()

    def on_done(result):
        workers.add(result.value)
        if result.index == 3:
            raise KeyError("the caller's own")

    with pytest.raises(KeyError, match="the caller's own"):
        list(run_jobs(work.process_id, itertools.count(), jobs=2, on_done=on_done))
    assert workers
    assert not any(is_running(worker) for worker in workers)


def test_on_done_hears_each_result_before_the_loop(work):
    heard = []
    for number, result in enumerate(run_jobs(work.square, range(5), jobs=2, on_done=heard.append)):
        assert heard[number] is result
    assert len(heard) == 5


def test_workers_have_one_thread_each_and_the_driver_keeps_its_own(work, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert {result.value for result in run_jobs(work.threads, range(3), jobs=2)} == {(1, "1", "1")}
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_large_data_bound_to_the_function(work):
    function = functools.partial(work.scaled, np.arange(1_000_000.0))
    assert [r.value for r in by_index(run_jobs(function, [5, 7, 9], jobs=2))] == [10.0, 14.0, 18.0]


class TestWrongUse:
    @pytest.mark.parametrize("wrong", [{"jobs": 0}, {"jobs": -1}, {"retries": -1}])
    def test_numbers_at_once(self, work, wrong):
        with pytest.raises(UsageError, match="expected jobs >= 1 and retries >= 0"):
            run_jobs(work.square, [1], **wrong)

    def test_a_function_that_cannot_be_sent_at_once(self):
        with pytest.raises(UsageError, match="define it at the top of a module"):
            run_jobs(lambda item: item, [1], jobs=2)

    def test_a_function_that_workers_do_not_find(self, tmp_path):
        script = """
import fleeting.jobs as jobs
from fleeting.core import FleetingError
def here(item): return item
try:
    list(jobs.run_jobs(here, [1], jobs=2))
except FleetingError as error:
    print(type(error).__name__, error)
"""
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
        assert done.stdout.startswith("UsageError the function cannot be loaded in a worker process"), (
            done.stderr
        )

    def test_a_script_without_the_guard(self, tmp_path):
        path = tmp_path / "script.py"
        path.write_text(
            "from fleeting.jobs import run_jobs\n"
            "try:\n    print(list(run_jobs(abs, [1], jobs=2)))\n"
            "except Exception as error:\n    print(type(error).__name__, error)\n    raise SystemExit(1)\n"
        )
        done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)
        assert "FleetingError worker processes cannot start (exit code 1); in a script" in done.stdout, (
            done.stderr
        )


DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
from fleeting.jobs import run_jobs
import jobs_work
if __name__ == "__main__":
    try:
        for result in run_jobs(jobs_work.sleep_and_clean_up, [sys.argv[2]] * 4, jobs=2):
            print(result.error, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
"""


@pytest.fixture
def driver(tmp_path):
    """A driver with two workers that are in the middle of an item; gives it and the workers' numbers."""
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    process = subprocess.Popen(
        [sys.executable, script, Path(__file__).parent, tmp_path],
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2, "two workers at work")
    yield process, [int(path.stem) for path in tmp_path.glob("*.pid")]
    if process.poll() is None:
        process.kill()
    process.communicate()


@posix
class TestEnds:
    def test_ctrl_c_ends_all_and_lets_the_work_clean_up(self, driver, tmp_path):
        process, workers = driver
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the whole group
        output, _ = process.communicate(timeout=30)
        assert (output, process.returncode) == ("interrupted\n", 130)
        assert not any(is_running(worker) for worker in workers)
        assert sorted(int(path.stem) for path in tmp_path.glob("*.clean")) == sorted(workers)
        assert len(list(tmp_path.glob("*.pid"))) == 2, "no further item was begun"

    def test_no_orphans_when_the_driver_is_killed(self, driver):
        process, workers = driver
        process.kill()
        wait_until(lambda: not any(is_running(worker) for worker in workers), "the workers end too")

    def test_a_worker_killed_from_outside_is_replaced(self, driver, tmp_path):
        process, workers = driver
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 3, "a fresh worker takes the item up")
        assert process.poll() is None


def test_results_can_be_kept(work):
    """A result may itself be stored or sent on; the error in it too."""
    result = JobResult(3, error=WorkerLostError("item 3: its worker process was lost"), traceback="x")
    again = pickle.loads(pickle.dumps(result))  # noqa: S301 - the test's own data
    assert (again.index, str(again.error), again.ok) == (3, str(result.error), False)
    assert issubclass(WorkerLostError, FleetingError)
