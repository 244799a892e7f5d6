"""The effect of the rules in a night."""

from pipeline.records.record import Record
from pipeline.statistics.interval import Interval


class Conflict(Record):
    """A rule of another label that matched the same messages."""

    id: str
    messages: int


class RuleStatistics(Record):
    """The effect of one rule on all messages of a night.

    Attributes
    ----------
    coverage, share
        The number of messages that the rule matches, and their share of all messages
        (None without a message). The other counts are of messages that it matches.
    overlaps, conflicts
        Messages that another rule matches too, and that a rule of another label matches
        too.
    conflicts_with
        The rules of other labels that match the same messages most often.
    agreed
        Messages that get the rule's label.
    decides, decides_share
        Messages that get the rule's label and would not get it without the rule, by the
        majority of weights; and their share of the label's messages (None without one).
    reviewed, correct, precision
        Messages with a human label that some rule votes for; messages whose human label
        is the rule's own; and the share of the latter with its interval. Labels are
        merged first.
    accuracy
        The estimate of the label model; None with a majority, or without a match.
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
    """The effect of all rules on all messages of a night.

    Attributes
    ----------
    messages
        The number of messages.
    labelled, silent, tied
        Messages with a label, without a match, and with a match but without a label.
    labels
        The number of messages by label.
    dead
        Ids of rules that match no message.
    duplicates
        Groups of ids with the same pattern and field.
    always_together
        Groups of ids that match exactly the same messages, five or more.
    fallbacks
        Rules that `re` must confirm or search for, the most costly first.
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
    """The change of a rule's share of the messages since an earlier night.

    Attributes
    ----------
    change
        Tonight's share less the earlier share; None for a new rule.
    """

    id: str
    change: float | None


class RulesDrift(Record):
    """The drift of every rule of a night, and the ids of rules that are gone."""

    rules: tuple[RuleDrift, ...]
    gone: tuple[str, ...]
