"""Names for things that can be chosen: decoders, readers, systems."""

import difflib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from fleeting.core.errors import UnknownNameError, UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of named things whose errors say what is there.

    Examples
    --------
    >>> flows = Registry("flow")
    >>> @flows.register("dis")
    ... def dis(): ...
    >>> flows.names()
    ['dis']
    >>> flows.get("diss")
    Traceback (most recent call last):
    ...
    fleeting.core.errors.UnknownNameError: unknown flow 'diss'; did you mean 'dis'? available: dis
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that files a thing under a name, once."""

        def file(item: T) -> T:
            if name in self._items:
                raise UsageError(f"{self.what} {name!r} is registered twice")
            self._items[name] = item
            return item

        return file

    def get(self, name: str) -> T:
        """Look a name up; raises UnknownNameError with the nearest names."""
        if name in self._items:
            return self._items[name]
        near = difflib.get_close_matches(name, self._items, n=1)
        guess = f" did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(
            f"unknown {self.what} {name!r};{guess} available: {', '.join(self.names()) or 'none'}"
        )

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._items
