"""Which reviews train, and which measure."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation, ReviewTraining, Text
from pipeline.data.holdout import held_out
from pipeline.data.reviewed_messages import aggregate
from pipeline.text import Tokeniser


def human_labels(
    reviews: pd.DataFrame, training: ReviewTraining, evaluation: Evaluation
) -> pd.DataFrame:
    """A ``human_labels`` table: the labels that reviews which train give their messages. They are not merged."""
    teaching = reviews[reviews["source"].isin(training.sources)]
    decided, _ = aggregate(teaching, evaluation.model_copy(update={"merge": {}}))
    return (
        decided[["key", "label"]]
        .assign(weight=float(training.weight))
        .reset_index(drop=True)
    )


def measuring(
    reviews: pd.DataFrame, sources: Collection[str], text: Text, holdout: float
) -> pd.DataFrame:
    """The reviews that may measure a model that was taught by those of ``sources``.

    Left out are all reviews of a text, as it is when cleaned, that one of these sources reviewed: the model may have
    learnt it by heart. What is held out of training, see `pipeline.data.holdout`, taught nothing and stays.
    """
    if not sources:
        return reviews
    tokeniser = Tokeniser.from_settings(text)
    places, bodies = pd.factorize(reviews["body"])
    cleaned = pd.Series(
        np.array([tokeniser.cleaned(body) for body in bodies], dtype=object)[places]
    )
    teaching = reviews["source"].isin(list(sources)).to_numpy() & ~held_out(
        cleaned, holdout
    )
    return reviews[~cleaned.isin(set(cleaned[teaching])).to_numpy()].reset_index(
        drop=True
    )
