"""What a drawn person looks like, by numbers and words, and the mesh that follows from it."""

from dataclasses import dataclass, fields

import numpy as np

from fleeting.facs import neutral_mesh
from fleeting.synth._flowmap_faces import vary_shape
from fleeting.synth._shape import FaceShape
from fleeting.synth._splat_paint import _between

_SKINS = (
    (238, 208, 190), (230, 194, 170), (220, 178, 148), (204, 160, 128),
    (184, 138, 106), (156, 112, 84), (126, 86, 64), (96, 64, 48), (72, 50, 40),
)  # fmt: skip
"""Light to dark, about evenly to the eye; a person's tone lies anywhere on the way, drawn evenly."""

_HAIRS = {
    "black": (30, 26, 26),
    "dark brown": (52, 36, 28),
    "brown": (92, 62, 40),
    "blond": (170, 134, 86),
    "red": (134, 68, 38),
}
_IRISES = {
    "dark brown": (58, 38, 26),
    "brown": (94, 62, 36),
    "hazel": (112, 92, 56),
    "green": (92, 112, 84),
    "blue": (96, 124, 152),
    "grey": (122, 132, 138),
}
_JAW = 0.80  # of the face's width, in the mean
STYLES = ("cropped", "side parting", "long", "tied back", "curly", "receding", "bald")
CLOTHES = ("round neck", "v-neck", "shirt")


@dataclass(frozen=True)
class Traits:
    """One person. Sizes are relative deviations unless said otherwise; words name drawn styles.

    Parameters
    ----------
    age
        Years that the skin shows.
    heavy
        0..1, how heavy brows, nose and jaw are; beards begin at 0.55.
    tone
        0 lightest skin to 1 darkest.
    skin, hair, iris
        ``(3,)`` RGB 0..255.
    grey
        Share of grey hair.
    light_turn, light_height
        Where the main light stands, degrees to the picture's right and upwards.
    light_hard
        0 all round to 1 from one point.
    warmth
        -1 blue to 1 yellow.
    """

    age: float
    heavy: float
    tone: float
    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    hair_colour: str
    iris_colour: str
    hair_style: str
    hair_length: float
    grey: float
    beard: str
    brow_thick: float
    eye_open: float
    eye_width: float
    eye_tilt: float
    eye_crease: float
    brow_tilt: float
    nose_width: float
    nose_length: float
    nose_high: float
    lips: float
    mouth_low: float
    cheek_wide: float
    chin: float
    uneven_mouth: float
    uneven_brows: float
    uneven_nose: float
    freckles: float
    moles: int
    shine: float
    clothes: str
    cloth: np.ndarray
    wall: np.ndarray
    light_turn: float
    light_height: float
    light_hard: float
    warmth: float

    def plain(self) -> dict[str, float | str]:
        """Numbers and words for a table; colours stand as words and as the skin's tone."""
        told: dict[str, float | str] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, str):
                told[one.name] = value
            elif not isinstance(value, np.ndarray):
                told[one.name] = round(float(value), 3)
        return told


def draw_traits(rng: np.random.Generator) -> Traits:
    """Draw a person by chance; what goes together in people (skin and hair, age and grey) goes together."""
    age, heavy, tone = 18 + 57 * rng.beta(1.1, 1.9), rng.random(), rng.random()
    hair_colour = _pick(rng, tuple(_HAIRS), _hair_chances(tone))
    light_eyes = 0.0 if tone > 0.5 else 0.7 * (1 - tone / 0.5)
    iris_colour = _pick(rng, tuple(_IRISES), [1.0, 1.0, *([light_eyes] * 4)])
    style = _pick(rng, STYLES, _style_chances(age, heavy, tone))
    beards = [1.0, 0.6, 0.3] if heavy > 0.55 else [1.0, 0.0, 0.0]
    grey = float(np.clip((age - rng.normal(52, 8)) / 20, 0, 1))
    small = rng.normal(size=14)
    return Traits(
        age=age,
        heavy=heavy,
        tone=tone,
        skin=_between_at(_SKINS, tone) * rng.normal(1, [0.015, 0.015, 0.02]),
        hair=np.array(_HAIRS[hair_colour]) * (1 - grey) * rng.uniform(0.8, 1.15)
        + grey * np.array([150, 148, 146]),
        iris=np.array(_IRISES[iris_colour]) * rng.uniform(0.85, 1.15),
        hair_colour="grey" if grey > 0.6 else hair_colour,
        iris_colour=iris_colour,
        hair_style=style,
        hair_length=rng.uniform(1.4, 2.6),
        grey=grey,
        beard=_pick(rng, ("none", "stubble", "short"), beards),
        brow_thick=0.55 + 0.35 * heavy + 0.08 * small[0],
        eye_open=0.09 * small[1] - 0.06 - 0.002 * (age - 35),
        eye_width=0.04 * small[2],
        eye_tilt=0.05 * small[3] - 0.001 * (age - 35),
        eye_crease=float(np.clip(rng.normal(0.65, 0.3), 0, 1)),
        brow_tilt=0.05 * small[4] - 0.02,
        nose_width=0.13 * small[5] + 0.06 * (heavy - 0.5) + 0.10 * (tone - 0.5),
        nose_length=0.045 * small[6] + 0.0006 * (age - 35),
        nose_high=0.08 * small[7],
        lips=0.25 + 0.2 * small[8] - 0.004 * (age - 35) + 0.2 * (tone - 0.5),
        mouth_low=0.025 * small[12],
        cheek_wide=0.03 * small[13],
        chin=0.04 * small[9] + 0.05 * (heavy - 0.5),
        uneven_mouth=0.012 * small[10],
        uneven_brows=0.014 * small[11],
        uneven_nose=0.012 * rng.normal(),
        freckles=rng.uniform(0.3, 1) if rng.random() < 0.25 and tone < 0.4 else 0.0,
        moles=int(rng.poisson(1.5)),
        shine=rng.uniform(0.4, 1.0),
        clothes=_pick(rng, CLOTHES, [1, 0.7, 0.8]),
        cloth=_cloth(rng),
        wall=rng.uniform(70, 205) + rng.uniform(-18, 18, 3),
        light_turn=rng.uniform(-50, 50),
        light_height=rng.uniform(10, 50),
        light_hard=rng.uniform(0.25, 0.8),
        warmth=rng.uniform(-0.6, 1.0),
    )


def _hair_chances(tone: float) -> list[float]:
    fair = max(0.0, 1 - tone / 0.4)
    return [0.3 + 2 * tone, 1.0, 1.2 * max(0.0, 1 - tone), 0.9 * fair, 0.3 * fair]


def _style_chances(age: float, heavy: float, tone: float) -> list[float]:
    bald = max(0.0, heavy - 0.4) * max(0.0, age - 25) / 30
    return [0.4 + heavy, 0.6, 1.5 * (1 - heavy), 1 - heavy, 0.2 + 0.8 * tone, bald, 0.5 * bald]


def _pick(rng: np.random.Generator, names: tuple[str, ...], chances: list[float]) -> str:
    share = np.array(chances, float)
    return names[int(rng.choice(len(names), p=share / share.sum()))]


def _between_at(colours: tuple[tuple[int, ...], ...], at: float) -> np.ndarray:
    """Colour at 0..1 of the way through a list."""
    steps = np.linspace(0, 1, len(colours))
    return np.array([np.interp(at, steps, [one[c] for one in colours]) for c in range(3)])


def _cloth(rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:  # black, grey, white
        return rng.uniform(28, 225) + rng.uniform(-6, 6, 3)
    return _between(
        rng, ((40, 52, 92), (52, 92, 110), (70, 96, 70), (150, 120, 80), (140, 60, 56), (92, 60, 100))
    )


def make_points(rng: np.random.Generator, traits: Traits) -> np.ndarray:
    """Mesh of the person, ``(468, 3)`` face units: other proportions, then the features one by one."""
    shape = vary_shape(rng, 0.85)  # the features below vary besides
    x, y = shape.points.T.copy()
    away, side = np.abs(x), np.sign(x)
    eye = np.exp(-(((away - 0.5) / 0.32) ** 2) - ((y + 0.03) / 0.17) ** 2)
    brow = np.exp(-(((away - 0.55) / 0.45) ** 2) - ((y + 0.35) / 0.14) ** 2)
    nose = np.exp(-((x / 0.36) ** 2) - ((y - 0.6) / 0.2) ** 2)
    mouth = np.exp(-((x / 0.55) ** 2) - ((y - 1.05) / 0.22) ** 2)
    jaw = np.exp(-(((y - 1.45) / 0.35) ** 2))
    old = np.clip((traits.age - 45) / 30, 0, 1)
    x_new = x + side * traits.eye_width * (away - 0.5) * eye + traits.nose_width * x * nose
    x_new += (0.025 * old + 0.03 * (traits.heavy - 0.5) - 0.025) * x * jaw + traits.uneven_nose * nose
    ratio = (x_new[397] - x_new[172]) / (x_new[454] - x_new[234])
    x_new *= 1 + 0.5 * (_JAW / ratio - 1) * jaw  # jaws vary half as much as they would
    y_new = y + traits.eye_open * (y + 0.04) * eye + traits.eye_tilt * -(away - 0.5) * eye
    y_new += traits.brow_tilt * -(away - 0.5) * brow + traits.uneven_brows * x * brow
    y_new += (
        traits.nose_length * nose + 0.55 * traits.lips * (y - 1.05) * mouth + traits.uneven_mouth * x * mouth
    )
    y_new += (traits.chin + 0.01) * np.clip(y - 1.25, 0, None) + 0.025 * np.clip(y - 0.2, 0, None)
    x_new += traits.cheek_wide * side * np.exp(-(((away - 0.85) / 0.3) ** 2) - ((y - 0.5) / 0.35) ** 2)
    y_new += traits.mouth_low * mouth
    flat = FaceShape.from_landmarks(np.stack([x_new, y_new], 1)).points
    return np.column_stack([flat, _depth(rng, traits)])


def _depth(rng: np.random.Generator, traits: Traits) -> np.ndarray:
    x, y, z = neutral_mesh().T
    nose = np.exp(-((x / 0.25) ** 2) - ((y - 0.5) / 0.35) ** 2)
    chin = np.exp(-((x / 0.4) ** 2) - ((y - 1.6) / 0.25) ** 2)
    ridge = np.exp(-(((np.abs(x) - 0.4) / 0.5) ** 2) - ((y + 0.28) / 0.12) ** 2)
    cheek = np.exp(-(((np.abs(x) - 0.7) / 0.25) ** 2) - ((y - 0.4) / 0.25) ** 2)
    high = rng.normal(0, [0.02, 0.02])
    raised = traits.nose_high * nose + traits.chin * chin + 0.07 * (traits.heavy - 0.4) * ridge
    return z * (1 + rng.normal(0, 0.04)) - raised - (0.02 + high[0]) * cheek - high[1] * nose
