"""What the rules did in a night."""

from pipeline.records.record import Record
from pipeline.statistics.interval import Interval


class Conflict(Record):
    """A rule of another label that matched the same messages."""

    id: str
    messages: int


class RuleStatistics(Record):
    """What one rule did to all messages of a night.

    Attributes
    ----------
    coverage, share
        Messages that it matched, and their share of all (None without a message).
    overlaps, conflicts
        Those that another rule matched too; that a rule of another label matched too.
    conflicts_with
        The rules of other labels that match the same messages most often.
    agreed
        Those that got the rule's label.
    decides, decides_share
        Those that got its label and would not have got it without the rule, by the
        majority of weights; and their share of the label's messages (None without one).
    reviewed, correct, precision
        Those with a human label that some rule votes for, those whose human label is
        the rule's own, and that share with its interval. Labels are merged first.
    accuracy
        What the label model estimates; None with a majority, or without a match.
    """

    id: str
    label: str
    field: str
    why: str
    coverage: int
    share: float | None
    overlaps: int
    conflicts: int
    conflicts_with: tuple[Conflict, ...]
    agreed: int
    decides: int
    decides_share: float | None
    reviewed: int
    correct: int
    precision: Interval
    accuracy: float | None


class FallbackRule(Record):
    """A rule that the engine alone cannot match exactly: how it is matched, and why."""

    id: str
    strategy: str
    reason: str


class LabellingSummary(Record):
    """What all rules did to all messages of a night.

    Attributes
    ----------
    messages, labelled, silent, tied
        Messages: all, with a label, without a match, and matched without a label.
    labels
        Messages of each label.
    dead
        Ids of rules that matched nothing.
    duplicates
        Groups of ids with the same pattern and field.
    always_together
        Groups of ids that matched the very same messages, five or more.
    fallbacks
        Rules that `re` must confirm or search for, the costly ones first.
    """

    messages: int
    labelled: int
    silent: int
    tied: int
    labels: dict[str, int]
    dead: tuple[str, ...]
    duplicates: tuple[tuple[str, ...], ...]
    always_together: tuple[tuple[str, ...], ...]
    fallbacks: tuple[FallbackRule, ...]
    rules: tuple[RuleStatistics, ...]

    @property
    def coverage(self) -> float:
        """The share of messages with a label; 0 without a message."""
        return self.labelled / max(self.messages, 1)

    @property
    def label_shares(self) -> dict[str, float]:
        """Each label's share of the labelled messages."""
        labelled = max(self.labelled, 1)
        return {label: count / labelled for label, count in self.labels.items()}


class RuleDrift(Record):
    """How a rule's share of the messages changed since an earlier night.

    Attributes
    ----------
    change
        Tonight's share less the earlier one; None for a rule that is new.
    """

    id: str
    change: float | None


class RulesDrift(Record):
    """The drift of every rule of a night, and the ids that only the earlier one had."""

    rules: tuple[RuleDrift, ...]
    gone: tuple[str, ...]
