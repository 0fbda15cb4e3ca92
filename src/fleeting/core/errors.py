"""Errors that a person can act on: each says what is wrong, where, and what to do."""


class FleetingError(Exception):
    """Base of all errors that fleeting raises on purpose."""


class UsageError(FleetingError, ValueError):
    """An argument is wrong: the caller can mend it without touching a file."""


class ShapeError(UsageError):
    """An array has another shape or type than the function takes."""


class UnknownNameError(UsageError, KeyError):
    """A name is not registered; the message lists what is."""

    def __str__(self) -> str:  # KeyError would print the repr
        return str(self.args[0]) if self.args else ""


class InputError(FleetingError):
    """A file or folder cannot be used.

    Parameters
    ----------
    where
        The file or folder, as the user named it.
    what
        What is wrong with it.
    hint
        What the user can do.

    Examples
    --------
    >>> str(InputError("a.mp4", "has no video stream", "give a file with a picture"))
    'a.mp4: has no video stream; give a file with a picture'
    """

    def __init__(self, where: object, what: str, hint: str = "") -> None:
        self.where, self.what, self.hint = str(where), what, hint
        super().__init__(f"{where}: {what}" + (f"; {hint}" if hint else ""))

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        """Survive the way back from a worker process."""
        return type(self), (self.where, self.what, self.hint)
