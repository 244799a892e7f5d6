"""Reviews: one label a message from those that people gave it, and which of them train or measure."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from pipeline.holdout import held_out
from pipeline.reviews import dawid_skene
from pipeline.settings import Evaluation, Text
from pipeline.text import Tokeniser

TIE = 1e-9  # probabilities as near as this are as good as equal


def merged_labels(evaluation: Evaluation) -> dict[str, str]:
    """Which label stands for each of ours that ``evaluation.merge`` names."""
    return {label: into for into, some in evaluation.merge.items() for label in some}


def merge(reviews: pd.DataFrame, evaluation: Evaluation) -> pd.DataFrame:
    """The reviews with their labels merged, as ``evaluation.merge`` says."""
    merged = merged_labels(evaluation)
    return reviews.assign(label=reviews["label"].map(lambda label: merged.get(label, label)).astype("str"))


def annotators(reviews: pd.DataFrame) -> pd.Series:
    """Who gave each review: its source and, where one is named, the annotator."""
    source, annotator = reviews["source"].fillna(""), reviews["annotator"].fillna("")
    return source.where(annotator == "", source + "/" + annotator)


def aggregate(reviews: pd.DataFrame, evaluation: Evaluation) -> tuple[pd.DataFrame, int]:
    """The label of each reviewed message, as ``evaluation.aggregation`` decides it, labels merged first.

    A row for each message that has one, ``key``, ``label`` and ``body``; and how many messages have none, because two
    labels are as good as each other.
    """
    merged = merge(reviews, evaluation)
    several = merged["key"].duplicated(keep=False)
    if evaluation.aggregation == "majority" or merged.loc[several, "label"].nunique() < 2:
        return _majority(merged)
    # Who reviewed a message alone cannot be compared with anybody, and is believed.
    (alone, _), (found, undecided) = _majority(merged[~several]), _likeliest(merged[several])
    return pd.concat([alone, found]).sort_values("key"), undecided


def human_labels(reviews: pd.DataFrame, evaluation: Evaluation) -> pd.DataFrame:
    """A ``human_labels`` table: the labels that reviews which train give their messages. They are not merged."""
    teaching = reviews[reviews["source"].isin(evaluation.train.sources)]
    decided, _ = aggregate(teaching, evaluation.model_copy(update={"merge": {}}))
    return decided[["key", "label"]].assign(weight=float(evaluation.train.weight)).reset_index(drop=True)


def measuring(reviews: pd.DataFrame, sources: Collection[str], text: Text, holdout: float) -> pd.DataFrame:
    """The reviews that may measure a model that was taught by those of ``sources``.

    Left out are all reviews of a text, as it is when cleaned, that one of these sources reviewed: the model may have
    learnt it by heart. What is held out of training, see `pipeline.holdout`, taught nothing and stays.
    """
    if not sources:
        return reviews
    tokeniser = Tokeniser.from_settings(text)
    places, bodies = pd.factorize(reviews["body"])
    cleaned = pd.Series(np.array([tokeniser.cleaned(body) for body in bodies], dtype=object)[places])
    teaching = reviews["source"].isin(list(sources)).to_numpy() & ~held_out(cleaned, holdout)
    return reviews[~cleaned.isin(set(cleaned[teaching])).to_numpy()].reset_index(drop=True)


def _majority(reviews: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    votes = reviews.groupby(["key", "label"], as_index=False).agg(body=("body", "first"), votes=("body", "size"))
    top = votes[votes["votes"] == votes.groupby("key")["votes"].transform("max")]
    tied = top["key"].duplicated(keep=False)
    return top.loc[~tied, ["key", "label", "body"]], top.loc[tied, "key"].nunique()


def _likeliest(reviews: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The labels that `pipeline.reviews.dawid_skene` finds the most probable."""
    messages, _ = pd.factorize(reviews["key"], sort=True)
    labels, names = pd.factorize(reviews["label"], sort=True)
    people, _ = pd.factorize(annotators(reviews), sort=True)
    posterior = dawid_skene.fit(messages, people, labels, len(names)).posterior
    ranked = np.sort(posterior, axis=1)
    decided = ranked[:, -1] - ranked[:, -2] > TIE
    table = reviews.groupby("key", as_index=False)["body"].first()  # in the order of the keys, as the messages are
    table["label"] = names[posterior.argmax(axis=1)]
    return table.loc[decided, ["key", "label", "body"]], int((~decided).sum())
