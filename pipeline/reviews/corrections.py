"""Measure tonight's model on users' corrections, apart from the reviews that gate it.

Anybody who may send a correction has a part in this figure. So an annotator counts with
a limited number of corrections a day.
"""

import hashlib
from collections.abc import Sequence

import pandas as pd

from pipeline.config.settings import CORRECTION, Evaluation, ReviewTraining, Text
from pipeline.data.reviewed_messages import (
    Predict,
    count_by_source,
    evaluate,
    may_measure,
    reviewed_messages,
    taught_texts,
)
from pipeline.records.reviews import (
    CorrectionMeasurement,
    LabelAgreement,
    ReviewEvaluation,
)
from pipeline.reviews.aggregate import cleaned_texts
from pipeline.statistics.interval import UNDEFINED, Interval


def measure_corrections(
    reviews: pd.DataFrame,
    training: ReviewTraining,
    holdout_fraction: float,
    text: Text,
    evaluation: Evaluation,
    *,
    predict: Predict,
    labels: Sequence[str],
) -> CorrectionMeasurement:
    """Return how often a model gives messages the labels that users corrected them to.

    As on reviews, a text is left out that the model learnt from a review, unless it is
    held out. A message with several corrections has the label that most of them give.

    Parameters
    ----------
    reviews
        A ``reviews`` table.
    predict
        Returns one of the ``labels`` for a body; the label without thresholds.

    Examples
    --------
    >>> from pipeline.config.settings import Corrections
    >>> reviews = pd.DataFrame(
    ...     {
    ...         "key": ["1", "2", "3"],
    ...         "body": ["Win a prize", "See you", "Call me"],
    ...         "label": ["spam", "spam", "personal"],
    ...         "source": ["correction", "correction", "crowd"],
    ...         "annotator": ["ann", "ann", "bob"],
    ...         "reviewed_at": pd.Timestamp("2026-11-20", tz="UTC"),
    ...     }
    ... )
    >>> measured = measure_corrections(
    ...     reviews,
    ...     ReviewTraining(sources=(), weight=1),
    ...     holdout_fraction=0.0,
    ...     text=Text(preset="ascii", digits="keep", min_token=1, stop_words=()),
    ...     evaluation=Evaluation(
    ...         sources=None,
    ...         corrections=Corrections(per_annotator_and_day=50),
    ...         aggregation="majority",
    ...         merge={},
    ...         confidence=0.95,
    ...     ),
    ...     predict={"Win a prize": "spam", "See you": "personal"}.get,
    ...     labels=["personal", "spam"],
    ... )
    >>> measured.corrections, measured.agreement.value
    (2, 0.5)
    """
    unnamed = reviews[~may_measure(reviews, evaluation)]
    is_correction = unnamed["source"] == CORRECTION
    corrections = unnamed[is_correction]
    texts = cleaned_texts(reviews["body"], text)
    trains = reviews["source"].isin(training.sources).to_numpy()
    trained = texts.isin(taught_texts(texts, trains, holdout_fraction))
    untrained = corrections[~trained[corrections.index]]
    limit = evaluation.corrections.per_annotator_and_day
    counted = within_limit(untrained, limit)
    reviewed = reviewed_messages(
        counted, texts[counted.index], "majority", evaluation.merge
    )
    measured = evaluate(
        reviewed, predict, labels, evaluation.merge, evaluation.confidence
    )
    return CorrectionMeasurement(
        corrections=len(corrections),
        annotators=_annotators(corrections).nunique(),
        trained=len(corrections) - len(untrained),
        over_limit=len(untrained) - len(counted),
        messages=measured.messages,
        ties=measured.ties,
        unknown_labels=measured.unknown_labels,
        agreement=_agreement(measured),
        per_label=_agreement_of_labels(measured),
        other_sources=count_by_source(unnamed[~is_correction]),
    )


def within_limit(corrections: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Return at most `limit` corrections of each annotator and day (UTC).

    A hash of the message's key chooses them. So they are the same ones on every run, in
    whatever order the rows are, and an annotator cannot choose them by being early.
    Rows without an annotator are of one annotator, rows without a time of one day.

    Parameters
    ----------
    corrections
        Columns ``key``, ``label``, ``annotator`` and ``reviewed_at`` of a ``reviews``
        table.

    Examples
    --------
    >>> corrections = pd.DataFrame(
    ...     {
    ...         "key": ["1", "2", "3", "4"],
    ...         "label": "spam",
    ...         "annotator": ["bot", "bot", "bot", None],
    ...         "reviewed_at": pd.Timestamp("2026-11-20 16:49", tz="UTC"),
    ...     }
    ... )
    >>> within_limit(corrections, limit=2)["key"].tolist()
    ['2', '3', '4']
    """
    ranked = pd.DataFrame(
        {
            "annotator": _annotators(corrections),
            "day": corrections["reviewed_at"].dt.floor("D"),
            "hash": corrections["key"].map(_hash),
            "label": corrections["label"],
        },
        index=corrections.index,
    ).sort_values(["hash", "label"], kind="stable")
    rank = ranked.groupby(["annotator", "day"], dropna=False).cumcount()
    return corrections[(rank < limit).reindex(corrections.index)]


def _annotators(corrections: pd.DataFrame) -> pd.Series:
    return corrections["annotator"].fillna("")


def _hash(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


def _agreement(measured: ReviewEvaluation) -> Interval:
    return UNDEFINED if measured.metrics is None else measured.metrics.accuracy


def _agreement_of_labels(measured: ReviewEvaluation) -> dict[str, LabelAgreement]:
    if measured.metrics is None:
        return {}
    agreement_of_label = {}
    for label, figures in measured.metrics.per_label.items():
        agreement_of_label[label] = LabelAgreement(
            messages=figures.support, agreement=figures.recall
        )
    return agreement_of_label
