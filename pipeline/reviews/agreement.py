"""Measure how far annotators agree, and compare the labels decided from reviews."""

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation
from pipeline.data.reviewed_messages import (
    aggregate,
    annotator_names,
    count_by_source,
    may_measure,
    merge_labels,
)
from pipeline.records.reviews import Agreement, AnnotatorAgreement, PairAgreement
from pipeline.statistics import dawid_skene
from pipeline.statistics.agreement import krippendorff_alpha

AGGREGATIONS = ("majority", "dawid_skene")
#: The minimum number of labels that an agreement is estimated on.
MIN_LABELS = 2


def measure_agreement(reviews: pd.DataFrame, evaluation: Evaluation) -> Agreement:
    """Return how far the annotators of a ``reviews`` table agree.

    Reviews count that ``evaluation.sources`` lets measure. Labels are merged first, by
    ``evaluation.merge``. Of several reviews of a message by one annotator, the last one
    counts.

    Examples
    --------
    >>> from pipeline.config.settings import Corrections
    >>> reviews = pd.DataFrame(
    ...     {
    ...         "key": ["1", "1", "2", "2", "3", "3"],
    ...         "body": ["Win!", "Win!", "Hello", "Hello", "Call me", "Call me"],
    ...         "label": ["spam", "spam", "personal", "personal", "spam", "personal"],
    ...         "source": "support",
    ...         "annotator": ["ann", "bob", "ann", "bob", "ann", "bob"],
    ...     }
    ... )
    >>> evaluation = Evaluation(
    ...     sources=None,
    ...     corrections=Corrections(per_annotator_and_day=50),
    ...     aggregation="majority",
    ...     merge={},
    ...     confidence=0.95,
    ... )
    >>> agreement = measure_agreement(reviews, evaluation)
    >>> agreement.decided["majority"], agreement.undecided["majority"]
    (2, 1)
    >>> [(pair.annotators, pair.messages) for pair in agreement.pairs]
    [(('support/ann', 'support/bob'), 3)]
    """
    is_measuring = may_measure(reviews, evaluation)
    left_out = count_by_source(reviews[~is_measuring])
    reviews = reviews[is_measuring]
    merged = merge_labels(reviews, evaluation.merge)
    merged = merged.assign(who=annotator_names(reviews))
    merged = merged.drop_duplicates(["key", "who"], keep="last")
    counts = pd.crosstab(merged["key"], merged["label"]).to_numpy()
    alpha = krippendorff_alpha(counts, evaluation.confidence)
    labels = {
        aggregation: aggregate(reviews, aggregation, evaluation.merge)["label"]
        for aggregation in AGGREGATIONS
    }
    majority = labels["majority"]
    estimated = labels["dawid_skene"]
    is_decided = majority.notna() & estimated.notna()
    return Agreement(
        reviews=len(merged),
        messages=len(counts),
        reviewed_twice=int((counts.sum(axis=1) > 1).sum()),
        alpha=alpha if alpha.defined else None,
        annotators=tuple(_annotators(merged)),
        pairs=tuple(_pairs(merged)),
        decided={name: int(label.notna().sum()) for name, label in labels.items()},
        undecided={name: int(label.isna().sum()) for name, label in labels.items()},
        differ=int((majority[is_decided] != estimated[is_decided]).sum()),
        other_sources=left_out,
    )


def _annotators(reviews: pd.DataFrame) -> list[AnnotatorAgreement]:
    """Return how far each annotator agrees with the others, by their names."""
    annotator, names = pd.factorize(reviews["who"], sort=True)
    label, label_names = pd.factorize(reviews["label"], sort=True)
    others = _votes_of_others(reviews["key"], label, len(label_names))
    majority = others.max(axis=1, initial=0)
    n_leading = (others == majority[:, None]).sum(axis=1)
    is_clear = (majority > 0) & (n_leading == 1)
    agrees = others[np.arange(len(label)), label] == majority
    expected = _expected(reviews[reviews["key"].duplicated(keep=False)])
    rows = []
    for index, name in enumerate(names):
        own_reviews = annotator == index
        compared = own_reviews & is_clear
        rows.append(
            AnnotatorAgreement(
                annotator=name,
                reviews=int(own_reviews.sum()),
                compared=int(compared.sum()),
                agreement=float(agrees[compared].mean()) if compared.any() else None,
                expected=expected.get(name),
            )
        )
    return rows


def _votes_of_others(key: pd.Series, label: np.ndarray, n_labels: int) -> np.ndarray:
    """Count, for each review, the other reviews of its message by label.

    Returns
    -------
    np.ndarray
        int64 [n_reviews, n_labels].
    """
    message, keys = pd.factorize(key)
    votes = np.zeros((len(keys), n_labels), dtype=np.int64)
    np.add.at(votes, (message, label), 1)
    others = votes[message]
    others[np.arange(len(label)), label] -= 1
    return others


def _expected(shared: pd.DataFrame) -> dict[str, float]:
    """Return the share of messages that each annotator is expected to label correctly.

    Parameters
    ----------
    shared
        The reviews of messages that have several.
    """
    label, label_names = pd.factorize(shared["label"], sort=True)
    if len(label_names) < MIN_LABELS:
        return {}
    annotator, names = pd.factorize(shared["who"], sort=True)
    message, _ = pd.factorize(shared["key"])
    consensus = dawid_skene.fit(message, annotator, label, len(label_names))
    return dict(zip(names, consensus.accuracy.tolist(), strict=True))


def _pairs(reviews: pd.DataFrame) -> list[PairAgreement]:
    """Return how far two annotators agree, most common messages first."""
    columns = reviews[["key", "who", "label"]]
    common = columns.merge(columns, on="key")
    common = common[common["who_x"] < common["who_y"]]
    common = common.assign(agree=common["label_x"] == common["label_y"])
    pairs = common.groupby(["who_x", "who_y"])["agree"].agg(["size", "mean"])
    pairs = pairs.reset_index().sort_values("size", ascending=False, kind="stable")
    return [
        PairAgreement(
            annotators=(first, second), messages=int(size), agreement=float(share)
        )
        for first, second, size, share in pairs.itertuples(index=False)
    ]
