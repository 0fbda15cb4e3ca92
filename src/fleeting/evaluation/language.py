"""Scores of text answers: BLEU-4, ROUGE-1, counts, sets of action units."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from fleeting.core import UsageError

Tokens = Callable[[str], list[str]]
SMOOTHING = 0.1


def words(text: str) -> list[str]:
    """Lower case, split at blanks: the tokens of MEGC 2025.

    Examples
    --------
    >>> words("Lip corner puller, dimpler")
    ['lip', 'corner', 'puller,', 'dimpler']
    """
    return text.lower().split()


def plain_words(text: str) -> list[str]:
    """Lower case, everything but letters a-z and digits is a blank: the tokens of rouge-score, unstemmed.

    Examples
    --------
    >>> plain_words("Lip corner puller, dimpler")
    ['lip', 'corner', 'puller', 'dimpler']
    """
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).split()


def bleu(
    references: Sequence[str],
    predictions: Sequence[str],
    *,
    order: int = 4,
    smoothing: float = 0.0,
    tokens: Tokens = words,
) -> float:
    """BLEU of a corpus with one reference each (Papineni et al., 2002; MEGC 2025 equation 2).

    ``BP exp(sum_{n<=4} log(p_n) / 4)`` with ``p_n`` the clipped n-gram precision over all sentences and
    ``BP = min(1, exp(1 - r / c))``. Unsmoothed, an order without a match gives 0: an answer of one to three
    words always scores 0, so say whether such answers are in. For the score of one sentence give lists of
    one; challenge entrants report means of sentence scores (`mean_bleu`).

    Parameters
    ----------
    references, predictions
        ``N`` texts each.
    order
        Longest n-gram.
    smoothing
        Put in the place of a clipped count of 0 (0.1 is method 1 of Chen and Cherry, 2014, as in NLTK);
        nothing is smoothed where no single word matches.
    tokens
        How a text becomes words.

    Returns
    -------
    float
        In 0..1.

    Raises
    ------
    UsageError
        Where the numbers of texts differ.

    Examples
    --------
    >>> bleu(["the lip corners are pulled up"], ["the lip corners are pulled up"])
    1.0
    >>> bleu(["dimpler"], ["dimpler"]), round(bleu(["dimpler"], ["dimpler"], smoothing=0.1), 3)
    (0.0, 0.178)
    """
    if len(references) != len(predictions) or order < 1 or smoothing < 0:
        raise UsageError(
            f"expected as many predictions as references, order > 0 and smoothing >= 0, "
            f"got {len(predictions)}, {len(references)}, {order}, {smoothing}"
        )
    true, found = [tokens(text) for text in references], [tokens(text) for text in predictions]
    hits, totals = np.zeros(order), np.zeros(order)
    for one, two in zip(true, found, strict=True):
        for n in range(order):
            hits[n] += sum((_grams(one, n + 1) & _grams(two, n + 1)).values())
            totals[n] += max(0, len(two) - n)
    if not hits[0] or (smoothing == 0 and not hits.all()):
        return 0.0
    raised = np.where(hits > 0, hits, smoothing) / np.maximum(totals, 1)
    length, wanted = sum(map(len, found)), sum(map(len, true))
    return min(1.0, exp(1 - wanted / length)) * exp(sum(map(log, raised)) / order)


def mean_bleu(
    references: Sequence[str],
    predictions: Sequence[str],
    *,
    order: int = 4,
    smoothing: float = 0.0,
    tokens: Tokens = words,
) -> float:
    """Mean of the sentence BLEUs, as challenge entrants report; NaN without texts. Arguments as in `bleu`.

    Examples
    --------
    >>> mean_bleu(["a b c d", "x y"], ["a b c d", "x y"])
    0.5
    """
    if len(references) != len(predictions):
        raise UsageError(
            f"expected as many predictions as references, got {len(predictions)}, {len(references)}"
        )
    values = [
        bleu([one], [two], order=order, smoothing=smoothing, tokens=tokens)
        for one, two in zip(references, predictions, strict=True)
    ]
    return float(np.mean(values)) if values else float("nan")


def _grams(tokens: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[i:] for i in range(size)), strict=False))


@dataclass(frozen=True, slots=True)
class Overlap:
    """Recall, precision and F1 of overlapping words; each in 0..1."""

    recall: float
    precision: float
    f1: float


def rouge1(reference: str, prediction: str, *, tokens: Tokens = words) -> Overlap:
    """ROUGE-1 (Lin, 2004): clipped overlap of single words. MEGC 2025 equation 3 is its recall.

    Parameters
    ----------
    reference, prediction
        Texts.
    tokens
        `words` as in the challenge, or `plain_words` as in the rouge-score package without its stemmer.

    Returns
    -------
    Overlap
        Zeros where either text is empty.

    Examples
    --------
    >>> rouge1("brow lowerer, dimpler", "dimpler")
    Overlap(recall=0.3333333333333333, precision=1.0, f1=0.5)
    """
    true, found = Counter(tokens(reference)), Counter(tokens(prediction))
    shared, wanted, said = (true & found).total(), true.total(), found.total()
    return Overlap(
        shared / wanted if wanted else 0.0,
        shared / said if said else 0.0,
        2 * shared / (wanted + said) if shared else 0.0,
    )


@dataclass(frozen=True, slots=True)
class CountErrors:
    """Errors of predicted counts: mean absolute error, root of the mean squared error, cases, unread."""

    mae: float
    rmse: float
    n: int
    unread: int


def count_errors(truth: Sequence[int], predicted: Sequence[int | None]) -> CountErrors:
    """MAE and RMSE of predicted numbers of events (MEGC 2026 LVQA).

    Parameters
    ----------
    truth, predicted
        ``N`` numbers each. ``None``, an answer in which no number could be read, counts as 0 events: leaving
        such answers out would reward saying nothing. ``unread`` tells how many there are.

    Returns
    -------
    CountErrors
        NaN for no cases.

    Examples
    --------
    >>> count_errors([3, 0, 2], [1, 0, None])
    CountErrors(mae=1.3333333333333333, rmse=1.632993161855452, n=3, unread=1)
    """
    if len(truth) != len(predicted):
        raise UsageError(f"expected as many predictions as truths, got {len(predicted)} and {len(truth)}")
    error = np.array([(p or 0) - t for t, p in zip(truth, predicted, strict=True)], float)
    unread = sum(p is None for p in predicted)
    if not len(error):
        return CountErrors(float("nan"), float("nan"), 0, 0)
    return CountErrors(float(np.abs(error).mean()), float(np.sqrt(np.mean(error**2))), len(error), unread)


def set_f1(truth: Collection[Hashable], predicted: Collection[Hashable]) -> float:
    """F1 of one set, ``2 |A n B| / (|A| + |B|)`` (MEGC 2026 LVQA); 1 where both are empty.

    Examples
    --------
    >>> set_f1({1, 4}, {4}), set_f1(set(), set())
    (0.6666666666666666, 1.0)
    """
    true, found = set(truth), set(predicted)
    return 2 * len(true & found) / (len(true) + len(found)) if true or found else 1.0


def set_jaccard(truth: Collection[Hashable], predicted: Collection[Hashable]) -> float:
    """Jaccard index of one set, ``|A n B| / |A u B|`` (MEGC 2026 LVQA); 1 where both are empty.

    Examples
    --------
    >>> set_jaccard({1, 4}, {4}), set_jaccard(set(), set())
    (0.5, 1.0)
    """
    true, found = set(truth), set(predicted)
    return len(true & found) / len(true | found) if true or found else 1.0
