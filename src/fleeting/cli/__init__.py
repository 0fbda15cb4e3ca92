"""The command line, see `run`; one file for each command."""

from fleeting.cli.main import run

__all__ = ["run"]
