"""Find the rules that match each message: from messages to votes."""

from collections.abc import Callable

import pandas as pd

from pipeline.config.settings import Labelling
from pipeline.patterns import PatternDatabase
from pipeline.rules.patterns import RuleMatcher


def _no_progress(fraction: float) -> None:
    """Ignore the progress."""


def apply_rules(
    messages: pd.DataFrame,
    labelling: Labelling,
    database: PatternDatabase,
    progress: Callable[[float], None] = _no_progress,
) -> pd.DataFrame:
    """Return a ``votes`` table: for each message the ids of the rules that match it.

    The stage only maps shards, and never merges them.

    Parameters
    ----------
    database
        Compiled from these rules.
    progress
        Receives the fraction that is done.

    Raises
    ------
    DataError
        A search for a rule took too long; the message names the rule.
    """
    matcher = RuleMatcher(labelling.rules, database, labelling.engine)
    matching_rules = matcher.matching_rules(messages, progress)
    return pd.DataFrame(
        {
            "key": messages["key"].reset_index(drop=True),
            "rules": pd.Series(matching_rules, dtype=object),
        }
    )
