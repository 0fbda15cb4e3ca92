"""Spotters as files for use: the runtime gives the curve that torch gives, also of torn recordings."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

import fleeting  # noqa: E402
from fleeting import systems  # noqa: E402
from fleeting.core import InputError, ShapeError, UsageError  # noqa: E402

torch.set_num_threads(1)
SECONDS = systems.FeatureSettings(seconds=8)


@pytest.fixture(scope="module")
def recordings():
    return systems.feature_recordings(2, 1, settings=SECONDS, seed=1)


def torn(one):
    """The face is lost for a second and a half."""
    inputs = {name: np.array(values, np.float32) for name, values in one.inputs.items()}
    for values in inputs.values():
        values[100:145] = np.nan
    return replace(one, inputs=inputs)


KINDS = [
    ("me-tst", {"synergy": 1}),
    ("auw-gcn", {}),
    pytest.param("boosting-vrme", {}, marks=pytest.mark.slow),
    pytest.param("causal-ex", {"debias": True}, marks=pytest.mark.slow),
    ("pesformer", {}),
    ("meldae", {}),
]


@pytest.mark.parametrize(("name", "switches"), KINDS)
def test_the_runtime_gives_the_curve_of_torch(name, switches, recordings, tmp_path):
    made = systems.create(name, training={"epochs": 1}, **switches).fit(recordings)
    made.export(tmp_path, trained_on="invented recordings")
    spotter = fleeting.load_spotter(tmp_path)
    fast = systems.feature_recordings(1, 1, settings=replace(SECONDS, fps=60.0, seconds=5), seed=2)[0]
    for one in (recordings[0], fast, torn(recordings[1])):
        said, expected = spotter.outputs(one.inputs[spotter.input], one.times), made.outputs(one)
        assert set(said) == set(expected) and len(said["curve"]) == len(one.times)
        for output, values in expected.items():
            assert np.allclose(said[output], values, atol=1e-4, equal_nan=True), output
    assert np.flatnonzero(np.isnan(said["curve"])).tolist() == list(range(100, 145))
    # after the gap all begins anew
    rows = torn(recordings[1]).inputs[spotter.input]
    rest = spotter.curve(rows[145:], one.times[145:]).values
    assert np.allclose(rest, said["curve"][145:], atol=1e-5) and np.ptp(rest) > 0


def test_maps_of_frames_and_what_has_no_file(recordings, tmp_path):
    one = systems.invented_recordings(["flowmap42"], 1, frames=90)[0]
    made = systems.create("softnet", training={"epochs": 1}).fit([one])
    made.export(tmp_path)
    spotter = fleeting.load_spotter(tmp_path)
    said = spotter.curve(one.inputs["flowmap42"], one.times).values
    assert np.allclose(said, made.curve(one).values, atol=1e-4)
    assert [how.kind for how in spotter.decodings] == ["micro", "macro"]
    with pytest.raises(UsageError, match="takes flowmap42; for spotters `analyze` measures roi10"):
        fleeting.analyze("there-is-no-such-video.mp4", spotter=str(tmp_path))
    anew = systems.create("causal-ex", graph="batch", training={"epochs": 1}).fit(recordings)
    with pytest.raises(UsageError, match="finds its graph anew in every batch"):
        anew.export(tmp_path)


def test_a_training_that_was_stopped_goes_on(recordings, tmp_path):
    def make(epochs=3):
        return systems.create("me-tst", training={"epochs": epochs}, seed=4)

    class Stop(Exception):
        pass

    def stop(entry):
        if entry["epoch"] == 2:
            raise Stop

    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Stop):
        make().fit(recordings, checkpoint=file, progress=stop)
    seen = []
    first = make().fit(recordings, checkpoint=file, progress=lambda entry: seen.append(entry["epoch"]))
    assert seen == [3] and len(first.history) == 3
    second = make().fit(recordings)
    both = (one.network.state_dict() for one in (first, second))
    assert all(torch.equal(a, b) for a, b in zip(*(one.values() for one in both), strict=True))
    with pytest.raises(InputError, match="is of another training"):
        make().fit(recordings[:1], checkpoint=file)


def test_a_file_that_says_too_little_and_rows_that_do_not_fit(recordings, tmp_path):
    made = systems.create("me-tst", training={"epochs": 1}, state_space=False).fit(recordings)
    made.export(tmp_path)
    with pytest.raises(ShapeError, match=r"roi10: expected \(T, 10\), got \(5, 36\)"):
        fleeting.load_spotter(tmp_path).curve(np.zeros((5, 36)), np.arange(5) / 30)
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["inputs"] == ["roi10"] and card["decodings"][0]["kind"] == "micro"
    del card["decodings"]
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="says not all of"):
        fleeting.load_spotter(tmp_path)
