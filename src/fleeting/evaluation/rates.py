"""Intervals for shares and for rates: how much a handful of cases can show."""

from fleeting.core import UsageError
from fleeting.evaluation.bootstrap import Estimate


def wilson_interval(hits: int, cases: int, level: float = 0.95) -> Estimate:
    """Score interval of a share (Wilson, 1927).

    ``(p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)``; it stays inside 0..1 and is sensible for
    0 of n. It takes cases as independent: for several cases of one subject use `subject_bootstrap`.

    Parameters
    ----------
    hits, cases
        ``0 <= hits <= cases``.
    level
        Coverage, in (0, 1).

    Returns
    -------
    Estimate
        NaN throughout for no cases.

    Examples
    --------
    >>> share = wilson_interval(57, 60)
    >>> round(share.value, 3), round(share.low, 3), round(share.high, 3)
    (0.95, 0.863, 0.983)
    """
    from scipy.special import ndtri

    if not 0 <= hits <= cases or not 0 < level < 1:
        raise UsageError(f"expected 0 <= hits <= cases and a level in (0, 1), got {hits}, {cases}, {level}")
    if cases == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), level, 0)
    z = float(ndtri((1 + level) / 2))
    share, grown = hits / cases, 1 + z * z / cases
    centre = (share + z * z / (2 * cases)) / grown
    half = z * (share * (1 - share) / cases + z * z / (4 * cases * cases)) ** 0.5 / grown
    low = 0.0 if hits == 0 else centre - half
    return Estimate(share, low, 1.0 if hits == cases else centre + half, level, cases)


def poisson_interval(count: int, exposure: float = 1.0, level: float = 0.95) -> Estimate:
    """Exact interval of a rate (Garwood, 1936), for example false alarms per minute.

    ``chi²(alpha/2; 2 n) / 2`` to ``chi²(1 - alpha/2; 2 n + 2) / 2``, over the exposure.

    Parameters
    ----------
    count
        Events seen.
    exposure
        Minutes (or any unit) watched, positive.
    level
        Coverage, in (0, 1).

    Returns
    -------
    Estimate
        ``value`` is ``count / exposure``; ``units`` the count.

    Examples
    --------
    Nothing seen in two minutes still allows almost two a minute:

    >>> rate = poisson_interval(0, exposure=2.0)
    >>> rate.value, rate.low, round(rate.high, 3)
    (0.0, 0.0, 1.844)
    """
    from scipy.special import gammaincinv

    if count < 0 or not exposure > 0 or not 0 < level < 1:
        raise UsageError(
            f"expected count >= 0, exposure > 0 and a level in (0, 1), got {count}, {exposure}, {level}"
        )
    tail = (1 - level) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    return Estimate(count / exposure, low / exposure, high / exposure, level, count)
