"""Untrimmed recordings of a dataset as spotters take them: decoded, measured, kept in the cache."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fleeting import datasets, systems
from fleeting.bench._prepare_one import align_version
from fleeting.bench._video_rows import CLOSED, CROPS, FILM_INPUTS, MAPS, ROIS, SIGNALS, video_recording
from fleeting.bench.data import cache_folder
from fleeting.bench.made_sets import RECORDINGS, made_set
from fleeting.bench.prepare import Missing, PrepareProgress
from fleeting.core import InputError, Interval, UsageError
from fleeting.datasets import Recording
from fleeting.io import ArrayCache, code_version, content_key, entry_key
from fleeting.jobs import run_jobs
from fleeting.systems import SpottingRecording

INVENTED = "synth-signals"
INVENTED_PEOPLE, INVENTED_EACH = 20, 2
MOST_DROPPED = 3  # frames that an onset or offset may be away from the nearest one that is there
_GROUPS = {**dict.fromkeys(ROIS, "rois"), **dict.fromkeys(SIGNALS, "signals"), CROPS: CROPS, MAPS: MAPS}
_MEMBERS = {group: tuple(n for n in FILM_INPUTS if _GROUPS[n] == group) for group in _GROUPS.values()}


@dataclass(frozen=True)
class LoadedRecordings:
    """Recordings, and those that could not be measured, each with the reason."""

    recordings: tuple[SpottingRecording, ...]
    missing: tuple[Missing, ...] = ()


def load_recordings(
    name: str,
    root: str | os.PathLike[str] | None = None,
    *,
    inputs: Sequence[str] = tuple(ROIS),
    seed: int = 0,
    cache: str | os.PathLike[str] | None = None,
    reading: Mapping[str, Any] | None = None,
    jobs: int = 1,
    ray_address: str | None = None,
    on_progress: Callable[[PrepareProgress], object] | None = None,
) -> LoadedRecordings:
    """Give the untrimmed recordings of a dataset as spotters take them.

    Each film is decoded and measured once, in one pass, and kept in the cache; a killed run goes on with the
    next film. A film that cannot be measured costs only itself.

    Parameters
    ----------
    name
        ``synth-recordings``, also with a count and a number of people (``synth-recordings:60:30``);
        ``synth-signals``, region signals without pixels, also with a number of people (``synth-signals:12``);
        or a name of `fleeting.datasets.names` that has untrimmed videos, ``csv`` for one's own.
    root
        Folder of the dataset; synthetic sets need none.
    inputs
        What spotters take, such as ``roi36``; `FILM_INPUTS` can be made of films. With the signals of the
        training-free spotter comes ``closed``, the frames in which the lids were low.
    seed
        Of synthetic sets.
    cache
        By default ``FLEETING_CACHE`` or the user's cache folder.
    reading
        Options of `fleeting.datasets.open`.
    jobs, ray_address
        As in `fleeting.jobs.run_jobs`.
    on_progress
        Called after each film.

    Raises
    ------
    UsageError
        For an unknown set or input, a real set without a root, a set of trimmed clips.
    InputError
        Where no film can be measured.

    Examples
    --------
    >>> found = load_recordings("synth-signals:2", inputs=["roi36"]).recordings
    >>> len(found), found[0].inputs["roi36"].shape[1]
    (4, 36)
    """
    plain, _, size = name.partition(":")
    if plain == INVENTED:
        return LoadedRecordings(_invented(name, size, inputs, seed))
    unknown = [one for one in inputs if one not in FILM_INPUTS]
    if unknown:
        raise UsageError(
            f"input {unknown[0]!r} cannot be made from films; these can: {', '.join(FILM_INPUTS)}"
        )
    if set(SIGNALS) & set(inputs) and CLOSED not in inputs:
        inputs = (*inputs, CLOSED)  # what tells a blink goes with the signals of `analyze`
    folder = cache_folder() if cache is None else Path(cache)
    if plain == RECORDINGS:
        dataset = datasets.open("csv", made_set(name, cache=folder, seed=seed, jobs=jobs))
    else:
        datasets.get(name)  # an unknown name is told before a missing root
        if root is None:
            raise UsageError(f"dataset {name!r} lies in a folder of yours; give it with --root")
        dataset = datasets.open(name, Path(root), **(reading or {}))
    films = dataset.recordings()
    if not films:
        raise UsageError(f"{name} has no untrimmed videos: spotters need them; see fleeting datasets info")
    plan = partial(measure_recording, str((folder / "recordings").absolute()), tuple(inputs))
    missing: list[Missing] = []
    with closing(run_jobs(plan, films, jobs=jobs, ray_address=ray_address)) as results:
        kept: dict[int, Any] = {}
        for done, one in enumerate(results, 1):
            film = films[one.index]
            if one.error is None:
                kept[one.index] = one.unwrap()
            else:
                missing.append(Missing(film.id, "", str(one.error)))
            if on_progress is not None:
                on_progress(PrepareProgress(done, len(films), film.id, one.error))
    store = ArrayCache(folder / "recordings")
    found = [_as_recording(films[at], kept[at], store, tuple(inputs)) for at in sorted(kept)]
    if not found:
        told = f"none of the {len(films)} recordings could be measured; the first: {missing[0].reason}"
        raise InputError(dataset.root, told)
    return LoadedRecordings(tuple(found), tuple(missing))


def is_recordings(name: str) -> bool:
    """Whether a name is that of a synthetic set of recordings.

    Examples
    --------
    >>> is_recordings("synth-recordings:8"), is_recordings("synth-signals"), is_recordings("synth-clips")
    (True, True, False)
    """
    return name.partition(":")[0] in (RECORDINGS, INVENTED)


def _invented(name: str, size: str, inputs: Sequence[str], seed: int) -> tuple[SpottingRecording, ...]:
    if size and not (size.isdecimal() and int(size) > 0):
        raise UsageError(f"data {name!r}: expected {INVENTED} or {INVENTED}:PEOPLE")
    people = int(size) if size else INVENTED_PEOPLE
    found = systems.feature_recordings(people, INVENTED_EACH, seed=seed + 1)
    lost = [one for one in inputs if one not in found[0].inputs]
    if lost:
        have = ", ".join(found[0].inputs)
        raise UsageError(f"data {name!r} hold no {lost[0]!r} (they have: {have}); take {RECORDINGS}")
    return tuple(found)


def measure_recording(folder: str, inputs: tuple[str, ...], film: Recording) -> dict[str, str]:
    """Measure a film where the cache does not hold it yet; what runs in a worker.

    Returns
    -------
    dict
        Key of the cache by group of inputs.
    """
    if film.path is None:
        raise InputError(film.id, "is not on disk", "see fleeting datasets check")
    store = ArrayCache(folder)
    files = film.frames() if film.path.is_dir() else [film.path]
    content = content_key(files, store)
    groups = tuple(dict.fromkeys(_GROUPS[name] for name in inputs))
    code = _version()
    keys = {
        group: entry_key(kind="film", group=group, content=content, fps=film.fps, code=code)
        for group in groups
    }
    wanted = [group for group in groups if store.get(keys[group]) is None]
    if wanted:
        names = [name for group in wanted for name in _MEMBERS[group]]
        seen = video_recording(film.path, fps=film.fps if film.path.is_dir() else None, inputs=names)
        for group in wanted:
            arrays = {name: np.asarray(seen.inputs[name]) for name in _MEMBERS[group]}
            store.put(keys[group], {"times": seen.times, **arrays}, {"recording": film.id})
    return keys


def _as_recording(
    film: Recording, keys: Mapping[str, str], store: ArrayCache, inputs: tuple[str, ...]
) -> SpottingRecording:
    arrays: dict[str, np.ndarray] = {}
    for key in keys.values():
        entry = store.get(key, verify=False)  # whoever made or found it just now has verified it
        if entry is None:
            raise InputError(store.path(key), "was taken away while it was needed", "run again")
        arrays |= dict(entry.arrays)
    times = arrays["times"]
    coded = place_events(film, times)
    return SpottingRecording(
        film.id,
        film.subject,
        film.dataset,
        times,
        {name: arrays[name] for name in inputs},
        tuple(interval for interval, _ in coded),
        tuple(emotion for _, emotion in coded),
    )


def place_events(film: Recording, times: np.ndarray) -> list[tuple[Interval, str]]:
    """Give the coded movements in places of the decoded frames, with the emotion, by onset.

    Sheets count frames by file name; a release that dropped frames has fewer places than numbers, so that
    onset and offset go to the nearest frame there is. What is coded after the end is left out, as is what
    has no frame near it.

    Parameters
    ----------
    film
        As a dataset gives it.
    times
        ``(T,)`` seconds of the decoded frames.
    """
    numbers = np.arange(len(times))
    if film.path is not None and film.path.is_dir() and len(film.numbers()) == len(times):
        numbers = np.array(film.numbers())
    fps = film.fps or 1 / float(np.median(np.diff(times)))
    placed: list[tuple[Interval, str]] = []
    for event in film.events:
        onset = _nearest(numbers, event.onset)
        if onset is None:
            continue
        offset = _nearest(numbers, min(event.offset, int(numbers[-1])))
        offset = onset if offset is None else max(onset, offset)
        apex = None if event.apex is None else _nearest(numbers, event.apex)
        apex = None if apex is None else min(max(apex, onset), offset)
        one = Interval.from_frames(onset, offset, fps=fps, apex=apex, kind=event.kind)  # type: ignore[arg-type]
        placed.append((one, event.emotion))
    return sorted(placed, key=lambda one: one[0].onset_frame)


def _nearest(numbers: np.ndarray, wanted: int) -> int | None:
    """Place of the frame with this number or near it, ``None`` where there is none."""
    at = int(np.argmin(np.abs(numbers - wanted)))
    return at if abs(int(numbers[at]) - wanted) <= MOST_DROPPED else None


def _version() -> str:
    from fleeting import analysis, motion

    here, watch = Path(__file__).parent, Path(str(analysis.__file__)).parent
    parts = (here / "_video_rows.py", watch / "measure.py", watch / "rois.py")
    code = code_version(*parts, Path(str(motion.__file__)).parent)
    return entry_key(code=code, align=align_version())[:16]
