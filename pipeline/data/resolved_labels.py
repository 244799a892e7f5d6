"""Look up the label of a message by the rules that match it."""

import numpy as np
import pandas as pd


class LabelLookup:
    """What a ``resolved_labels`` table says of messages.

    Parameters
    ----------
    resolved_labels
        A table of that name. Every list of rules that `labels` meets is in it.
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
            A row for each row of the votes. The label is null where there is none.
        """
        rows = [self._row_of_rules[tuple(rules)] for rules in votes["rules"]]
        labels = self._columns.iloc[np.array(rows, dtype=np.int64)]
        labels = labels.reset_index(drop=True)
        labels.insert(0, "key", votes["key"].reset_index(drop=True))
        return labels
