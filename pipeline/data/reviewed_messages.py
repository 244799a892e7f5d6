"""Reviewed messages: one label for each message that people reviewed, decided once.

A ``reviewed_messages`` table has one row for each message, in the order of the keys.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation
from pipeline.data.holdout import held_out
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.words import describe_left_out
from pipeline.statistics import dawid_skene
from pipeline.statistics.classification import classification_report
from pipeline.statistics.metrics import Metrics

#: Returns the label of a body.
Predict: TypeAlias = Callable[[str], str]
#: ``evaluation.merge``: a label of reviews, and the labels of ours that it stands for.
Merge: TypeAlias = Mapping[str, Collection[str]]

TIE = 1e-9  # probabilities that differ by less are equal
LABEL = re.compile(r"[\w-]{1,32}")
NO_SOURCE = "(no source)"  # in place of the name of a source
_SOURCE = re.compile(r"[\w.-]{1,63}")
_MIN_LABELS = 2  # with one label alone there is nothing to estimate


def merged_labels(merge: Merge) -> dict[str, str]:
    """Return the label that stands for each of the labels in ``evaluation.merge``.

    Examples
    --------
    >>> merged_labels({"ham": ["personal", "notification"]})
    {'personal': 'ham', 'notification': 'ham'}
    """
    merged = {}
    for label, merged_into_it in merge.items():
        merged.update(dict.fromkeys(merged_into_it, label))
    return merged


def may_measure(reviews: pd.DataFrame, evaluation: Evaluation) -> np.ndarray:
    """Return whether each review has a source that measures, bool [n_reviews].

    Parameters
    ----------
    evaluation
        Its ``sources`` say which ones do.

    Examples
    --------
    >>> from pipeline.config.settings import Corrections
    >>> reviews = pd.DataFrame({"source": ["crowd", "correction", None]})
    >>> evaluation = Evaluation(
    ...     sources=None,
    ...     corrections=Corrections(per_annotator_and_day=50),
    ...     aggregation="majority",
    ...     merge={},
    ...     confidence=0.95,
    ... )
    >>> may_measure(reviews, evaluation)
    array([ True, False,  True])
    """
    sources = reviews["source"].astype(object).where(reviews["source"].notna(), None)
    has_source = {source: evaluation.has_source(source) for source in set(sources)}
    return np.array([has_source[source] for source in sources], dtype=bool)


def count_by_source(reviews: pd.DataFrame) -> dict[str, int]:
    """Return the number of reviews of each source, in the order of the names.

    A text that does not look like the name of a source is not shown.

    Examples
    --------
    >>> count_by_source(pd.DataFrame({"source": ["crowd", None, "crowd", "a b"]}))
    {'(no source)': 1, '(not like a source)': 1, 'crowd': 2}
    """
    names = map(_source_name, reviews["source"].fillna(""))
    return dict(sorted(Counter(names).items()))


def merge_labels(reviews: pd.DataFrame, merge: Merge) -> pd.DataFrame:
    """Return the reviews with their labels merged by ``evaluation.merge``.

    Examples
    --------
    >>> reviews = pd.DataFrame({"label": ["personal", "spam"]})
    >>> merge_labels(reviews, {"ham": ["personal"]})["label"].tolist()
    ['ham', 'spam']
    """
    merged = merged_labels(merge)
    labels = [merged.get(label, label) for label in reviews["label"]]
    return reviews.assign(label=pd.Series(labels, index=reviews.index, dtype="str"))


def annotator_names(reviews: pd.DataFrame) -> pd.Series:
    """Return who gave each review: its source, and the annotator if there is one.

    Examples
    --------
    >>> reviews = pd.DataFrame({"source": ["crowd", "app"], "annotator": ["ann", None]})
    >>> annotator_names(reviews).tolist()
    ['crowd/ann', 'app']
    """
    source = reviews["source"].fillna("")
    annotator = reviews["annotator"].fillna("")
    return source.where(annotator == "", source + "/" + annotator)


def aggregate(reviews: pd.DataFrame, aggregation: str, merge: Merge) -> pd.DataFrame:
    """Return the label of each reviewed message.

    Labels are merged first.

    Parameters
    ----------
    aggregation
        ``evaluation.aggregation``. With ``dawid_skene``, an annotator who reviewed a
        message alone cannot be compared with others, so their label is taken.

    Returns
    -------
    pd.DataFrame
        The columns ``key``, ``body`` and ``label``, which is null where two labels are
        equally good; the rows are in the order of the keys.

    Examples
    --------
    >>> reviews = pd.DataFrame(
    ...     {"key": ["1", "1", "1", "2"], "label": ["spam", "spam", "ham", "ham"]}
    ... ).assign(body="any text")
    >>> aggregate(reviews, "majority", merge={})["label"].tolist()
    ['spam', 'ham']
    """
    merged = merge_labels(reviews, merge)
    is_shared = merged["key"].duplicated(keep=False)
    n_labels = merged.loc[is_shared, "label"].nunique()
    if aggregation == "majority" or n_labels < _MIN_LABELS:
        label = _majority(merged)
    else:
        label_of_single = merged[~is_shared].set_index("key")["label"]
        label = pd.concat([label_of_single, _most_probable(merged[is_shared])])
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

    Examples
    --------
    >>> reviews = pd.DataFrame(
    ...     {"key": ["1", "1"], "label": ["spam", "spam"], "source": ["app", "crowd"]}
    ... ).assign(body="Win!")
    >>> texts = pd.Series(["win", "win"])
    >>> messages = reviewed_messages(reviews, texts, "majority", merge={})
    >>> messages[["label", "reviews", "sources"]].iloc[0].to_dict()
    {'label': 'spam', 'reviews': 2, 'sources': ['app', 'crowd']}
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

    Examples
    --------
    >>> texts = pd.Series(["see you soon", "win a prize"])
    >>> taught_texts(texts, np.array([True, True]), holdout_fraction=0.5)
    {'win a prize'}
    """
    candidates = texts[is_taught]
    return set(candidates[~held_out(candidates, holdout_fraction)])


def unseen_by(
    reviewed: pd.DataFrame, taught_by: Collection[str], holdout_fraction: float
) -> pd.DataFrame:
    """Return the reviewed messages whose texts did not train a model.

    A message is left out if a review of the model's sources is about its text, unless
    the text is held out.

    Parameters
    ----------
    reviewed
        A ``reviewed_messages`` table. With ``dawid_skene``, its labels were estimated
        from the reviews of all its messages, including those that are left out here.
    taught_by
        The sources of the reviews that trained the model.
    holdout_fraction
        The share of the texts that the model was not trained on.

    Examples
    --------
    >>> reviewed = pd.DataFrame(
    ...     {"text": ["win a prize", "your code"], "sources": [["app"], ["crowd"]]}
    ... )
    >>> unseen_by(reviewed, taught_by=["app"], holdout_fraction=0.0)["text"].tolist()
    ['your code']
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
    *,
    label_with_thresholds: Predict | None = None,
) -> ReviewEvaluation:
    """Measure how well a model labels the reviewed messages.

    Messages with the same body are one document.

    Parameters
    ----------
    reviewed
        A ``reviewed_messages`` table.
    predict
        Returns one of the ``labels`` for a body; it is called once for each distinct
        body.
    merge
        ``evaluation.merge``; the model's labels are merged too.
    confidence
        Of the intervals, in (0, 1).
    label_with_thresholds
        Like ``predict``, with thresholds; None if the model has no threshold.

    Examples
    --------
    >>> reviewed = pd.DataFrame(
    ...     {"body": ["Win!", "See you"], "label": ["spam", "ham"], "reviews": [1, 1]}
    ... )
    >>> def predict(body):
    ...     return "spam"
    >>> evaluation = evaluate(reviewed, predict, ["ham", "spam"], {}, confidence=0.95)
    >>> evaluation.metrics.accuracy.value
    0.5
    """
    merged = merged_labels(merge)
    names = sorted({merged.get(label, label) for label in labels})
    decided = reviewed.dropna(subset="label")
    is_known = decided["label"].isin(names)
    unknown = Counter(map(_printable, decided.loc[~is_known, "label"]))
    known = decided[is_known]

    def measure(predict: Predict) -> Metrics | None:
        return _measure(known, predict, merged, names, confidence)

    with_thresholds = None
    if label_with_thresholds is not None:
        with_thresholds = measure(label_with_thresholds)
    return ReviewEvaluation(
        reviews=int(reviewed["reviews"].sum()),
        messages=len(known),
        ties=len(reviewed) - len(decided),
        unknown_labels=dict(sorted(unknown.items())),
        metrics=measure(predict),
        with_thresholds=with_thresholds,
    )


def unknown_label_warnings(evaluation: ReviewEvaluation) -> list[str]:
    """Return a warning if people gave labels that are unknown to the model.

    Examples
    --------
    >>> evaluation = ReviewEvaluation(
    ...     reviews=9,
    ...     messages=0,
    ...     ties=1,
    ...     unknown_labels={"0": 2, "Spam": 6},
    ...     metrics=None,
    ...     with_thresholds=None,
    ... )
    >>> unknown_label_warnings(evaluation)[0].partition(";")[0].partition(": ")[2]
    '6 with the unknown label Spam, 2 with the unknown label 0'
    """
    if not evaluation.unknown_labels:
        return []
    left_out = describe_left_out(evaluation.model_copy(update={"ties": 0}))
    return [
        f"reviewed messages that do not count: {left_out}; map labels with "
        "nightsieve load --label-map or evaluation.merge"
    ]


def _majority(reviews: pd.DataFrame) -> pd.Series:
    """Return the label that most reviews give, by key; tied messages are absent."""
    counts = reviews.groupby(["key", "label"], as_index=False).size()
    highest = counts.groupby("key")["size"].transform("max")
    most_frequent = counts[counts["size"] == highest]
    tied = most_frequent["key"].duplicated(keep=False)
    return most_frequent[~tied].set_index("key")["label"]


def _most_probable(reviews: pd.DataFrame) -> pd.Series:
    """Return the label that is most probable by Dawid and Skene's model, by key."""
    message, keys = pd.factorize(reviews["key"], sort=True)
    label, names = pd.factorize(reviews["label"], sort=True)
    annotator, _ = pd.factorize(annotator_names(reviews), sort=True)
    posterior = dawid_skene.fit(message, annotator, label, len(names)).posterior
    ascending = np.sort(posterior, axis=1)
    is_decided = ascending[:, -1] - ascending[:, -2] > TIE
    most_probable = names[posterior.argmax(axis=1)]
    return pd.Series(most_probable, index=keys, dtype="str")[is_decided]


def _sources(reviews: pd.DataFrame) -> defaultdict[str, list[str]]:
    """Return the distinct sources of each message's reviews by its key, sorted."""
    pairs = reviews[["key", "source"]].dropna().drop_duplicates().sort_values("source")
    sources: defaultdict[str, list[str]] = defaultdict(list)
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
    index_of_name = {name: index for index, name in enumerate(names)}
    index_of_body = {}
    for body in documents["body"].unique():
        label = predict(body)
        index_of_body[body] = index_of_name[merged.get(label, label)]
    return classification_report(
        truth=documents["label"].map(index_of_name).to_numpy(),
        predicted=documents["body"].map(index_of_body).to_numpy(),
        weight=documents["size"].to_numpy(),
        labels=names,
        confidence=confidence,
    )


def _source_name(source: str) -> str:
    """Return the name of a source if it looks like one."""
    if not source:
        return NO_SOURCE
    return source if _SOURCE.fullmatch(source) else "(not like a source)"


def _printable(label: str) -> str:
    """Return a label if it looks like one.

    A wrong column may have filled the reviews with private text.
    """
    return label if LABEL.fullmatch(label) else "(not like a label)"
