"""Drawn people: by number, found by the face models, with their landmarks where they were drawn."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from fleeting.core import FleetingError, UsageError
from fleeting.facs import eye_centers, neutral_mesh, triangle_sets
from fleeting.synth import Identity, Plant, identity, plant, usable_identities, usable_identity
from fleeting.synth._identity_light import light_from, make_relief, shade
from fleeting.synth._identity_traits import CLOTHES, STYLES, draw_traits, make_points
from fleeting.synth._shape import OVAL

module = __import__("sys").modules["fleeting.synth.identity"]  # the name in the room is the function


@cache
def person(seed: int = 5, size: int = 256) -> Identity:
    return identity(seed, size=size)


def traits_of(count: int) -> list:
    return [draw_traits(np.random.default_rng((3, k))) for k in range(count)]


def test_a_number_gives_one_person_and_another_gives_another():
    again, other = identity(5, size=256), person(6)
    np.testing.assert_array_equal(person().picture, again.picture)
    np.testing.assert_array_equal(person().landmarks, again.landmarks)
    assert person().traits == again.traits != other.traits
    assert np.abs(person().picture.astype(float) - other.picture).mean() > 5
    assert not np.allclose(person().landmarks, other.landmarks, atol=1)


def test_another_size_shows_the_same_person():
    small = person(5, 128)
    halved = person().picture.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(small.picture - halved).mean() < 1.0
    np.testing.assert_allclose((small.landmarks + 0.5) * 2 - 0.5, person().landmarks)
    assert small.traits == person().traits


def test_the_face_models_find_what_was_drawn_where_it_was_drawn():
    from fleeting.face import find_faces

    for seed in (5, 6):
        faces = find_faces(person(seed).picture)
        assert len(faces) == 1
        right, left = eye_centers(person(seed).landmarks)
        apart = np.hypot(*(faces[0][:, :2] - person(seed).landmarks).T) / np.hypot(*(left - right))
        assert np.median(apart) < 0.05
        assert apart[[33, 133, 362, 263, 61, 291]].max() < 0.1  # corners of eyes and mouth
        assert module.landmark_gap(person(seed)) == pytest.approx(np.median(apart))


def test_pupils_are_the_darkest_of_the_eyes():
    grey = person(5, 512).picture.astype(float).mean(-1)
    marks = person(5, 512).landmarks
    for ring in ([33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380]):
        x, y = marks[ring].mean(0).round().astype(int)
        wide = round(np.hypot(*(marks[ring[0]] - marks[ring[3]])))
        middle = grey[y - wide // 12 : y + wide // 12, x - wide // 10 : x + wide // 10].mean()
        white = grey[y, [x - round(0.33 * wide), x + round(0.33 * wide)]].mean()
        assert middle < 0.6 * white


def test_a_person_is_planted_into_without_looking_for_the_face(monkeypatch):
    monkeypatch.setattr("fleeting.face.find_faces", lambda image: pytest.fail("landmarks were known"))
    clip = plant(person(), [Plant((12,), at_s=0.1)], fps=50, duration_s=0.6)
    frames = list(clip.frames())
    np.testing.assert_array_equal(frames[0], person().picture)
    assert (frames[clip.truth[0].interval.apex_frame] != person().picture).any()
    right, left = eye_centers(person().landmarks)
    assert clip.iod_px == pytest.approx(np.hypot(*(left - right)))


@pytest.mark.parametrize(("seed", "size"), [(-1, 256), (0, 32), (0, 4096)])
def test_what_cannot_be_drawn_is_told(seed, size):
    with pytest.raises(UsageError, match="expected"):
        identity(seed, size=size)
    with pytest.raises(UsageError, match="expected"):
        usable_identity(seed, 0, size=size)


def test_people_who_are_not_found_are_passed_over(monkeypatch):
    drawn = []

    def fake(seed):
        drawn.append(seed)
        return module._Drawn(np.zeros((768, 768, 3), np.uint8), np.ones((468, 2)), traits_of(1)[0], seed)

    gaps = iter([float("inf"), 0.06, 0.04, 0.01])
    monkeypatch.setattr(module, "_drawn", fake)
    monkeypatch.setattr(module, "landmark_gap", lambda one: next(gaps))
    found = list(usable_identities(2, 9, size=64))
    assert [one.seed for one in found] == [drawn[2], drawn[3]]
    assert len(set(drawn)) == 4
    monkeypatch.setattr(module, "landmark_gap", lambda one: 0.04)
    assert usable_identity(9, 1, size=64).seed == drawn[3]  # by its own number, without the ones before
    monkeypatch.setattr(module, "landmark_gap", lambda one: 0.051)
    with pytest.raises(FleetingError, match="none of 8"):
        usable_identity(9, 1)


def test_traits_cover_people_evenly_and_hang_together():
    people = traits_of(600)
    tone, age, grey = (np.array([getattr(one, name) for one in people]) for name in ("tone", "age", "grey"))
    assert np.all(np.abs(np.histogram(tone, bins=4, range=(0, 1))[0] / 600 - 0.25) < 0.06)
    assert age.min() >= 18
    assert age.max() <= 75
    assert 35 < np.median(age) < 45
    assert {one.hair_style for one in people} == set(STYLES)
    assert {one.clothes for one in people} == set(CLOTHES)
    skin = np.array([one.skin.mean() for one in people])
    assert np.corrcoef(tone, skin)[0, 1] < -0.95
    assert np.corrcoef(age, grey)[0, 1] > 0.5
    assert not any(one.hair_colour in ("blond", "red") for one in people if one.tone > 0.5)
    assert not any(one.beard != "none" for one in people if one.heavy < 0.5)
    told = people[0].plain()
    assert all(isinstance(value, float | str) for value in told.values())
    assert told["age"] == pytest.approx(people[0].age, abs=1e-3)


def turning(points: np.ndarray) -> np.ndarray:
    """Twice the signed area of every skin triangle."""
    a, b, c = (points[triangle_sets()["skin"][:, k], :2] for k in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])


def test_no_face_is_folded_and_all_differ():
    rest = turning(neutral_mesh())
    # triangles at the rim of the face, the wings of the nose and the lips' ends are seen from the edge
    rim = np.isin(triangle_sets()["skin"], OVAL).any(1)
    sure = (np.abs(rest) > 1e-3) & ~rim
    assert sure.mean() > 0.8
    faces = []
    for k in range(150):
        rng = np.random.default_rng((4, k))
        points = make_points(rng, draw_traits(rng))
        assert np.all(np.sign(turning(points)[sure]) == np.sign(rest[sure])), k
        assert points.shape == (468, 3)
        np.testing.assert_allclose(eye_centers(points)[:, :2], [[-0.5, 0], [0.5, 0]], atol=1e-9)
        faces.append(points)
    spread = np.hypot(*np.std(faces, axis=0)[:, :2].T)
    assert 0.02 < spread.mean() < 0.1
    assert spread[[61, 291, 152, 105, 4]].min() > 0.02


def test_light_comes_from_where_it_stands():
    rng = np.random.default_rng(0)
    points = make_points(rng, replace(draw_traits(rng), uneven_nose=0.0))
    relief = make_relief(points, (300, 300), np.array([150.0, 130.0]), 60.0)
    np.testing.assert_allclose(np.linalg.norm(relief.normal, axis=-1), 1, atol=1e-5)
    forehead = relief.normal[(130 - 35) // 2, 150 // 2]
    assert forehead[2] < -0.8
    left, right = (np.s_[130:190, 150 + s - 12 : 150 + s + 12] for s in (42, -42))
    for turn in (50, -50):
        bright, shine = shade(relief, light_from(turn, 20), 0.8, (300, 300))
        ratio = bright[left].mean() / bright[right].mean()
        assert ratio > 1.25 if turn > 0 else ratio < 0.8
        assert 0 <= shine.min() <= shine.max() <= 1
    flat = shade(relief, light_from(50, 20), 0.0, (300, 300))[0]
    assert abs(flat[left].mean() / flat[right].mean() - 1) < 0.1


def test_a_nose_throws_a_shadow_away_from_the_light():
    relief = make_relief(neutral_mesh(), (300, 300), np.array([150.0, 130.0]), 60.0)
    beside = [np.s_[150:166, 150 + s - 4 : 150 + s + 4] for s in (28, -28)]
    lit = shade(relief, light_from(55, 10), 0.9, (300, 300))[0]
    assert lit[beside[0]].mean() > 1.5 * lit[beside[1]].mean()
