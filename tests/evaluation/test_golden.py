"""Published numbers from public result files, to the last digit.

The files belong to others and are not shipped: `FLEETING_GOLDEN` names a folder that holds copies of the
repositories as ``owner+name`` (see each loader). Without it the golden tests skip; small invented files of
the same layout go through the same loaders in every run.
"""

import csv
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fleeting.evaluation import (
    Counts,
    Span,
    macro_precision,
    score_recognition,
    score_spotting,
    score_str,
    uar,
    uf1,
)

STRS = "genbing99+STRS-Metric"
SWIN = "eddiehe99+pytorch-expression-spotting"
LENGTHS = "zzy188zzy+megc_spotting_code"
AUWGCN = "xjtupanda+AUW-GCN"
MDMD = "HeyingGithub+Baseline-project-for-MEGC2020_spotting"
STSTNET = ("christy1206+STSTNet", "genbing99+STSTNet")


def golden(*names, file=""):
    """First folder of these names, or skip and say why."""
    root = os.environ.get("FLEETING_GOLDEN")
    if not root:
        pytest.skip("FLEETING_GOLDEN is not set: no folder with public result files")
    for name in names:
        folder = Path(root) / name
        if folder.is_dir() and (not file or list(folder.glob(file))):
            return folder
    pytest.skip(f"{Path(root).name} holds no {' or '.join(names)} {file}".rstrip())


# --- G1: spot-then-recognise, MEAN on CASME II ---


def strs_tables(folder):
    def spans(path):
        with path.open(newline="") as file:
            return [
                Span(
                    r["video"], int(r["onset"]), int(r["offset"]), subject=r["subject"], emotion=r["emotion"]
                )
                for r in csv.DictReader(file)
            ]

    return spans(folder / "data" / "gt.csv"), spans(folder / "data" / "pred.csv")


@pytest.mark.parametrize("rule", ["strs-script", "strict", "mean"])
def test_strs_of_mean_on_casme2(rule):
    """One prediction and one truth a clip, so all these rules agree here."""
    truth, found = strs_tables(golden(STRS))
    assert (len(truth), len({t.subject for t in truth})) == (244, 26)
    scores = score_str(truth, found, rule=rule)
    assert scores.counts == Counts(159, 85, 85)
    assert scores.f1_spotting == pytest.approx(0.65164, abs=5e-6)
    assert scores.f1_analysis == pytest.approx(0.59271, abs=5e-6)
    assert scores.uar == pytest.approx(0.58718, abs=5e-6)
    assert scores.uf1 == pytest.approx(0.57662, abs=5e-6)
    assert scores.strs == pytest.approx(0.38623, abs=5e-6)


def test_strs_layout_invented(tmp_path):
    """Two clips spotted, one named right; one missed with a false alarm in the same clip."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "gt.csv").write_text(
        "subject,video,onset,offset,emotion\n1,A,10,19,happiness\n1,B,0,9,others\n2,C,30,39,others\n"
    )
    (tmp_path / "data" / "pred.csv").write_text(
        "subject,video,onset,offset,emotion\n1,A,8,19,happiness\n1,B,-2,9,happiness\n2,C,50,59,others\n"
    )
    scores = score_str(*strs_tables(tmp_path), rule="strs-script")
    assert scores.counts == Counts(2, 1, 1)
    # Precision 1/2 and 0, recall 1 and 0: 2 * 0.25 * 0.5 / 0.75 = 1/3.
    assert scores.strs == pytest.approx(2 / 3 / 3)


# --- G2: curves of SL-Swin ---


class PlainData(pickle.Unpickler):
    """Reads lists and numbers; anything that would run code is refused."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")


def read_curves(path):
    """One flat curve for each subject."""
    with path.open("rb") as file:
        return [np.array(flatten(subject), float) for subject in PlainData(file).load()]


def flatten(nested):
    if isinstance(nested, float | int):
        return [nested]
    return [number for item in nested for number in flatten(item)]


def decode(curve, k, p):
    """SL-Swin's decoder: mean over 2k, threshold, peaks at least k apart, interval of 2k + 1 frames."""
    from scipy.signal import find_peaks

    smooth = np.convolve(curve, np.ones(2 * k) / (2 * k), "valid")
    threshold = smooth.mean() + p * (smooth.max() - smooth.mean())
    return [(int(q), int(q) + 2 * k) for q in find_peaks(smooth, height=threshold, distance=k)[0]]


def swin_spans(truth, lengths, curves, k, p):
    """Cut the subjects' curves into videos and decode each; a video without a peak gives one false alarm.

    ``truth`` maps (subject, video) to inclusive zero-based pairs, ``lengths`` to the number of frames.
    """
    true = [Span(v, a, b, subject=s) for (s, v), rows in truth.items() for a, b in rows]
    found = []
    subjects = sorted({subject for subject, _ in truth})
    assert len(subjects) == len(curves)
    for subject, curve in zip(subjects, curves, strict=True):
        start = 0
        for video in sorted(v for s, v in truth if s == subject):
            stop = start + lengths[subject, video] - k
            pairs = decode(curve[start:stop], k, p) or [(0, 0)]
            found += [Span(video, a, b, subject=subject) for a, b in pairs]
            start = stop
        assert start == len(curve), f"subject {subject}: {start} frames expected, {len(curve)} in the curve"
    return true, found


def casme_truth(path):
    """Rows of micro-expressions (type 2) of the sheet of AUW-GCN: 1-based frames of CAS(ME)^2."""
    truth = {}
    with path.open(newline="") as file:
        for row in list(csv.reader(file))[1:]:
            if row[5] == "2":
                _, subject, video = row[1].split("_")
                truth.setdefault((int(subject), video), []).append((int(row[2]) - 1, int(row[4]) - 1))
    return truth


def video_lengths(path, key):
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[-1].strip().isdigit()]
    return {key(row[0].split("_")): int(row[-1]) for row in rows}


@pytest.mark.parametrize(
    ("p", "rule", "counts"),
    [
        (0.50, "slswin", (15, 348, 42)),
        (0.55, "slswin", (15, 269, 42)),
        (0.60, "slswin", (12, 204, 45)),  # F1 .08791, as published
        (0.65, "slswin", (10, 161, 47)),
        (0.70, "slswin", (10, 122, 47)),
        (0.60, "mean", (13, 203, 44)),
    ],
)
def test_sl_swin_on_casme_square(p, rule, counts):
    curves = read_curves(next(golden(SWIN).glob("ultimate_preds/megc_2021/CAS*/preds/me_*.pkl")))
    lengths = golden(LENGTHS, file="labels/cas_duration.csv") / "labels" / "cas_duration.csv"
    table = video_lengths(lengths, lambda parts: (int(parts[1]), parts[2]))
    table[23, "0102"] = 1071  # wrong in that file; the curve has this many
    sheet = next(golden(AUWGCN, LENGTHS, file="*/cas(me)_new.csv").glob("*/cas(me)_new.csv"))
    spans = swin_spans(casme_truth(sheet), table, curves, 6, p)
    assert score_spotting(*spans, rule=rule).counts() == Counts(*counts)


@pytest.mark.parametrize(("rule", "counts"), [("slswin", (33, 440, 126)), ("mean", (34, 439, 125))])
def test_sl_swin_on_samm(rule, counts):
    openpyxl = pytest.importorskip("openpyxl")
    curves = read_curves(next(golden(SWIN).glob("ultimate_preds/megc_2021/SAMM*/preds/me_*.pkl")))
    labels = golden(LENGTHS, file="labels/SAMM_LongVideos.xlsx") / "labels"
    table = video_lengths(labels / "samm_duration.csv", lambda parts: (int(parts[1]), parts[2]))
    truth = {}
    for row in openpyxl.load_workbook(labels / "SAMM_LongVideos.xlsx", read_only=True).active.iter_rows(
        values_only=True
    ):
        if len(row) > 7 and str(row[7]).startswith("Micro"):
            subject, video = str(row[1]).split("_")[:2]
            truth.setdefault((int(subject), video), []).append((int(row[3]) - 1, int(row[5]) - 1))
    assert (len({s for s, _ in truth}), len(truth), sum(map(len, truth.values()))) == (29, 79, 159)
    spans = swin_spans(truth, table, curves, 37, 0.6)
    assert score_spotting(*spans, rule=rule).counts() == Counts(*counts)


def test_sl_swin_layout_invented(tmp_path):
    """Two subjects, three videos; a bump in two of the curves, none in the third."""
    k = 3
    (tmp_path / "cas(me)_new.csv").write_text(
        "subject,video_name,start_frame,apex_frame,end_frame,type_idx,au\n"
        "casme_015,casme_015_0101,11,14,17,2,4\n"
        "casme_015,casme_015_0102,5,7,11,2,12\n"
        "casme_016,casme_016_0101,21,24,27,2,1\n"
        "casme_016,casme_016_0101,1,2,40,1,1\n"
    )
    (tmp_path / "cas_duration.csv").write_text(
        "casme_15_0101,15_0101disgust,33\ncasme_15_0102,15_0102x,23\ncasme_16_0101,16_0101x,43\n"
    )

    def bump(frames, start):
        """A curve that is 1 on the six frames from ``start``: its running mean peaks at ``start`` alone."""
        curve = np.zeros(frames - k)
        curve[start : start + 2 * k] = 1
        return [[float(v)] for v in curve]

    flat = [[0.0]] * (23 - k)
    (tmp_path / "me.pkl").write_bytes(pickle.dumps([bump(33, 10) + flat, bump(43, 22)]))
    lengths = video_lengths(tmp_path / "cas_duration.csv", lambda parts: (int(parts[1]), parts[2]))
    assert lengths == {(15, "0101"): 33, (15, "0102"): 23, (16, "0101"): 43}
    truth = casme_truth(tmp_path / "cas(me)_new.csv")
    assert truth == {(15, "0101"): [(10, 16)], (15, "0102"): [(4, 10)], (16, "0101"): [(20, 26)]}
    true, found = swin_spans(truth, lengths, read_curves(tmp_path / "me.pkl"), k, 0.6)
    # Found: exactly the first; [0, 0] in the flat video; two frames late in the third, IoU 5 of 9.
    assert [(f.onset, f.offset) for f in found] == [(10, 16), (0, 0), (22, 28)]
    assert score_spotting(true, found, rule="slswin").counts() == Counts(2, 1, 1)


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps([os.getcwd]))
    with pytest.raises(pickle.UnpicklingError, match="no plain data"):
        read_curves(tmp_path / "evil.pkl")


# --- G3: the MDMD baseline of MEGC 2020 ---

GATES = {
    ("ME2", "micro"): (7, 16),
    ("ME2", "macro"): (17, 10**9),
    ("SAMM_MEGC", "micro"): (47, 105),
    ("SAMM_MEGC", "macro"): (106, 10**9),
}


def mdmd_files(folder):
    """Text of every file below MDMD_results, from a checkout or from a bare ``repo/.git``."""
    if (folder / "MDMD_results").is_dir():
        root = folder / "MDMD_results"
        return {p.relative_to(root).as_posix(): p.read_text() for p in root.rglob("*.txt")}
    git = ["git", "--git-dir", str(folder / "repo" / ".git")]
    listing = subprocess.run(
        [*git, "ls-tree", "-r", "-z", "--name-only", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    names = [n for n in listing if n.startswith("MDMD_results/") and n.endswith(".txt")]
    show = subprocess.run(
        [*git, "cat-file", "--batch"],
        input="".join(f"HEAD:{name}\n" for name in names),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    texts, at = {}, 0
    for name in names:
        header, _, rest = show[at:].partition("\n")
        size = int(header.split()[-1])
        texts[name.removeprefix("MDMD_results/")] = rest[:size]
        at += len(header) + 1 + size + 1
    return texts


def mdmd_spans(files, dataset, kind):
    """Truth and length-gated predictions of one dataset and kind; only videos that have a result file."""
    prefix = f"results_API/{dataset}_{kind}_txtClips/p1/"
    results = {Path(name).stem: text for name, text in files.items() if name.startswith(prefix)}
    shortest, longest = GATES[dataset, kind]
    found = []
    for video, text in results.items():
        for row in filter(None, map(str.split, text.splitlines())):
            onset, offset = int(row[0]), int(row[1])
            if shortest <= offset - onset + 1 <= longest:
                found.append(Span(video, onset, offset, kind))
    sets = "CAS(ME)^2_Sets" if dataset == "ME2" else "SAMM_MEGC_Sets"
    truth = []
    for row in map(str.split, files[f"dataset_new/data/{sets}/all_Info.txt"].splitlines()):
        if row and row[2] == f"{kind}-expression" and f"{row[0]}_{row[1]}" in results:
            truth.append(Span(f"{row[0]}_{row[1]}", int(float(row[3])), int(float(row[5])), kind))
    return truth, found


@pytest.mark.parametrize(
    ("dataset", "counts", "f1"),
    [
        ("ME2", {"micro": (21, 5035, 57), "macro": (109, 1523, 300)}, (0.008248, 0.119583, 0.037599)),
        ("SAMM_MEGC", {"micro": (29, 1436, 159), "macro": (22, 356, 343)}, (0.036364, 0.062947, 0.044464)),
    ],
)
def test_mdmd_baseline(dataset, counts, f1):
    files = mdmd_files(golden(MDMD))
    overall = Counts(0, 0, 0)
    for kind, published in zip(("micro", "macro"), f1, strict=False):
        truth, found = mdmd_spans(files, dataset, kind)
        result = score_spotting(truth, found, rule="megc2020").counts()
        assert (result.tp, len(found), len(truth)) == counts[kind]
        assert result.f1 == pytest.approx(published, abs=6e-7)
        overall = overall + result
    assert overall.f1 == pytest.approx(f1[2], abs=6e-7)


def invented_mdmd(root):
    data = root / "MDMD_results" / "dataset_new" / "data" / "CAS(ME)^2_Sets"
    clips = root / "MDMD_results" / "results_API" / "ME2_micro_txtClips" / "p1"
    data.mkdir(parents=True)
    clips.mkdir(parents=True)
    (data / "all_Info.txt").write_text(
        "s15 0101 micro-expression 100.0 104.0 109.0\n"
        "s15 0101 macro-expression 300.0 320.0 359.0\n"
        "s15 0102 micro-expression 50.0 55.0 61.0\n"
        "s99 0101 micro-expression 1.0 5.0 9.0\n"
    )
    # 10 of 10 frames; a gate of 7 to 16 drops the second and the third; the last is a false alarm.
    (clips / "s15_0101.txt").write_text("100 109 1.0\n101 105 1.0\n90 120 1.0\n200 209 1.0\n")
    (clips / "s15_0102.txt").write_text("")


@pytest.mark.parametrize("form", ["checkout", "git"])
def test_mdmd_layout_invented(tmp_path, form):
    invented_mdmd(tmp_path / "repo" if form == "git" else tmp_path)
    if form == "git":
        me = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        for command in (["init", "-q"], ["add", "."], [*me, "commit", "-q", "-m", "x"]):
            try:
                subprocess.run(["git", *command], cwd=tmp_path / "repo", check=True, capture_output=True)
            except FileNotFoundError:
                pytest.skip("git is not installed")
    truth, found = mdmd_spans(mdmd_files(tmp_path), "ME2", "micro")
    assert [(f.onset, f.offset) for f in found] == [(100, 109), (200, 209)]
    assert [t.video for t in truth] == ["s15_0101", "s15_0102"]
    assert score_spotting(truth, found, rule="megc2020").counts() == Counts(1, 1, 1)


# --- The log of STSTNet, whose published "UAR" is precision ---


def ststnet_rows(text):
    """Dataset, truth and prediction of every clip; a line of two words opens a subject."""
    dataset, rows = "", []
    for words in filter(None, map(str.split, text.splitlines())):
        if len(words) == 2:
            dataset = words[0]
        else:
            rows.append((dataset, words[-2], words[-1]))
    return rows


def test_ststnet_log():
    folder = golden(*STSTNET, file="STSTNet_logfile.txt")
    rows = ststnet_rows((folder / "STSTNet_logfile.txt").read_text())
    assert len(rows) == 442
    expected = {  # UF1, true UAR, and the macro precision that was published as UAR
        "": (0.7353, 0.7186, 0.7605),
        "smic": (0.6801, 0.6703, 0.7013),
        "casme2": (0.8382, 0.8190, 0.8686),
        "samm": (0.6588, 0.6415, 0.6810),
    }
    for dataset, numbers in expected.items():
        own = [row for row in rows if dataset in ("", row[0])]
        scores = score_recognition([r[1] for r in own], [r[2] for r in own], "012")
        assert (scores.uf1, scores.uar, scores.macro_precision) == pytest.approx(numbers, abs=5e-5)


def test_ststnet_layout_invented():
    rows = ststnet_rows("casme2 sub01\nEP02_01f 1 1\nEP19_05f 0 2\nsmic s01\ns01_ne_01 0 0\n\n")
    assert rows == [("casme2", "1", "1"), ("casme2", "0", "2"), ("smic", "0", "0")]


def test_ststnet_confusion_of_the_log():
    """The pooled matrix of the same log, written down: no file needed for the headline."""
    matrix = np.array([[219, 22, 9], [40, 62, 7], [21, 3, 59]])
    assert matrix.sum(1).tolist() == [250, 109, 83]
    assert float(uf1(matrix)) == pytest.approx(0.7353, abs=5e-5)
    assert float(uar(matrix)) == pytest.approx(0.7186, abs=5e-5)
    assert float(macro_precision(matrix)) == pytest.approx(0.7605, abs=5e-5)
