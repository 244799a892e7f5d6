"""One message: which rules match, where, and the label by the majority of weights."""

import itertools
from collections import Counter

import pandas as pd
import pytest

from pipeline import labelling
from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from pipeline.errors import DataError
from pipeline.rules.match import MAX_SPANS, Span, majority_label, match_message

LABELS = ("personal", "spam", "notification")
RULES = tuple(
    Rule(id=f"r{i}", label=LABELS[i % 3], pattern=pattern, weight=weight, why="test")
    for i, (pattern, weight) in enumerate(
        [("cod.", 0.1), ("code", 0.3), ("dear", 0.2), ("mum", 0.2), ("win", 0.1)]
    )
)
SENDER = Rule(
    id="bank", label="notification", pattern="^ax-", field="sender", why="test"
)
PACK = Labelling(
    rules=(*RULES, SENDER),
    engine=Engine(compile_timeout_seconds=1, search_timeout_seconds=0.2),
    resolution=Resolution(method="majority", min_confidence=0, soft_labels=False),
)


def test_spans_are_those_of_the_text_that_the_rule_searches():
    message = match_message(PACK, "The CODE, codx", "AX-BANK")
    assert [(match.rule.id, match.text, match.spans) for match in message.rules] == [
        ("r0", "The CODE, codx", (Span(4, 8), Span(10, 14))),
        ("r1", "The CODE, codx", (Span(4, 8),)),
        ("bank", "AX-BANK", (Span(0, 3),)),
    ]
    assert message.label_by_majority == "notification"


def test_at_most_five_spans_of_a_rule_are_found():
    message = match_message(PACK, "mum " * 9, None)
    assert len(message.rules[0].spans) == MAX_SPANS


def test_no_rule_matches_a_missing_sender():
    message = match_message(PACK, "ax-", None)
    assert (message.rules, message.label_by_majority) == ((), None)


@pytest.mark.parametrize("min_confidence", [0, 0.6])
def test_the_label_is_that_of_a_night_for_every_list_of_rules(min_confidence):
    resolution = PACK.resolution.model_copy(update={"min_confidence": min_confidence})
    pack = PACK.model_copy(update={"resolution": resolution})
    ids = [rule.id for rule in pack.rules]
    labels = set()
    for size in range(len(ids) + 1):
        for rule_list in itertools.combinations(ids, size):
            resolved = labelling.resolve_counts(Counter([rule_list]), pack)
            label = resolved["label"].iloc[0]
            expected = None if pd.isna(label) else label
            assert majority_label(list(rule_list), pack) == expected
            labels.add(expected)
    assert labels == {None, *LABELS}


def test_the_label_is_the_majority_s_whatever_resolves_the_night():
    resolution = PACK.resolution.model_copy(update={"method": "label_model"})
    pack = PACK.model_copy(update={"resolution": resolution})
    message = match_message(pack, "code", None)
    assert (message.label_by_majority, message.resolution) == ("spam", "label_model")


def test_a_search_that_does_not_end_is_named_by_its_rule_without_the_text():
    endless = Rule(id="endless", label="spam", pattern="(a+)+$", why="test")
    pack = PACK.model_copy(update={"rules": (*PACK.rules, endless)})
    with pytest.raises(DataError, match=r"^rule endless: .* in 0\.2 s") as failure:
        match_message(pack, "a" * 60 + "!", None)
    assert "aaa" not in str(failure.value)
