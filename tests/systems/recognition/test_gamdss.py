"""GAMDSS: what is re-selected and what is not, no parameter more, retention by hand."""

import numpy as np
import pytest
import torch

from fleeting import systems
from fleeting.core import Examples
from fleeting.motion import reselect
from fleeting.systems.recognition._bdrt import Retention, decay
from fleeting.systems.recognition.gamdss import FRAMES, GAMDSS, MARKS, reselected

FAST = {"training": {"epochs": 1, "augment": False}}


def rows(count: int = 6) -> Examples:
    return systems.invented_examples([FRAMES, MARKS], count)


def test_marks_of_rows_learnt_from_move_and_frames_do_not() -> None:
    given = rows()
    made = reselected(given, reach=0.3)
    assert np.array_equal(made.inputs[FRAMES], given.inputs[FRAMES])
    for number, (old, new) in enumerate(zip(given.inputs[MARKS], made.inputs[MARKS], strict=True)):
        coded = tuple(int(one) for one in np.sort(old))
        assert tuple(new) == reselect(given.inputs[FRAMES][number], coded, reach=0.3)
    assert not np.array_equal(np.sort(given.inputs[MARKS], 1), made.inputs[MARKS])


def test_rows_to_predict_stay_as_coded() -> None:
    made = systems.create("gamdss", reach=0.3, **FAST).fit(rows())
    test = rows(8).take([6, 7])
    plain = systems.create("gamdss", reselection="none", **FAST)
    plain.classes, plain.shapes, plain.dtypes, plain.module = (
        made.classes,
        made.shapes,
        made.dtypes,
        made.module,
    )
    assert np.array_equal(made.predict(test), plain.predict(test))
    moved = made.predict(reselected(test, reach=0.3))
    assert np.abs(moved - made.predict(test)).max() > 1e-6


def test_no_parameter_more() -> None:
    counts = {
        systems.create("gamdss", **one, **FAST).fit(rows()).parameters()
        for one in ({}, {"two_branches": False}, {"reselection": "none"})
    }
    assert len(counts) == 1


def test_any_recogniser_can_use_the_sampler() -> None:
    from fleeting.motion import clip_to_flow_map

    def maps(examples: Examples, training: bool) -> Examples:
        chosen = reselected(examples, reach=0.3) if training else examples
        pairs = zip(chosen.inputs[FRAMES], np.sort(chosen.inputs[MARKS], 1), strict=True)
        made = np.stack([clip_to_flow_map(frames, int(at[0]), int(at[1])) for frames, at in pairs])
        return systems.with_input(examples, "flowmap28", made)

    made = systems.Through(systems.create("svm-flow"), maps).fit(rows())
    assert made.predict(rows().sealed()).shape == (6, 3)


def test_decay_by_hand() -> None:
    fade = decay(4, 2, 6.0)
    assert fade.shape == (2, 4, 4)
    assert fade[1, 0, 3].item() == pytest.approx(3 * np.log(1 - 2**-5))  # head 1 of 2: 2 + 6 / 2
    layer = Retention(8, 2, 4, h=6.0, lines=False)
    a, b = 1 * 4 + 3, 2 * 4 + 1  # row 1, column 3 and row 2, column 1: 1 + 2 steps
    assert layer.fade[0, a, b].item() == pytest.approx(3 * np.log(1 - 2**-2))


@pytest.mark.parametrize("lines", [True, False])
def test_without_decay_retention_over_all_places_is_attention(lines: bool) -> None:
    torch.manual_seed(0)
    layer = Retention(8, 2, 3, h=4.0, lines=lines).eval()
    layer.fade.zero_()
    x = torch.rand(2, 3, 3, 8)
    q, k, v = (one.view(2, 9, 2, 4).transpose(1, 2) for one in layer.into(x).chunk(3, dim=3))
    near = layer.local(layer.into(x)[..., 16:].permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(2, 3, 3, 8)
    same = torch.allclose(layer(x), layer.out(mixed + near), atol=1e-5)
    assert same == (not lines)  # rows and then columns are something else


def test_a_mark_outside_the_clip_is_its_end():
    module = GAMDSS(
        3, two_branches=True, wrap_uint8=False, size=32, widths=(8, 8, 8, 8), depths=(1,) * 4
    ).eval()
    frames = torch.randint(0, 256, (1, 32, 32, 32), dtype=torch.uint8)
    outside, ends = (torch.tensor([one], dtype=torch.int16) for one in ((-2, 5, 40), (0, 5, 31)))
    with torch.no_grad():
        assert torch.equal(module(frames, outside)["logits"], module(frames, ends)["logits"])


def test_wrapped_differences_are_those_of_uint8() -> None:
    one, other = torch.tensor([3.0, 200.0]), torch.tensor([5.0, 100.0])
    module = GAMDSS(3, two_branches=True, wrap_uint8=True, size=32, widths=(8, 8, 8, 8), depths=(1,) * 4)
    expected = (np.uint8([3, 200]) - np.uint8([5, 100])).astype(float)
    assert np.allclose(module.difference(one, other) * 32 + 128, expected)
