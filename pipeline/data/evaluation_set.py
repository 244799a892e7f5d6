"""The evaluation set: held-out texts on which models are compared.

An ``evaluation_set`` table has one row for each distinct ``text`` (cleaned), ``body``
and ``label`` (the rules', null without one), in that order; ``weight`` counts messages.
`pipeline.preprocessing` builds it once a night.
"""

import pandas as pd

from pipeline.data.holdout import held_out


def within(evaluation_set: pd.DataFrame, holdout_fraction: float) -> pd.DataFrame:
    """Return the rows that a smaller fraction holds out too.

    A model of another night may have been kept from fewer texts than tonight's: the two
    are compared on what both were kept from.
    """
    chosen = held_out(evaluation_set["text"], holdout_fraction)
    return evaluation_set[chosen].reset_index(drop=True)
