"""What thirty nights of a corpus gave."""

from benchmarks.gate.scenario import Decision
from benchmarks.harness.results import Record, Result


class Rollback(Record):
    """A model that was published again, and its new serial."""

    model: int
    serial: int


class NightOutcome(Record):
    """A night: what the gate said, and what phones get.

    Attributes
    ----------
    before
        What happened before the night.
    expected, decision
        What a careful person would do with its model, and what the gate did.
    exit_code
        Of the `luigi` command.
    checks, reasons
        How many checks the gate made, and those that failed, in words.
    serial
        Of tonight's model; None if it was not published.
    current
        Serial of the model that phones get.
    tonight_spam_f1, current_spam_f1
        F1 of spam of both models on the reviewed messages.
    """

    night: int
    before: str
    rollback: Rollback | None
    expected: Decision
    decision: Decision
    exit_code: int
    seconds: float
    messages: int
    checks: int
    reasons: tuple[str, ...]
    serial: int | None
    current: int
    tonight_spam_f1: float
    current_spam_f1: float

    @property
    def as_expected(self) -> bool:
        """Whether the gate did what a careful person would do."""
        return self.decision == self.expected


class Replay(Record):
    """One of the first nights, replayed after the last one."""

    night: int
    after: int
    exit_code: int
    last_line: str


class Screens(Record):
    """Reports that a browser looked at: how many pages, and what is wrong with them."""

    pages: int
    findings: tuple[str, ...]


class ThirtyNightsResult(Result):
    """The result of `benchmarks.gate.thirty_nights` for a corpus.

    Attributes
    ----------
    reviewed
        Messages with a label that a person gave.
    screens
        None if no browser looked at the reports.
    """

    corpus: str
    reviewed: int
    nights: tuple[NightOutcome, ...]
    replay: Replay
    screens: Screens | None
