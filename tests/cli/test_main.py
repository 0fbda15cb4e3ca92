"""The front of the command line: what it lists, how it fails, how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

import fleeting
from fleeting.cli import main as room
from fleeting.cli._say import complain, one_line
from fleeting.core import InputError, ShapeError, UnknownNameError

COMMANDS = ["analyze", "demo", "view", "train", "bench", "doctor", "synth", "datasets", "systems", "score"]


def fleeting_process(*arguments: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from fleeting.cli.main import run; run()", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    return subprocess.Popen(command, **(pipes | options))  # type: ignore[call-overload, no-any-return]


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert room.main(["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.strip().splitlines()] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert room.main([command, "--help"]) == 0
    assert command in capsys.readouterr().out


def test_help_loads_nothing_that_is_not_needed_for_it() -> None:
    code = (
        "import json, sys\nfrom fleeting.cli.main import main\ncode = main(['--help'])\n"
        "print(json.dumps([code, sorted(sys.modules)]))"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST"))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    exit_code, modules = json.loads(done.stdout.splitlines()[-1])
    assert exit_code == 0
    for heavy in ("numpy", "scipy", "cv2", "av", "torch", "pydantic", "jinja2", "rich.markdown", "pandas"):
        assert heavy not in modules
    assert not [name for name in modules if name.startswith("fleeting.") and name.split(".")[1] != "cli"]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert room.main(["--version"]) == 0
    assert capsys.readouterr().out == f"fleeting {fleeting.__version__}\n"


def test_nothing_asked_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert room.main([]) == 2
    assert "Commands:" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "wrong", "see"),
    [
        (["analyse"], "analyse", "fleeting --help"),
        (["analyze"], "VIDEO", "fleeting analyze --help"),
        (["analyze", "a.mp4"], "--out", "fleeting analyze --help"),
        (["analyze", "a.mp4", "--out", "o", "--jobs", "0"], "--jobs", "fleeting analyze --help"),
        (["analyze", "a.mp4", "--out", "o", "--from", "x"], "--from", "fleeting analyze --help"),
        (["synth", "plants"], "plants", "fleeting synth --help"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], wrong: str, see: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert room.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert wrong in line
    assert line.endswith(f"; see: {see}")


def raising(error: BaseException) -> Callable[..., None]:
    def demo(**_: object) -> None:
        raise error

    return demo


@pytest.fixture
def command_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], int]:
    """Run `fleeting doctor` in such a way that it raises."""

    def run(error: BaseException) -> int:
        monkeypatch.setattr("fleeting.cli.doctor.examine", raising(error))
        return room.main(["doctor"])

    return run


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("a\nb", "is empty", "fill it"), 1, "error: a\\nb: is empty; fill it"),
        (ShapeError("curve: expected shape (T), got (2, 3)"), 2, None),
        (UnknownNameError("unknown rule 'x'; available: strict"), 2, None),
    ],
)
def test_expected_errors_are_one_line(
    error: Exception,
    code: int,
    line: str | None,
    command_that: Callable[[BaseException], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def raise_it() -> None:
        raise error

    assert command_that(error) == code
    assert capsys.readouterr().err == (line or f"error: {error}") + "\n"


def test_unexpected_errors_come_through(command_that: Callable[[BaseException], int]) -> None:
    with pytest.raises(ZeroDivisionError):
        command_that(ZeroDivisionError("a bug"))


def test_interruption_is_130(command_that: Callable[[BaseException], int]) -> None:
    assert command_that(KeyboardInterrupt()) == 130


def test_a_reader_that_leaves_is_no_error() -> None:
    """As in `fleeting datasets list | head -1`, with more text than a pipe holds."""
    code = (
        "import sys, typer\nfrom fleeting.cli import main, doctor\n"
        "def flood(checks):\n    for _ in range(5000): typer.echo('x' * 100)\n    return ''\n"
        "doctor.examine, doctor.as_text = lambda: [], flood\nsys.argv[1:] = ['doctor']\nmain.run()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 1


def test_a_reader_that_leaves_before_the_last_line_is_no_error() -> None:
    """A few lines stay in the buffer of stdout until the end."""
    process = fleeting_process("--version")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()


def test_an_encoding_without_the_letters_is_no_error() -> None:
    """As on Windows, where a pipe has the encoding of the region."""
    code = (
        "import sys\nfrom fleeting.cli import main, doctor\n"
        "doctor.examine, doctor.as_text = lambda: [], lambda checks: '漢 é ─'\n"
        "sys.argv[1:] = ['doctor']\nmain.run()"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.strip() == b"\\u6f22 \xe9 \\u2500"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain é 漢字.mp4", "plain é 漢字.mp4"),
        ("a\r\nb\tc\x1b[31m", "a\\r\\nb\\tc\\x1b[31m"),
        (os.fsdecode(b"\xff.mp4"), "\\udcff.mp4"),
        ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
    ],
)
def test_names_cannot_break_a_line(text: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert one_line(text) == line
    complain(text)
    assert capsys.readouterr().err == f"error: {line}\n"


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run([sys.executable, "-m", "fleeting", "--version"], capture_output=True, check=True)
    assert done.stdout.decode().split() == ["fleeting", fleeting.__version__]
