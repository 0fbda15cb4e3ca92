"""``fleeting bench`` on real flow maps: the SMIC maps of FLEETING_DATA, laid out as the public folders are.

    OMP_NUM_THREADS=1 FLEETING_DATA=... python benchmarks/smic_flow.py --out docs/benchmarks/smic-flow.md

The maps (164 of 16 people) are written as ``three_norm_u_v_os/s01/u_test/{0,1,2}/*.png`` and ``u_train`` into
a scratch folder, which is removed at the end, and measured by the real command over 16 folds. Beside it the
same systems run on synthetic maps. The page holds scores only, no map. These maps are for measuring: nothing
that was trained here is kept.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from fleeting.bench import cache_folder
from fleeting.cli.main import main as fleeting

SYSTEMS = ("majority", "svm-flow", "ststnet")
CLASS_WORDS = ("ne", "po", "sur")


def lay_out(arrays: dict[str, np.ndarray], root: Path) -> Path:
    """Write the maps in the public layout: each subject's own in u_test, all others in u_train."""
    import cv2

    files = []
    for at, clip in enumerate(arrays["clip"]):
        person, label = _person(str(arrays["subject"][at])), int(arrays["label"][at])
        name = f"{person}_{_name(str(clip), person, label, at)} .png"
        # OpenCV takes the channels in the order B, G, R
        files.append(
            (person, label, name, cv2.imencode(".png", arrays["image_uvs"][at][..., ::-1])[1].tobytes())
        )
    for person in sorted({one[0] for one in files}):
        for owner, label, name, data in files:
            part = "u_test" if owner == person else "u_train"
            folder = root / "three_norm_u_v_os" / person / part / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    return root


def _person(text: str) -> str:
    digits = "".join(sign for sign in text.rpartition("/")[2] if sign.isdigit())
    return f"s{int(digits):02d}"


def _name(clip: str, person: str, label: int, at: int) -> str:
    """Name of a clip as the reader knows it; one made up where the file names it otherwise."""
    import re

    found = re.search(r"s\d{2}_(?:ne|po|sur)_\d+$", clip.strip())
    return found[0] if found else f"{person}_{CLASS_WORDS[label]}_{at + 1:03d}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the page, Markdown")
    parser.add_argument("--systems", nargs="*", default=list(SYSTEMS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--oracle-epoch", action="store_true")
    parser.add_argument("--synthetic", default="synth-flowmaps:240:24")
    asked = parser.parse_args()
    if not os.environ.get("FLEETING_DATA"):
        print("FLEETING_DATA is not set: it names the folder with smic_flow/", file=sys.stderr)
        return 2
    arrays = dict(np.load(Path(os.environ["FLEETING_DATA"]) / "smic_flow" / "smic_flow.npz"))
    common = ["--seeds", str(asked.seeds), "--jobs", str(asked.jobs), "--no-baselines"]
    common += ["--oracle-epoch"] if asked.oracle_epoch else []
    pages = []
    with tempfile.TemporaryDirectory() as scratch:
        root = lay_out(arrays, Path(scratch) / "maps")
        for name, more in (("megc2019-flow", ["--root", str(root)]), (asked.synthetic, [])):
            # kept in the cache, so that a page that was interrupted goes on
            folder = cache_folder() / "benchmarks" / name.replace(":", "-")
            code = fleeting(["bench", *asked.systems, "--data", name, *more, *common, "--out", str(folder)])
            if code:
                return code
            pages.append((folder / "table.md").read_text(encoding="utf-8"))
    asked.out.write_text(page(asked, pages), encoding="utf-8")
    return 0


def page(asked: argparse.Namespace, pages: list[str]) -> str:
    """Join the tables under a word on what they are."""
    words = " ".join(["benchmarks/smic_flow.py", *sys.argv[1:]])
    real, made = (one.replace("# Benchmark\n", "", 1).replace("\n## ", "\n### ") for one in pages)
    return f"""# What choosing the epoch on the held-out fold feigns

Made by `python {words}`; do not edit.
How to read it stands in [README.md](README.md); all systems, without that: [recognition.md](recognition.md).
Published numbers are of the composite of three datasets and are therefore not shown beside this one.

## Real: flow maps of SMIC-HS

164 clips of 16 people, 28 x 28 u, v and strain, each scaled per picture; leave one subject out. The name of
the data is that of the layout. The set was looked at while this package was developed (a development set):
final claims need other data.
{real}
## Synthetic: flow maps made by this package

Maps of people that `fleeting synth` invents. That a system does well here shows that it learns, not how it
does on faces.
{made}"""


if __name__ == "__main__":
    sys.exit(main())
