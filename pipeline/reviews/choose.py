"""Which messages are worth a person's time, and the rows of the sheet that they make."""

import numpy as np
import pandas as pd

# A message that is of several kinds counts as the first: those that there are fewest of go first.
FIELDS = ("message_key", "text", "label", "annotator", "why")
KINDS = ("flipped", "unseen", "uncertain", "random")


def choose(candidates: pd.DataFrame, count: int) -> pd.DataFrame:
    """``count`` of the candidates, or all there are, each with the kind that it was chosen for in a column ``why``.

    flipped (the published model gives another label), unseen (no rule matched), uncertain (the smallest margins) and
    random get a quarter of the count each; what a kind lacks is random. Of each kind, the labels that the model gives
    get the same number as far as there are so many.
    """
    left, chosen = candidates, []
    for kind in KINDS:
        quota = (
            count // len(KINDS) if kind != "random" else count - sum(map(len, chosen))
        )
        part = _evenly(_of(kind, left), quota)
        chosen.append(part.assign(why=kind))
        left = left.drop(index=part.index)
    return pd.concat(chosen)


def rows(chosen: pd.DataFrame, annotators: int, seed: int) -> pd.DataFrame:
    """The sheet's rows, columns `FIELDS`: all messages for each annotator, each in an order of their own.

    ``chosen`` has ``key``, ``text`` and ``why``. Nobody's attention then fades at the same messages.
    """
    sheet = chosen.rename(columns={"key": "message_key"}).assign(label="")
    parts = []
    for number in range(1, annotators + 1):
        order = np.random.default_rng([seed, number]).permutation(len(sheet))
        parts.append(sheet.iloc[order].assign(annotator=str(number)))
    return pd.concat(parts, ignore_index=True)[list(FIELDS)]


def _of(kind: str, left: pd.DataFrame) -> pd.DataFrame:
    """The candidates of that kind, the best first."""
    if kind == "uncertain":
        return left.sort_values("margin", kind="stable")
    return left if kind == "random" else left[left[kind]]


def _evenly(candidates: pd.DataFrame, quota: int) -> pd.DataFrame:
    """The first ones of each label in turn, until the quota is reached."""
    turn = candidates.groupby("predicted").cumcount().to_numpy()
    return candidates.iloc[turn.argsort(kind="stable")[:quota]]
