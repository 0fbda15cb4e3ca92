"""The command line as ``python -m fleeting``."""

from fleeting.cli import run

if __name__ == "__main__":
    run()
