"""From messages to votes."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline.config.settings import Labelling
from pipeline.patterns.database import CompiledRules
from pipeline.patterns.matcher import Engine


def apply_rules(
    messages: pd.DataFrame,
    labelling: Labelling,
    compiled: bytes,
    progress: Callable[[float], None] = lambda fraction: None,
) -> pd.DataFrame:
    """A ``votes`` table: for each message the ids of the rules that match it, in the order of the rules.

    ``compiled`` is what `CompiledRules.to_bytes` gave for rules of the same patterns.

    Raises
    ------
    DataError : a search took too long; names the rule.
    """
    found = Engine(labelling, CompiledRules.from_bytes(compiled)).matches(
        messages, progress
    )
    ids = np.array([rule.id for rule in labelling.rules], dtype=object)[
        found.indices
    ].tolist()
    bounds = found.indptr.tolist()
    matched = [
        ids[start:end] for start, end in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    return pd.DataFrame(
        {
            "key": messages["key"].reset_index(drop=True),
            "rules": pd.Series(matched, dtype=object),
        }
    )
