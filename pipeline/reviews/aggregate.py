"""One label for each reviewed message: to measure models on, and to train them."""

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation, ReviewTraining, Text
from pipeline.data.reviewed_messages import aggregate, reviewed_messages, taught_texts
from pipeline.text import Tokeniser


def aggregate_reviews(
    reviews: pd.DataFrame,
    training: ReviewTraining,
    holdout_fraction: float,
    text: Text,
    evaluation: Evaluation,
) -> pd.DataFrame:
    """Return the ``reviewed_messages`` table of the messages that may measure a model.

    Left out is every text that a review which trains tonight is about, unless the text
    is held out: the model may have learnt it by heart. This comes before labels are
    estimated. What trained another model is left out later, by
    `pipeline.data.reviewed_messages.unseen_by`: the labels are not estimated again.
    """
    texts = _cleaned(reviews["body"], text)
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
    """
    trains = reviews["source"].isin(training.sources)
    messages = aggregate(reviews[trains], aggregation, merge={})
    decided = messages.dropna(subset="label").reset_index(drop=True)
    return decided[["key", "label"]].assign(weight=float(training.weight))


def _cleaned(bodies: pd.Series, text: Text) -> pd.Series:
    """Return the cleaned text of each body; each distinct body is cleaned once."""
    tokeniser = Tokeniser.from_settings(text)
    row, distinct = pd.factorize(bodies)
    cleaned = np.array([tokeniser.cleaned(body) for body in distinct], dtype=object)
    return pd.Series(cleaned[row], index=bodies.index, dtype="str")
