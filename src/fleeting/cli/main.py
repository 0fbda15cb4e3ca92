"""The command line: what there is, and how it ends.

Everything heavy is imported by the command that needs it, so that ``fleeting --help`` comes at once.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import click
import typer
from typer.core import TyperGroup

from fleeting.cli import analyze, bench, datasets, demo, doctor, score, synth, systems, train, view
from fleeting.cli._say import complain, never_stumble

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


class _Front(TyperGroup):
    """The list of commands in plain text: to load what draws boxes takes longer than all the rest."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group.format_help(self, ctx, formatter)


app = typer.Typer(
    cls=_Front,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("analyze")(analyze.analyze)
app.command("demo")(demo.demo)
app.command("view")(view.view)
app.add_typer(synth.app, name="synth")
app.add_typer(datasets.app, name="datasets")
app.add_typer(systems.app, name="systems")
app.command("train")(train.train)
app.command("bench")(bench.bench)
app.add_typer(score.app, name="score")
app.command("doctor")(doctor.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        from fleeting import __version__

        typer.echo(f"fleeting {__version__}")
        raise typer.Exit


@app.callback()
def _fleeting(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Say which version this is."),
    ] = False,
) -> None:
    """From a video of a face to its micro-expressions: when, where on the face, which action units."""


def run() -> NoReturn:
    """Run the command line and leave with its exit code."""
    never_stumble()
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        As after ``fleeting``.

    Returns
    -------
    int
        0 done, 1 an input failed (the others are done and saved), 2 wrong usage, 130 stopped by Ctrl-C.
        An error that nobody foresaw comes through.

    Examples
    --------
    >>> main(["--version"])
    fleeting ...
    0
    """
    try:
        code = typer.main.get_command(app).main(list(arguments), prog_name="fleeting", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_USAGE
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "fleeting"
        complain(f"{error.format_message().rstrip('.')}; see: {where} --help")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        from fleeting.core import FleetingError, UsageError  # numpy is not for everybody's way

        if not isinstance(error, FleetingError):
            raise
        complain(str(error))
        return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    return code if isinstance(code, int) else 0
