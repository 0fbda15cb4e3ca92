"""Greetings of the runtime are held back; everything else comes through."""

import os
import sys

import pytest

from fleeting.face._quiet import without_greetings


def test_only_greetings_are_dropped(capfd):
    with without_greetings():
        os.write(2, b"INFO: hello\nWARNING: mind this\nINFO: bye\nbroken INFO: kept\n")
    assert capfd.readouterr().err == "WARNING: mind this\nbroken INFO: kept\n"


def test_what_was_written_before_and_after_keeps_its_order(capfd):
    sys.stderr.write("before\n")
    with without_greetings():
        sys.stderr.write("within\n")
        sys.stderr.flush()
    sys.stderr.write("after\n")
    sys.stderr.flush()
    assert capfd.readouterr().err == "before\nwithin\nafter\n"


def test_an_error_comes_through_and_stderr_is_whole_again(capfd):
    with pytest.raises(ValueError, match="broken model"), without_greetings():
        os.write(2, b"ERROR: last words\n")
        raise ValueError("broken model")
    os.write(2, b"INFO: not in a block\n")
    assert capfd.readouterr().err == "ERROR: last words\nINFO: not in a block\n"


def test_much_output_does_not_block(capfd):
    with without_greetings():
        for _ in range(300):
            os.write(2, b"INFO: " + b"x" * 1000 + b"\n")  # more than a pipe holds
        os.write(2, b"end\n")
    assert capfd.readouterr().err == "end\n"
