"""Reviewed messages: one label for each message that people reviewed, decided once.

A ``reviewed_messages`` table has one row for each message, in the order of the keys.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from pipeline.data.holdout import held_out
from pipeline.records.reviews import ReviewEvaluation
from pipeline.statistics import dawid_skene
from pipeline.statistics.classification import classification_report
from pipeline.statistics.metrics import Metrics

Predict: TypeAlias = Callable[[str], str]
#: ``evaluation.merge``: a label of reviews, and those of ours that it stands for.
Merge: TypeAlias = Mapping[str, Collection[str]]

TIE = 1e-9  # probabilities that differ by less are equal
LABEL = re.compile(r"[\w-]{1,32}")


def merged_labels(merge: Merge) -> dict[str, str]:
    """Return the label that stands for each of ours that ``evaluation.merge`` names."""
    merged = {}
    for label, merged_into_it in merge.items():
        merged.update(dict.fromkeys(merged_into_it, label))
    return merged


def merge_labels(reviews: pd.DataFrame, merge: Merge) -> pd.DataFrame:
    """Return the reviews with their labels merged, as ``evaluation.merge`` says."""
    merged = merged_labels(merge)
    labels = [merged.get(label, label) for label in reviews["label"]]
    return reviews.assign(label=pd.Series(labels, index=reviews.index, dtype="str"))


def annotator_names(reviews: pd.DataFrame) -> pd.Series:
    """Return who gave each review: its source, and the annotator where there is one."""
    source = reviews["source"].fillna("")
    annotator = reviews["annotator"].fillna("")
    return source.where(annotator == "", source + "/" + annotator)


def aggregate(reviews: pd.DataFrame, aggregation: str, merge: Merge) -> pd.DataFrame:
    """Return the label of each reviewed message.

    Labels are merged first. Columns are ``key``, ``body`` and ``label``, which is null
    where two labels are equally good; rows are in the order of the keys.

    Parameters
    ----------
    aggregation
        ``evaluation.aggregation``. With ``dawid_skene``, somebody who reviewed a
        message alone cannot be compared with anybody, and is believed.
    """
    merged = merge_labels(reviews, merge)
    shared = merged["key"].duplicated(keep=False)
    if aggregation == "majority" or merged.loc[shared, "label"].nunique() < 2:
        label = _majority(merged)
    else:
        alone = merged[~shared].set_index("key")["label"]
        label = pd.concat([alone, _most_probable(merged[shared])])
    messages = merged.groupby("key", as_index=False)["body"].first()
    return messages.assign(label=messages["key"].map(label).astype("str"))


def reviewed_messages(
    reviews: pd.DataFrame, texts: pd.Series, aggregation: str, merge: Merge
) -> pd.DataFrame:
    """Return a ``reviewed_messages`` table.

    Parameters
    ----------
    texts
        The cleaned text that each review is about.
    """
    reviews = reviews.assign(text=texts.astype("str"))
    grouped = reviews.groupby("key", as_index=False)
    counted = grouped.agg(text=("text", "first"), reviews=("key", "size"))
    messages = aggregate(reviews, aggregation, merge).merge(counted, on="key")
    sources = _sources(reviews)
    messages["sources"] = pd.Series(
        [sources[key] for key in messages["key"]], index=messages.index, dtype=object
    )
    columns = ["key", "body", "text", "label", "reviews", "sources"]
    return messages[columns].astype({"reviews": "int64"})


def taught_texts(
    texts: pd.Series, is_taught: np.ndarray, holdout_fraction: float
) -> set[str]:
    """Return the cleaned texts that a model may have learnt by heart from reviews.

    Held-out texts are not among them: no model trains on them.

    Parameters
    ----------
    is_taught
        bool [n_texts], whether a review that trains is about the text.
    """
    candidates = texts[is_taught]
    return set(candidates[~held_out(candidates, holdout_fraction)])


def unseen_by(
    reviewed: pd.DataFrame, taught_by: Collection[str], holdout_fraction: float
) -> pd.DataFrame:
    """Return the reviewed messages whose texts did not train a model.

    Left out is every message with a text that a review of the model's sources is about,
    unless the text is held out.

    Parameters
    ----------
    reviewed
        A ``reviewed_messages`` table. With ``dawid_skene``, its labels were estimated
        from the reviews of all its messages, including those that are left out here.
    taught_by
        The sources of the reviews that trained the model.
    holdout_fraction
        The share of the texts that the model was kept from.
    """
    teachers = set(taught_by)
    is_taught = np.array(
        [not teachers.isdisjoint(sources) for sources in reviewed["sources"]],
        dtype=bool,
    )
    taught = taught_texts(reviewed["text"], is_taught, holdout_fraction)
    return reviewed[~reviewed["text"].isin(taught)].reset_index(drop=True)


def evaluate(
    reviewed: pd.DataFrame,
    predict: Predict,
    labels: Sequence[str],
    merge: Merge,
    confidence: float,
    label_with_thresholds: Predict | None = None,
) -> ReviewEvaluation:
    """Return how well a model labels the reviewed messages.

    Messages with the same body are one document.

    Parameters
    ----------
    reviewed
        A ``reviewed_messages`` table.
    predict
        Returns one of the ``labels`` for a body; it is called once for each distinct
        one.
    merge
        ``evaluation.merge``, which the model's labels are merged by.
    confidence
        Of the intervals.
    label_with_thresholds
        Like ``predict``, with thresholds; None if there is none.
    """
    merged = merged_labels(merge)
    names = sorted({merged.get(label, label) for label in labels})
    decided = reviewed.dropna(subset="label")
    is_known = decided["label"].isin(names)
    unknown = decided.loc[~is_known, "label"].map(_printable).value_counts()
    known = decided[is_known]

    def measure(predict: Predict) -> Metrics | None:
        return _measure(known, predict, merged, names, confidence)

    return ReviewEvaluation(
        reviews=int(reviewed["reviews"].sum()),
        messages=len(known),
        ties=len(reviewed) - len(decided),
        unknown_labels={label: int(n) for label, n in unknown.sort_index().items()},
        metrics=measure(predict),
        with_thresholds=label_with_thresholds and measure(label_with_thresholds),
    )


def _majority(reviews: pd.DataFrame) -> pd.Series:
    """Return the label that most reviews give, by key; tied messages are absent."""
    counts = reviews.groupby(["key", "label"], as_index=False).size()
    highest = counts.groupby("key")["size"].transform("max")
    most_frequent = counts[counts["size"] == highest]
    tied = most_frequent["key"].duplicated(keep=False)
    return most_frequent[~tied].set_index("key")["label"]


def _most_probable(reviews: pd.DataFrame) -> pd.Series:
    """Return the most probable label by Dawid and Skene's model, by key."""
    message, keys = pd.factorize(reviews["key"], sort=True)
    label, names = pd.factorize(reviews["label"], sort=True)
    annotator, _ = pd.factorize(annotator_names(reviews), sort=True)
    posterior = dawid_skene.fit(message, annotator, label, len(names)).posterior
    ranked = np.sort(posterior, axis=1)
    decided = ranked[:, -1] - ranked[:, -2] > TIE
    best = names[posterior.argmax(axis=1)]
    return pd.Series(best, index=keys, dtype="str")[decided]


def _sources(reviews: pd.DataFrame) -> defaultdict[str, list[str]]:
    """Return the distinct sources of each message's reviews by its key, sorted."""
    pairs = reviews[["key", "source"]].dropna().drop_duplicates().sort_values("source")
    sources = defaultdict(list)
    for key, source in zip(pairs["key"], pairs["source"], strict=True):
        sources[key].append(source)
    return sources


def _measure(
    known: pd.DataFrame,
    predict: Predict,
    merged: Mapping[str, str],
    names: Sequence[str],
    confidence: float,
) -> Metrics | None:
    """Return the metrics of predictions for messages with a known label."""
    if known.empty:
        return None
    documents = known.groupby(["body", "label"], as_index=False).size()
    predicted = {body: predict(body) for body in documents["body"].unique()}
    index = {name: i for i, name in enumerate(names)}
    truth = [index[label] for label in documents["label"]]
    given = [
        index[merged.get(label, label)] for label in documents["body"].map(predicted)
    ]
    weight = documents["size"].to_numpy()
    return classification_report(
        np.array(truth), np.array(given), weight, names, confidence
    )


def _printable(label: str) -> str:
    """Return a label if it looks like one.

    A wrong column may have filled the reviews with what nobody may see.
    """
    return label if LABEL.fullmatch(label) else "(not like a label)"
