"""Compares tonight's model with published ones on messages that none was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.config.settings import Evaluation, Regression
from pipeline.data.evaluation_set import within
from pipeline.data.reviewed_messages import evaluate, merged_labels, unseen_by
from pipeline.records.release import Compared, ModelComparison
from pipeline.release.contenders import Contender, Predict, shared_holdout
from pipeline.release.model_outputs import compare
from pipeline.statistics.metrics import Metrics


@dataclass(frozen=True)
class Evidence:
    """The messages that models are compared on.

    Attributes
    ----------
    evaluation_set
        The messages held out of tonight's training, with the labels of the rules.
    reviewed
        The reviewed messages whose texts did not train tonight's model.
    evaluation
        How labels of reviews are merged, and the confidence of intervals.
    regression
        The confidence of a difference, and the bootstrap's settings.
    """

    evaluation_set: pd.DataFrame
    reviewed: pd.DataFrame
    evaluation: Evaluation
    regression: Regression

    def compare(
        self,
        tonight: Contender,
        champion: Contender | None,
        earlier: Contender | None,
        with_thresholds: bool,
    ) -> ModelComparison:
        """Return how tonight's model differs from those published before.

        Parameters
        ----------
        champion
            With None, the messages are only counted.
        with_thresholds
            Whether the models label with their thresholds.
        """
        on_earlier = None
        if earlier is not None:
            on_earlier = self._on_reviews(tonight, earlier, with_thresholds)
        return ModelComparison(
            reviews=self._on_reviews(tonight, champion, with_thresholds),
            holdout=self._on_holdout(tonight, champion, with_thresholds),
            earlier=on_earlier,
        )

    def evaluate_champion(
        self, tonight: Contender, champion: Contender
    ) -> Metrics | None:
        """Return the champion's metrics on tonight's reviews.

        The measurement is that of the champion's own night.
        """
        on_reviews = evaluate(
            self._unseen(tonight, champion),
            champion.label,
            champion.labels,
            self.evaluation.merge,
            self.evaluation.confidence,
        )
        return on_reviews.metrics

    def _on_holdout(
        self, tonight: Contender, champion: Contender | None, with_thresholds: bool
    ) -> Compared:
        """Compare on the texts that were held out of training both models."""
        if champion is None:
            documents = self.evaluation_set
            challenger = tonight.predict(with_thresholds)
            return compare(documents, challenger, None, (), self.regression)
        holdout = shared_holdout(tonight.traits, champion.traits)
        return compare(
            within(self.evaluation_set, holdout),
            tonight.predict(with_thresholds),
            champion.predict(with_thresholds),
            champion.labels,
            self.regression,
        )

    def _on_reviews(
        self, tonight: Contender, other: Contender | None, with_thresholds: bool
    ) -> Compared:
        """Compare on the reviewed messages whose label either model knows."""
        merged = merged_labels(self.evaluation.merge)
        known = _merge_all(tonight.labels, merged)
        challenger = _merging(tonight.predict(with_thresholds), merged)
        if other is None:
            documents = _documents(self.reviewed, known)
            return compare(documents, challenger, None, (), self.regression)
        judged = _merge_all(other.labels, merged)
        return compare(
            _documents(self._unseen(tonight, other), known | judged),
            challenger,
            _merging(other.predict(with_thresholds), merged),
            judged,
            self.regression,
        )

    def _unseen(self, tonight: Contender, other: Contender) -> pd.DataFrame:
        """Return the reviewed messages whose texts trained neither model."""
        holdout = shared_holdout(tonight.traits, other.traits)
        return unseen_by(self.reviewed, other.traits.taught_by, holdout)


def _documents(reviewed: pd.DataFrame, labels: set[str]) -> pd.DataFrame:
    """Return the distinct bodies and labels of messages with one of these labels."""
    messages = reviewed[reviewed["label"].isin(labels)]
    sizes = messages.groupby(["body", "label"], as_index=False).size()
    return sizes.rename(columns={"size": "weight"})


def _merge_all(labels: tuple[str, ...], merged: Mapping[str, str]) -> set[str]:
    return {merged.get(label, label) for label in labels}


def _merging(predict: Predict, merged: Mapping[str, str]) -> Predict:
    """Return how a model labels messages after labels are merged."""

    def predict_merged(body: str) -> str:
        label = predict(body)
        return merged.get(label, label)

    return predict_merged
