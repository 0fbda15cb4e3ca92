"""A clip that is mirrored and moved: its flow and landmarks are those of the new clip."""

import numpy as np
import torch

from fleeting import systems
from fleeting.facs import neutral_mesh, to_points68
from fleeting.systems.recognition._mirror import VaryClips, mirror68, mirrored_points, moved
from fleeting.systems.recognition._mol_tasks import FLOW, LANDMARKS
from fleeting.training import Rows

VARY = VaryClips(FLOW, LANDMARKS, 3)


def test_the_68_points_of_the_neutral_face_are_their_mirror_image():
    assert sorted(mirror68()) == list(range(68))
    known = {0: 16, 8: 8, 17: 26, 21: 22, 31: 35, 36: 45, 37: 44, 41: 46, 48: 54, 59: 55, 60: 64, 67: 65}
    assert {one: mirror68()[one] for one in known} == known
    face = torch.from_numpy(to_points68(neutral_mesh()[:, :2])) * 40 + 63.5
    assert torch.allclose(mirrored_points(face, 128), face, atol=1e-5)
    points = torch.rand(2, 68, 2) * 127
    assert torch.allclose(mirrored_points(mirrored_points(points, 128), 128), points, atol=1e-4)


def test_moved_by_hand_and_back():
    values = torch.arange(12).view(1, 1, 3, 4)
    right_and_up = moved(values, torch.tensor([[1, -1]]))
    assert right_and_up[0, 0].tolist() == [[4, 4, 5, 6], [8, 8, 9, 10], [8, 8, 9, 10]]
    pair = moved(torch.cat([values, values]), torch.tensor([[0, 0], [2, 0]]))
    assert torch.equal(pair[0], values[0]) and pair[1, 0, 0].tolist() == [0, 0, 0, 1]


class Turns:
    """Random numbers that mirror every row, or none, and move all by the same."""

    def __init__(self, turn: bool, shift: tuple[int, int]) -> None:
        self.turn, self.shift = turn, shift

    def random(self, rows: int) -> np.ndarray:
        return np.full(rows, 0.0 if self.turn else 1.0)

    def integers(self, low: int, high: int, size: tuple[int, int]) -> np.ndarray:
        assert (low, high, size[1]) == (-3, 4, 2)
        return np.tile(self.shift, (size[0], 1))


def dots() -> Rows:
    """Two clips of one bright dot that goes two right and one down from frame to frame, and its flow."""
    frames, flow = torch.zeros(2, 3, 24, 32, dtype=torch.uint8), torch.zeros(2, 2, 24, 32, 2)
    points = torch.zeros(2, 2, 68, 2)
    for row, step in np.ndindex(2, 3):
        x, y = 8 + 2 * step, 9 + step + row
        frames[row, step, y, x] = 200
        if step < 2:
            flow[row, step, y, x] = torch.tensor([2.0, 1.0])
            points[row, step] = torch.tensor([x + 2.0, y + 1.0])  # of the second frame of a pair
    return Rows((frames,), torch.tensor([0, 1]), {FLOW: flow, LANDMARKS: points})


def test_flow_and_landmarks_still_tell_where_the_dot_goes():
    for turn in (False, True):
        made = VARY.change_rows(dots(), Turns(turn, (3, -2)), ())
        (frames,), flow = made.inputs, made.targets[FLOW]
        for row, step in np.ndindex(2, 2):
            (y, x), (later_y, later_x) = (frames[row, one].nonzero()[0].tolist() for one in (step, step + 1))
            x_before = 31 - (8 + 2 * step) if turn else 8 + 2 * step
            assert (x, y) == (x_before + 3, 9 + step + row - 2)
            assert flow[row, step, y, x].tolist() == [later_x - x, later_y - y]
            assert flow[row, step].count_nonzero() == 2
            assert (made.targets[LANDMARKS][row, step] == torch.tensor([later_x, later_y])).all()


def test_twice_mirrored_is_the_same_and_what_was_given_is_left_alone():
    given, turned = dots(), Turns(True, (0, 0))
    twice = VARY.change_rows(VARY.change_rows(given, turned, ()), turned, ())
    assert torch.equal(twice.inputs[0], given.inputs[0])
    assert all(torch.equal(twice.targets[name], given.targets[name]) for name in (FLOW, LANDMARKS))
    assert torch.equal(given.inputs[0], dots().inputs[0])
    drawn = VARY.change_rows(Rows(given.inputs, given.labels), np.random.default_rng(0), ())
    assert drawn.targets == {} and not torch.equal(drawn.inputs[0], given.inputs[0])


def test_mol_learns_from_targets_that_went_with_the_clip(monkeypatch):
    rows, seen = systems.invented_examples(["clip8"], 4, targets=[FLOW, LANDMARKS]), []
    made = systems.create("mol", training={"epochs": 1, "batch_size": 4, "augment": True})
    loss = made.extra
    made.extra = lambda output, batch: seen.append(batch) or loss(output, batch)
    made.fit(rows)
    given = torch.from_numpy(rows.inputs[LANDMARKS])
    assert not torch.equal(seen[0].targets[LANDMARKS].sort(0)[0], given.sort(0)[0])
