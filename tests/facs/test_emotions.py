import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import UnknownNameError, UsageError
from fleeting.facs import (
    coarse_emotion,
    emotion_evidence,
    emotion_name,
    emotion_rates,
    objective_class,
    prototypes,
)

# Davison, Merghani & Yap 2018, table of the classes, typed in a second time.
CLASSES = {
    "I": "6 | 12 | 6+12 | 6+7+12 | 7+12",
    "II": "1+2 | 5 | 25 | 1+2+25 | 25+26 | 5+24",
    "III": "23 | 4 | 4+7 | 4+5 | 4+5+7 | 17+24 | 4+6+7 | 4+38",
    "IV": "10 | 9 | 4+9 | 4+40 | 4+5+40 | 4+7+9 | 4+9+17 | 4+7+10 | 4+5+7+9 | 7+10",
    "V": "1 | 15 | 1+4 | 6+15 | 15+17",
    "VI": "1+2+4 | 20",
    "VII": "14 | 7 | 17 | 2 | 1+2+5 | 12+14 | 4+14 | 24 | 12+24 | 4+7+43 | 1+2+4+5",
}
ROWS = [
    (name, [int(n) for n in text.split("+")]) for name, row in CLASSES.items() for text in row.split(" | ")
]
COARSE = ("negative", "positive", "surprise")


@pytest.mark.parametrize(("name", "aus"), ROWS)
def test_objective_classes(name, aus):
    assert objective_class(aus) == name
    assert objective_class([*reversed(aus), aus[0]]) == name  # neither order nor repetition matters


def test_no_units_have_no_objective_class():
    with pytest.raises(UsageError, match="at least one"):
        objective_class([])


@pytest.mark.parametrize(("name", "aus"), [row for row in ROWS if row[0] != "VII"])
def test_evidence_agrees_with_the_objective_classes(name, aus):
    shares = emotion_evidence(dict.fromkeys(aus, 1.0))
    coarse = {"I": "positive", "II": "surprise"}.get(name, "negative")
    assert max(COARSE, key=shares.__getitem__) == coarse


@pytest.mark.parametrize("label", [row.emotion for row in prototypes() if not row.unilateral])
def test_evidence_of_a_full_prototype_points_to_its_coarse_class(label):
    core = max(next(p for p in prototypes() if p.emotion == label).core, key=len)
    shares = emotion_evidence(dict.fromkeys(core, 1.0))
    assert max(COARSE, key=shares.__getitem__) == coarse_emotion(label)


@pytest.mark.parametrize(
    ("aus", "label"),
    [([9], "disgust"), ([10], "disgust"), ([6, 12], "happiness"), ([1, 2, 4], "fear"), ([20], "fear"),
     ([4, 7, 23], "anger"), ([1, 15], "sadness"), ([17], "repression")],
)  # fmt: skip
def test_finer_labels(aus, label):
    shares = emotion_evidence(dict.fromkeys(aus, 1.0), fine=True)
    finer = {name: share for name, share in shares.items() if name not in (*COARSE, "unclear")}
    assert max(finer, key=finer.get) == label


def test_hand_worked_shares():
    # AU9 says 0.9 negative, 0.1 nothing, and the floor is 0.2: 0.9 / 1.2 and 0.3 / 1.2.
    assert emotion_evidence({9: 1.0}) == pytest.approx(
        {"negative": 0.75, "positive": 0, "surprise": 0, "unclear": 0.25}
    )
    # At half the score a quarter of that: 0.225 and 0.025 + 0.2 of 0.45.
    assert emotion_evidence({9: 0.5})["negative"] == pytest.approx(0.5)
    # 12 alone .05/.75/.2; with 4 (.85/0/.15) at 1, 0.6 of the positive 0.75 turns unclear.
    both = emotion_evidence({4: 1.0, 12: 1.0})
    assert both["positive"] == pytest.approx(0.3 / 2.2)
    assert both["unclear"] == pytest.approx((0.15 + 0.2 + 0.45 + 0.2) / 2.2)


def test_weak_and_missing_evidence_stays_unclear():
    assert emotion_evidence({}) == {"negative": 0, "positive": 0, "surprise": 0, "unclear": 1}
    assert emotion_evidence({43: 1.0, 55: 1.0})["unclear"] == 1  # blinks and head tilts say nothing
    weak = emotion_evidence(dict.fromkeys((1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17), 0.1))
    assert weak["unclear"] > 0.6


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_scores_out_of_range(score):
    with pytest.raises(UsageError, match="action unit 4"):
        emotion_evidence({4: score})


SCORES = st.dictionaries(st.sampled_from(range(1, 46)), st.floats(0, 1), max_size=10)


@given(SCORES)
def test_shares_sum_to_one_and_the_fine_ones_make_up_the_coarse(scores):
    coarse, fine = emotion_evidence(scores), emotion_evidence(scores, fine=True)
    for shares in (coarse, fine):
        assert sum(shares.values()) == pytest.approx(1)
        assert min(shares.values()) >= 0
    for group in COARSE:
        parts = sum(s for name, s in fine.items() if name != "unclear" and coarse_emotion(name) == group)
        assert parts == pytest.approx(coarse[group], abs=1e-9)
    assert fine["unclear"] == pytest.approx(coarse["unclear"])


@given(st.sampled_from([1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20]), st.floats(0, 1), st.floats(0, 1))
def test_more_of_one_unit_is_never_less_clear(au, one, other):
    low, high = sorted((one, other))
    assert emotion_evidence({au: high})["unclear"] <= emotion_evidence({au: low})["unclear"] + 1e-12


def test_rates_are_the_published_leading_terms():
    assert emotion_rates("CASME II")["disgust"] == {4: 0.94, 7: 0.48, 10: 0.27, 9: 0.21}
    assert emotion_rates("SAMM")["contempt"] == {14: 1.0}
    assert emotion_rates("CAS(ME)^3")["happiness"][12] == 0.09  # the smile that self-report does not show
    with pytest.raises(UnknownNameError, match="SAMM"):
        emotion_rates("SMIC")


@pytest.mark.parametrize(
    ("written", "name", "coarse"),
    [
        ("happy", "happiness", "positive"),
        ("Happiness", "happiness", "positive"),
        ("Other", "others", "others"),
        ("Others", "others", "others"),
        ("sad ", "sadness", "negative"),
        ("Angry", "anger", "negative"),
        ("contempt", "contempt", "negative"),
        ("repression", "repression", "negative"),
        ("surprise", "surprise", "surprise"),
        ("negative", "negative", "negative"),
    ],
)
def test_labels_as_the_sheets_write_them(written, name, coarse):
    assert emotion_name(written) == name
    assert coarse_emotion(written) == coarse


def test_labels_that_depend_on_the_dataset_or_are_unknown():
    assert coarse_emotion("tense") == "others"
    assert coarse_emotion("nervous", "MMME") == "negative"
    assert coarse_emotion("disgust", "MMME") == "negative"
    with pytest.raises(UnknownNameError, match="unknown emotion 'bored'"):
        coarse_emotion("bored")
