"""What runs in a worker: one sample to the cache, from which the driver then reads."""

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from fleeting.bench._clip_align import align, as_clip
from fleeting.bench._clip_source import ClipSource, find_source
from fleeting.core import ShapeError, UsageError
from fleeting.datasets import Sample
from fleeting.io import ArrayCache, CacheEntry, code_version, content_key, entry_key
from fleeting.motion import (
    USUAL_FLOW,
    InputMaker,
    find_apex,
    find_flow,
    find_input,
    input_geometry,
    input_names,
)

VALUE = "value"
INPUTS, FRAMES = "inputs", "frames"  # folders of the cache: aligned frames may be deleted on their own


@dataclass(frozen=True)
class Plan:
    """What all samples need, sent to each worker once.

    Parameters
    ----------
    folder
        Of the cache.
    inputs
        Names.
    imports
        Modules to import first: they bring inputs of the user's own.
    flow
        What flow is measured with, a name for `fleeting.motion.find_flow`.
    """

    folder: str
    inputs: tuple[str, ...]
    imports: tuple[str, ...] = ()
    flow: str = USUAL_FLOW


def prepare_one(plan: Plan, sample: Sample) -> dict[str, Any]:
    """Make the inputs of a sample that the cache does not hold.

    Returns
    -------
    dict
        ``keys`` by input, ``computed`` (inputs that were made), ``read`` (whether frames were decoded),
        ``notes``, ``damaged`` (what of the cache had to be made again, and why).
    """
    makers = find_makers(plan.inputs, plan.imports)
    inputs, frames = (_open_cache(str(Path(plan.folder) / part)) for part in (INPUTS, FRAMES))
    work = _Work(inputs, frames, sample, plan.flow)
    seen = [len(one.damaged) for one in (inputs, frames)]
    keys, computed = {}, []
    for maker in makers:
        key = work.input_key(maker)
        keys[maker.name] = key
        if work.cache.get(key) is None:
            computed.append(maker.name)
            work.make(maker, key)
    torn = [*inputs.damaged[seen[0] :], *frames.damaged[seen[1] :]]
    return {
        "keys": keys,
        "computed": computed,
        "read": work.decoded,
        "notes": work.notes,
        "damaged": [f"{one.key[:12]}: {one.why}" for one in torn],
    }


def find_makers(names: tuple[str, ...], imports: tuple[str, ...] = ()) -> list[InputMaker]:
    """Look up the makers; the files of systems are imported only where a name is not known yet.

    Raises
    ------
    UsageError
        Where an input cannot be made from clips; the message names those that can.
    """
    for module in imports:
        import_module(module)
    if any(name not in input_names() for name in names):
        from fleeting import systems

        systems.list()  # importing a system's file registers its inputs
    missing = [name for name in names if name not in input_names()]
    if missing:
        raise UsageError(
            f"input {missing[0]!r} cannot be made from clips; these can: {', '.join(input_names())};"
            " docs/cache.md says how to add one"
        )
    return [find_input(name) for name in names]


@lru_cache(maxsize=4)
def _open_cache(folder: str) -> ArrayCache:
    return ArrayCache(folder)


class _Work:
    """One sample: its source, its aligned frames, found when they are first needed."""

    def __init__(
        self, cache: ArrayCache, aligned: ArrayCache, sample: Sample, flow: str = USUAL_FLOW
    ) -> None:
        self.cache, self.aligned_cache, self.sample, self.flow = cache, aligned, sample, flow
        self.notes: list[str] = []
        self.decoded = False
        self._entries: dict[str, CacheEntry] = {}
        self._keys: dict[str, str] = {}
        self._sources: dict[str, ClipSource] = {}

    def input_key(self, maker: InputMaker) -> str:
        """Name what a maker gives for this sample; another flow, or another network, is another entry."""
        other = {} if self.flow == USUAL_FLOW else {"flow": find_flow(self.flow).version or self.flow}
        return entry_key(
            kind="input",
            name=maker.name,
            aligned=self.aligned_key(maker.frames),
            key=self.source(maker.frames).key,
            fps=self.sample.fps,
            code=_maker_version(maker.name),
            **other,
        )

    def make(self, maker: InputMaker, key: str) -> None:
        """Make an input and keep it."""
        entry = self.aligned(maker.frames)
        onset, apex, offset = self.source(maker.frames).key
        if apex is None:
            raise ShapeError(f"{self.sample.id}: its apex was not found")
        key_frames = (onset, apex, offset)
        clip = as_clip(dict(entry.arrays), dict(entry.meta), key_frames, self.sample.fps, self.flow)
        self.cache.put(key, {VALUE: maker.make(clip)}, {"input": maker.name, "sample": self.sample.id})

    def source(self, frames: str) -> ClipSource:
        """Find the frames; where no apex is coded, look for it in the motion first."""
        if not self._sources:
            whole = find_source(self.sample)
            self._sources = {"all": whole, "tracked": whole}
            if whole.key[1] is None:
                whole = whole.with_apex(self._find_apex())
                self._sources = {"all": whole, "tracked": whole}
                self.notes.append(f"apex looked for in the motion: frame {whole.indices[whole.key[1] or 0]}")
            self._sources["key"] = whole.at_key_frames()
            self.notes += whole.notes
        return self._sources[frames]

    def _find_apex(self) -> int:
        aligned = self.aligned_key("all")
        key = entry_key(kind="apex", aligned=aligned, code=_maker_version("flowmap28"))
        known = self.cache.get(key)
        if known is None:
            frames = self.aligned("all").arrays["frames"]
            apex = find_apex(frames) if len(frames) > 2 else (len(frames) - 1) // 2
            known = self.cache.put(key, {}, {"apex": apex})
        return int(known.meta["apex"])

    def aligned_key(self, frames: str) -> str:
        """Name the aligned frames by the content of their files and by how they are cut."""
        if frames not in self._keys:
            source = self.source(frames)
            self._keys[frames] = entry_key(
                kind="aligned",
                frames=frames,
                content=content_key(source.files, self.cache),
                indices=source.indices if source.video else len(source.indices),
                looks=[at for at in source.key if at is not None],
                geometry=asdict(input_geometry(frames)),
                code=align_version(),
            )
        return self._keys[frames]

    def aligned(self, frames: str) -> CacheEntry:
        """Give the aligned frames from the cache, or read and cut them."""
        if frames not in self._entries:
            key = self.aligned_key(frames)
            entry = self.aligned_cache.get(key)
            if entry is None:
                self.decoded = True
                arrays, meta = align(self.source(frames), frames)
                entry = self.aligned_cache.put(key, arrays, {**meta, "sample": self.sample.id})
            self._entries[frames] = entry
            told: Mapping[str, Any] = entry.meta
            self.notes += [one for one in told["notes"] if one not in self.notes]
        return self._entries[frames]


@lru_cache(maxsize=1)
def align_version() -> str:
    """Name the code and the packages that make aligned frames of pictures."""
    import av
    import cv2

    from fleeting import face, facs, io, motion
    from fleeting.core import geometry
    from fleeting.face import model_uses

    here = Path(__file__).parent
    home = {room.__name__: Path(str(room.__file__)).parent for room in (face, facs, io, motion)}
    files = [
        here / "_clip_align.py",
        here / "_clip_source.py",
        Path(str(geometry.__file__)),
        home["fleeting.face"],
        home["fleeting.facs"] / "mesh.py",
        home["fleeting.motion"] / "tracker.py",
        home["fleeting.io"] / "video.py",
        *(one for one in sorted(home["fleeting.io"].glob("_*.py")) if not one.name.startswith("__")),
    ]
    models = [one.sha256[:12] for one in model_uses()]
    return entry_key(code=code_version(*files), models=models, cv2=cv2.__version__, av=av.__version__)[:16]


@lru_cache
def _maker_version(name: str) -> str:
    """Name the code and the packages that make an input of aligned frames."""
    import cv2

    from fleeting import facs, motion

    make = find_input(name).make
    own = inspect.getsourcefile(make)
    if own is None:
        raise UsageError(f"input {name!r}: its function lies in no file, so its version cannot be known")
    rooms = [Path(str(room.__file__)).parent for room in (motion, facs)]
    return entry_key(code=code_version(own, *rooms), cv2=cv2.__version__)[:16]
