"""Messages of a night that are worth a review, with the labels of two models."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from nightsieve.nights.model_files import file_receipt
from nightsieve.nights.sample import NightSample
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from pipeline.records.export import MODEL_FILE
from pipeline.records.run import RunManifest
from pipeline.text.masking import hide_digits
from scorers.python import nightsieve_scorer


class TextScorer(Protocol):
    """A model that gives a text a label, and every label a score."""

    def label(self, text: str) -> str:
        """Return the label with the highest score."""

    def scores(self, text: str) -> dict[str, float]:
        """Return the score of each label."""


@dataclass(frozen=True)
class NightModels:
    """The models that messages are scored with.

    Attributes
    ----------
    model
        The model that the night exported.
    champion
        The published model that the night compared its model with. None: there was no
        such model, it was removed, or this version does not read its format. It is not
        the model that is current today: that may be the night's own, and the same night
        must give the same sheet.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> load_models(store_with_night, night).champion is None
    True
    """

    model: TextScorer
    champion: TextScorer | None


def load_models(store: Store, manifest: RunManifest) -> NightModels:
    """Return the models of a night.

    Raises
    ------
    ArtefactError
        The model is missing, or is not what the night wrote.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> load_models(store_with_night, night).model.label("Win a prize")
    'spam'
    """
    receipt = file_receipt(manifest, MODEL_FILE)
    content = store.read_verified(receipt.key, receipt.sha256)
    serial = manifest.results.decision.champion
    champion = None if serial is None else _published(store, serial)
    return NightModels(_load(content), champion)


def unreviewed(sample: NightSample, reviews: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the sampled messages that nobody has reviewed, one for each text.

    Texts that differ only in digits count as one text. The order depends only on the
    keys and the seed.

    Parameters
    ----------
    reviews
        The columns ``key`` and ``body`` of the reviewed messages.

    Returns
    -------
    pandas.DataFrame
        Columns ``key``, ``body`` and ``unseen``, whether no rule matched.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> reviews = pd.DataFrame({"key": ["1"], "body": ["Win a prize"]})
    >>> table = unreviewed(NightSample(store_with_night, night), reviews, seed=0)
    >>> sorted(table["body"])
    ['Code 123456', 'See you at 9', 'Win 5 prizes']
    """
    parts = []
    for messages, votes in sample.shards():
        unseen = [len(rules) == 0 for rules in votes["rules"]]
        part = messages[["key", "body"]].assign(unseen=np.array(unseen, dtype=bool))
        parts.append(part[~part["key"].isin(reviews["key"])])
    table = pd.concat(parts)
    ranks = table["key"].map(functools.partial(_rank, seed=seed))
    table = table.iloc[ranks.argsort(kind="stable")]
    texts = table["body"].map(hide_digits)
    reviewed_texts = set(map(hide_digits, reviews["body"].unique()))
    is_known = texts.duplicated() | texts.isin(reviewed_texts)
    return table[~is_known].reset_index(drop=True)


def score(
    candidates: pd.DataFrame, models: NightModels, progress: Callable[[int], None]
) -> pd.DataFrame:
    """Return the messages with the labels of the models.

    Parameters
    ----------
    progress
        Called with the number of messages that are done.

    Returns
    -------
    pandas.DataFrame
        The candidates with the columns ``predicted``, the label that the model gives,
        ``margin``, its score less the next one, and ``flipped``, whether the champion
        gives another label.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> candidates = pd.DataFrame({"key": ["1"], "body": ["Win a prize"]})
    >>> models = load_models(store_with_night, night)
    >>> list(score(candidates, models, progress=print)["predicted"])
    1
    ['spam']
    """
    predicted = []
    margins = []
    flipped = []
    for messages_done, body in enumerate(candidates["body"], start=1):
        scores = models.model.scores(body)
        label = max(scores, key=scores.__getitem__)
        best, second = sorted(scores.values(), reverse=True)[:2]
        predicted.append(label)
        margins.append(best - second)
        flipped.append(_flips(models.champion, body, label))
        progress(messages_done)
    return candidates.assign(
        predicted=pd.Series(predicted, dtype="str", index=candidates.index),
        margin=np.array(margins, dtype=float),
        flipped=np.array(flipped, dtype=bool),
    )


def _load(content: bytes) -> TextScorer:
    # The scorer is a single file without types, which its users copy.
    load: Callable[[bytes], TextScorer] = nightsieve_scorer.load
    return load(content)


def _published(store: Store, serial: int) -> TextScorer | None:
    """Return a published model; None if it was removed or cannot be read."""
    registry = Registry(store)
    entry = registry.get(serial)
    if entry is None:
        return None
    content = registry.file(entry, MODEL_FILE)
    try:
        return _load(content)
    except ValueError:
        return None


def _flips(champion: TextScorer | None, body: str, label: str) -> bool:
    return champion is not None and champion.label(body) != label


def _rank(key: str, seed: int) -> bytes:
    """Return the sort key of a message."""
    return hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
