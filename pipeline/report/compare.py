"""Tonight's model beside the published one: the terms that say most, and the messages that change their label.

What comes of it goes into the report, so messages are masked, and terms have no digits.
"""

import functools
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config.settings import Masking
from pipeline.data.holdout import held_out
from pipeline.data.training_set import TrainingSet
from pipeline.text import ngrams
from pipeline.text.character_map import SEPARATOR
from pipeline.text.masking import common_words, hide_digits, mask
from scorers.python import nightsieve_scorer

TEXTS = 5_000  # the most frequent ones of those withheld
TERMS = 12  # of a label
MOVED = 20
CHURNED = 20
LONGEST = 160  # characters of a masked message


def compare_models(
    shards: Iterable[tuple[pd.DataFrame, pd.DataFrame]],
    withheld: float,
    tonight: bytes,
    champion: bytes | None,
    entry: dict[str, Any] | None,
    training_set: TrainingSet,
    masking: Masking,
) -> dict[str, Any]:
    """How two exported models differ on the texts that tonight's was not trained on, as a JSON value.

    ``terms`` holds for each label those of the largest influence, ``moved`` those whose influence changed most.
    A term's influence on a label is what it adds to the label's score, averaged over the messages, as a share of what
    all terms add or take; it is below 0 for a term that speaks against the label. ``churned`` holds the messages that
    get another label than the champion gives them, masked: what can be read of one is words that many texts have and
    that part its two labels most in tonight's model. Without a champion, or with one of another format, both are
    empty.

    Parameters
    ----------
    shards : the messages and cleaned texts of each shard; one of each is in memory at a time.
    withheld : the part of the texts that tonight's model was not trained on.
    entry : the registry's, of the champion; None without one.
    training_set : tonight's, whose texts say which words are common enough to be shown.
    """
    texts = _texts(shards, withheld)
    ours = _Model.of(tonight, texts)
    theirs = _Model.of(champion, texts) if champion and _reads(champion) else None
    changed = _changed(texts, ours, theirs)
    common = (
        common_words(training_set, masking) & set(ours.terms) if len(changed) else set()
    )
    return {
        "champion": entry
        and {name: entry[name] for name in ("serial", "date", "config")},
        "texts": len(texts),
        "messages": int(texts["messages"].sum()),
        "changed": int(changed["messages"].sum()),
        "terms": {label: ours.strongest(label) for label in ours.labels},
        "moved": _moved(ours, theirs) if theirs else [],
        "churned": [
            {
                "text": _masked(
                    row.text,
                    ours.parting(row.before, row.now, common),
                    masking.max_visible,
                ),
                "messages": int(row.messages),
                "before": row.before,
                "now": row.now,
            }
            for row in changed.head(CHURNED).itertuples()
        ],
    }


@dataclass(frozen=True)
class _Model:
    """What an exported model makes of the texts.

    Attributes
    ----------
    said : the label of each text.
    weights : float64 [n_labels, n_terms], as in the file.
    shares : float64 [n_labels, n_terms], the influence of each term on each label.
    """

    labels: list[str]
    terms: list[str]
    said: list[str]
    weights: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, model: bytes, texts: pd.DataFrame) -> "_Model":
        """What the model in this file makes of them."""
        entries = json.loads(model)
        weights = np.array(entries["weights"], dtype=float)
        weights = np.vstack(
            [weights, -weights.sum(axis=0)]
        )  # the file leaves the last label's out
        results = [*map(nightsieve_scorer.load(model).evaluate, texts["body"])]
        added = weights * _usage(entries, results, texts["messages"])
        total = np.abs(added).sum(axis=1, keepdims=True)
        shares = np.divide(added, total, out=added, where=total > 0)
        return cls(
            entries["labels"],
            entries["terms"],
            [result.label for result in results],
            weights,
            shares,
        )

    def strongest(self, label: str) -> list[dict[str, Any]]:
        """The label's terms of the largest influence."""
        shares = self.shares[self.labels.index(label)]
        places = np.lexsort([np.arange(len(shares)), -np.abs(shares)])[:TERMS]
        return [
            {"term": hide_digits(self.terms[i]), "share": float(shares[i])}
            for i in places
            if shares[i]
        ]

    def parting(self, one: str, other: str, words: Iterable[str]) -> dict[str, float]:
        """How far each word, all of them terms, parts two labels, of which the model may not know one."""
        first, second = (
            self.weights[self.labels.index(each)] if each in self.labels else 0
            for each in (one, other)
        )
        apart = np.abs(first - second)
        return {word: float(apart[self._place[word]]) for word in words}

    @functools.cached_property
    def _place(self) -> dict[str, int]:
        return {term: number for number, term in enumerate(self.terms)}

    def of_label(self, label: str) -> dict[str, float]:
        """The influence of each term on the label; nothing on one that the model does not know."""
        if label not in self.labels:
            return {}
        return dict(
            zip(self.terms, self.shares[self.labels.index(label)].tolist(), strict=True)
        )


def _usage(
    entries: dict[str, Any],
    results: Sequence[nightsieve_scorer.Result],
    messages: Iterable[int],
) -> np.ndarray:
    """By what each term's weight is multiplied, summed over the messages, float64 [n_terms]."""
    place = {term: number for number, term in enumerate(entries["terms"])}
    table, usage = entries["term_frequency"], np.zeros(len(place))
    for result, times in zip(results, messages, strict=True):
        for term, count in Counter(
            ngrams(result.tokens, *entries["tokens"]["ngrams"])
        ).items():
            if term in place:  # then N is above 0
                usage[place[term]] += (
                    times * table[min(count, len(table)) - 1] / result.N**0.5
                )
    return usage


def _texts(
    shards: Iterable[tuple[pd.DataFrame, pd.DataFrame]], withheld: float
) -> pd.DataFrame:
    """The withheld cleaned texts, the most frequent first: columns ``text``, ``messages``, and a ``body`` of it."""
    parts = []
    for messages, cleaned in shards:
        chosen = cleaned[held_out(cleaned["text"], withheld)].merge(
            messages[["key", "body"]], on="key"
        )
        parts.append(
            chosen.groupby("text", as_index=False).agg(
                messages=("body", "size"), body=("body", "min")
            )
        )
    found = (
        pd.concat(parts)
        .groupby("text", as_index=False)
        .agg({"messages": "sum", "body": "min"})
    )
    return found.sort_values(["messages", "text"], ascending=[False, True]).head(TEXTS)


def _changed(texts: pd.DataFrame, ours: _Model, theirs: _Model | None) -> pd.DataFrame:
    """The texts that get another label than ``before``: ``now``; none without a champion."""
    if theirs is None:
        return texts.head(0)
    found = texts.assign(before=theirs.said, now=ours.said)
    return found[found["before"] != found["now"]]


def _moved(ours: _Model, theirs: _Model) -> list[dict[str, Any]]:
    """The terms whose influence on a label changed most."""
    found = []
    for label in ours.labels:
        now, before = ours.of_label(label), theirs.of_label(label)
        for term in now.keys() | before.keys():
            found.append((label, term, before.get(term, 0.0), now.get(term, 0.0)))
    found.sort(key=lambda row: (-abs(row[3] - row[2]), row[0], row[1]))
    return [
        {"label": label, "term": hide_digits(term), "before": before, "now": now}
        for label, term, before, now in found[:MOVED]
        if before != now
    ]


def _reads(model: bytes) -> bool:
    """Whether the file is of the format that this version's scorers read; if not, the gate has said so."""
    try:
        nightsieve_scorer.load(model)
    except ValueError:
        return False
    return True


def _masked(text: str, weights: dict[str, float], most: float) -> str:
    """The beginning of the text, masked: as if there were no more of it, so that no beginning can be read whole."""
    if len(text) <= LONGEST:
        return mask(text, weights, most)
    beginning = text[: LONGEST + 1].rpartition(SEPARATOR)[0] or text[:LONGEST]
    return f"{mask(beginning, weights, most)}{SEPARATOR}\u2026"
