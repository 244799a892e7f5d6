"""One label a reviewed message, from those that people gave it."""

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation
from pipeline.statistics import dawid_skene

TIE = 1e-9  # probabilities as near as this are as good as equal


def merged_labels(evaluation: Evaluation) -> dict[str, str]:
    """Which label stands for each of ours that ``evaluation.merge`` names."""
    return {label: into for into, some in evaluation.merge.items() for label in some}


def merge(reviews: pd.DataFrame, evaluation: Evaluation) -> pd.DataFrame:
    """The reviews with their labels merged, as ``evaluation.merge`` says."""
    merged = merged_labels(evaluation)
    return reviews.assign(
        label=reviews["label"].map(lambda label: merged.get(label, label)).astype("str")
    )


def annotators(reviews: pd.DataFrame) -> pd.Series:
    """Who gave each review: its source and, where one is named, the annotator."""
    source, annotator = reviews["source"].fillna(""), reviews["annotator"].fillna("")
    return source.where(annotator == "", source + "/" + annotator)


def aggregate(
    reviews: pd.DataFrame, evaluation: Evaluation
) -> tuple[pd.DataFrame, int]:
    """The label of each reviewed message, as ``evaluation.aggregation`` decides it, labels merged first.

    A row for each message that has one, ``key``, ``label`` and ``body``; and how many messages have none, because two
    labels are as good as each other.
    """
    merged = merge(reviews, evaluation)
    several = merged["key"].duplicated(keep=False)
    if (
        evaluation.aggregation == "majority"
        or merged.loc[several, "label"].nunique() < 2
    ):
        return _majority(merged)
    # Who reviewed a message alone cannot be compared with anybody, and is believed.
    (alone, _), (found, undecided) = (
        _majority(merged[~several]),
        _likeliest(merged[several]),
    )
    return pd.concat([alone, found]).sort_values("key"), undecided


def _majority(reviews: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    votes = reviews.groupby(["key", "label"], as_index=False).agg(
        body=("body", "first"), votes=("body", "size")
    )
    top = votes[votes["votes"] == votes.groupby("key")["votes"].transform("max")]
    tied = top["key"].duplicated(keep=False)
    return top.loc[~tied, ["key", "label", "body"]], top.loc[tied, "key"].nunique()


def _likeliest(reviews: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The labels that `pipeline.statistics.dawid_skene` finds the most probable."""
    messages, _ = pd.factorize(reviews["key"], sort=True)
    labels, names = pd.factorize(reviews["label"], sort=True)
    people, _ = pd.factorize(annotators(reviews), sort=True)
    posterior = dawid_skene.fit(messages, people, labels, len(names)).posterior
    ranked = np.sort(posterior, axis=1)
    decided = ranked[:, -1] - ranked[:, -2] > TIE
    table = reviews.groupby("key", as_index=False)[
        "body"
    ].first()  # in the order of the keys, as the messages are
    table["label"] = names[posterior.argmax(axis=1)]
    return table.loc[decided, ["key", "label", "body"]], int((~decided).sum())
