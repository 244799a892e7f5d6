"""Compares tonight's model with the published one on held-out texts.

It finds the terms with the largest influence, and the messages that change their label.
The result goes into the report, so messages are masked, and terms have no digits.
"""

import functools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.config.settings import Masking
from pipeline.data.training_set import TrainingSet
from pipeline.records.models import ModelEntry
from pipeline.records.run import (
    ChurnedText,
    ModelDifference,
    ModelReference,
    MovedTerm,
    TermInfluence,
)
from pipeline.text import ngrams
from pipeline.text.character_map import SEPARATOR
from pipeline.text.masking import ELLIPSIS, common_words, hide_digits, mask
from scorers.python import nightsieve_scorer

TEXTS = 5_000  # the most frequent ones of those held out
TERMS = 12  # of a label
MOVED = 20
CHURNED = 20
MAX_LENGTH = 160  # characters of a masked message


@dataclass(frozen=True)
class Champion:
    """The published model: its entry in the registry, and its file."""

    entry: ModelEntry
    model: bytes

    @property
    def reference(self) -> ModelReference:
        """The serial, date and configuration of the model."""
        return ModelReference(
            serial=self.entry.serial, date=self.entry.date, config=self.entry.config
        )

    @property
    def readable(self) -> bool:
        """Whether this version reads the file; if not, a check of the gate fails."""
        try:
            nightsieve_scorer.load(self.model)
        except ValueError:
            return False
        return True


@dataclass(frozen=True)
class ModelUsage:
    """How an exported model labels the texts, and which terms decide.

    Attributes
    ----------
    predicted
        The label of each text.
    weights
        float64 [n_labels, n_terms], as in the file.
    influences
        float64 [n_labels, n_terms]: what each term adds to each label's score, averaged
        over the messages, as a share of what all terms add or subtract.
    """

    labels: Sequence[str]
    terms: Sequence[str]
    predicted: Sequence[str]
    weights: np.ndarray
    influences: np.ndarray

    @classmethod
    def measure(cls, model: bytes, texts: pd.DataFrame) -> "ModelUsage":
        """Return how the model in a file labels texts.

        Parameters
        ----------
        texts
            Columns ``body`` and ``messages``, how many messages have the body.
        """
        file = json.loads(model)
        all_but_last = np.array(file["weights"], dtype=float)
        weights = np.vstack([all_but_last, -all_but_last.sum(axis=0)])
        scorer = nightsieve_scorer.load(model)
        results = list(map(scorer.evaluate, texts["body"]))
        usage = _usage(
            results,
            texts["messages"],
            file["terms"],
            file["term_frequency"],
            tuple(file["tokens"]["ngrams"]),
        )
        added = weights * usage
        total = np.abs(added).sum(axis=1, keepdims=True)
        return cls(
            labels=file["labels"],
            terms=file["terms"],
            predicted=[result.label for result in results],
            weights=weights,
            influences=np.divide(added, total, out=added, where=total > 0),
        )

    def strongest(self, label: str) -> tuple[TermInfluence, ...]:
        """Return the label's terms of the largest influence."""
        influences = self.influences[self.labels.index(label)]
        ranked = np.lexsort([np.arange(len(influences)), -np.abs(influences)])
        strongest = [i for i in ranked[:TERMS] if influences[i]]
        return tuple(
            TermInfluence(term=hide_digits(self.terms[i]), share=float(influences[i]))
            for i in strongest
        )

    def influences_on(self, label: str) -> dict[str, float]:
        """Return each term's influence on a label; empty for an unknown label."""
        if label not in self.labels:
            return {}
        influences = self.influences[self.labels.index(label)]
        return dict(zip(self.terms, influences.tolist(), strict=True))

    def separation(
        self, label: str, other: str, words: Iterable[str]
    ) -> dict[str, float]:
        """Return how far each word separates two labels.

        Parameters
        ----------
        label, other
            The model need not know both.
        words
            Terms of the model.
        """
        distance = np.abs(self._weights_of(label) - self._weights_of(other))
        return {word: float(distance[self._index[word]]) for word in words}

    def _weights_of(self, label: str) -> np.ndarray:
        if label not in self.labels:
            return np.zeros(len(self.terms))
        return self.weights[self.labels.index(label)]

    @functools.cached_property
    def _index(self) -> dict[str, int]:
        return {term: i for i, term in enumerate(self.terms)}


class _Change(NamedTuple):
    """A term's influence on a label in two models; no record, since there are many."""

    label: str
    term: str
    before: float
    now: float


def compare_models(
    evaluation_set: pd.DataFrame,
    tonight: bytes,
    champion: Champion | None,
    training_set: TrainingSet,
    masking: Masking,
) -> ModelDifference:
    """Return how two exported models differ on the held-out texts.

    A message that changes its label is shown by those of its words that many texts have
    and that separate the two labels most in tonight's model. Without a champion, or
    with one that this version cannot read, the two are not compared.

    Parameters
    ----------
    evaluation_set
        An ``evaluation_set`` table.
    tonight
        Tonight's model file.
    training_set
        Tonight's; its texts decide which words are common enough to be shown.
    """
    texts = _most_frequent(evaluation_set)
    usage = ModelUsage.measure(tonight, texts)
    n_changed = None
    moved: tuple[MovedTerm, ...] = ()
    churned: tuple[ChurnedText, ...] = ()
    if champion is not None and champion.readable:
        published_usage = ModelUsage.measure(champion.model, texts)
        changed = _changed(texts, usage, published_usage)
        n_changed = int(changed["messages"].sum())
        moved = _moved(usage, published_usage)
        churned = _churned(changed, usage, training_set, masking)
    return ModelDifference(
        champion=None if champion is None else champion.reference,
        texts=len(texts),
        messages=int(texts["messages"].sum()),
        changed=n_changed,
        terms={label: usage.strongest(label) for label in usage.labels},
        moved=moved,
        churned=churned,
    )


def _usage(
    results: Sequence[nightsieve_scorer.Result],
    messages: Iterable[int],
    terms: Sequence[str],
    term_frequency: Sequence[float],
    ngram_range: tuple[int, int],
) -> np.ndarray:
    """Return the factor of each term's weight, summed over the messages.

    Parameters
    ----------
    messages
        The number of messages that have each text.
    term_frequency
        The frequency for a count of 1, 2, ...; larger counts have the last one.

    Returns
    -------
    numpy.ndarray
        float64 [n_terms].
    """
    index = {term: i for i, term in enumerate(terms)}
    usage = np.zeros(len(terms))
    for result, n_messages in zip(results, messages, strict=True):
        counts = Counter(ngrams(result.tokens, *ngram_range))
        for term, count in counts.items():
            if term in index:  # then N is above 0
                frequency = term_frequency[min(count, len(term_frequency)) - 1]
                usage[index[term]] += n_messages * frequency / result.N**0.5
    return usage


def _most_frequent(evaluation_set: pd.DataFrame) -> pd.DataFrame:
    """Return columns ``text``, ``messages``, ``body``; the most frequent text first."""
    texts = evaluation_set.groupby("text", as_index=False).agg(
        messages=("weight", "sum"), body=("body", "min")
    )
    ordered = texts.sort_values(["messages", "text"], ascending=[False, True])
    return ordered.head(TEXTS)


def _changed(
    texts: pd.DataFrame, tonight: ModelUsage, published: ModelUsage
) -> pd.DataFrame:
    """Return the texts whose labels ``before`` and ``now`` differ."""
    labelled = texts.assign(before=published.predicted, now=tonight.predicted)
    return labelled[labelled["before"] != labelled["now"]]


def _moved(tonight: ModelUsage, published: ModelUsage) -> tuple[MovedTerm, ...]:
    """Return the terms whose influence on a label changed most."""
    moved = []
    for label in tonight.labels:
        now = tonight.influences_on(label)
        before = published.influences_on(label)
        for term in now.keys() | before.keys():
            influence_before = before.get(term, 0.0)
            influence_now = now.get(term, 0.0)
            moved.append(_Change(label, term, influence_before, influence_now))
    moved.sort(key=_change_order)
    return tuple(
        MovedTerm(
            label=change.label,
            term=hide_digits(change.term),
            before=change.before,
            now=change.now,
        )
        for change in moved[:MOVED]
        if change.before != change.now
    )


def _change_order(change: _Change) -> tuple[float, tuple[str, str]]:
    return -abs(change.now - change.before), (change.label, change.term)


def _churned(
    changed: pd.DataFrame,
    usage: ModelUsage,
    training_set: TrainingSet,
    masking: Masking,
) -> tuple[ChurnedText, ...]:
    if changed.empty:
        return ()
    words = common_words(training_set, masking) & set(usage.terms)
    churned = []
    shown = changed.head(CHURNED)
    columns = [shown[name].tolist() for name in ("text", "messages", "before", "now")]
    for text, messages, before, now in zip(*columns, strict=True):
        separation = usage.separation(before, now, words)
        churned.append(
            ChurnedText(
                text=_masked(text, separation, masking.max_visible),
                messages=messages,
                before=before,
                now=now,
            )
        )
    return tuple(churned)


def _masked(text: str, weights: Mapping[str, float], max_visible: float) -> str:
    """Truncate, then mask, so that the visible share applies to what is shown."""
    if len(text) <= MAX_LENGTH:
        return mask(text, weights, max_visible)
    beginning = text[: MAX_LENGTH + 1].rpartition(SEPARATOR)[0] or text[:MAX_LENGTH]
    return f"{mask(beginning, weights, max_visible)}{SEPARATOR}{ELLIPSIS}"
