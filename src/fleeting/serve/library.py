"""The results of a folder, and the videos that belong to them."""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

from fleeting.core import InputError, Report, UnknownNameError
from fleeting.io import content_sha256, read_result

NO_RESULT = "is no result of fleeting"
WARM_BYTES = 8 * 2**30  # of videos that are compared before anybody asks


@dataclass(frozen=True)
class Recording:
    """One result: its name in addresses, its file, and what it says; ``error`` where it cannot be read."""

    id: str
    name: str
    path: Path
    report: Report | None
    error: str = ""

    @property
    def signals_path(self) -> Path:
        """Where the signals lie."""
        return self.path.with_name(self.path.stem + ".signals.npz")


@dataclass(frozen=True)
class FoundVideo:
    """Where the video of a recording is, or why it may not be shown (yet, where ``pending``)."""

    path: Path | None
    why: str = ""
    pending: bool = False


class Library:
    """The results in one folder, or a single one.

    Parameters
    ----------
    place
        A folder with results, or one result (``.json``).
    videos
        A further folder in which videos may lie.

    Raises
    ------
    InputError
        Where there is no such place or no result in it.
    """

    def __init__(self, place: Path, videos: Path | None = None) -> None:
        place = place.absolute()
        if not place.exists():
            raise InputError(place, "does not exist", "give the folder that analyze wrote")
        self._only = place if place.is_file() else None
        self.folder = (place.parent if self._only else place).resolve()
        if videos is not None and not videos.is_dir():
            raise InputError(videos, "is no folder", "give the folder that the videos are in")
        self.videos = videos.resolve() if videos is not None else None
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[tuple[int, int], Recording | None]] = {}
        if self._only is not None:
            read_result(self._only, signals=False)
        if not self.recordings():
            hint = "analyse a video first: fleeting analyze VIDEO --out DIR"
            raise InputError(place, "holds no result of fleeting", hint)

    def recordings(self) -> list[Recording]:
        """List the results by name, as they are on disk now."""
        with self._lock:
            paths = [self._only] if self._only else sorted(self.folder.glob("*.json"))
            found = [self._recording(path) for path in paths]
            return [one for one in found if one is not None]

    def get(self, number: str) -> Recording:
        """Give the recording with this id.

        Raises
        ------
        UnknownNameError
            Where there is none.
        InputError
            Where its result cannot be read.
        """
        for one in self.recordings():
            if one.id == number:
                if one.report is None:
                    raise InputError(one.name, one.error, "run analyze again")
                return one
        raise UnknownNameError("there is no such recording here; go back to the list")

    def _recording(self, path: Path) -> Recording | None:
        try:
            stat = path.stat()
        except OSError:
            return None
        mark = (stat.st_mtime_ns, stat.st_size)
        known = self._known.get(path)
        if known is None or known[0] != mark:
            known = (mark, _read(path))
            self._known[path] = known
        return known[1]


def _read(path: Path) -> Recording | None:
    number = hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    try:
        return Recording(number, path.stem, path, read_result(path, signals=False))
    except InputError as error:
        if error.what.startswith(NO_RESULT):
            return None  # somebody else's JSON
        return Recording(number, path.stem, path, None, error.what)


class VideoFinder:
    """Finds the video of a recording, and shows none that is not meant.

    What may be shown: a file in the folder of the results or in ``--videos``, and the very file that a result
    names where its content is the one that was analysed. All of them are compared by content; in the two
    folders that is done while the first frames are looked at already, elsewhere before anything is shown.

    Parameters
    ----------
    library
        The results.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._hashes: dict[tuple[str, int, int], str] = {}
        self._running: dict[tuple[str, int, int], threading.Event] = {}

    def find(self, recording: Recording, *, sure: bool = False, patient: bool = True) -> FoundVideo:
        """Find the video.

        Parameters
        ----------
        recording
            Whose.
        sure
            Wait for the comparison of contents in all cases.
        patient
            Wait for it where nothing may be shown before; else compare nothing and say that it is pending.
        """
        report = recording.report
        if report is None:
            return FoundVideo(None, recording.error)
        named = Path(report.video.path)
        other = False
        for path in self._candidates(named):
            inside = self._inside(path)
            known = self._hash(path, wait=sure or (patient and not inside), begin=sure or patient)
            if known is None and not inside:
                return FoundVideo(None, f"{named.name}: its content is being compared", pending=True)
            if known is None or known == report.video.sha256:
                return FoundVideo(path)
            other = True
        if other:
            why = "has other content than the video that was analysed; give the right one with --videos DIR"
            return FoundVideo(None, f"{named.name}: {why}")
        return FoundVideo(None, f"{named.name}: not found; say where the videos are with --videos DIR")

    def warm(self) -> threading.Thread:
        """Begin to compare the contents of the videos, one after the other, in a thread.

        Of a large collection only the first: the others when they are opened.
        """

        def work() -> None:
            read = 0
            for one in self._library.recordings():
                if one.report is not None:
                    read += sum(_size(path) for path in self._candidates(Path(one.report.video.path)))
                if read > WARM_BYTES:
                    break
                self.find(one, sure=True)

        thread = threading.Thread(target=work, daemon=True, name="fleeting-hash")
        thread.start()
        return thread

    def _candidates(self, named: Path) -> list[Path]:
        """Places to look at, those in our folders first."""
        folders = [folder for folder in (self._library.videos, self._library.folder) if folder]
        places = [folder / named.name for folder in folders]
        if self._library.videos is not None:
            places += sorted(self._library.videos.glob(f"*/{_literal(named.name)}"))
        places += [named if named.is_absolute() else self._library.folder / named, named]
        found: dict[Path, None] = {}
        for place in places:
            try:
                if place.exists():
                    found.setdefault(place.resolve())
            except (OSError, ValueError):  # a name that this system cannot have
                continue
        return list(found)

    def _inside(self, path: Path) -> bool:
        folders = [folder for folder in (self._library.videos, self._library.folder) if folder]
        return any(path.is_relative_to(folder) for folder in folders)

    def _hash(self, path: Path, *, wait: bool, begin: bool) -> str | None:
        """Hash of a file's content; None where it is not known yet and nobody wants to wait."""
        try:
            stat = path.stat()
        except OSError:
            return ""
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        with self._lock:
            if key in self._hashes:
                return self._hashes[key]
            if not begin:
                return None
            done = self._running.get(key)
            mine = done is None
            if done is None:
                done = self._running[key] = threading.Event()
        if mine:
            thread = threading.Thread(target=self._work, args=(path, key, done), daemon=True)
            thread.start()
        if not wait:
            return None
        done.wait()
        return self._hashes.get(key, "")

    def _work(self, path: Path, key: tuple[str, int, int], done: threading.Event) -> None:
        try:
            self._hashes[key] = content_sha256(path)
        except InputError:
            self._hashes[key] = ""
        finally:
            with self._lock:
                self._running.pop(key, None)
            done.set()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _literal(name: str) -> str:
    """Quote what ``glob`` would read as a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
