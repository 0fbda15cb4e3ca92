"""The command line as ``python -m fleeting``."""

from fleeting.cli.main import run

if __name__ == "__main__":
    run()
