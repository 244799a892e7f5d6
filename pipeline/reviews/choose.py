"""Choose messages that are worth a person's time, and make a sheet of them."""

import numpy as np
import pandas as pd

#: Columns of a sheet.
FIELDS = ("message_key", "text", "label", "annotator", "why")
#: Why a message is chosen: the published model gives another label, no rule matched,
#: the margin is small, or by chance. A message with several reasons counts for the
#: first; the rarest reasons come first.
REASONS = ("flipped", "unseen", "uncertain", "random")


def choose_messages(candidates: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return ``count`` candidates, or all of them, with the reason in a column ``why``.

    Each reason gets a quarter of the count. If a reason has fewer messages, more are
    chosen at random. For each reason, the labels that the model gives get equal numbers
    if they have enough messages.

    Parameters
    ----------
    candidates
        In random order. ``flipped`` and ``unseen`` are bool, ``predicted`` is the label
        that the model gives, and ``margin`` is its score less the next highest score.

    Examples
    --------
    >>> candidates = pd.DataFrame(
    ...     {
    ...         "key": ["a", "b", "c", "d", "e"],
    ...         "predicted": ["spam", "spam", "personal", "spam", "spam"],
    ...         "margin": [2.0, 0.1, 1.0, 3.0, 2.5],
    ...         "flipped": [False, False, True, False, False],
    ...         "unseen": [True, False, True, False, False],
    ...     }
    ... )
    >>> choose_messages(candidates, 4)[["key", "why"]].to_numpy().tolist()
    [['c', 'flipped'], ['a', 'unseen'], ['b', 'uncertain'], ['d', 'random']]
    """
    quota = count // len(REASONS)
    remaining = candidates
    chosen: list[pd.DataFrame] = []
    for reason in REASONS:
        if reason == "random":
            quota = count - sum(map(len, chosen))
        messages = _evenly(_with_reason(remaining, reason), quota)
        chosen.append(messages.assign(why=reason))
        remaining = remaining.drop(index=messages.index)
    return pd.concat(chosen)


def sheet_rows(chosen: pd.DataFrame, annotators: int, seed: int) -> pd.DataFrame:
    """Return the rows of a sheet: all messages, once for each annotator.

    Each annotator has an order of their own, so that they do not all tire at the same
    messages.

    Parameters
    ----------
    chosen
        Columns ``key``, ``text`` and ``why``.

    Returns
    -------
    pd.DataFrame
        Columns are `FIELDS`; annotators are numbered from 1.

    Examples
    --------
    >>> chosen = pd.DataFrame({"key": ["a"], "text": ["Hi"], "why": ["random"]})
    >>> sheet_rows(chosen, annotators=2, seed=1).to_numpy().tolist()
    [['a', 'Hi', '', '1', 'random'], ['a', 'Hi', '', '2', 'random']]
    """
    sheet = chosen.rename(columns={"key": "message_key"}).assign(label="")
    parts = []
    for annotator in range(1, annotators + 1):
        order = np.random.default_rng([seed, annotator]).permutation(len(sheet))
        parts.append(sheet.iloc[order].assign(annotator=str(annotator)))
    return pd.concat(parts, ignore_index=True)[list(FIELDS)]


def _with_reason(candidates: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Return the candidates with a reason, the best first."""
    if reason == "random":
        return candidates
    if reason == "uncertain":
        return candidates.sort_values("margin", kind="stable")
    return candidates[candidates[reason]]


def _evenly(candidates: pd.DataFrame, quota: int) -> pd.DataFrame:
    """Return the first candidates of each label in turn, until the quota is reached."""
    turn = candidates.groupby("predicted").cumcount().to_numpy()
    return candidates.iloc[turn.argsort(kind="stable")[:quota]]
