"""Tonight's model beside the published one, on texts that tonight's was not trained on.

Which terms say most, and which messages change their label. The result goes into the
report, so messages are masked, and terms have no digits.
"""

import functools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
from pipeline.text.masking import common_words, hide_digits, mask
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
        """Which model it is."""
        return ModelReference(
            serial=self.entry.serial, date=self.entry.date, config=self.entry.config
        )

    @property
    def readable(self) -> bool:
        """Whether this version's scorers read the file; if not, the gate says so."""
        try:
            nightsieve_scorer.load(self.model)
        except ValueError:
            return False
        return True


@dataclass(frozen=True)
class ModelUsage:
    """What an exported model makes of the texts.

    Attributes
    ----------
    predicted
        The label of each text.
    weights
        float64 [n_labels, n_terms], as in the file.
    influences
        float64 [n_labels, n_terms]: what each term adds to each label's score, averaged
        over the messages, as a share of what all terms add or take.
    """

    labels: Sequence[str]
    terms: Sequence[str]
    predicted: Sequence[str]
    weights: np.ndarray
    influences: np.ndarray

    @classmethod
    def measure(cls, model: bytes, texts: pd.DataFrame) -> "ModelUsage":
        """Return what the model in a file makes of texts with a body, in messages."""
        file = json.loads(model)
        all_but_last = np.array(file["weights"], dtype=float)
        weights = np.vstack([all_but_last, -all_but_last.sum(axis=0)])
        scorer = nightsieve_scorer.load(model)
        results = [scorer.evaluate(body) for body in texts["body"]]
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
        return tuple(
            TermInfluence(term=hide_digits(self.terms[i]), share=float(influences[i]))
            for i in ranked[:TERMS]
            if influences[i]
        )

    def influences_on(self, label: str) -> dict[str, float]:
        """Return each term's influence on a label; none on one that it does not know."""
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
        apart = np.abs(self._weights_of(label) - self._weights_of(other))
        return {word: float(apart[self._index[word]]) for word in words}

    def _weights_of(self, label: str) -> np.ndarray:
        if label not in self.labels:
            return np.zeros(len(self.terms))
        return self.weights[self.labels.index(label)]

    @functools.cached_property
    def _index(self) -> dict[str, int]:
        return {term: i for i, term in enumerate(self.terms)}


def compare_models(
    evaluation_set: pd.DataFrame,
    tonight: bytes,
    champion: Champion | None,
    training_set: TrainingSet,
    masking: Masking,
) -> ModelDifference:
    """Return how two exported models differ on the held-out texts.

    Of a message that changes its label, a reader sees words that many texts have and
    that separate its two labels most in tonight's model. Without a champion, or with
    one of another format, no term moves and no message changes.

    Parameters
    ----------
    evaluation_set
        An ``evaluation_set`` table.
    tonight
        Tonight's model file.
    training_set
        Tonight's, whose texts say which words are common enough to be shown.
    """
    texts = _most_frequent(evaluation_set)
    usage = ModelUsage.measure(tonight, texts)
    changed = texts.head(0)
    moved: tuple[MovedTerm, ...] = ()
    if champion is not None and champion.readable:
        published_usage = ModelUsage.measure(champion.model, texts)
        changed = _changed(texts, usage, published_usage)
        moved = _moved(usage, published_usage)
    return ModelDifference(
        champion=None if champion is None else champion.reference,
        texts=len(texts),
        messages=int(texts["messages"].sum()),
        changed=int(changed["messages"].sum()),
        terms={label: usage.strongest(label) for label in usage.labels},
        moved=moved,
        churned=_churned(changed, usage, training_set, masking),
    )


def _usage(
    results: Sequence[nightsieve_scorer.Result],
    messages: Iterable[int],
    terms: Sequence[str],
    term_frequency: Sequence[float],
    ngram_range: tuple[int, int],
) -> np.ndarray:
    """Return what multiplies each term's weight, summed over the messages.

    Parameters
    ----------
    messages
        How many have each of the texts.
    term_frequency
        What a count of 1, 2, ... becomes; larger counts become the last.

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
    """Return the texts whose label ``now`` is not the one of ``before``."""
    labelled = texts.assign(before=published.predicted, now=tonight.predicted)
    return labelled[labelled["before"] != labelled["now"]]


def _moved(tonight: ModelUsage, published: ModelUsage) -> tuple[MovedTerm, ...]:
    """Return the terms whose influence on a label changed most."""
    moved = []
    for label in tonight.labels:
        now = tonight.influences_on(label)
        before = published.influences_on(label)
        for term in now.keys() | before.keys():
            change = (label, term, before.get(term, 0.0), now.get(term, 0.0))
            moved.append(change)
    moved.sort(key=_by_change)
    return tuple(
        MovedTerm(label=label, term=hide_digits(term), before=before, now=now)
        for label, term, before, now in moved[:MOVED]
        if before != now
    )


def _by_change(change: tuple[str, str, float, float]) -> tuple[float, str, str]:
    label, term, before, now = change
    return -abs(now - before), label, term


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
    for row in changed.head(CHURNED).itertuples():
        separation = usage.separation(row.before, row.now, words)
        churned.append(
            ChurnedText(
                text=_masked(row.text, separation, masking.max_visible),
                messages=int(row.messages),
                before=row.before,
                now=row.now,
            )
        )
    return tuple(churned)


def _masked(text: str, weights: Mapping[str, float], max_visible: float) -> str:
    """Truncate, then mask, so that the visible share applies to what is shown."""
    if len(text) <= MAX_LENGTH:
        return mask(text, weights, max_visible)
    beginning = text[: MAX_LENGTH + 1].rpartition(SEPARATOR)[0] or text[:MAX_LENGTH]
    return f"{mask(beginning, weights, max_visible)}{SEPARATOR}\u2026"
