"""The messages of a night that can be reviewed, each with what speaks for it."""

import hashlib
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from nightsieve.nights import find
from nightsieve.nights.sample import Sample, masked
from nightsieve.store.models import Registry
from nightsieve.store.objects import store
from pipeline.errors import ConfigError
from scorers.python import nightsieve_scorer
from scorers.python.nightsieve_scorer import Scorer


def models(manifest: dict[str, Any]) -> tuple[Scorer, Scorer | None]:
    """The model that the night exported, and the published one that it was held against.

    None: there is none any more, or it is of a format that this version does not read.

    Not what is published today: that may be the night's own model, and the same night shall give the same sheet.
    """
    receipt = next(
        receipt
        for receipt in manifest["tasks"]
        if receipt["task"] == "ExportCoefficients"
    )
    serial, registry = manifest["results"]["decision"]["champion"], Registry(store())
    model = nightsieve_scorer.load(find.content(receipt))
    try:
        champion = serial and nightsieve_scorer.load(
            registry.file(registry.entry(serial), "model.json")
        )
    except (ConfigError, ValueError):
        champion = None
    return model, champion


def unreviewed(sample: Sample, reviews: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The sampled messages that nobody has reviewed, one for each text, in an order that only keys and seed decide.

    Columns ``key``, ``body`` and ``unseen``, whether no rule matched. Texts that differ in digits alone are one.
    """
    parts = []
    for messages, votes in sample.shards():
        unseen = np.array([len(rules) == 0 for rules in votes["rules"]], dtype=bool)
        table = messages[["key", "body"]].assign(unseen=unseen)
        parts.append(table[~table["key"].isin(reviews["key"])])
    table = pd.concat(parts)
    table = table.iloc[
        table["key"].map(lambda key: _place(key, seed)).argsort(kind="stable")
    ]
    texts = table["body"].map(masked)
    known = texts.duplicated() | texts.isin(set(map(masked, reviews["body"].unique())))
    return table[~known].reset_index(drop=True)


def judged(
    table: pd.DataFrame,
    model: Scorer,
    champion: Scorer | None,
    progress: Callable[[int], None] = lambda done: None,
) -> pd.DataFrame:
    """The messages with ``predicted``, the label that the model gives, ``margin``, how far its score is above the next
    one, and ``flipped``, whether the champion gives another; ``progress`` is told how many messages are done.
    """
    rows = []
    for number, body in enumerate(table["body"]):
        scores = model.scores(body)
        label = max(scores, key=scores.get)
        best, second = sorted(scores.values(), reverse=True)[:2]
        rows.append(
            (
                label,
                best - second,
                champion is not None and champion.label(body) != label,
            )
        )
        progress(number + 1)
    found = pd.DataFrame(rows, columns=["predicted", "margin", "flipped"])
    return table.assign(**{name: found[name] for name in found})


def shown(body: str, unmasked: bool) -> str:
    """The text as an annotator sees it: without control characters and, unless it is to be unmasked, digits."""
    lines = (
        (body if unmasked else masked(body)).replace("\r\n", "\n").replace("\r", "\n")
    )
    return "".join(
        "\ufffd" if unicodedata.category(c) == "Cc" and c not in "\n\t" else c
        for c in lines
    )


def _place(key: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
