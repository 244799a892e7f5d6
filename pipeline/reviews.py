"""One label a message from the labels that humans gave it."""

import pandas as pd

from pipeline.settings import Evaluation


def merged_labels(evaluation: Evaluation) -> dict[str, str]:
    """Which label stands for each of ours that ``evaluation.merge`` names."""
    return {label: into for into, some in evaluation.merge.items() for label in some}


def majority(reviews: pd.DataFrame, evaluation: Evaluation) -> tuple[pd.DataFrame, int]:
    """The label of most of a message's reviews, labels merged first: a row for each message that has one, ``key``,
    ``label`` and ``body``; and how many messages have none.
    """
    merged = merged_labels(evaluation)
    reviews = reviews.assign(label=reviews["label"].map(lambda label: merged.get(label, label)).astype("str"))
    votes = reviews.groupby(["key", "label"], as_index=False).agg(body=("body", "first"), votes=("body", "size"))
    top = votes[votes["votes"] == votes.groupby("key")["votes"].transform("max")]
    tied = top["key"].duplicated(keep=False)
    return top.loc[~tied, ["key", "label", "body"]], top.loc[tied, "key"].nunique()
