"""What human labels say about a model."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation
from pipeline.data.reviewed_messages import aggregate, merged_labels
from pipeline.statistics.classification import measure


def evaluate_on_reviews(
    reviews: pd.DataFrame,
    predict: Callable[[str], str],
    labels: Sequence[str],
    evaluation: Evaluation,
    decide: Callable[[str], str] | None = None,
) -> dict:
    """The metrics of ``predict`` on the reviewed messages, and what was left out of them.

    ``with_thresholds`` has those of ``decide`` on the same messages, null where there is no threshold.

    Labels, of reviews and of the model alike, are merged first, as ``evaluation.merge`` says. A message's label is
    then what ``evaluation.aggregation`` makes of its reviews: ``ties`` counts messages without one, ``unknown_labels``
    those whose label the model does not know. ``metrics`` is null when no message is left. Messages with the same body
    are one document.

    Parameters
    ----------
    reviews : a row per review, columns ``key`` (of the message), ``body``, ``label``.
    predict : a body to one of the ``labels``; called once for each distinct body that is compared.
    decide : the same with thresholds; None if none is set.
    """
    merged = merged_labels(evaluation)
    names = sorted({merged.get(label, label) for label in labels})
    messages, ties = aggregate(reviews, evaluation)
    known = messages["label"].isin(names)
    unknown = messages.loc[~known, "label"].map(_named).value_counts().sort_index()
    messages = messages[known]

    def measured(label: Callable[[str], str]) -> dict | None:
        return _measure(
            messages,
            lambda body: merged.get(found := label(body), found),
            names,
            evaluation,
        )

    return {
        "reviews": len(reviews),
        "messages": len(messages),
        "ties": ties,
        "unknown_labels": {label: int(n) for label, n in unknown.items()},
        "metrics": measured(predict),
        "with_thresholds": decide and measured(decide),
    }


def _named(label: str) -> str:
    """The label, if it looks like one: a wrong column may have filled the reviews with what nobody may see."""
    return label if re.fullmatch(r"[\w-]{1,32}", label) else "(not like a label)"


def _measure(
    messages: pd.DataFrame,
    predict: Callable[[str], str],
    names: list[str],
    evaluation: Evaluation,
) -> dict | None:
    if messages.empty:
        return None
    documents = messages.groupby(["body", "label"], as_index=False).size()
    predicted = {body: predict(body) for body in documents["body"].unique()}
    number = {name: i for i, name in enumerate(names)}
    return measure(
        np.array([number[label] for label in documents["label"]]),
        np.array([number[predicted[body]] for body in documents["body"]]),
        documents["size"].to_numpy(),
        names,
        evaluation,
    )
