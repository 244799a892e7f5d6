"""What the benchmarks of rules measure."""

from benchmarks.harness.results import Record, Result, Spread
from pipeline.statistics.metrics import LabelMetrics


class EngineSpeed(Record):
    """How fast an engine searches the rules.

    Attributes
    ----------
    messages
        That it is given.
    differing
        Votes unlike those of `re` on the same messages.
    """

    name: str
    messages: int
    seconds: Spread
    differing: int

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds.median


class RuleCount(Record):
    """What our engine takes with a number of rules."""

    rules: int
    compile_seconds: float
    messages: int
    seconds: Spread

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds.median


class RuleSpeedResult(Result):
    """The result of `benchmarks.labelling.rule_speed`.

    Attributes
    ----------
    engines
        With ``rules`` rules; the first is `re`.
    growth
        Our engine on one core, with more and more rules.
    """

    sources: dict[str, int]
    rules: int
    engines: tuple[EngineSpeed, ...]
    growth: tuple[RuleCount, ...]


class ComparedVotes(Record):
    """Votes on the messages of a source.

    Attributes
    ----------
    matched
        Votes that are matches by `re`.
    differing
        Votes of our engine unlike those of `re`.
    """

    messages: int
    matched: int
    differing: int


class VotesResult(Result):
    """The result of `benchmarks.labelling.votes`.

    Attributes
    ----------
    rules
        Rules of the pack, and public patterns.
    strategies
        Patterns by how they are matched.
    votes
        By source of the messages.
    """

    rules: dict[str, int]
    strategies: dict[str, int]
    votes: dict[str, ComparedVotes]


class WeakLabels(Record):
    """What one way to resolve votes gives.

    Attributes
    ----------
    coverage
        Share of the messages that the rules label.
    labels
        Metrics of spam, of the messages that the rules label.
    recall_of_all
        Share of all spam that the rules find.
    model, masked
        Metrics of spam, of a model's labels of unseen messages, and of the same
        messages without what a rule matched.
    """

    name: str
    coverage: float
    labels: LabelMetrics
    recall_of_all: float
    model: LabelMetrics
    masked: LabelMetrics


class WeakLabelsResult(Result):
    """The result of `benchmarks.labelling.weak_labels`.

    Attributes
    ----------
    folds
        Each is held out once, while the model trains on the others.
    masked_messages
        Messages that masking changes.
    """

    messages: int
    rules: int
    folds: int
    masked_messages: int
    rows: tuple[WeakLabels, ...]
