"""Invented recordings of region signals by name, for spotters to learn from: made anew, never kept."""

from fleeting.core import UsageError
from fleeting.systems import SpottingRecording, varied_recordings

SIGNALS = "synth-signals"
PEOPLE = 200


def signal_set(name: str, *, seed: int = 0) -> list[SpottingRecording]:
    """Make the recordings of a set, one of each person.

    Parameters
    ----------
    name
        ``synth-signals``, or with a number of people: ``synth-signals:400``.
    seed
        Other seeds have other people.

    Returns
    -------
    list of SpottingRecording
        See `fleeting.systems.varied_recordings`.

    Raises
    ------
    UsageError
        For another name.

    Examples
    --------
    >>> len(signal_set("synth-signals:2")), signal_set("synth-signals:1")[0].dataset
    (2, 'varied')
    """
    kind, _, people = name.partition(":")
    if kind != SIGNALS or (people and not (people.isdecimal() and int(people) > 0)):
        raise UsageError(
            f"data {name!r}: spotters learn from {SIGNALS} or {SIGNALS}:PEOPLE here;"
            " for recordings of your own call `fit` of `fleeting.systems.create`"
        )
    return varied_recordings(int(people) if people else PEOPLE, seed=seed)
