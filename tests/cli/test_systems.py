import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")

from fleeting import systems
from fleeting.cli.main import main


def test_list_names_every_system_with_its_task_and_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in systems.list():
        row = next(line for line in lines if line.split()[:1] == [name])
        assert systems.card(name).task in row


def test_list_keeps_to_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", "list", "--task", "gaze"]) == 0
    assert "ststnet" not in capsys.readouterr().out
    assert main(["systems", "list", "--task", "recognition"]) == 0
    assert "ststnet" in capsys.readouterr().out
    assert main(["systems", "list", "--task", "cooking"]) == 2
    assert "expected one of recognition" in capsys.readouterr().err


def test_show_keeps_published_numbers_apart_and_says_the_switches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", "show", "ststnet"]) == 0
    shown = capsys.readouterr().out
    told, _, rest = shown.partition("published, not measured here:")
    assert "0.7353" not in told and "MEGC2019 composite, LOSO: UF1 0.7353 (official log)" in rest
    assert "strain (on): " in shown and "known faults:" in shown and "arXiv:1902.03634" in shown


def test_the_citation_alone_can_go_into_a_bib_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", "show", "rcn-a", "--bibtex"]) == 0
    cited = capsys.readouterr().out
    assert (
        cited.startswith("@article{")
        and cited.rstrip().endswith("}")
        and cited.count("{") == cited.count("}")
    )


@pytest.mark.parametrize("name", systems.list())
def test_every_card_can_be_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", "show", name]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: ")


def test_an_unknown_system_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", "show", "ststnett"]) == 2
    assert "did you mean 'ststnet'" in capsys.readouterr().err
