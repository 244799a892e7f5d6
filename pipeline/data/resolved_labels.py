"""The label of a message by the rules that match it."""

import numpy as np
import pandas as pd


class LabelLookup:
    """The labels of a ``resolved_labels`` table by lists of rules.

    Parameters
    ----------
    resolved_labels
        A table of that name, with every list of rules in the votes that `labels` gets.

    Examples
    --------
    >>> resolved_labels = pd.DataFrame(
    ...     {"rules": [["win"], []], "label": ["spam", None], "confidence": [1.0, 0.0]}
    ... )
    >>> votes = pd.DataFrame({"key": ["1", "2"], "rules": [[], ["win"]]})
    >>> LabelLookup(resolved_labels).labels(votes)["confidence"].tolist()
    [0.0, 1.0]
    """

    def __init__(self, resolved_labels: pd.DataFrame) -> None:
        self._columns = resolved_labels[["label", "confidence"]]
        self._row_of_rules = {
            tuple(rules): row for row, rules in enumerate(resolved_labels["rules"])
        }

    def labels(self, votes: pd.DataFrame) -> pd.DataFrame:
        """Return ``key``, ``label`` and ``confidence`` of messages.

        Parameters
        ----------
        votes
            A ``votes`` table.

        Returns
        -------
        pd.DataFrame
            A row for each row of the votes; the label is null for an unlabelled
            message.
        """
        rows = [self._row_of_rules[tuple(rules)] for rules in votes["rules"]]
        labels = self._columns.iloc[np.array(rows, dtype=np.int64)]
        labels = labels.reset_index(drop=True)
        labels.insert(0, "key", votes["key"].reset_index(drop=True))
        return labels
