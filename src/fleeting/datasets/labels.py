"""Own words of the datasets in one spelling, and the class sets that the field scores."""

from collections.abc import Sequence

from fleeting.core import UnknownNameError
from fleeting.datasets.base import LabelMap
from fleeting.datasets.tables import text
from fleeting.facs import emotion_name


def emotion_word(value: object) -> str:
    """Give an emotion in lower case and one spelling.

    Examples
    --------
    >>> emotion_word("Happy "), emotion_word("Others"), emotion_word("Other"), emotion_word(None)
    ('happiness', 'others', 'others', '')
    """
    word = text(value).lower()
    try:
        return emotion_name(word)
    except UnknownNameError:
        # A word of the dataset's own, such as a mixture of two emotions: kept as it is.
        return word


def protocol(**classes: Sequence[str]) -> LabelMap:
    """Build a label map from the words of each class; the order of the classes is kept.

    Examples
    --------
    >>> protocol(negative=("disgust",), positive=("happiness",)).words
    {'disgust': 'negative', 'happiness': 'positive'}
    """
    return LabelMap(tuple(classes), {word: name for name, words in classes.items() for word in words})


def plain(*words: str) -> LabelMap:
    """Build a protocol whose classes are the dataset's own words, in the order given."""
    return LabelMap(words, {word: word for word in words})


def three(negative: Sequence[str], positive: Sequence[str] = ("happiness",)) -> LabelMap:
    """Negative 0, positive 1, surprise 2: the order of MEGC 2019; everything else is left out."""
    return protocol(negative=negative, positive=positive, surprise=("surprise",))


def four(
    negative: Sequence[str], positive: Sequence[str] = ("happiness",), others: Sequence[str] = ("others",)
) -> LabelMap:
    """Give the three classes and ``others`` as 3."""
    return protocol(negative=negative, positive=positive, surprise=("surprise",), others=others)
