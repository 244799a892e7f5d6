"""From tokens to labels and scores."""

from collections.abc import Iterable
from typing import NamedTuple

from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.contract.preprocessing import PreprocessedText
from scorers.python.nightsieve_scorer import Term


class Prediction(NamedTuple):
    """What a model says of a text.

    Attributes
    ----------
    scores
        In the order of the model's labels; the largest wins.
    margin
        By how much the largest score exceeds the second largest.
    terms
        The terms that weigh most, heaviest first; empty unless asked for.
    """

    label: str
    scores: list[float]
    margin: float
    terms: list[Term]


def predict(
    model: ServedModel,
    texts: Iterable[PreprocessedText],
    thresholds: bool = False,
    explain: int = 0,
) -> list[Prediction]:
    """Return a prediction for each text, in the same order.

    Parameters
    ----------
    thresholds
        Whether each label's threshold is taken from its score before the largest wins.
    explain
        The number of terms to return with each prediction.
    """
    scorer = model.scorer
    predictions = []
    for text in texts:
        result = scorer.evaluate_tokens(text.tokens)
        label = scorer.decide(result.scores) if thresholds else result.label
        terms = []
        if explain:
            terms = scorer.explain_tokens(text.tokens, label).terms[:explain]
        *_, second, largest = sorted(result.scores)
        predictions.append(Prediction(label, result.scores, largest - second, terms))
    return predictions
