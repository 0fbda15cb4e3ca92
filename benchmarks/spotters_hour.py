"""What the curve of an hour costs: processor time and peak memory of each spotter, with torch and without.

    python benchmarks/spotters_hour.py --out TABLE.md [--minutes 60] [--only NAME ...]

An hour of invented region features at 30 frames a second (`fleeting.systems.feature_recordings`) is
written to a file once. Each spotter, preset ``small``, is trained for one epoch on a few seconds (its speed
does not depend on what it learnt), saved and exported. Then each road runs in a fresh process that loads the
hour's rows and makes one curve: by torch as `fleeting bench` does, by the exported file as `fleeting analyze`
does. Memory is what the process held at its peak (`resource.getrusage`), and what it had held before the
curve, with all imports and the rows. SOFTNet, MEAN and MDMD take pictures or maps of them, which such
recordings do not hold.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

NETWORKS = ("me-tst", "me-tst-plus", "boosting-vrme", "auw-gcn", "causal-ex", "pesformer", "meldae")
RULES = ("training-free", "learnt")
CHILD = """
import resource, sys, time
import numpy as np
name, road, home, rows = sys.argv[1:5]
times = np.load(f"{rows}/times.npy")
if road == "torch":
    import torch
    torch.set_num_threads(1)
    from fleeting import systems
    made = systems.load(home)
    given = {one: np.load(f"{rows}/{one}.npy") for one in systems.card(name).inputs}
    recording = systems.SpottingRecording("h/h/h", "h/h", "h", times, given)
    run = lambda: made.curve(recording)
elif road == "file":
    from fleeting import load_spotter
    made = load_spotter(home)
    given = np.load(f"{rows}/{made.input}.npy")
    run = lambda: made.curve(given, times)
else:
    from fleeting import load_spotter
    from fleeting.spotting import SpotterSettings, spot
    judge = load_spotter("learnt").judge if name == "learnt" else None
    given = [np.load(f"{rows}/{one}.npy") for one in ("regions", "head", "openings")]
    run = lambda: spot(*given, times, SpotterSettings(), judge=judge).curve
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
curve = run()
took = time.process_time() - start
assert np.isfinite(curve.values).all() and len(curve.values) == len(times)
print(took, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
PREPARE = """
import sys
from fleeting import systems
few = systems.FeatureSettings(seconds=8)
made = systems.create(sys.argv[1], training={"epochs": 1})
made.fit(systems.feature_recordings(2, 1, settings=few))
made.save(sys.argv[2])
made.export(sys.argv[2], trained_on="invented recordings")
"""
MAKE = """
import sys
import numpy as np
from fleeting.systems import FeatureSettings, feature_recordings
one = feature_recordings(1, 1, settings=FeatureSettings(seconds=60 * float(sys.argv[1])), seed=3)[0]
np.save(f"{sys.argv[2]}/times.npy", one.times)
for name, values in one.inputs.items():
    np.save(f"{sys.argv[2]}/{name}.npy", values)
"""


def measured(name: str, road: str, home: Path, rows: Path) -> tuple[float, float, float]:
    """Processor seconds, megabytes before, megabytes at the peak; in a fresh process."""
    command = [sys.executable, "-c", CHILD, name, road, str(home), str(rows)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(told[0]), float(told[1]) / 1024, float(told[2]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", nargs="*", default=(*RULES, *NETWORKS))
    given = parser.parse_args()
    lines = ["| spotter | road | processor, s | before the curve, MB | peak, MB |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder)
        subprocess.run([sys.executable, "-c", MAKE, str(given.minutes), folder], check=True)
        frames = len(np.load(rows / "times.npy"))
        for name in given.only:
            home = rows / name
            home.mkdir()
            if name in NETWORKS:
                # in a process of its own: what this one holds would count as its children's
                subprocess.run([sys.executable, "-c", PREPARE, name, str(home)], check=True)
            for road in ("rules",) if name in RULES else ("torch", "file"):
                took, before, peak = measured(name, road, home, rows)
                lines.append(f"| {name} | {road} | {took:.1f} | {before:.0f} | {peak:.0f} |")
                print(lines[-1], flush=True)
    told = f"{frames} frames; {platform.machine()}, one thread, Python {platform.python_version()}."
    given.out.write_text("\n".join([*lines, "", told]) + "\n")


if __name__ == "__main__":
    main()
