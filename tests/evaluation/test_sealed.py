"""The seal: no way to the test labels but a full hand-in, once."""

import contextlib
import copy
import dataclasses
import pickle
import types

import numpy as np
import pytest

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import Fold, SealedFold, inner_split, loso

SECRET = "secret-label"


def sealed_fold():
    labels = ["a", "b", "a", "b", SECRET, SECRET]
    subjects = ["1", "1", "2", "2", "3", "3"]
    return SealedFold(loso(subjects)[2], labels, subjects)


def reachable(thing, seen=None):
    """Everything that attributes, slots, items and calls without arguments lead to.

    Function internals (``__closure__``, ``__globals__``) are left out: whoever reads those breaks the seal
    on purpose and knows it.
    """
    seen = {} if seen is None else seen
    if id(thing) in seen or isinstance(thing, type | types.ModuleType):
        return seen
    seen[id(thing)] = thing
    if isinstance(thing, str | bytes | int | float | bool | type(None)):
        return seen
    if isinstance(thing, np.ndarray | list | tuple | set | frozenset):
        for item in thing.tolist() if isinstance(thing, np.ndarray) else thing:
            reachable(item, seen)
        return seen
    if isinstance(thing, dict):
        for pair in thing.items():
            reachable(pair, seen)
        return seen
    if isinstance(thing, types.FunctionType | types.MethodType | types.BuiltinMethodType):
        with contextlib.suppress(TypeError, UsageError, ShapeError):  # a call that needs arguments
            reachable(thing(), seen)
        return seen
    for name in dir(thing):
        if name.startswith("__"):
            continue
        reachable(getattr(thing, name), seen)
    return seen


def test_the_search_finds_what_is_not_hidden():
    """The test below would notice a leak: labels in a slot, a property, a method or a nested object."""

    class Leaky:
        def __init__(self, where):
            self.where = {where: [SECRET]}

        def labels(self):
            return (SECRET,)

    class Property:
        @property
        def truth(self):
            return np.array([SECRET])

    for leak in (Leaky("x"), Property(), types.SimpleNamespace(a=[{"b": SECRET}]), lambda: SECRET):
        assert SECRET in [v for v in reachable(leak).values() if isinstance(v, str)]


def test_nothing_reachable_holds_the_test_labels():
    sealed = sealed_fold()
    strings = [v for v in reachable(sealed).values() if isinstance(v, str)]
    assert "a" in strings and SECRET not in strings
    assert SECRET not in repr(sealed) and SECRET not in repr(sealed.view)
    assert not hasattr(sealed, "__dict__")


def test_the_view_travels_and_holds_no_test_label():
    sealed = sealed_fold()
    data = pickle.dumps(sealed.view)  # what a worker process gets
    assert SECRET.encode() not in data
    view = pickle.loads(data)  # noqa: S301 - our own bytes
    assert view.train_labels == ("a", "b", "a", "b")
    assert view.test.tolist() == [4, 5]
    assert {f.name for f in dataclasses.fields(view)} == {
        "name",
        "train",
        "validation",
        "test",
        "train_labels",
        "validation_labels",
    }


def test_the_seal_itself_does_not_travel():
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(UsageError, match="sealed"):
            way(sealed_fold())


def test_opening_needs_every_prediction_and_works_once():
    sealed = sealed_fold()
    for wrong in (np.zeros(0), np.zeros(1), np.zeros(3), np.float64(0)):
        with pytest.raises(ShapeError, match="expected 2 predictions"):
            sealed.open(wrong)
    with pytest.raises(ShapeError, match="NaN"):
        sealed.open(np.array([[0.5, np.nan], [0.5, 0.5]]))
    opened = sealed.open(np.array([[0.5, 0.5], [0.1, 0.9]]))  # failed attempts did not break the seal
    assert opened.truth == (SECRET, SECRET)
    assert opened.test.tolist() == [4, 5]
    with pytest.raises(UsageError, match="second hand-in"):
        sealed.open(np.zeros(2))


def test_what_was_handed_in_cannot_be_changed_afterwards():
    sealed, handed = sealed_fold(), np.array([0.1, 0.2])
    opened = sealed.open(handed)
    handed[0] = 9
    assert opened.predictions.tolist() == [0.1, 0.2]
    with pytest.raises(ValueError, match="read-only"):
        opened.predictions[0] = 9


def test_all_epochs_are_handed_in_before_any_label_is_seen():
    """How the inflation by choosing the epoch on the test fold is measured: (M, E) at once."""
    opened = sealed_fold().open(np.zeros((2, 150)))
    assert opened.predictions.shape == (2, 150)


def test_validation_labels_are_there_and_right():
    subjects = [str(i // 2) for i in range(12)]
    labels = list("abcdefghijkl")
    view = SealedFold(inner_split(loso(subjects)[0], subjects, share=0.2), labels, subjects).view
    assert view.validation_labels == tuple(labels[i] for i in view.validation)
    assert len(view.validation) == 2


def test_a_subject_in_two_parts_is_refused():
    with pytest.raises(UsageError, match="two parts"):
        SealedFold(Fold("x", np.array([0]), np.array([1])), ["a", "b"], ["s", "s"])


def test_permuted_test_labels_change_nothing_before_the_hand_in():
    """Whatever trains on the view comes to the same model, whoever the test labels are."""
    subjects, labels = [str(i // 3) for i in range(30)], np.arange(30) % 3
    fold = loso(subjects)[4]
    mixed = labels.copy()
    mixed[fold.test] = (labels[fold.test] + 1) % 3
    views = [SealedFold(fold, values.tolist(), subjects).view for values in (labels, mixed)]
    assert pickle.dumps(views[0]) == pickle.dumps(views[1])
