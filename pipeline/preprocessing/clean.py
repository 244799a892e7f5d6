"""Clean messages: apply the text contract to a table of messages."""

import pandas as pd

from pipeline import text
from pipeline.config.settings import Text


def clean(messages: pd.DataFrame, settings: Text) -> pd.DataFrame:
    """Return a ``cleaned`` table: each message's tokens, joined by one space.

    The stage only maps shards, and never merges them. Every string is a valid message.
    """
    tokeniser = text.Tokeniser.from_settings(settings)
    row, distinct = pd.factorize(messages["body"])
    cleaned = pd.Series([tokeniser.cleaned(body) for body in distinct], dtype="str")
    return pd.DataFrame(
        {
            "key": messages["key"].reset_index(drop=True),
            "text": cleaned.iloc[row].reset_index(drop=True),
        }
    )
