"""Pieces of work for the tests of the pool; worker processes import this module by name."""

import os
import signal
import sys
import time
from pathlib import Path

from fleeting.core import InputError, UnknownNameError
from fleeting.jobs import run_jobs


class Stubborn(Exception):
    """Can be packed but not unpacked: it is made from two things and keeps one."""

    def __init__(self, what, where):
        super().__init__(f"{what} at {where}")


class Unreadable:
    """Travels to the driver and breaks there."""

    def __reduce__(self):
        return int, ("no number",)


def square(number):
    return number * number


def scaled(data, number):
    return float(data[number] * 2)


def fail_in_many_ways(kind):
    if kind == "input":
        raise InputError("a.mp4", "has no video stream", "give a file with a picture")
    if kind == "unknown":
        raise UnknownNameError("unknown flow 'x'; available: dis")
    if kind == "stubborn":
        raise Stubborn("lost", "sea")
    if kind == "exit":
        sys.exit(3)
    if kind == "unsendable":
        return lambda: None
    if kind == "unreadable":
        return Unreadable()
    if kind == "nested":
        return [result.value for result in run_jobs(square, [1, 2], jobs=2)]
    if kind == "nested in one":
        return [result.value for result in run_jobs(square, [1, 2], jobs=1)]
    return kind


def die(item):
    """Kill the own process for items named so; leave a mark of each attempt."""
    folder, name = item
    with (Path(folder) / f"{name}.tries").open("a") as file:
        file.write("x")
    if name.startswith("killer") or (name.startswith("once") and tries(folder, name) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("exit"):
        os._exit(7)
    return name


def tries(folder, name):
    path = Path(folder) / f"{name}.tries"
    return len(path.read_text()) if path.exists() else 0


def die_and_leave_a_child(folder):
    """Die while a child of the worker goes on and holds everything the worker had open."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    (Path(folder) / "child").write_text(str(child))
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for(item):
    """Item 0 ends only after item 1."""
    folder, number = item
    mark = Path(folder) / "one is done"
    if number == 1:
        mark.touch()
    while not mark.exists():
        time.sleep(0.01)
    return number


def threads(_):
    import cv2

    return cv2.getNumThreads(), os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]


def process_id(_):
    return os.getpid()


def sleep_and_clean_up(folder):
    """Tell the own process, work for long, and clean up if told to end."""
    folder = Path(folder)
    (folder / f"{os.getpid()}.pid").touch()
    try:
        time.sleep(60)
    finally:
        (folder / f"{os.getpid()}.clean").touch()


def compute(item):
    """Leave a mark of each time an item is computed."""
    folder, name = item
    with (Path(folder) / f"{name}.tries").open("a") as file:
        file.write("x")
    time.sleep(0.05)
    return {"name": name, "length": len(name)}
