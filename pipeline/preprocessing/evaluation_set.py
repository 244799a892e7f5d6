"""Build the evaluation set: the slice of the sample that no model trains on."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from pipeline.data.holdout import held_out
from pipeline.data.resolved_labels import LabelLookup
from pipeline.data.stages import Stage

#: The messages, cleaned texts and votes of a shard.
EvaluationShard: TypeAlias = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]

DOCUMENT = ["text", "body", "label"]


@dataclass(frozen=True, eq=False)
class EvaluationSetStage(Stage[EvaluationShard, pd.DataFrame, pd.DataFrame]):
    """Collect held-out messages, and count equal ones.

    A partial is an ``evaluation_set`` table.

    Attributes
    ----------
    resolved_labels
        The table of that name.
    holdout_fraction
        The share of distinct texts that is held out, in [0, 1).
    """

    resolved_labels: pd.DataFrame
    holdout_fraction: float

    @functools.cached_property
    def _lookup(self) -> LabelLookup:
        return LabelLookup(self.resolved_labels)

    def map(self, shard: EvaluationShard) -> pd.DataFrame:
        """Return the held-out documents of a shard."""
        messages, cleaned, votes = shard
        chosen = cleaned[held_out(cleaned["text"], self.holdout_fraction)]
        chosen_votes = votes[votes["key"].isin(chosen["key"])]
        labels = self._lookup.labels(chosen_votes)[["key", "label"]]
        documents = chosen.merge(messages[["key", "body"]], on="key")
        return _counted(documents.merge(labels, on="key").assign(weight=1))

    def merge(self, partials: Iterable[pd.DataFrame]) -> pd.DataFrame:
        """Add up the weights of equal documents."""
        return _counted(pd.concat(partials))

    def finish(self, partial: pd.DataFrame) -> pd.DataFrame:
        """Return the ``evaluation_set`` table."""
        return partial


def _counted(documents: pd.DataFrame) -> pd.DataFrame:
    """Return each distinct document with its summed weight."""
    grouped = documents.groupby(DOCUMENT, as_index=False, dropna=False, sort=True)
    return grouped[["weight"]].sum()
