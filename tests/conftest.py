"""For all tests: nothing is timed, and a failing property says how to be run again."""

import os
import secrets
import signal

import pytest
from hypothesis import settings

# Hypothesis fails a slow example by default: on a busy machine that says nothing about the code.
settings.register_profile("fleeting", deadline=None, print_blob=True)
settings.load_profile("fleeting")

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def ray_token():
    """One token for every Ray cluster of this process.

    Recent Ray asks for one, keeps it in the home folder, which not every machine lets it write, and reads it
    once in a process: a second token would be taken for a wrong one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        yield os.environ["RAY_AUTH_TOKEN"]
