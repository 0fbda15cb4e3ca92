import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fleeting import systems
from fleeting.core import InputError, UnknownNameError, UsageError
from fleeting.systems import Card


def card(name: str = "mine", **facts: object) -> Card:
    given: dict = {"title": "t", "paper": "", "task": "recognition", "inputs": ("flowmap28",)}
    return Card(name, **(given | facts))


@pytest.fixture
def clean():
    """Take out what a test registers."""
    before = set(systems.list())
    yield
    for name in set(systems.list()) - before:
        systems.forget(name)


def test_systems_are_listed_by_task() -> None:
    assert {"ststnet", "off-apexnet", "rcn-a"} <= set(systems.list("recognition"))
    assert "ststnet" not in systems.list("spotting")
    assert systems.list() == sorted(systems.list())


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ststnet'"):
        systems.create("ststnett")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"preset": "big"}, "small or paper"), ({"strian": False}, "no switch 'strian'; available: strain")],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        systems.create("ststnet", **options)


@pytest.mark.usefixtures("clean")
def test_switches_of_card_and_builder_must_agree() -> None:
    with pytest.raises(UsageError, match="not the builder's keywords"):

        @systems.register(card(switches={"a": "x"}))
        def build(
            *, preset: str = "small", seed: int = 0, training: object = None, b: bool = True
        ) -> None: ...

    assert "mine" not in systems.list()


@pytest.mark.usefixtures("clean")
def test_a_name_is_taken_once() -> None:
    @systems.register(card())
    def build(*, preset: str = "small", seed: int = 0, training: object = None) -> str:
        return f"{preset}{seed}{training}"

    assert systems.create("mine", seed=3, training={"epochs": 1}) == "small3{'epochs': 1}"
    with pytest.raises(UsageError, match="registered twice"):
        systems.register(card())(build)


@pytest.mark.parametrize(
    "wrong",
    [{"task": "emotion"}, {"inputs": ()}, {"inputs": "flowmap28"}, {"choices": {"mode": (1, 2)}}],
)
def test_a_card_that_says_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        card(**wrong)


def test_loading_needs_a_card_of_a_system(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        systems.load(tmp_path)
    (tmp_path / "card.json").write_text('{"system": "ststnet"}')
    with pytest.raises(InputError, match="is no card of a system"):
        systems.load(tmp_path)


def test_a_saved_system_comes_back_with_its_switches(tmp_path: Path) -> None:
    rows = systems.invented_examples(["flowmap28"], 9)
    made = systems.create("ststnet", seed=7, three_streams=False, training={"epochs": 2}).fit(rows)
    made.save(tmp_path)
    back = systems.load(tmp_path)
    assert back.switches == {"strain": True, "three_streams": False, "dropout": True} and back.seed == 7
    assert np.array_equal(back.predict(rows), made.predict(rows))


OUTSIDE = '''
"""A system of another package: the mean map of each class, nothing of torch."""
import numpy as np
from fleeting.systems import Card, register
from fleeting.training import load_arrays, save_arrays

CARD = Card(
    "nearest-mean", "Nearest mean map", "", "recognition", ("flowmap28",), switches={"centre": "less mean"}
)

class NearestMean:
    def __init__(self, centre):
        self.centre, self.classes = centre, ()

    def features(self, samples):
        flat = samples.inputs["flowmap28"].reshape(len(samples), 28 * 28 * 3).astype(float)
        return flat - flat.mean(1, keepdims=True) if self.centre else flat

    def fit(self, train, validation=None):
        x, self.classes = self.features(train), tuple(train.classes)
        self.means = np.stack([x[train.labels == c].mean(0) for c in range(len(self.classes))])
        return self

    def predict(self, samples):
        far = ((self.features(samples)[:, None] - self.means) ** 2).mean(2)
        scores = np.exp(-(far - far.min(1, keepdims=True, initial=1e9)) / 1e4)
        return scores / scores.sum(1, keepdims=True)

    def save(self, folder):
        told = {"system": "nearest-mean", "preset": "small", "seed": 0, "switches": {"centre": self.centre}}
        save_arrays(folder, {"means": self.means}, told | {"classes": self.classes})

    def load(self, folder):
        arrays, told = load_arrays(folder)
        self.means, self.classes = arrays["means"], tuple(told["classes"])
        return self

@register(CARD)
def build(*, preset="small", seed=0, training=None, centre=True):
    return NearestMean(centre)
'''


@pytest.mark.usefixtures("clean")
def test_a_system_from_another_package_comes_in_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package on the path with the metadata that pip writes; it gets contract, battery and loading."""
    (tmp_path / "outside_package.py").write_text(OUTSIDE)
    facts = tmp_path / "outside_package-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-package\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(
        "[fleeting.systems]\noutside = outside_package\nbroken = needs_more\n"
    )
    (tmp_path / "needs_more.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    registry = sys.modules["fleeting.systems.registry"]
    monkeypatch.setattr(registry, "_searched", False)
    monkeypatch.setattr(registry, "_missing", {})
    assert "nearest-mean" in systems.list()
    assert systems.not_loaded() == {"broken (needs_more)": "a_package_that_is_not_there"}
    with pytest.raises(UsageError, match="could not be loaded: not installed: a_package_that_is_not_there"):
        systems.create("something-else")
    states = {one.check: one.state for one in systems.check("nearest-mean")}
    assert states.pop("every_parameter_gets_a_gradient") == "skipped"
    assert set(states.values()) == {"passed"}, systems.check("nearest-mean")
    rows = systems.invented_examples(["flowmap28"], 9)
    made = systems.create("nearest-mean").fit(rows)
    made.save(tmp_path / "saved")
    assert np.array_equal(systems.load(tmp_path / "saved").predict(rows), made.predict(rows))
    sys.modules.pop("outside_package")


def test_without_torch_the_rest_is_listed_and_what_lacks_is_named() -> None:
    """``None`` in ``sys.modules`` makes an import fail as if torch were not installed."""
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from fleeting.cli.main import main\n"
        "assert main(['systems', 'list']) == 0\n"
        "assert main(['train', 'ststnet', '--data', 'x', '--out', 'y']) == 2\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "not loaded: fleeting.systems.recognition.ststnet: not installed: torch" in done.stderr
    assert "unknown system 'ststnet'" in done.stderr and "install the extra [train]" in done.stderr


def test_a_spotting_recording_has_a_row_for_each_frame() -> None:
    one = systems.invented_recordings(["flowmap28"], 1)[0]
    assert one.intervals and one.sealed().intervals is None
    with pytest.raises(UsageError, match="120 rows, one a frame, got 3"):
        systems.SpottingRecording("d/s/v", "d/s", "d", one.times, {"flowmap28": np.zeros((3, 28, 28, 3))})
