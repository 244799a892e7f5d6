"""Which rules match which messages. Exact by construction: Python's ``re`` itself, one search a rule and message."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.settings import Rule


def matches(messages: pd.DataFrame, rules: Sequence[Rule]) -> np.ndarray:
    """Whether each rule is found in each message: bool [n_messages, n_rules].

    A rule on the sender is not found where there is no sender.
    """
    found = np.zeros((len(messages), len(rules)), dtype=bool)
    texts = {field: messages[field].astype(object).where(messages[field].notna(), None) for field in ("body", "sender")}
    for column, rule in enumerate(rules):
        search = re.compile(rule.pattern, re.IGNORECASE).search
        found[:, column] = [text is not None and search(text) is not None for text in texts[rule.field]]
    return found
