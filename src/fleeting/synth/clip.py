"""A clip with planted motion: frames, truth and exact flow from one analytic mapping."""

from collections.abc import Iterator, Sequence

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.core import invert as invert_affine
from fleeting.synth._eyes import eye_inside
from fleeting.synth._fields import Lattice, UnitField, evaluate, gaze_field, least_jacobian, unit_field
from fleeting.synth._mapping import invert, total_motion
from fleeting.synth._render import Renderer
from fleeting.synth._resample import Resampler
from fleeting.synth._smooth import step
from fleeting.synth._source import Scene, Source, is_photo, open_scene
from fleeting.synth.camera import Camera, CameraSettings
from fleeting.synth.head import HeadPath
from fleeting.synth.life import Event, FieldKey, Life, plan_events
from fleeting.synth.timing import Plant, PlantedInterval, intervals_of

PHOTO_FPS = 100.0
_AFTER_S = 1.0
_LEAST_JACOBIAN = 0.03
_LEVELS = 6  # steps into which strengths are sorted when folds are looked for


class FoldError(UsageError):
    """So much motion would fold the face."""


class PlantedClip:
    """Frames, truth and flow of one planted clip; made by `plant`.

    A point of the face that lies at ``x`` (pixels of the source frame) at rest is carried to
    ``H_t(x + L_t u(f, t))``: ``f`` is its place in face units, ``u = sum_k a_k(t) U_k(f)`` the planted
    motion, ``L_t`` turns face units into pixels, ``H_t`` is the head's motion. Frames are read backwards
    through this mapping, flow goes forwards through it; both know it analytically.

    Attributes
    ----------
    times : numpy.ndarray
        ``(T,)`` seconds.
    fps : float
        Frames per second.
    size : tuple
        ``(height, width)``.
    iod_px : float
        Eye distance in pixels; percent of strength refer to it.
    truth : tuple of PlantedInterval
        Plants by onset.
    events : tuple of Event
        Plants, blinks, gaze shifts, syllables and swallows.
    """

    def __init__(
        self,
        scene: Scene,
        plants: Sequence[Plant],
        *,
        camera: CameraSettings,
        life: Life,
        basis: str,
        seed: int,
        person: int | None = None,
    ) -> None:
        self.scene, self.plants, self.camera, self.life = scene, tuple(plants), camera, life
        self.basis, self.seed, self.person = basis, seed, seed if person is None else person
        self.times, self.fps, self.size = scene.times, scene.fps, scene.size
        self.shape = scene.shape
        self.iod_px = scene.shape.iod_px
        self.truth: tuple[PlantedInterval, ...] = intervals_of(plants, scene.times, scene.frame_s)
        duration = float(scene.times[-1] + scene.frame_s)
        self.events: tuple[Event, ...] = plan_events(plants, life, duration, seed)
        self._check_seen()
        self.lattice = Lattice.over(self.shape, _spacing(self.iod_px))
        self._keys = tuple(dict.fromkeys(event.key for event in self.events))
        self._fields = [self._make_field(key) for key in self._keys]
        self._head = HeadPath(life.head, self.shape, seed)
        self._renderer = Renderer(self.lattice, self._fields, self._head, self.shape.to_pixels, self.size)
        self._opening = min(self.shape.eye("left").opening, self.shape.eye("right").opening)
        for k, key in enumerate(self._keys):
            if {43, 45} & set(key.aus):
                where = eye_inside(self.shape, key.side, self.lattice.points)
                self._renderer.shade(k, where, self._lash_shadow)
        self._strengths = self.strengths(self.times)
        self._check_folds()

    def __len__(self) -> int:
        return len(self.times)

    def _make_field(self, key: FieldKey) -> UnitField:
        if key.gaze is not None:
            return gaze_field(self.shape, self.lattice, key.gaze)
        basis = key.basis or self.basis
        return unit_field(self.shape, self.lattice, key.aus, key.side, basis=basis, seed=self.person)

    def strengths(self, times: np.ndarray) -> np.ndarray:
        """Strength of every field at times ``(N,)``: ``(N, F)`` IOD."""
        total = np.zeros((len(times), len(self._keys)))
        times = np.asarray(times, float)
        for event in self.events:
            # the lower lid comes up by 0.12 of what the upper one comes down
            peak = event.strength * (self._opening / 1.12 if event.what == "blink" else 1.0)
            near = np.flatnonzero((times > event.at_s) & (times < event.at_s + event.duration_s))
            if len(near):
                total[near, self._keys.index(event.key)] += peak * event.ease(times[near])
        return total

    def _lash_shadow(self, strength: float) -> float:
        """Darkness of a closing eye: lashes and the lid's shadow fill what is left of the opening.

        None up to 30 % closure, so that small plants on the lids change nothing but the geometry.
        """
        closed = strength / self._opening
        return float(0.9 * step(np.array((closed - 0.3) / 0.45)))

    def _check_seen(self) -> None:
        for one in self.truth:
            frames = slice(one.interval.onset_frame, one.interval.offset_frame + 1)
            if not self.scene.seen[frames].all():
                at = f"at {one.interval.onset_s:.2f} s"
                raise InputError(self.scene.name, f"shows no face while {one.plant.label} is planted {at}")

    def _check_folds(self) -> None:
        """Raise UsageError where the strengths of any frame would fold the face."""
        top = np.abs(self._strengths).max(0)
        level = np.ceil(np.abs(self._strengths) / np.where(top > 0, top, 1) * _LEVELS - 1e-9) / _LEVELS
        for row in np.unique(np.sign(self._strengths) * level, axis=0):
            strengths = row * top
            active = np.flatnonzero(strengths)
            if not len(active):
                continue
            total = np.sum([strengths[k] * self._renderer.samples[k] for k in active], axis=0)
            if least_jacobian(total, 1.0) > _LEAST_JACOBIAN:
                continue
            share = next(
                (s for s in np.linspace(0.95, 0.05, 19) if least_jacobian(s * total, 1.0) > _LEAST_JACOBIAN),
                0.0,
            )
            names = ", ".join(f"{_name(self._keys[k])} at {100 * abs(strengths[k]):.1f} %" for k in active)
            raise FoldError(f"{names}: so much motion would fold the face; take {share:.0%} of it or less")

    def frames(self) -> Iterator[np.ndarray]:
        """Make the frames one by one, ``(H, W, 3)`` uint8 RGB; each pass gives the same bytes."""
        camera = Camera(self.camera, self.size, self.seed)
        reader: Resampler | None = None
        for i, image in enumerate(self.scene.images()):
            affine = self.scene.affines[min(i, len(self.scene.affines) - 1)]
            warp = self._renderer.warp(self._strengths[i], affine, float(self.times[i]))
            made = image
            if warp is not None and warp.x.size:
                if reader is None or not self.scene.still:
                    where = self._renderer.reach(affine) if self.scene.still else warp.box
                    reader = Resampler(image, where)
                made = image.copy()
                made[warp.box] = reader.read(warp.x, warp.y, warp.light)
            yield camera.shoot(made, i, float(self.times[i]))

    def flow(self, start_s: float, end_s: float) -> np.ndarray:
        """Exact optical flow from one time to another.

        Parameters
        ----------
        start_s, end_s
            Seconds, in any order.

        Returns
        -------
        numpy.ndarray
            ``(H, W, 2)`` float32 pixels, x right and y down, for each pixel of the first picture. Exact to
            1e-6 px for a photograph. For a video it holds the plants, the added motion and the followed
            affine of the face, but not what the person's own muscles did; there it is NaN outside the face.

        Examples
        --------
        >>> from fleeting.facs import neutral_mesh
        >>> picture = np.full((120, 120, 3), 128, np.uint8)
        >>> marks = neutral_mesh()[:, :2] * 40 + [60, 45]
        >>> clip = plant(picture, [Plant((12,), at_s=0.1)], fps=50, duration_s=0.6, landmarks=marks)
        >>> flow = clip.flow(0.1, 0.25)
        >>> flow.shape, round(float(abs(flow).max()), 1), float(abs(flow[0]).max())
        ((120, 120, 2), 1.0, 0.0)
        """
        height, width = self.size
        y, x = np.mgrid[0:height, 0:width]
        return (
            self.flow_at(np.stack([x, y], -1).reshape(-1, 2), start_s, end_s)
            .reshape(height, width, 2)
            .astype(np.float32)
        )

    def flow_at(self, points: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
        """Flow as in `flow` at any points ``(N, 2)`` of the first picture, in pixels: ``(N, 2)`` float64."""
        points = np.asarray(points, np.float64)
        rest = self.shape.to_pixels
        before, after = self.scene.affine(start_s), self.scene.affine(end_s)
        to_face = invert_affine(rest)
        moved = self._head.back(points @ to_face[:, :2].T + to_face[:, 2], start_s) @ rest[:, :2].T
        source = points + moved
        to_face = invert_affine(before)
        face = source @ to_face[:, :2].T + to_face[:, 2]
        inside = self.shape.oval(face) < 1
        moved[inside] += self._own_flow(face[inside], start_s, end_s) @ after[:, :2].T
        change = after - before
        if change.any():
            moved += face @ change[:, :2].T + change[:, 2]
        if self._head.mix(end_s) is not None:
            to_face = invert_affine(rest)
            target = (points + moved) @ to_face[:, :2].T + to_face[:, 2]
            moved += (self._head.forward(target, end_s) - target) @ rest[:, :2].T
        if not self.scene.still:
            moved[~inside] = np.nan
        return moved

    def _own_flow(self, face: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
        """Motion of face points between two times in face units, ``(N, 2)``."""
        start, end = self.strengths(np.array([start_s, end_s]))
        moved = np.zeros_like(face)
        source = face
        motion = total_motion(self._fields, list(start))
        if motion is not None and len(face):
            source = invert(motion, face)
            moved += source - face
        motion = total_motion(self._fields, list(end))
        if motion is not None and len(face):
            moved += evaluate(motion, source)
        return moved

    def displacement(self, time_s: float) -> np.ndarray:
        """Planted displacement at a time, without the head, of each pixel of the *source* picture.

        Returns
        -------
        numpy.ndarray
            ``(H, W, 2)`` float32 pixels; exactly 0 outside the face. For photographs and videos alike this is
            what was added to the source, exact to rounding.
        """
        height, width = self.size
        affine = self.scene.affine(time_s)
        back = invert_affine(affine)
        y, x = np.mgrid[0:height, 0:width]
        face = np.stack([x.ravel(), y.ravel()], 1) @ back[:, :2].T + back[:, 2]
        inside = self.shape.oval(face) < 1
        moved = np.zeros_like(face)
        motion = total_motion(self._fields, list(self.strengths(np.array([time_s]))[0]))
        if motion is not None:
            moved[inside] = evaluate(motion, face[inside]) @ affine[:, :2].T
        return moved.reshape(height, width, 2).astype(np.float32)


def _spacing(iod_px: float) -> float:
    """Distance of lattice points, IOD: so fine that the way back errs by less than 0.05 px in the worst case.

    The worst case is a blink; a plant of 5 % errs by some 0.01 px.
    """
    return 1 / float(np.clip(2.5 * iod_px, 128, 224))


def _name(key: FieldKey) -> str:
    if key.gaze is not None:
        return "gaze shift"
    return f"AU {'+'.join(str(au) for au in key.aus)}" + ("" if key.side == "both" else f" {key.side}")


def plant(
    source: Source,
    plants: Sequence[Plant] = (),
    *,
    fps: float | None = None,
    duration_s: float | None = None,
    seed: int = 0,
    camera: CameraSettings | None = None,
    life: Life | None = None,
    basis: str = "kernel",
    landmarks: np.ndarray | None = None,
    person: int | None = None,
) -> PlantedClip:
    """Plant movements in a photograph or a video.

    Parameters
    ----------
    source
        A photograph (path or ``(H, W, 3)`` uint8 RGB), a drawn person (`fleeting.synth.identity`), a video
        file or a folder of images.
    plants
        What to plant.
    fps, duration_s
        Of the clip. A photograph is shown at 100 frames a second until a second after the last plant where
        nothing else is said. A video keeps its own rate (a folder of images needs ``fps``) and length.
    seed
        Same seed and arguments, same bytes.
    camera
        Noise, light, blur, size.
    life
        Head motion, blinks, gaze, talking.
    basis
        ``kernel``, or ``tps``: another set of motions for judging what was tuned on the first; ``person``:
        the kernels with a person's own sizes, places, directions and asymmetry.
    landmarks
        ``(468, 2+)`` pixels of the photograph, where they are known already; a drawn person brings its own.
    person
        Seed of what is a person's own in ``tps`` and ``person``, so that several clips can show one person;
        by default ``seed``.

    Returns
    -------
    PlantedClip

    Raises
    ------
    InputError
        Where the source cannot be read or shows no face.
    UsageError
        Where an argument does not fit, or the motion is so strong that the face would fold.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh
    >>> picture = np.full((120, 120, 3), 128, np.uint8)
    >>> marks = neutral_mesh()[:, :2] * 40 + [60, 45]
    >>> clip = plant(picture, [Plant((12,), at_s=0.1)], fps=50, duration_s=0.6, landmarks=marks)
    >>> len(clip), clip.truth[0].interval.onset_frame, clip.truth[0].interval.apex_frame
    (30, 6, 12)
    >>> next(clip.frames()).shape
    (120, 120, 3)
    """
    settings = camera or CameraSettings()
    if is_photo(source):
        fps = fps or PHOTO_FPS
        if duration_s is None and plants:
            duration_s = max(one.at_s + one.duration_s for one in plants) + _AFTER_S
    scene = open_scene(source, fps=fps, duration_s=duration_s, scale=settings.scale, landmarks=landmarks)
    return PlantedClip(
        scene, plants, camera=settings, life=life or Life(), basis=basis, seed=int(seed), person=person
    )
