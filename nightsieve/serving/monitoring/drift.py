"""How far live traffic is from the hold-out of the night that made the model.

References
----------
Lewis (1994), An Introduction to Credit Scoring: the index and its bounds 0.1 and 0.25.
Siddiqi (2006), Credit Risk Scorecards, chapter 9. Yurdakul and Naranjo (2020),
Statistical properties of the population stability index, Journal of Risk Model
Validation 14(4): without drift its mean is about ``(bins - 1) * (1/n + 1/m)``.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.records.reference import Reference

#: Stands for a smaller share, so that a bin without messages gives a finite index.
FLOOR = 1e-4
#: With fewer messages the index is mostly noise: of 10 bins, 0.018 without any drift.
MINIMUM_MESSAGES = 500


class Drift(NamedTuple):
    """Population stability indices; below 0.1 is no drift, above 0.25 is strong."""

    labels: float
    margins: float


def measure_drift(
    reference: Reference, labels: Mapping[str, float], margins: Sequence[float]
) -> Drift | None:
    """Compare live counts with the shares of a hold-out.

    Parameters
    ----------
    labels
        The number of live messages by label.
    margins
        The number of live messages in each bin of the reference.

    Returns
    -------
    Drift or None
        None with fewer than `MINIMUM_MESSAGES`.
    """
    if min(sum(labels.values()), sum(margins)) < MINIMUM_MESSAGES:
        return None
    names = [*reference.labels, *(labels.keys() - reference.labels.keys())]
    return Drift(
        labels=population_stability_index(
            counts=[labels.get(name, 0) for name in names],
            shares=[reference.labels.get(name, 0) for name in names],
        ),
        margins=population_stability_index(
            counts=margins,
            shares=[margin_bin.share for margin_bin in reference.margins],
        ),
    )


def population_stability_index(
    counts: Sequence[float], shares: Sequence[float]
) -> float:
    """Return the population stability index of counts against expected shares.

    A share below `FLOOR`, on either side, is taken as `FLOOR`.

    Parameters
    ----------
    counts
        By bin; at least one is above 0.

    Examples
    --------
    >>> population_stability_index([50, 50], [0.5, 0.5])
    0.0
    >>> round(population_stability_index([60, 40], [0.5, 0.5]), 4)
    0.0405
    """
    total = sum(counts)
    index = 0.0
    for count, share in zip(counts, shares, strict=True):
        live = max(count / total, FLOOR)
        expected = max(share, FLOOR)
        index += (live - expected) * math.log(live / expected)
    return index
