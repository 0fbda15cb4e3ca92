"""``fleeting datasets``: tables, exit codes, one-line errors, and nothing heavy on the way."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleeting.cli.datasets import app

HEADER = "path,subject,onset,apex,offset,fps,label,aus\n"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    for n in range(10):
        (tmp_path / f"a/{n}.png").touch()
    path = tmp_path / "samples.csv"
    path.write_text(HEADER + "a,p1,0,4,9,50,anger,4+[7]\na,p1,9,9,2,50,anger,4\n", encoding="utf-8")
    return path


def test_list_shows_every_dataset(runner: CliRunner) -> None:
    from fleeting import datasets

    result = runner.invoke(app, ["list"])
    assert result.exit_code == 0
    assert all(name in result.stdout for name in datasets.names())
    assert all(word in result.stdout for word in ("clips", "subjects", "fps", "licence", "200, 300, 500"))


def test_info_shows_request_citation_and_label_maps(runner: CliRunner) -> None:
    result = runner.invoke(app, ["info", "casme2"])
    assert result.exit_code == 0
    for words in (
        "how to ask",
        "casme.psych.ac.cn",
        "PLoS ONE",
        "negative (disgust, repression)",
        "EP02_01f",
    ):
        assert words in result.stdout


def test_info_of_an_unknown_name_is_one_line_and_exit_2(runner: CliRunner) -> None:
    result = runner.invoke(app, ["info", "caseme2"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert "did you mean 'casme2'" in result.stderr


def test_check_of_a_complete_set(runner: CliRunner, table: Path) -> None:
    result = runner.invoke(app, ["check", "csv", "--root", str(table)])
    assert result.exit_code == 0, result.output
    assert "1 of 1 on disk" in result.stdout
    assert "offset 2 before onset 9" in result.stdout
    assert "[7]" in result.stdout


def test_check_groups_what_concerns_many_rows(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    lines = [f"a{n},p1,0,,9,50,anger,4" for n in range(8)]
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    result = runner.invoke(app, ["check", "csv", "--root", str(path)])
    assert result.exit_code == 1
    assert "rows changed: 8" in result.stdout
    assert result.stdout.count("no apex: policy midpoint") == 1
    assert "csv/p1/a4 and 3 more" in result.stdout


def test_check_of_an_empty_folder_says_how_to_ask(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(app, ["check", "samm", "--root", str(tmp_path)])
    assert result.exit_code == 1
    assert "SAMM_Micro_FACS_Codes_v2.xlsx" in result.stdout
    assert "How to ask for it: Ask at http" in result.stdout


def test_check_of_a_wrong_root_is_exit_2(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(app, ["check", "samm", "--root", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "no such file or folder for samm; expected SAMM_Micro" in result.stderr


def test_manifest_writes_the_table_and_counts(runner: CliRunner, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/m.csv"
    result = runner.invoke(app, ["manifest", "csv", "--root", str(table), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "1 rows; 1 not usable" in result.stdout
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--offset", "zero"], "offset policy 'zero': expected one of apex, mirror, drop"),
        (["--apex", "x"], "midpoint"),
    ],
)
def test_unknown_policies_are_usage_errors(
    runner: CliRunner, table: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    arguments = ["manifest", "csv", "--root", str(table), "--out", str(tmp_path / "m.csv"), *options]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_option_that_a_reader_does_not_have_is_a_usage_error(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(app, ["check", "megc2019-flow", "--root", str(tmp_path), "--apex", "none"])
    assert result.exit_code == 2
    assert "megc2019-flow takes no apex" in result.stderr


def test_importing_the_command_loads_no_reader() -> None:
    code = "import sys, fleeting.cli.datasets; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = set(done.stdout.split())
    assert "fleeting.cli.datasets" in names
    assert not {"fleeting.datasets", "pandas", "numpy", "openpyxl", "xlrd"} & names
