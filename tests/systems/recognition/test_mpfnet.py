"""MPFNet: what each stage learns from and changes, what C takes from the generic encoder, sizes."""

import numpy as np
import pytest
import torch

from fleeting import systems
from fleeting.core import Examples
from fleeting.evaluation import loso
from fleeting.systems.recognition import mpfnet
from fleeting.systems.recognition.mpfnet import SIZES, MPFNet

FAST = {"epochs": 3, "batch_size": 4, "augment": False}
NAMES = ("mpfnet-p", "mpfnet-c")


def people(count: int = 3, each: int = 4) -> Examples:
    """Clips in whose first pixel stands whom they are of."""
    made = systems.invented_examples(["clip16"], count * each)
    owner = np.repeat(np.arange(count), each)
    clips = made.inputs["clip16"].copy()
    clips[:, 0, 0, 0] = 10 + owner
    subjects = np.array([f"invented/{one}" for one in owner])
    return Examples(made.ids, subjects, made.datasets, made.labels, made.classes, {"clip16": clips})


@pytest.fixture
def stages(monkeypatch):
    """Note for every training: the name of what is trained, whom its rows are of, which weights moved."""
    told = []
    from fleeting.training import recognizer

    def spy(module, rows, *args, **options):
        network = getattr(module, "network", [module])[0]
        before = {k: v.clone() for k, v in network.state_dict().items()}
        result = train(module, rows, *args, **options)
        moved = {k.split(".")[0] for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
        told.append((type(module).__name__, set((rows.inputs[0][:, 0, 0, 0] - 10).tolist()), moved))
        return result

    train = mpfnet.train_module
    monkeypatch.setattr(mpfnet, "train_module", spy)
    monkeypatch.setattr(recognizer, "train_module", spy)
    return told


@pytest.mark.parametrize("name", NAMES)
def test_no_stage_sees_the_person_who_is_left_out(name, stages):
    rows = people()
    for fold in loso(rows.subjects):
        stages.clear()
        systems.create(name, training=FAST).fit(rows.take(fold.train))
        held = {int(one) for one in rows.inputs["clip16"][fold.test][:, 0, 0, 0] - 10}
        assert [stage for stage, _, _ in stages] == ["GenericStage", "AdvancedStage", "MPFNet"]
        assert all(seen == {0, 1, 2} - held for _, seen, _ in stages)
        assert [moved for _, _, moved in stages] == [
            {"generic"},
            {"advanced"},
            {"generic", "advanced", "head"},
        ]


def test_one_stage_where_there_is_nothing_to_progress(stages):
    for switches in ({"progressive": False}, {"generic": False}, {"advanced": False}):
        systems.create("mpfnet-p", training=FAST, **switches).fit(people())
    assert [stage for stage, _, _ in stages] == ["MPFNet"] * 3


def test_pre_trained_weights_are_where_all_stages_start():
    rows, silent = people(), FAST | {"epochs": 0}
    made = systems.create("mpfnet-p", training=FAST).pretrain(rows)
    learnt = {k: v.clone() for k, v in made.module.state_dict().items()}
    made.settings = made.settings.changed(silent)
    made.fit(rows)
    assert all(torch.equal(v, learnt[k]) for k, v in made.module.state_dict().items())


def test_encoders_learn_at_a_tenth_in_the_last_stage():
    made = systems.create("mpfnet-p", training=FAST).fit(people())
    groups = made.module.rate_groups()
    assert [one.get("factor", 1.0) for one in groups] == [0.1, 1.0]
    assert sum(p.numel() for one in groups for p in one["params"]) == made.parameters()


def test_the_generic_map_reaches_the_advanced_encoder_in_c_alone():
    clip = torch.randint(0, 256, (2, 16, 112, 112), dtype=torch.uint8)
    for cascaded in (True, False):
        torch.manual_seed(0)
        network = MPFNet(3, cascaded=cascaded, **SIZES["small"]).eval()
        still = network.advanced(network.changes(clip))[0]
        middle = network.generic(network.prepared(clip))[1]
        with_prior = network.advanced(network.changes(clip), middle)[0]
        features = (
            with_prior if cascaded else torch.cat([network.generic(network.prepared(clip))[0], still], 1)
        )
        assert torch.allclose(network(clip), network.head(features), atol=1e-6)
        assert not torch.allclose(still, with_prior)


def test_a_clip_that_stands_still_has_no_changes():
    network = MPFNet(3, cascaded=False, **SIZES["small"])
    still = torch.randint(0, 256, (2, 1, 112, 112), dtype=torch.uint8).expand(2, 16, 112, 112)
    assert not network.changes(still).any()
    assert network.prepared(still).shape == (2, 1, 8, 28, 28)


def test_a_stopped_training_goes_on_in_its_stage(tmp_path, monkeypatch) -> None:
    rows, file = people(2, 2), tmp_path / "checkpoint.safetensors"
    whole = systems.create("mpfnet-c", training=FAST).fit(rows).predict(rows)
    epochs, train = [], mpfnet.train_module

    def stopped(module, *args, **options):
        if not isinstance(module, mpfnet.GenericStage):
            raise KeyboardInterrupt
        return train(module, *args, **options)

    def counted(module, *args, **options):
        return train(module, *args, progress=lambda _: epochs.append(type(module).__name__), **options)

    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patched:
        patched.setattr(mpfnet, "train_module", stopped)
        systems.create("mpfnet-c", training=FAST).fit(rows, checkpoint=file)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.generic.safetensors"]
    monkeypatch.setattr(mpfnet, "train_module", counted)
    made = systems.create("mpfnet-c", training=FAST).fit(rows, checkpoint=file)
    assert epochs == ["AdvancedStage"]  # the generic one is not learnt again
    assert np.array_equal(made.predict(rows), whole)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]
