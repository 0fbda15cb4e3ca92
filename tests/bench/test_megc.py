"""Submission files of the challenge: written and read back; what breaks a rule is named with its line."""

import pytest

from fleeting import systems
from fleeting.bench import check_megc_submission, megc_submission
from fleeting.core import UsageError
from fleeting.evaluation import Span, score_str

HEAD = "subject,video,onset,offset,emotion\n"


def test_written_and_read_back():
    spans = [
        Span("b", 5, 9, subject="s2", emotion="negative"),
        Span("a", 0, 3, subject="s1", emotion="surprise"),
        Span("a", 10, 20, subject="s1", emotion="others"),
        Span("a", 30, 40, subject="s1"),
    ]
    text = megc_submission(spans)
    assert text == HEAD + "s1,a,1,4,surprise\ns2,b,6,10,negative\n"
    back = check_megc_submission(text, {"a": 4, "b": 100})
    assert [(one.video, one.onset, one.offset) for one in back] == [("a", 0, 3), ("b", 5, 9)]
    assert score_str(spans[:2], back).strs == 1.0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "line 1"),
        ("subject,video,onset,offset\n", "line 1"),
        (HEAD + "s,a,1\n", "line 2: expected 5 cells"),
        (HEAD + "s,a,1,5,positive\ns,a,9,3,positive\n", "line 3: expected 1 <= onset"),
        (HEAD + "s,a,0,5,positive\n", "expected 1 <= onset"),
        (HEAD + "s,a,1.5,5,positive\n", "whole numbers"),
        (HEAD + "s,a,1,5,others\n", "one of negative, positive, surprise"),
        (HEAD + "s,a,1,51,positive\n", "it has 50 frames"),
        (HEAD + "s,c,1,5,positive\n", "no such video"),
        (HEAD + "s,a,1,5,positive\ns,a,1,5,negative\n", "line 3: the interval stands there"),
    ],
)
def test_what_breaks_a_rule(text, what):
    with pytest.raises(UsageError, match=what):
        check_megc_submission(text, {"a": 50})


def test_intervals_before_the_video_are_not_written():
    with pytest.raises(UsageError, match="before the first frame"):
        megc_submission([Span("a", -2, 5, subject="s", emotion="positive")])


def test_a_spotter_that_recognises_gives_a_submission():
    one = systems.invented_recordings(["roi10"], 2)
    made = systems.create("me-tst", training={"epochs": 12}).fit(one)
    from fleeting.spotting import decode

    curve = made.curve(one[0].sealed())
    shown = made.expressions(one[0].sealed(), decode(curve.values, curve.fps, **made.decoding))
    spans = [Span.from_interval(i, "v", subject="s", emotion=e) for i, e in shown]
    read = check_megc_submission(megc_submission(spans), {"v": 120})
    assert len(read) == sum(e != "others" for _, e in shown) and spans
