"""Public messages with human labels, and the training set that a night makes."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from benchmarks.harness import corpus
from pipeline.config.settings import Settings
from pipeline.data.training_set import TrainingSet
from pipeline.preprocessing import TrainingSetStage
from pipeline.preprocessing.clean import clean


@dataclass(frozen=True)
class LabelledTexts:
    """Texts, and a label for each."""

    texts: list[str]
    labels: list[str]


def _uci() -> LabelledTexts:
    texts, labels = corpus.reviewed_messages()
    return LabelledTexts(texts, labels.tolist())


def _uci_and_nus() -> LabelledTexts:
    """Return the messages of both; those of NUS are ham."""
    uci = _uci()
    nus = []
    for source, texts in corpus.public_texts().items():
        if source.startswith("NUS"):
            nus += texts
    return LabelledTexts(uci.texts + nus, uci.labels + ["ham"] * len(nus))


def _sample() -> LabelledTexts:
    drawn = corpus.draw_messages(SAMPLE_SIZE)
    return LabelledTexts(drawn.texts, drawn.labels)


UCI = "UCI"
UCI_AND_NUS = "UCI and NUS"
SAMPLE = "sample"
SAMPLE_SIZE = 20_000
CORPORA: dict[str, Callable[[], LabelledTexts]] = {
    UCI: _uci,
    UCI_AND_NUS: _uci_and_nus,
    SAMPLE: _sample,
}


def corpora() -> list[str]:
    """Return the names of the public corpora, or of the sample where they are missing.

    The sample is made by the project's own demo data.
    """
    if corpus.UCI_FILE.exists():
        return [UCI, UCI_AND_NUS]
    return [SAMPLE]


def training_set_of(labelled: LabelledTexts, settings: Settings) -> TrainingSet:
    """Return what a night makes of the texts when its rules give these labels."""
    keys = pd.Series(range(len(labelled.texts))).astype("str")
    bodies = pd.Series(labelled.texts, dtype="str")
    cleaned = clean(pd.DataFrame({"key": keys, "body": bodies}), settings.text)
    rules = [[label] for label in labelled.labels]
    votes = pd.DataFrame({"key": keys, "rules": rules})
    names = sorted(set(labelled.labels))
    resolved_labels = pd.DataFrame(
        {"rules": [[name] for name in names], "label": names, "confidence": 1.0}
    )
    return TrainingSetStage(resolved_labels).run([(votes, cleaned)]).training_set
