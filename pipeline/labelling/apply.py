"""From messages to votes."""

from collections.abc import Callable

import pandas as pd

from pipeline.config.settings import Labelling
from pipeline.patterns import PatternDatabase
from pipeline.rules.patterns import RuleMatcher


def apply_rules(
    messages: pd.DataFrame,
    labelling: Labelling,
    compiled: bytes,
    progress: Callable[[float], None] = lambda fraction: None,
) -> pd.DataFrame:
    """Return a ``votes`` table: for each message the ids of the rules that match it.

    The stage is a map alone: shards are never merged.

    Parameters
    ----------
    compiled
        What `PatternDatabase.to_bytes` gave for the patterns of these rules.
    progress
        Receives the fraction that is done.

    Raises
    ------
    DataError
        The searches for a rule took too long; the message names it.
    """
    database = PatternDatabase.from_bytes(compiled)
    matcher = RuleMatcher(labelling.rules, database, labelling.engine)
    matching_rules = matcher.matching_rules(messages, progress)
    return pd.DataFrame(
        {
            "key": messages["key"].reset_index(drop=True),
            "rules": pd.Series(matching_rules, dtype=object),
        }
    )
