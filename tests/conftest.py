"""For all tests: nothing is timed, and a failing property says how to be run again."""

import signal

from hypothesis import settings

# Hypothesis fails a slow example by default: on a busy machine that says nothing about the code.
settings.register_profile("fleeting", deadline=None, print_blob=True)
settings.load_profile("fleeting")

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
