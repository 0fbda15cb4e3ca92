"""The runner on a real Ray cluster of two nodes, both on this machine: started here, killed here."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fleeting.bench import run_bench

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="RAY IS NOT INSTALLED: bench on Ray is untested here; fleeting[distributed]",
    ),
]
OWN = ("bench_systems",)
HERE = ("--node-ip-address=127.0.0.1",)
PEOPLE = [f"s{at}" for at in range(8)]


class Node:
    """``ray start --block`` in a process group of its own, so that this one alone is ended."""

    def __init__(self, log, environment, *words):
        ray = Path(sys.executable).with_name("ray")
        command = [str(ray), "start", "--block", "--num-cpus=1", "--disable-usage-stats", *words]
        self.log = log
        self.process = subprocess.Popen(
            command, stdout=log.open("w"), stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )

    def wait_for(self, text):
        until = time.monotonic() + 180
        while not (found := re.search(text, self.log.read_text())):
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
            time.sleep(0.2)
        return found

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(90)


@pytest.fixture
def cluster(tmp_path, monkeypatch, ray_token):
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv("BENCH_MARKS", str(marks))
    monkeypatch.setenv("BENCH_PEOPLE", " ".join(f"toy/{one}" for one in PEOPLE))
    more = {"PYTHONPATH": str(Path(__file__).parent), "BENCH_SLEEP": "0.5", "OMP_NUM_THREADS": "1"}
    environment = os.environ | more
    head = Node(tmp_path / "head.log", environment, *HERE, "--head", "--port=0", "--include-dashboard=false")
    second = None
    try:
        address = head.wait_for(r"--address='([\d.]+:\d+)'")[1]
        second = Node(tmp_path / "second.log", environment, *HERE, f"--address={address}")
        second.wait_for("Ray runtime started")
        yield address, second, marks
    finally:
        if second is not None:
            second.end()
        head.end()


def only(run):
    assert not run.failures, run.failures
    (answers,) = run.answers
    return answers


def test_two_nodes(driving, cluster, make_toy, tmp_path, monkeypatch):
    address, second, marks = cluster
    rows = make_toy(8)
    wanted = only(run_bench(["stand-mean"], {"toy": rows})).probabilities
    import ray

    put, stored = ray.put, []
    monkeypatch.setattr(ray, "put", lambda value: stored.append(value) or put(value))

    # A worker that dies costs its fold one more try; the rows are stored once for all folds.
    run = run_bench(["stand-dying"], {"toy": rows}, out=tmp_path / "1", imports=OWN, ray_address=address)
    assert np.array_equal(only(run).probabilities, wanted)
    assert driving.worked_on(marks) == sorted([*PEOPLE, "s2"]) and len(stored) == 1

    # A driver that dies loses nothing that was done, and nothing is done twice.
    done = driving.kill_the_driver(tmp_path / "2", address)
    assert 2 <= len(done) < 8
    time.sleep(3)  # folds that were on their way leave their marks
    before = set(marks.glob("toy*"))
    run = run_bench(["stand-marking"], {"toy": rows}, out=tmp_path / "2", imports=OWN, ray_address=address)
    anew = sorted(path.name.split("-")[1] for path in set(marks.glob("toy*")) - before)
    assert anew == sorted(set(PEOPLE) - done) and run.resumed == len(done)
    assert np.array_equal(only(run).probabilities, wanted)

    # A node that dies in the middle costs its folds one more try elsewhere.
    run = run_bench(
        ["stand-marking"], {"toy": rows}, out=tmp_path / "3", imports=OWN, ray_address=address,
        on_progress=lambda event: second.end(signal.SIGKILL) if event.done == 2 else None,
    )  # fmt: skip
    assert second.process.poll() is not None
    assert np.array_equal(only(run).probabilities, wanted)
