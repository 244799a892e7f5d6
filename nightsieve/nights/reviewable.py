"""The messages of a night that are worth a review, and what two models say of them."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

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
from scorers.python.nightsieve_scorer import Scorer


@dataclass(frozen=True)
class NightModels:
    """The models that messages are judged by.

    Attributes
    ----------
    model
        What the night exported.
    champion
        The published one that it was compared with. None: there was none, it was
        removed, or this version does not read its format. It is not the model that is
        current today: that may be the night's own, and the same night must give the
        same sheet.
    """

    model: Scorer
    champion: Scorer | None


def load_models(store: Store, manifest: RunManifest) -> NightModels:
    """Return the models of a night."""
    receipt = file_receipt(manifest, MODEL_FILE)
    content = store.read_verified(receipt.key, receipt.sha256)
    serial = manifest.results.decision.champion
    champion = None if serial is None else _published(store, serial)
    return NightModels(nightsieve_scorer.load(content), champion)


def unreviewed(sample: NightSample, reviews: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the sampled messages that nobody has reviewed, one for each text.

    Texts that differ in digits alone are one. The order depends on nothing but the keys
    and the seed.

    Returns
    -------
    pandas.DataFrame
        Columns ``key``, ``body`` and ``unseen``, whether no rule matched.
    """
    parts = []
    for messages, votes in sample.shards():
        unseen = np.array([len(rules) == 0 for rules in votes["rules"]], dtype=bool)
        part = messages[["key", "body"]].assign(unseen=unseen)
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
    """Return the messages with what the models say of them.

    Parameters
    ----------
    progress
        Takes how many messages are done.

    Returns
    -------
    pandas.DataFrame
        The candidates with the columns ``predicted``, the label that the model gives,
        ``margin``, its score less the next one, and ``flipped``, whether the champion
        gives another label.
    """
    predicted = []
    margins = []
    flipped = []
    for done, body in enumerate(candidates["body"], start=1):
        scores = models.model.scores(body)
        label = max(scores, key=scores.get)
        best, second = sorted(scores.values(), reverse=True)[:2]
        predicted.append(label)
        margins.append(best - second)
        flipped.append(_flips(models.champion, body, label))
        progress(done)
    return candidates.assign(
        predicted=pd.Series(predicted, dtype="str", index=candidates.index),
        margin=np.array(margins, dtype=float),
        flipped=np.array(flipped, dtype=bool),
    )


def _published(store: Store, serial: int) -> Scorer | None:
    """Return a published model; None if it was removed or cannot be read."""
    registry = Registry(store)
    entry = registry.get(serial)
    if entry is None:
        return None
    try:
        return nightsieve_scorer.load(registry.file(entry, MODEL_FILE))
    except ValueError:
        return None


def _flips(champion: Scorer | None, body: str, label: str) -> bool:
    return champion is not None and champion.label(body) != label


def _rank(key: str, seed: int) -> bytes:
    """Return what a message is sorted by."""
    return hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
