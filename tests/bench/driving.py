"""For tests that kill: a run in a process of its own, and which folds were worked on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fleeting.jobs import Ledger


def worked_on(marks):
    return sorted(path.name.split("-")[1] for path in marks.glob("toy*"))


DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import conftest, bench_systems
from fleeting.bench import run_bench
if __name__ == "__main__":
    ray = sys.argv[3] if len(sys.argv) > 3 else None
    run_bench(["stand-marking"], {"toy": conftest.toy(8)}, out=sys.argv[2], imports=["bench_systems"], jobs=2,
              ray_address=ray)
"""


def kill_the_driver(out, *more):
    """Start a run in a process of its own, and kill it outright once some folds are on disk."""
    command = [sys.executable, "-c", DRIVER, str(Path(__file__).parent), str(out), *more]
    environment = os.environ | {"BENCH_SLEEP": "0.5"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as driver:
        until = time.monotonic() + 120
        ledger = out / "done.jsonl"
        while not ledger.exists() or ledger.read_bytes().count(b"\n") < 3:
            assert driver.poll() is None, driver.stderr.read().decode()
            assert time.monotonic() < until
            time.sleep(0.02)
        driver.send_signal(signal.SIGKILL)
    return {line.split(" ")[1].split("/")[1] for line in Ledger(ledger)}
