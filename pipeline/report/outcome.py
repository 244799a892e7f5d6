"""What became of a night's model, in words: what a reader of a night is told first."""

from dataclasses import dataclass

from pipeline.records.release import Check, OutcomeKind
from pipeline.records.run import NightResults
from pipeline.records.words import describe_check, name_check


@dataclass(frozen=True)
class Outcome:
    """What became of a model, and the checks that failed.

    Attributes
    ----------
    failed
        Empty where the model of a later night is published: nothing is wrong with this
        one.
    """

    kind: OutcomeKind
    sentence: str
    failed: tuple[Check, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The failed checks, a line each."""
        return tuple(map(describe_check, self.failed))

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """The failed checks by their names."""
        return tuple(map(name_check, self.failed))


def outcome(results: NightResults) -> Outcome:
    """Return what became of the model that these results are about."""
    kind = results.outcome
    failed = () if kind is OutcomeKind.OLDER else results.decision.failed
    return Outcome(kind, _sentence(kind, results), failed)


def _sentence(kind: OutcomeKind, results: NightResults) -> str:
    decision = results.decision
    serial = results.publication.serial
    match kind:
        case OutcomeKind.OLDER:
            return "Not published: the model of a later night is."
        case OutcomeKind.OVERTAKEN:
            return (
                f"Not published: model {results.publication.overtaken.serial} was "
                "published after this one was judged. The next night is judged against "
                "that."
            )
        case OutcomeKind.REFUSED:
            return "Refused: the published model stays as it is."
        case OutcomeKind.OVERRIDDEN:
            return (
                f"Published as model {serial}, although it failed: {decision.override}"
            )
        case OutcomeKind.PUBLISHED if decision.champion is None:
            return f"Published as model {serial}: the first one."
        case OutcomeKind.PUBLISHED:
            return (
                f"Published as model {serial}: it passed against model "
                f"{decision.champion}."
            )
