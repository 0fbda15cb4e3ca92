import copy
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from fleeting.core import FleetingError, InputError, ShapeError, UnknownNameError, UsageError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("a.mp4", "is empty", "record it again"), "a.mp4: is empty; record it again"),
        (InputError(Path("b c.mov"), "is no video"), "b c.mov: is no video"),
        (UsageError("fps: expected a positive number, got 0"), "fps: expected a positive number, got 0"),
        (UnknownNameError("unknown flow 'x'"), "unknown flow 'x'"),  # KeyError alone would add quotes
        (UnknownNameError(), ""),
    ],
)
def test_what_is_said(error, said):
    assert str(error) == said
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        (InputError, {FleetingError}),
        (UsageError, {FleetingError, ValueError}),
        (ShapeError, {UsageError, ValueError}),
        (UnknownNameError, {UsageError, KeyError, ValueError}),
    ],
)
def test_callers_may_catch_the_usual_kinds(kind, bases):
    assert all(issubclass(kind, base) for base in bases)


def test_an_input_error_keeps_its_parts():
    error = copy.copy(InputError(Path("x.mp4"), "broken", "copy it again"))
    assert type(error) is InputError
    assert (error.where, error.what, error.hint) == ("x.mp4", "broken", "copy it again")
    assert str(error) == "x.mp4: broken; copy it again"


def _fail(kind: str) -> None:
    if kind == "input":
        raise InputError("clip.mp4", "has no video stream", "give a file with a picture")
    raise UnknownNameError("unknown decoder 'peeks'; did you mean 'peaks'?")


def test_errors_survive_the_way_back_from_another_process():
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        with pytest.raises(InputError, match=r"clip\.mp4: has no video stream; give a file") as caught:
            pool.submit(_fail, "input").result()
        assert caught.value.hint == "give a file with a picture"
        with pytest.raises(UnknownNameError, match="did you mean 'peaks'"):
            pool.submit(_fail, "name").result()
