"""How two models label the same documents."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.config.settings import Regression
from pipeline.records.release import Compared
from pipeline.release.contenders import Predict
from pipeline.statistics.bootstrap import PairedPredictions, differences


@dataclass(frozen=True)
class _Outputs:
    """The documents with the labels that two models give them.

    Attributes
    ----------
    truth
        The documents' own labels; null for those that have none.
    challenger, champion
        The labels that the models give.
    weight
        int64 [n_documents], how many messages each document stands for.
    """

    truth: pd.Series
    challenger: pd.Series
    champion: pd.Series
    weight: np.ndarray

    @property
    def changed(self) -> np.ndarray:
        """Whether the models label each document differently, bool [n_documents]."""
        return (self.challenger != self.champion).to_numpy()

    @property
    def churn(self) -> float:
        """The share of messages that the models label differently."""
        return float(self.weight[self.changed].sum() / self.weight.sum())

    @property
    def churn_per_label(self) -> dict[str, float]:
        """The churn among the messages of each label that the champion gives."""
        changed = self.changed
        shares = {}
        for label in sorted(self.champion.unique()):
            has_label = (self.champion == label).to_numpy()
            messages = self.weight[has_label].sum()
            changed_messages = self.weight[has_label & changed].sum()
            shares[label] = float(changed_messages / messages)
        return shares

    def paired(self, judged: Collection[str]) -> PairedPredictions:
        """Return the documents that have a label, with labels as indices."""
        has_label = self.truth.notna().to_numpy()
        columns = (self.truth, self.challenger, self.champion)
        names = [column[has_label] for column in columns]
        labels = sorted(set(judged).union(*names))
        index = {label: i for i, label in enumerate(labels)}
        truth, challenger, champion = (
            column.map(index).to_numpy(dtype=np.int64) for column in names
        )
        weight = self.weight[has_label]
        return PairedPredictions(labels, truth, challenger, champion, weight)


def compare(
    documents: pd.DataFrame,
    challenger: Predict,
    champion: Predict | None,
    judged: Collection[str],
    regression: Regression,
) -> Compared:
    """Return how two models differ on documents.

    Parameters
    ----------
    documents
        Columns ``body``, ``label`` (the truth, null without one) and ``weight``, in
        messages.
    champion
        With None there is nothing to compare, and the documents are only counted.
    judged
        The labels that the champion knows. A label that only tonight's model knows
        would count as its gain and hide losses on other labels. A label that only the
        champion knows counts as tonight's loss.
    """
    bodies = documents["body"].unique()
    weight = documents["weight"].to_numpy()
    messages = int(weight.sum())
    if champion is None or documents.empty:
        return Compared(
            documents=len(bodies),
            messages=messages,
            macro_f1=None,
            per_label={},
            churn=None,
            churn_per_label={},
        )
    outputs = _Outputs(
        truth=documents["label"],
        challenger=_label(documents["body"], challenger),
        champion=_label(documents["body"], champion),
        weight=weight,
    )
    macro_f1 = None
    per_label = {}
    if outputs.truth.notna().any():
        paired = outputs.paired(judged)
        difference = differences(paired, sorted(judged), regression)
        macro_f1 = difference.macro_f1
        per_label = difference.per_label
    return Compared(
        documents=len(bodies),
        messages=messages,
        macro_f1=macro_f1,
        per_label=per_label,
        churn=outputs.churn,
        churn_per_label=outputs.churn_per_label,
    )


def _label(bodies: pd.Series, predict: Predict) -> pd.Series:
    """Return the label of each body; a model labels each distinct body once."""
    labels = {body: predict(body) for body in bodies.unique()}
    return bodies.map(labels)
