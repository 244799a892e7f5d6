"""Decide on one label for each reviewed message, to measure or to train models."""

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation, ReviewTraining, Text
from pipeline.data.reviewed_messages import (
    aggregate,
    may_measure,
    reviewed_messages,
    taught_texts,
)
from pipeline.text import Tokeniser


def aggregate_reviews(
    reviews: pd.DataFrame,
    training: ReviewTraining,
    holdout_fraction: float,
    text: Text,
    evaluation: Evaluation,
) -> pd.DataFrame:
    """Return the ``reviewed_messages`` table of the messages that may measure a model.

    Reviews are left out that ``evaluation.sources`` does not let measure.

    A text with a review that trains tonight is left out, because the model may have
    memorised it, unless the text is held out. It is left out before labels are
    estimated. Texts that trained another model are left out later, by
    `pipeline.data.reviewed_messages.unseen_by`, without a new estimate of the labels.

    Examples
    --------
    >>> from pipeline.config.settings import Corrections
    >>> reviews = pd.DataFrame(
    ...     {
    ...         "key": ["1", "1", "2"],
    ...         "body": ["Win a prize", "Win a prize", "Hello"],
    ...         "label": ["spam", "spam", "personal"],
    ...         "source": ["support", "support", "crowd"],
    ...         "annotator": ["ann", "bob", "ann"],
    ...     }
    ... )
    >>> measured = aggregate_reviews(
    ...     reviews,
    ...     ReviewTraining(sources=("crowd",), weight=1),
    ...     holdout_fraction=0.0,
    ...     text=Text(preset="ascii", digits="keep", min_token=1, stop_words=()),
    ...     evaluation=Evaluation(
    ...         sources=None,
    ...         corrections=Corrections(per_annotator_and_day=50),
    ...         aggregation="majority",
    ...         merge={},
    ...         confidence=0.95,
    ...     ),
    ... )
    >>> measured[["key", "label"]]
      key label
    0   1  spam
    """
    reviews = reviews[may_measure(reviews, evaluation)]
    texts = cleaned_texts(reviews["body"], text)
    trains = reviews["source"].isin(training.sources).to_numpy()
    taught = taught_texts(texts, trains, holdout_fraction)
    measures = ~texts.isin(taught)
    return reviewed_messages(
        reviews[measures], texts[measures], evaluation.aggregation, evaluation.merge
    )


def human_labels(
    reviews: pd.DataFrame, training: ReviewTraining, aggregation: str
) -> pd.DataFrame:
    """Return the ``human_labels`` table: messages that train with a human's label.

    Labels are not merged.

    Examples
    --------
    >>> reviews = pd.DataFrame(
    ...     {
    ...         "key": ["1", "1", "2"],
    ...         "body": ["Win a prize", "Win a prize", "Hello"],
    ...         "label": ["spam", "spam", "personal"],
    ...         "source": ["correction", "correction", "support"],
    ...         "annotator": ["ann", "bob", "ann"],
    ...     }
    ... )
    >>> training = ReviewTraining(sources=("correction",), weight=3)
    >>> human_labels(reviews, training, "majority")
      key label  weight
    0   1  spam     3.0
    """
    trains = reviews["source"].isin(training.sources)
    messages = aggregate(reviews[trains], aggregation, merge={})
    decided = messages.dropna(subset="label").reset_index(drop=True)
    return decided[["key", "label"]].assign(weight=float(training.weight))


def cleaned_texts(bodies: pd.Series, text: Text) -> pd.Series:
    """Return the cleaned text of each body; each distinct body is cleaned once.

    Examples
    --------
    >>> text = Text(preset="ascii", digits="keep", min_token=1, stop_words=())
    >>> cleaned_texts(pd.Series(["Win a PRIZE!", "Hello"]), text).tolist()
    ['win a prize', 'hello']
    """
    tokeniser = Tokeniser.from_settings(text)
    row, distinct = pd.factorize(bodies)
    cleaned = np.array([tokeniser.cleaned(body) for body in distinct], dtype=object)
    return pd.Series(cleaned[row], index=bodies.index, dtype="str")
