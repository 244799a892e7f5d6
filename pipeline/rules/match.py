"""Find the rules that match one message, where, and which label they give it."""

import re
from dataclasses import dataclass

from pipeline.config.settings import Labelling, Rule
from pipeline.errors import DataError
from pipeline.patterns.search_timeout import SearchTimeout, SearchTimer
from pipeline.rules.majority import (
    NO_LABEL,
    confident_label,
    rule_incidence,
    weight_shares,
)

MAX_SPANS = 5  # matches of each rule that are searched for


@dataclass(frozen=True)
class Span:
    """Where a rule matches: its first character, and the character after its last."""

    start: int
    end: int


@dataclass(frozen=True)
class RuleMatch:
    """A rule that matches.

    Attributes
    ----------
    text
        The text that the rule was searched in: the body or the sender.
    spans
        The first `MAX_SPANS` matches in the text, at least one.
    """

    rule: Rule
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class MessageMatch:
    """The result of matching rules against one message.

    Attributes
    ----------
    rules
        The rules that match, in the order of the pack.
    label_by_majority
        None if the weights tie, or favour a label too little.
    resolution
        The method by which a night resolves votes. A label model needs all messages of
        its night, so the label here is always the majority's.
    """

    rules: tuple[RuleMatch, ...]
    label_by_majority: str | None
    resolution: str


def match_message(labelling: Labelling, body: str, sender: str | None) -> MessageMatch:
    """Match the rules against one message.

    Parameters
    ----------
    sender
        Without a sender, no rule on the sender matches.

    Raises
    ------
    DataError
        A search took too long; the message names the rule.

    Examples
    --------
    >>> from pipeline.config.settings import Engine, Resolution
    >>> labelling = Labelling(
    ...     rules=(
    ...         Rule(id="prize", label="spam", pattern="prize", why="Lotteries."),
    ...         Rule(id="plans", label="chat", pattern="see you", why="Plans."),
    ...     ),
    ...     engine=Engine(compile_timeout_seconds=10, search_timeout_seconds=1),
    ...     resolution=Resolution(
    ...         method="majority", min_confidence=0.6, soft_labels=False
    ...     ),
    ... )
    >>> match = match_message(labelling, "You won a PRIZE", sender=None)
    >>> match.label_by_majority
    'spam'
    >>> [(rule_match.rule.id, rule_match.spans) for rule_match in match.rules]
    [('prize', (Span(start=10, end=15),))]
    """
    texts = {"body": body, "sender": sender}
    rule_matches: list[RuleMatch] = []
    with SearchTimer(labelling.engine.search_timeout_seconds) as timer:
        for rule in labelling.rules:
            text = texts[rule.field]
            if text is None:
                continue
            spans = _find_spans(rule, text, timer)
            if spans:
                rule_matches.append(RuleMatch(rule, text, spans))
    return MessageMatch(
        tuple(rule_matches),
        majority_label([match.rule.id for match in rule_matches], labelling),
        labelling.resolution.method,
    )


def majority_label(rule_ids: list[str], labelling: Labelling) -> str | None:
    """Return the label that the weights of these rules favour, if they favour one."""
    incidence = rule_incidence([rule_ids], [rule.id for rule in labelling.rules])
    shares = weight_shares(incidence, labelling)
    winners = confident_label(shares, labelling.resolution.min_confidence)
    winner = int(winners[0])
    return None if winner == NO_LABEL else labelling.labels[winner]


def _find_spans(rule: Rule, text: str, timer: SearchTimer) -> tuple[Span, ...]:
    pattern = re.compile(rule.pattern, re.IGNORECASE)
    try:
        matches = timer.find_all(pattern, text, MAX_SPANS)
    except SearchTimeout as timeout:
        raise DataError(f"rule {rule.id}: {timeout}") from None
    return tuple(Span(*match.span()) for match in matches)
