"""What people are told about a night's model."""

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.config.settings import Gate
from pipeline.records.release import (
    Check,
    Decision,
    OutcomeKind,
    Publication,
    outcome_of,
)
from pipeline.records.words import describe_check


class Notice(NamedTuple):
    """An event, such as ``refused``, in words that hold figures and labels alone."""

    event: str
    text: str


def notices(
    date: datetime.date, decision: Decision, publication: Publication
) -> list[Notice]:
    """Return what to say of a night: what became of its model, and how it drifted.

    No notice is sent for a night that a later night has already superseded.
    """
    outcome = outcome_of(decision, publication)
    if outcome is OutcomeKind.OLDER:
        return []
    found = [_notice_of(outcome, date, decision, publication)]
    drifted = [check for check in decision.failed if check.kind.is_drift]
    if drifted:
        headline = (
            f"What came in by {date} is unlike what the published model was made of."
        )
        found.append(Notice("drift", _list(headline, drifted)))
    return found


def gate_warnings(gate: Gate, date: datetime.date) -> list[str]:
    """Return what somebody should look at in the gate's configuration."""
    if gate.override is None or gate.override.night == date:
        return []
    return [
        f"release.gate.override is for the night of {gate.override.night} and "
        "overrides nothing here; take it out"
    ]


def _notice_of(
    outcome: OutcomeKind,
    date: datetime.date,
    decision: Decision,
    publication: Publication,
) -> Notice:
    model = f"The model of {date}"
    published = f"{model} was published as {publication.serial}"
    match outcome:
        case OutcomeKind.OVERTAKEN:
            overtaken_by = f"model {publication.overtaken.serial}"
            return Notice(
                "refused",
                f"{model} was not published: {overtaken_by} was published after it "
                "was judged.",
            )
        case OutcomeKind.REFUSED:
            headline = f"{model} was refused; the published one stays."
            return Notice("refused", _list(headline, decision.failed))
        case OutcomeKind.OVERRIDDEN:
            headline = f"{published}, although it failed: {decision.override}"
            return Notice("published", _list(headline, decision.failed))
    return Notice("published", f"{published}.")


def _list(headline: str, checks: Iterable[Check]) -> str:
    lines = (f"- {describe_check(check)}" for check in checks)
    return "\n".join([headline, *lines])
