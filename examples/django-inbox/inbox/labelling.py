"""From texts to labels: what the task calls. It knows neither Django nor Celery."""

from collections.abc import Iterable
from typing import NamedTuple

from nightsieve.serving.contract.preparation import ServedModel


class Labelled(NamedTuple):
    """What the model says of a text; the label with the largest score wins."""

    label: str
    scores: dict[str, float]


def label_texts(model: ServedModel, texts: Iterable[str]) -> list[Labelled]:
    """Return the label and the scores of each text, in the same order."""
    scorer = model.scorer
    labelled = []
    for text in texts:
        result = scorer.evaluate(text)
        scores = dict(zip(scorer.labels, result.scores, strict=True))
        labelled.append(Labelled(result.label, scores))
    return labelled
