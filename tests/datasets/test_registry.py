"""Names, aliases, and facts that every dataset must state."""

import pytest

import fleeting.datasets as datasets
from fleeting.core import UnknownNameError, UsageError

NAMES = (
    "4dme", "casme", "casme-sq", "casme2", "casme3-a", "casme3-c", "cmed", "csv", "dfme",
    "megc2019-composite", "megc2019-flow", "mmew", "mmme", "samm", "samm-lv", "smic-e-hs", "smic-e-nir",
    "smic-e-vis", "smic-hs", "smic-nir", "smic-vis", "wdmd",
)  # fmt: skip


def test_all_datasets_are_there() -> None:
    assert tuple(datasets.names()) == NAMES


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("SMIC", "smic-hs"), ("casme3", "casme3-a"), ("samm_lv", "samm-lv"), ("fourdme", "4dme"),
        ("CAS(ME)^2", "casme-sq"), ("casme_sq", "casme-sq"), (" CASME2 ", "casme2"),
    ],
)  # fmt: skip
def test_aliases(alias: str, name: str) -> None:
    assert datasets.info(alias).name == name


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'casme2'"):
        datasets.get("caseme2")


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_stated(name: str) -> None:
    info = datasets.info(name)
    for field in ("title", "clips", "subjects", "fps", "licence", "request", "citation", "layout", "sheets"):
        assert getattr(info, field), f"{name}: {field}"
    for key, counts in info.class_counts.items():
        assert set(counts) == set(info.labels[key].classes)
    if "csv" not in name:
        assert any(word in info.request.lower() for word in ("ask", "send"))


def test_a_label_map_with_a_stray_class_is_refused() -> None:
    with pytest.raises(UsageError, match="foo"):
        datasets.LabelMap(("a",), {"word": "foo"})
