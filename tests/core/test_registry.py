import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import Registry, UnknownNameError, UsageError


def decoders() -> Registry[object]:
    table: Registry[object] = Registry("decoder")
    table.register("peaks")(len)
    table.register("hysteresis")(max)
    return table


def test_what_was_filed_is_found():
    table = decoders()
    assert table.get("peaks") is len
    assert table.names() == list(table) == ["hysteresis", "peaks"]
    assert "peaks" in table
    assert "peeks" not in table


def test_the_decorator_leaves_the_thing_as_it_is():
    @decoders().register("mean")
    def mean(values):
        return sum(values) / len(values)

    assert mean([1, 3]) == 2


def test_a_name_is_given_once():
    with pytest.raises(UsageError, match="decoder 'peaks' is registered twice"):
        decoders().register("peaks")(min)
    table = decoders()
    with pytest.raises(UsageError):
        table.register("peaks")(min)
    assert table.get("peaks") is len  # the first stays


def test_a_typing_error_gets_a_guess():
    with pytest.raises(UnknownNameError) as caught:
        decoders().get("peeks")
    assert str(caught.value) == (
        "unknown decoder 'peeks'; did you mean 'peaks'? available: hysteresis, peaks"
    )


def test_without_a_guess_and_without_names():
    with pytest.raises(UnknownNameError, match="unknown decoder 'zzz'; available: hysteresis, peaks"):
        decoders().get("zzz")
    with pytest.raises(UnknownNameError, match="unknown reader 'x'; available: none"):
        Registry("reader").get("x")
    with pytest.raises(KeyError):
        decoders().get("zzz")


@given(st.lists(st.text(min_size=1), unique=True))
def test_names_come_sorted_and_complete(names):
    table: Registry[int] = Registry("thing")
    for i, name in enumerate(names):
        table.register(name)(i)
    assert table.names() == sorted(names)
    assert [table.get(name) for name in names] == list(range(len(names)))
