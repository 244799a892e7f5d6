"""What two models say of the same documents."""

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
        """The same of the messages that get each label from the champion."""
        changed = self.changed
        shares = {}
        for label in sorted(self.champion.unique()):
            chosen = (self.champion == label).to_numpy()
            messages = self.weight[chosen].sum()
            shares[label] = float(self.weight[chosen & changed].sum() / messages)
        return shares

    def paired(self, judged: Collection[str]) -> PairedPredictions:
        """Return the documents that have a label, with the labels as numbers."""
        has_label = self.truth.notna().to_numpy()
        columns = [
            column[has_label] for column in (self.truth, self.challenger, self.champion)
        ]
        labels = sorted(set(judged).union(*columns))
        index = {label: i for i, label in enumerate(labels)}
        truth, challenger, champion = (
            column.map(index).to_numpy(dtype=np.int64) for column in columns
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
        With None there is nothing to compare, and the documents are counted alone.
    judged
        The labels that the champion knows. One that only tonight's model knows would be
        its gain whatever happens to the others, and one that it has forgotten is its
        loss.
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
        found = differences(outputs.paired(judged), sorted(judged), regression)
        macro_f1 = found.macro_f1
        per_label = found.per_label
    return Compared(
        documents=len(bodies),
        messages=messages,
        macro_f1=macro_f1,
        per_label=per_label,
        churn=outputs.churn,
        churn_per_label=outputs.churn_per_label,
    )


def _label(bodies: pd.Series, predict: Predict) -> pd.Series:
    """Return the label of each body; each distinct one is asked for once."""
    labels = {body: predict(body) for body in bodies.unique()}
    return bodies.map(labels)
