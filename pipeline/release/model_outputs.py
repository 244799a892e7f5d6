"""What tonight's model and the published one say of the same messages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config.settings import Evaluation, Regression
from pipeline.data.holdout import held_out
from pipeline.data.reviewed_messages import aggregate, merged_labels
from pipeline.statistics.bootstrap import differences

Predict = Callable[[str], str]


@dataclass(frozen=True)
class Compared:
    """Two models on the same documents.

    Attributes
    ----------
    documents, messages : how many distinct texts, and how many messages they stand for.
    difference : challenger's macro F1 less champion's with its interval; None without a champion or a label.
    per_label : by label, the same of its precision and its recall, see `bootstrap.differences`; empty likewise.
    churn : the share of messages that the challenger labels otherwise; None without a champion.
    churn_per_label : the same for the messages of each label of the champion's.
    """

    documents: int
    messages: int
    difference: dict[str, float] | None
    per_label: dict[str, dict[str, Any]]
    churn: float | None
    churn_per_label: dict[str, float]


@dataclass(frozen=True)
class Evidence:
    """Two models on the messages that humans have labelled, and on those that neither was trained on.

    ``earlier`` is tonight's model beside one that was published before the champion, on the messages that humans have
    labelled; None without one.
    """

    reviews: Compared
    holdout: Compared
    earlier: Compared | None


def compare_on_reviews(
    reviews: pd.DataFrame,
    challenger: Predict,
    champion: Predict | None,
    labels: Sequence[str],
    judged: Sequence[str],
    evaluation: Evaluation,
    regression: Regression,
) -> Compared:
    """The two on the messages that humans have given one of ``labels``, those of either model.

    Labels are merged first, as ``evaluation.merge`` says.
    """
    merged = merged_labels(evaluation)
    names, judged = (
        {merged.get(label, label) for label in some} for some in (labels, judged)
    )
    messages, _ = aggregate(reviews, evaluation)
    messages = messages[messages["label"].isin(names)]
    documents = (
        messages.groupby(["body", "label"], as_index=False)
        .size()
        .rename(columns={"size": "weight"})
    )

    def of(predict: Predict) -> Predict:
        return lambda body: merged.get(label := predict(body), label)

    return compare(
        documents, of(challenger), champion and of(champion), judged, regression
    )


def withheld_documents(
    shards: Iterable[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]],
    verdicts: pd.DataFrame,
    fraction: float,
) -> pd.DataFrame:
    """The slice of the sample that neither model was trained on, a row a document: ``body``, ``label``, ``weight``.

    The label is the rules', where they have one.

    Parameters
    ----------
    shards : the messages, cleaned texts and votes of each shard; one of each is in memory at a time.
    fraction : how much was withheld from both models.
    """
    label_of = {
        tuple(rules): label
        for rules, label in zip(verdicts["rules"], verdicts["label"], strict=True)
    }
    parts = []
    for messages, cleaned, votes in shards:
        chosen = held_out(cleaned["text"], fraction)
        found = (
            cleaned.loc[chosen, ["key"]]
            .merge(messages[["key", "body"]], on="key")
            .merge(votes, on="key")
        )
        found["label"] = [label_of[tuple(rules)] for rules in found["rules"]]
        parts.append(
            found.groupby(["body", "label"], as_index=False, dropna=False).size()
        )
    documents = (
        pd.concat(parts)
        .groupby(["body", "label"], as_index=False, dropna=False)["size"]
        .sum()
    )
    return documents.rename(columns={"size": "weight"})


def compare(
    documents: pd.DataFrame,
    challenger: Predict,
    champion: Predict | None,
    judged: Iterable[str],
    regression: Regression,
) -> Compared:
    """The two on documents, whose labels are the truth, as far as they have one.

    ``judged`` are the labels that the champion knows: one that only tonight's model knows would be its gain whatever
    happens to the others, and one that it has forgotten is its loss.
    """
    weight, bodies = documents["weight"].to_numpy(), documents["body"].unique()
    size: dict[str, Any] = {"documents": len(bodies), "messages": int(weight.sum())}
    if champion is None or documents.empty:
        return Compared(
            **size, difference=None, per_label={}, churn=None, churn_per_label={}
        )
    models = {"challenger": challenger, "champion": champion}
    said = {
        who: documents["body"].map({body: predict(body) for body in bodies})
        for who, predict in models.items()
    }
    changed = (said["challenger"] != said["champion"]).to_numpy()
    known = documents["label"].notna().to_numpy()
    churned = {
        label: float(weight[where & changed].sum() / weight[where].sum())
        for label in sorted(said["champion"].unique())
        if (where := (said["champion"] == label).to_numpy()).any()
    }
    columns = (
        documents["label"][known],
        said["challenger"][known],
        said["champion"][known],
    )
    names = sorted({*judged}.union(*columns))
    number = {name: place for place, name in enumerate(names)}
    numbers = (column.map(number).to_numpy(dtype=np.int64) for column in columns)
    places = [number[label] for label in sorted(judged)]
    churn = float(weight[changed].sum() / weight.sum())
    found = (
        differences(*numbers, weight[known], len(names), places, regression)
        if known.any()
        else None
    )
    return Compared(
        **size,
        difference=found and found["macro_f1"],
        per_label=dict(zip(sorted(judged), found["labels"], strict=True))
        if found
        else {},
        churn=churn,
        churn_per_label=churned,
    )
