"""The judge of possible movements: its trees are those of scikit-learn, and it learns what counts."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from fleeting import systems  # noqa: E402
from fleeting.core import UsageError  # noqa: E402
from fleeting.models import load_spotter  # noqa: E402
from fleeting.spotting import FACTS  # noqa: E402
from fleeting.systems.spotting._trees import grow, tree_module  # noqa: E402


def test_trees_say_what_scikit_learn_says():
    from sklearn.ensemble import GradientBoostingClassifier

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 5)).astype(np.float32)
    labels = (rows[:, 0] * rows[:, 1] + 0.3 * rng.normal(size=300) > 0.2).astype(float)
    trees = grow(rows, labels, 12, 3)
    model = GradientBoostingClassifier(
        n_estimators=12, max_depth=3, learning_rate=0.06, subsample=0.5, max_features=1, min_samples_leaf=20,
        random_state=3,
    ).fit(rows, labels)  # fmt: skip
    fresh = rng.normal(size=(200, 5)).astype(np.float32)
    assert trees.answers(fresh) == pytest.approx(model.decision_function(fresh), abs=1e-5)
    assert tree_module(trees)(torch.from_numpy(fresh))[:, 0].numpy() == pytest.approx(
        trees.answers(fresh), abs=1e-5
    )


def test_it_finds_what_it_learnt_in_other_people_and_is_the_same_once_exported(tmp_path):
    calm = systems.FeatureSettings(seconds=10, micro_per_minute=20, talking=0.2, noise_px=0.1)
    made = systems.create("judged", seed=1).fit(systems.feature_recordings(6, 1, settings=calm, seed=1))
    hits = found = there = 0
    for one in systems.feature_recordings(3, 1, settings=calm, seed=50):
        kept = [i for i in made.intervals(one.sealed()) if i.kind == "micro"]
        coded = [i for i in one.intervals if i.kind == "micro"]
        hits += sum(any(abs(i.apex_frame - k.apex_frame) <= 3 for k in kept) for i in coded)
        found, there = found + len(kept), there + len(coded)
    assert hits / there > 0.5 and hits / max(found, 1) > 0.5
    made.export(tmp_path, trained_on="eight")
    rows = np.random.default_rng(1).normal(size=(50, len(FACTS))).astype(np.float32)
    spotter = load_spotter(tmp_path)
    assert spotter.judge(rows) == pytest.approx(made.judge(rows), abs=1e-5)
    assert spotter.least_score == pytest.approx(made.least_score, abs=1e-4)


def test_without_anything_to_tell_apart_it_says_so():
    still = systems.varied_recordings(1, seconds=4)[0]
    with pytest.raises(UsageError, match="it needs movements that count and others"):
        systems.create("judged").fit([systems.SpottingRecording(*(getattr(still, n) for n in (
            "id", "subject", "dataset", "times", "inputs")), ())])  # fmt: skip
    with pytest.raises(UsageError, match="withheld"):
        systems.create("judged").fit([still.sealed()])
    with pytest.raises(UsageError, match="knows epochs alone, got rate"):
        systems.create("judged", training={"rate": 1})
