"""What became of a night's model, in words: what a reader sees first."""

from dataclasses import dataclass

from pipeline.records.release import Check, OutcomeKind
from pipeline.records.run import NightResults
from pipeline.records.words import describe_check, name_champion, name_check


@dataclass(frozen=True)
class Outcome:
    """What became of a model, and the checks that failed.

    Attributes
    ----------
    failed
        Empty where the model of a later night is published: this model has no fault.
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
    failed = results.decision.failed
    if kind is OutcomeKind.OLDER:
        failed = ()
    return Outcome(kind, _sentence(kind, results), failed)


def _sentence(kind: OutcomeKind, results: NightResults) -> str:
    decision = results.decision
    overtaken = results.publication.overtaken
    if kind is OutcomeKind.OLDER:
        return "Not published: the model of a later night is already published."
    if kind is OutcomeKind.OVERTAKEN and overtaken is not None:
        return (
            f"Not published: model {overtaken.serial} was published after this one was "
            f"judged. The next night is compared with model {overtaken.serial}."
        )
    if kind is OutcomeKind.REFUSED:
        if decision.champion is None:
            return "Refused: no model is published yet."
        return f"Refused: {name_champion(decision)} stays published."
    return _published_sentence(kind, results)


def _published_sentence(kind: OutcomeKind, results: NightResults) -> str:
    decision = results.decision
    published = f"Published as model {results.publication.serial}"
    if kind is OutcomeKind.OVERRIDDEN:
        return f"{published}, although checks failed: {decision.override}"
    if decision.champion is None:
        return f"{published}: the first one."
    return f"{published}: it passed the checks against {name_champion(decision)}."
