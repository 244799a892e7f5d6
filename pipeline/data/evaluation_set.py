"""The evaluation set: held-out texts on which models are compared.

An ``evaluation_set`` table has one row for each distinct combination of ``text``
(cleaned), ``body`` and ``label`` (of the rules, null without one), in that order;
``weight`` counts messages. `pipeline.preprocessing` builds it once a night.
"""

import pandas as pd

from pipeline.data.holdout import held_out


def within(evaluation_set: pd.DataFrame, holdout_fraction: float) -> pd.DataFrame:
    """Return the rows that a smaller fraction holds out too.

    A model of another night may have been trained with a smaller hold-out than
    tonight's. The two are compared on texts that neither was trained on.

    Examples
    --------
    >>> texts = [f"text {i}" for i in range(1000)]
    >>> len(within(pd.DataFrame({"text": texts}), holdout_fraction=0.5))
    484
    """
    is_held_out = held_out(evaluation_set["text"], holdout_fraction)
    return evaluation_set[is_held_out].reset_index(drop=True)
