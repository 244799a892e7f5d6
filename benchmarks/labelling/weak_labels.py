"""What a model learns from rules alone, compared with human labels.

The messages are the UCI SMS Spam Collection's. Human labels are never trained on.
*ham* is every label but spam.
"""

import argparse
import operator
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from benchmarks.harness import command, corpus, machine, models
from benchmarks.harness.results import write_result
from benchmarks.labelling.records import WeakLabels, WeakLabelsResult
from benchmarks.labelling.tables import weak_labels_tables
from pipeline import labelling, patterns, preprocessing, training
from pipeline.config.settings import Labelling, Resolution
from pipeline.data.resolved_labels import LabelLookup
from pipeline.rules import rule_patterns
from pipeline.statistics.classification import classification_report
from pipeline.statistics.metrics import LabelMetrics

FOLDS = 5
HAM_OR_SPAM = ("ham", "spam")
MIN_CONFIDENCE = 0.9
COMPILE_TIMEOUT = 5  # CPU seconds


@dataclass(frozen=True)
class LabelledMessages:
    """Messages, and what rules say of them.

    Attributes
    ----------
    texts, masked
        The messages, and the same without what a rule matched.
    cleaned, votes
        Tables with a row for each message.
    """

    texts: list[str]
    masked: list[str]
    cleaned: pd.DataFrame
    votes: pd.DataFrame


def main() -> None:
    """Train on the rules' labels, and write ``weak_labels.json``."""
    arguments = _parse_arguments()
    texts, human = corpus.reviewed_messages()
    texts = texts[: arguments.messages]
    human = human[: arguments.messages]
    if not texts:
        raise SystemExit(
            f"{corpus.UCI_FILE}: not found; download the UCI SMS Spam Collection"
        )
    rules = models.default_settings().labelling
    messages = _label(texts, rules)
    rows = []
    for name, resolution in _resolutions(rules).items():
        settings = rules.model_copy(update={"resolution": resolution})
        rows.append(_measure_resolution(name, settings, messages, human))
    result = WeakLabelsResult(
        run=machine.describe_run(),
        messages=len(texts),
        rules=len(rules.rules),
        folds=FOLDS,
        masked_messages=sum(map(operator.ne, texts, messages.masked)),
        rows=tuple(rows),
    )
    write_result("weak_labels", result, arguments.output)
    print(weak_labels_tables(result))


def _label(texts: list[str], rules: Labelling) -> LabelledMessages:
    """Apply the rules to the texts, and mask what they match."""
    keys = pd.Series(range(len(texts))).astype("str")
    columns = {"key": keys, "body": texts, "sender": [None] * len(texts)}
    messages = pd.DataFrame(columns).astype("str")
    database = patterns.compile_patterns(rule_patterns(rules.rules), COMPILE_TIMEOUT)
    votes = labelling.apply_rules(messages, rules, database)
    masked = [
        _mask(text, rule_ids, rules)
        for text, rule_ids in zip(texts, votes["rules"], strict=True)
    ]
    cleaned = preprocessing.clean(messages, models.default_settings().text)
    return LabelledMessages(texts, masked, cleaned, votes)


def _mask(text: str, rule_ids: Sequence[str], rules: Labelling) -> str:
    """Return the text with spaces for all that the rules with these ids match in it."""
    wanted = set(rule_ids)
    characters = list(text)
    for rule in rules.rules:
        if rule.id in wanted:
            for match in re.finditer(rule.pattern, text, re.IGNORECASE):
                characters[match.start() : match.end()] = " " * len(match[0])
    return "".join(characters)


def _resolutions(rules: Labelling) -> dict[str, Resolution]:
    """Return the ways to resolve votes: both methods, and two of the label model's."""
    majority = rules.resolution.model_copy(update={"method": "majority"})
    label_model = rules.resolution.model_copy(update={"method": "label_model"})
    return {
        "majority": majority,
        "label model": label_model,
        f"label model, confidence of {MIN_CONFIDENCE} or more": label_model.model_copy(
            update={"min_confidence": MIN_CONFIDENCE}
        ),
        "label model, soft weights": label_model.model_copy(
            update={"soft_labels": True}
        ),
    }


def _measure_resolution(
    name: str, settings: Labelling, messages: LabelledMessages, human: np.ndarray
) -> WeakLabels:
    resolved_labels = labelling.ResolutionStage(settings).run([messages.votes])
    ham_or_spam = resolved_labels["label"].map(_ham_or_spam, na_action="ignore")
    resolved_labels["label"] = ham_or_spam
    labels = _rule_labels(messages.votes, resolved_labels)
    labelled = labels != ""
    found_spam = labels[human == "spam"] == "spam"
    model_labels, masked_labels = _predict_unseen(
        messages, resolved_labels, settings.resolution.soft_labels
    )
    return WeakLabels(
        name=name,
        coverage=float(labelled.mean()),
        labels=_spam_metrics(human[labelled], labels[labelled]),
        recall_of_all=float(found_spam.mean()),
        model=_spam_metrics(human, model_labels),
        masked=_spam_metrics(human, masked_labels),
    )


def _rule_labels(votes: pd.DataFrame, resolved_labels: pd.DataFrame) -> np.ndarray:
    """Return the rules' label of each message: ``ham``, ``spam``, or nothing."""
    label = LabelLookup(resolved_labels).labels(votes)["label"]
    return label.astype(object).where(label.notna(), "").to_numpy(dtype=str)


def _ham_or_spam(label: str) -> str:
    return "spam" if label == "spam" else "ham"


def _predict_unseen(
    messages: LabelledMessages, resolved_labels: pd.DataFrame, soft_labels: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of the texts and of the masked texts, by models of other folds."""
    # Folds go by text, so that no copy of a message is trained on.
    cleaned_texts = messages.cleaned["text"]
    fold = np.array([zlib.crc32(text.encode()) % FOLDS for text in cleaned_texts])
    text_labels = np.empty(len(messages.texts), dtype="<U4")
    masked_labels = np.empty(len(messages.texts), dtype="<U4")
    for fold_index in range(FOLDS):
        seen = np.flatnonzero(fold != fold_index)
        unseen = np.flatnonzero(fold == fold_index)
        fitted = _fit_best(
            messages.votes.iloc[seen],
            resolved_labels,
            messages.cleaned.iloc[seen],
            soft_labels,
        )
        text_labels[unseen] = fitted.predict([messages.texts[row] for row in unseen])
        masked_labels[unseen] = fitted.predict([messages.masked[row] for row in unseen])
        command.log(f"fold {fold_index + 1} of {FOLDS}")
    return text_labels, masked_labels


def _fit_best(
    votes: pd.DataFrame,
    resolved_labels: pd.DataFrame,
    cleaned: pd.DataFrame,
    soft_labels: bool,
) -> Pipeline:
    """Return the best candidate of a night's grid, fitted."""
    settings = models.default_settings().training
    stage = preprocessing.TrainingSetStage(resolved_labels, soft_labels=soft_labels)
    training_set = stage.run([(votes, cleaned)]).training_set
    results = [
        training.evaluate_candidate(training_set, candidate, settings)
        for candidate in settings.search.candidates
    ]
    best = settings.search.candidates[training.select_best(results).best]
    return training.fit(training_set, best, settings, models.default_settings().text)


def _spam_metrics(human: np.ndarray, labels: np.ndarray) -> LabelMetrics:
    truth = np.searchsorted(HAM_OR_SPAM, human)
    predicted = np.searchsorted(HAM_OR_SPAM, labels)
    weight = np.ones(len(truth), dtype=np.int64)
    confidence = models.default_settings().evaluation.confidence
    report = classification_report(truth, predicted, weight, HAM_OR_SPAM, confidence)
    return report.per_label["spam"]


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.labelling.weak_labels", __doc__)
    parser.add_argument(
        "--messages",
        type=int,
        metavar="N",
        help="maximum messages (default: all)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
